"""Streams of events for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TypeVar

from . import _native
from ._loop import dispatcher
from ._native import Event

BATCH_EVENTS = 256
"""Events handed over at once; more gain nothing and make other tasks wait."""

_Self = TypeVar("_Self", bound="EventStream")


class EventStream(AsyncIterator[Event]):
    """Events, one by one or in batches.

    A wait that is cancelled, by ``asyncio.wait_for`` for instance, loses no event. Leaving the
    ``async with`` block, or dropping the object, ends the stream.
    """

    def __init__(self, native: _native.Stream) -> None:
        self._native = native
        self._next = native.next

    def __aiter__(self: _Self) -> _Self:
        return self

    async def __anext__(self) -> Event:
        event = self._next()
        while event is None:
            if not await self._ready():
                raise StopAsyncIteration
            event = self._next()
        return event

    def batches(self, max: int = BATCH_EVENTS) -> AsyncIterator[list[Event]]:
        """The same events in lists of at most ``max``, never empty; what is there, at once."""
        return _Batches(self, max)

    @property
    def offsets(self) -> dict[str, int]:
        """How far the events handed out reach: from there another stream goes on."""
        return self._native.offsets()

    @property
    def skipped(self) -> dict[str, int]:
        """For streams whose start lies before what is still kept: the first offset that is."""
        return self._native.skipped()

    def cancel(self) -> None:
        """Ends the stream, also for those who wait for it. Fine to call twice."""
        self._native.cancel()

    async def __aenter__(self: _Self) -> _Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    async def _ready(self) -> bool:
        """Waits until there are events (true) or none will come (false); suspends at least once."""
        shown = self._native.look()
        if shown is not None:
            # A stream that is always full must not keep other tasks from running.
            await asyncio.sleep(0)
            return shown
        while shown is None:
            await dispatcher().change(self._native)
            shown = self._native.look()
        return shown


class Results(EventStream):
    """The events of a query. ``async for event in results``."""


class Subscription(EventStream):
    """All matching events: those that are there, then those to come.

    It reads from the log at its own pace, however slow: nothing piles up in memory, nothing is
    lost. Store ``offsets`` with what you made of the events, and a later subscription goes on
    exactly there.
    """


class _Batches(AsyncIterator[list[Event]]):
    def __init__(self, stream: EventStream, max: int) -> None:
        if max < 1:
            raise ValueError("max must be at least 1")
        self._stream = stream
        self._max = max

    def __aiter__(self) -> _Batches:
        return self

    async def __anext__(self) -> list[Event]:
        while await self._stream._ready():
            events = self._stream._native.take(self._max)
            if events:
                return events
        raise StopAsyncIteration
