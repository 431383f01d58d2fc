"""The same node without asyncio: calls wait, and let other threads and Ctrl-C through.

>>> from swarmlet.sync import Node
>>> with Node.open("press-7") as node:  # doctest: +SKIP
...     node.publish("started", {"speed": 12.5})
...     for row in node.query("FROM 'started'"):
...         print(row.payload)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from . import _logs, _native
from ._arrow import BATCH_ARROW_ROWS, Batches
from ._blobs_sync import BlobChanges, BlobList, BlobReader, Blobs, BlobWatch
from ._deadline import Deadline
from ._errors import CancelledError
from ._fronts import NodeFront
from ._native import Published, Row
from ._options import native_options
from ._stream import BATCH_ROWS
from ._swarm_sync import Changes, Swarm
from ._taking import TakingBlocking
from ._types import (
    Durability,
    Explanation,
    Network,
    Offsets,
    OffsetsState,
    Order,
    Output,
    Parameters,
    Payload,
    Retention,
    StreamInfo,
    Tags,
)

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "BlobChanges",
    "BlobList",
    "BlobReader",
    "BlobWatch",
    "Blobs",
    "Changes",
    "Node",
    "Results",
    "RowStream",
    "Subscription",
    "Swarm",
]


class RowStream(TakingBlocking[_native.Stream, Row]):
    """Rows, one by one or in batches; or :meth:`outputs` of all sorts; see
    :class:`swarmlet.RowStream`. Leaving the ``with`` block ends the stream.
    """

    def __init__(self, native: _native.Stream) -> None:
        super().__init__(native)
        self._next = native.next

    def __next__(self) -> Row:
        row = self._next()
        while row is None:
            if not self._native.wait(None):
                raise StopIteration
            row = self._next()
        return row

    def batches(self, max: int = BATCH_ROWS) -> Iterator[list[Row]]:
        """The same rows in lists of at most ``max``, never empty; what is there, at once."""
        if max < 1:
            raise ValueError("max must be at least 1")
        return self._batches(max)

    def _batches(self, max: int) -> Iterator[list[Row]]:
        while self._native.wait(None):
            rows = self._native.take(max)
            if rows:
                yield rows

    def outputs(self) -> Iterator[Output]:
        """All there is to know, in order; see :meth:`swarmlet.RowStream.outputs`."""
        self._native.show_all()
        while self._native.wait(None):
            yield from self._native.take_outputs(BATCH_ROWS)

    def to_arrow(
        self,
        *,
        schema: pyarrow.Schema | None = None,
        rows_max: int = BATCH_ARROW_ROWS,
        metadata: bool = True,
    ) -> Iterator[pyarrow.RecordBatch]:
        """The rows as Arrow record batches; see :meth:`swarmlet.RowStream.to_arrow`."""
        batches = Batches(schema, rows_max, metadata)
        for rows in self.batches(rows_max):
            yield from batches.add(rows)
        yield from batches.rest()

    @property
    def offsets(self) -> dict[str, int]:
        """How far what was handed out reaches: from there another stream goes on."""
        return self._native.offsets()

    @property
    def skipped(self) -> dict[str, int]:
        """For streams whose start lies before what is still kept: the first offset that is."""
        return self._native.skipped()


class Results(RowStream):
    """The results of a query."""


class Subscription(RowStream):
    """All results: of what is there, then of what comes."""


class Node(NodeFront[Results, Subscription]):
    """An open node; see :class:`swarmlet.Node`. It may be used from several threads."""

    def __init__(self, native: _native.Node, is_owner: bool) -> None:
        super().__init__(native, is_owner, Results, Subscription)

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        *,
        app_id: str | None = None,
        streams: Mapping[str, Retention | None] | None = None,
        routes: Mapping[str, str] | None = None,
        durability: Durability = "synced",
        cache_bytes: int | None = None,
        network: Network | None = None,
        blobs_bytes_max: int | None = None,
        blobs_sweep_period: timedelta | None = None,
    ) -> Node:
        """Opens the folder, which is made on first use; see :meth:`swarmlet.Node.open`."""
        options = native_options(
            app_id,
            streams,
            routes,
            durability,
            cache_bytes,
            network,
            blobs_bytes_max,
            blobs_sweep_period,
        )
        _logs.start()
        return Node(_native.open(path, options), is_owner=True)

    def scoped(self, app_id: str) -> Node:
        """A handle of the same node for another app. Closing either closes the node."""
        return Node(self._native.scoped(app_id), is_owner=False)

    def publish(self, tags: Tags, payload: Payload = None) -> Published:
        """Publishes one event; it is durable when this returns."""
        return self._native.publish([(tags, payload)])[0]

    def publish_many(self, events: Iterable[tuple[Tags, Payload]]) -> list[Published]:
        """Publishes events together: after a crash all of them are there, or none.

        At most 16384 events and 4 MiB.
        """
        return self._native.publish(events)

    def wait_for(
        self,
        aql: str,
        condition: Callable[[Row], bool] | None = None,
        *,
        from_: Offsets | None = None,
        parameters: Parameters | None = None,
        timeout: float | None = None,
    ) -> Row:
        """The first row of a subscription, for which the condition holds if there is one.

        Raises :class:`TimeoutError` after ``timeout`` seconds, and :class:`CancelledError` if the
        query ends without such a row.
        """
        deadline = Deadline(timeout)
        with self.subscribe(aql, from_=from_, parameters=parameters) as rows:
            while True:
                # There may be others, one after the other for ever.
                row = rows.next(deadline.left("wait_for", "no such row came in time"))
                if row is None:
                    break
                if condition is None or condition(row):
                    return row
        raise CancelledError("the query ended before the condition was met", "wait_for")

    def explain(
        self,
        aql: str,
        *,
        lower: Offsets | None = None,
        upper: Offsets | None = None,
        order: Order = "asc",
        parameters: Parameters | None = None,
    ) -> Explanation:
        """Runs a query to its end without its results, and says how that was done."""
        return self._native.explain(aql, (lower, upper, order, parameters))

    def offsets(self) -> OffsetsState:
        """How far the node is."""
        return OffsetsState(*self._native.offsets())

    def streams(self) -> list[StreamInfo]:
        """The streams of which something is here."""
        return [StreamInfo(*row) for row in self._native.streams()]

    @property
    def swarm(self) -> Swarm:
        """This node's place in its swarm: founding one, joining one, and how far everybody is."""
        return Swarm(self._native.swarm())

    @property
    def blobs(self) -> Blobs:
        """Large bytes, named by their hash, which the devices of a swarm hand on to each other."""
        return Blobs(self._native.blobs())

    def close(self) -> None:
        """Writes what is queued, stops, and releases the folder. Fine to call twice."""
        self._is_closed = True
        self._native.close()

    def __enter__(self) -> Node:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
