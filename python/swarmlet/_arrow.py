"""Rows as Arrow record batches, for those who go on with tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._native import Row

if TYPE_CHECKING:
    import pyarrow

BATCH_ARROW_ROWS = 16 * 1024
"""Rows of one batch: tables are fast with more rows than a stream hands over at once."""

EVENT_COLUMN = "_event"
"""The column with what is known of the event that a row comes from."""

PAYLOAD_COLUMN = "payload"
"""The column of payloads that have no columns of their own."""


class Batches:
    """Collects rows and makes batches of them, all of one schema."""

    def __init__(
        self, schema: pyarrow.Schema | None, rows_max: int, has_metadata: bool
    ) -> None:
        if rows_max < 1:
            raise ValueError("rows_max must be at least 1")
        self._schema = schema
        self._rows_max = rows_max
        self._has_metadata = has_metadata
        self._is_given = schema is not None
        self._rows: list[Row] = []

    def add(self, rows: list[Row]) -> Iterator[pyarrow.RecordBatch]:
        """Takes rows in; gives a batch when there are enough."""
        self._rows.extend(rows)
        while len(self._rows) >= self._rows_max:
            full, self._rows = self._rows[: self._rows_max], self._rows[self._rows_max :]
            yield self._batch(full)

    def rest(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows that fill no batch."""
        if self._rows:
            rows, self._rows = self._rows, []
            yield self._batch(rows)

    def _batch(self, rows: list[Row]) -> pyarrow.RecordBatch:
        arrow = _pyarrow()
        columns = _columns([row.payload for row in rows])
        if self._has_metadata:
            columns[EVENT_COLUMN] = [_event(row) for row in rows]
        if self._schema is None:
            self._schema = _schema(columns)
        schema = self._schema
        unknown = [name for name in columns if name not in schema.names]
        if unknown and not self._is_given:
            raise ValueError(f"later rows have further columns: {unknown}; give schema=")
        missing = [None] * len(rows)
        try:
            arrays = [arrow.array(columns.get(each.name, missing), each.type) for each in schema]
        except (arrow.ArrowInvalid, arrow.ArrowTypeError) as error:
            message = f"a row does not fit into the schema: {error}; give schema="
            raise ValueError(message) from error
        return arrow.RecordBatch.from_arrays(arrays, schema=schema)


def _columns(payloads: list[Any]) -> dict[str, list[Any]]:
    if not all(isinstance(payload, Mapping) for payload in payloads):
        return {PAYLOAD_COLUMN: payloads}
    names = dict.fromkeys(name for payload in payloads for name in payload)
    return {str(name): [payload.get(name) for payload in payloads] for name in names}


def _schema(columns: dict[str, list[Any]]) -> pyarrow.Schema:
    arrow = _pyarrow()
    fields = []
    for name, values in columns.items():
        try:
            kind = _event_type() if name == EVENT_COLUMN else arrow.infer_type(values)
        except (arrow.ArrowInvalid, arrow.ArrowTypeError) as error:
            raise ValueError(f"column {name} has values of several types: {error}") from error
        fields.append(arrow.field(name, kind))
    return arrow.schema(fields)


def _event(row: Row) -> dict[str, Any] | None:
    if row.origin != "event":
        return None
    return {
        "lamport": row.lamport,
        "stream": row.stream,
        "offset": row.offset,
        "time": row.timestamp,
        "app_id": row.app_id,
        "tags": row.tags,
    }


def _event_type() -> pyarrow.DataType:
    arrow = _pyarrow()
    return arrow.struct(
        [
            ("lamport", arrow.uint64()),
            ("stream", arrow.string()),
            ("offset", arrow.uint64()),
            ("time", arrow.timestamp("us", tz="UTC")),
            ("app_id", arrow.string()),
            ("tags", arrow.list_(arrow.string())),
        ]
    )


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("to_arrow needs pyarrow: pip install 'swarmlet[arrow]'") from error
    return pyarrow
