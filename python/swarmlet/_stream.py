"""Streams of results for asyncio."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from . import _native
from ._arrow import BATCH_ARROW_ROWS, Batches
from ._native import Row
from ._taking import TakingAsync
from ._types import Output

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 256
"""Rows handed over at once; more gain nothing and make other tasks wait."""

class RowStream(TakingAsync[_native.Stream, Row]):
    """Rows, one by one or in batches; or :meth:`outputs` of all sorts.

    Those who look at rows see no warnings, and no rows taken back. A query that ends with an error
    diagnostic raises :class:`InvalidQueryError`, a monotonic subscription that ends with time
    travel raises :class:`ClosedError`.

    A wait that is cancelled, by ``asyncio.wait_for`` for instance, loses nothing. Leaving the
    ``async with`` block, or dropping the object, ends the stream.
    """

    def __init__(self, native: _native.Stream) -> None:
        super().__init__(native)
        self._next = native.next

    async def __anext__(self) -> Row:
        row = self._next()
        while row is None:
            if not await self._ready():
                raise StopAsyncIteration
            row = self._next()
        return row

    def batches(self, max: int = BATCH_ROWS) -> AsyncIterator[list[Row]]:
        """The same rows in lists of at most ``max``, never empty; what is there, at once."""
        return _Batches(self, max)

    def outputs(self) -> AsyncIterator[Output]:
        """All there is to know, in order: rows, rows taken back, diagnostics, that a subscription
        has caught up, time travel. Not to be mixed with reading rows.
        """
        return _Outputs(self)

    async def to_arrow(
        self,
        *,
        schema: pyarrow.Schema | None = None,
        rows_max: int = BATCH_ARROW_ROWS,
        metadata: bool = True,
    ) -> AsyncIterator[pyarrow.RecordBatch]:
        """The rows as Arrow record batches of one schema, at most ``rows_max`` rows each.

        Payloads that are mappings become a column for each key, others the column ``payload``. With
        ``metadata`` the column ``_event`` says which event a row comes from, null if from none or
        several. Without ``schema`` that of the first batch counts; what does not fit into it raises
        ``ValueError``. Needs the extra ``arrow``.
        """
        batches = Batches(schema, rows_max, metadata)
        async for rows in self.batches(rows_max):
            for batch in batches.add(rows):
                yield batch
        for batch in batches.rest():
            yield batch

    @property
    def offsets(self) -> dict[str, int]:
        """How far what was handed out reaches: from there another stream goes on."""
        return self._native.offsets()

    @property
    def skipped(self) -> dict[str, int]:
        """For streams whose start lies before what is still kept: the first offset that is."""
        return self._native.skipped()


class Results(RowStream):
    """The results of a query. ``async for row in results``."""


class Subscription(RowStream):
    """All results: of what is there, then of what comes.

    It reads from the log at its own pace, however slow: nothing piles up in memory, nothing is
    lost. Store ``offsets`` with what you made of the rows, and a later subscription goes on
    exactly there.
    """


class _Outputs(AsyncIterator[Output]):
    """No generator: one would end with the first wait that is cancelled."""

    def __init__(self, stream: RowStream) -> None:
        stream._native.show_all()
        self._stream = stream
        self._taken: deque[Output] = deque()

    def __aiter__(self) -> _Outputs:
        return self

    async def __anext__(self) -> Output:
        if not self._taken:
            native = self._stream._native
            self._taken.extend(await self._stream._some(lambda: native.take_outputs(BATCH_ROWS)))
        return self._taken.popleft()


class _Batches(AsyncIterator[list[Row]]):
    def __init__(self, stream: RowStream, max: int) -> None:
        if max < 1:
            raise ValueError("max must be at least 1")
        self._stream = stream
        self._max = max

    def __aiter__(self) -> _Batches:
        return self

    async def __anext__(self) -> list[Row]:
        native = self._stream._native
        return await self._stream._some(lambda: native.take(self._max))
