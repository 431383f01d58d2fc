"""Answers from native threads in an event loop: one port per loop, watched through a descriptor."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from ._native import Call, Port, Watch

_T = TypeVar("_T")


class Watched(Protocol):
    """What tells a port when a look at it shows something."""

    def watch(self, port: Port) -> tuple[int, Watch]: ...
    def forget(self, watch: Watch) -> None: ...


class Dispatcher:
    """Hands the answers that arrive at a port to those who wait for them in one event loop.

    It does not refer to its loop, so both can go together.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._port = Port()
        self._pending: dict[int, asyncio.Future[Any]] = {}
        loop.add_reader(self._port.fileno(), self._drain)

    async def call(self, start: Callable[..., int], *arguments: object) -> Any:
        """Starts a call and waits for its answer. Cancelling the wait does not undo the call."""
        return await self._answer(start(self._port, *arguments))

    async def run(self, call: Call[_T]) -> _T:
        """Makes a call and waits for its answer. Cancelling the wait gives the call up."""
        try:
            return cast("_T", await self._answer(call.start(self._port)))
        finally:
            call.cancel()

    async def change(self, stream: Watched) -> None:
        """Waits until a look at the stream shows something."""
        token, watch = stream.watch(self._port)
        try:
            await self._answer(token)
        except BaseException:
            stream.forget(watch)
            raise

    async def _answer(self, token: int) -> Any:
        future = asyncio.get_running_loop().create_future()
        self._pending[token] = future
        try:
            return await future
        finally:
            self._pending.pop(token, None)

    def _drain(self) -> None:
        for token, error, value in self._port.drain():
            future = self._pending.pop(token, None)
            if future is None or future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)


_dispatchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Dispatcher] = (
    weakref.WeakKeyDictionary()
)


def dispatcher() -> Dispatcher:
    """The dispatcher of the running loop."""
    loop = asyncio.get_running_loop()
    found = _dispatchers.get(loop)
    if found is None:
        found = _dispatchers[loop] = Dispatcher(loop)
    return found
