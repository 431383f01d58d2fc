"""What everything has that is looked at and then taken: rows, statuses, records, bytes of blobs.

A look can be waited for and takes nothing, so a wait that is cancelled or runs out loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from ._errors import TimeoutError
from ._loop import Watched, dispatcher


class Shown(Watched, Protocol):
    """A native stream."""

    def look(self) -> bool | None: ...
    def wait(self, timeout: float | None) -> bool | None: ...
    def cancel(self) -> None: ...


_Item = TypeVar("_Item")
_Some = TypeVar("_Some")
_Native = TypeVar("_Native", bound=Shown)
_Async = TypeVar("_Async", bound="TakingAsync[Any, Any]")
_Blocking = TypeVar("_Blocking", bound="TakingBlocking[Any, Any]")


class Taking(Generic[_Native]):
    """Something to take from a native stream."""

    def __init__(self, native: _Native) -> None:
        self._native = native

    def cancel(self) -> None:
        """Ends it, also for those who wait for it. Fine to call twice."""
        self._native.cancel()


class TakingAsync(Taking[_Native], AsyncIterator[_Item]):
    """Taking in an event loop."""

    def __aiter__(self: _Async) -> _Async:
        return self

    async def __aenter__(self: _Async) -> _Async:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    async def _ready(self) -> bool:
        """Waits until there is something (true) or nothing will come (false); suspends always."""
        shown = self._native.look()
        if shown is not None:
            # A stream that is always full must not keep other tasks from running.
            await asyncio.sleep(0)
            return shown
        while shown is None:
            await dispatcher().change(self._native)
            shown = self._native.look()
        return shown

    async def _some(self, take: Callable[[], _Some | None]) -> _Some:
        """What ``take`` gives as soon as that is something; an iteration ends with the stream."""
        while await self._ready():
            taken = take()
            if taken:
                return taken
        raise StopAsyncIteration


class TakingBlocking(Taking[_Native], Iterator[_Item]):
    """Taking in a thread that waits."""

    _thing = "result"
    """What did not come when a wait runs out."""

    def __iter__(self: _Blocking) -> _Blocking:
        return self

    def next(self, timeout: float | None = None) -> _Item | None:
        """The next one, nothing at the end; :class:`TimeoutError` after ``timeout`` seconds, which
        loses nothing.
        """
        if timeout is not None and self._native.wait(timeout) is None:
            raise TimeoutError(f"no {self._thing} within {timeout} seconds", "next")
        return next(self, None)

    def __enter__(self: _Blocking) -> _Blocking:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    def _some(self, take: Callable[[], _Some | None]) -> _Some:
        """What ``take`` gives as soon as that is something; an iteration ends with the stream."""
        while self._native.wait(None):
            taken = take()
            if taken:
                return taken
        raise StopIteration
