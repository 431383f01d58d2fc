"""The same node without asyncio: calls wait, and let other threads and Ctrl-C through.

>>> from swarmlet.sync import Node
>>> with Node.open("press-7") as node:  # doctest: +SKIP
...     node.publish("started", {"speed": 12.5})
...     for event in node.query("FROM 'started'"):
...         print(event.payload)
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TypeVar

from . import _exit, _logs, _native
from ._errors import SwarmletError, TimeoutError
from ._native import Event, Published
from ._metrics import metrics
from ._options import native_options
from ._stream import BATCH_EVENTS
from ._types import (
    Durability,
    Metrics,
    Offsets,
    OffsetsState,
    Order,
    Payload,
    Retention,
    StreamInfo,
    Tags,
)

__all__ = ["EventStream", "Node", "Results", "Subscription"]

_Self = TypeVar("_Self", bound="EventStream")


class EventStream(Iterator[Event]):
    """Events, one by one or in batches. Leaving the ``with`` block ends the stream."""

    def __init__(self, native: _native.Stream) -> None:
        self._native = native
        self._next = native.next

    def __iter__(self: _Self) -> _Self:
        return self

    def __next__(self) -> Event:
        event = self._next()
        while event is None:
            if not self._native.wait(None):
                raise StopIteration
            event = self._next()
        return event

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event, nothing at the end; :class:`TimeoutError` after ``timeout`` seconds.

        Nothing is lost by a timeout.
        """
        if timeout is not None and self._native.wait(timeout) is None:
            raise TimeoutError(f"no event within {timeout} seconds", "next")
        return next(self, None)

    def batches(self, max: int = BATCH_EVENTS) -> Iterator[list[Event]]:
        """The same events in lists of at most ``max``, never empty; what is there, at once."""
        if max < 1:
            raise ValueError("max must be at least 1")
        return self._batches(max)

    def _batches(self, max: int) -> Iterator[list[Event]]:
        while self._native.wait(None):
            events = self._native.take(max)
            if events:
                yield events

    @property
    def offsets(self) -> dict[str, int]:
        """How far the events handed out reach: from there another stream goes on."""
        return self._native.offsets()

    @property
    def skipped(self) -> dict[str, int]:
        """For streams whose start lies before what is still kept: the first offset that is."""
        return self._native.skipped()

    def cancel(self) -> None:
        """Ends the stream, also for threads that wait for it. Fine to call twice."""
        self._native.cancel()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()


class Results(EventStream):
    """The events of a query."""


class Subscription(EventStream):
    """All matching events: those that are there, then those to come."""


class Node:
    """An open node; see :class:`swarmlet.Node`. It may be used from several threads."""

    def __init__(self, native: _native.Node, is_owner: bool) -> None:
        self._native = native
        self._is_owner = is_owner
        self._is_closed = False
        _exit.track(self)

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        *,
        app_id: str | None = None,
        streams: Mapping[str, Retention | None] | None = None,
        routes: Mapping[str, str] | None = None,
        durability: Durability = "synced",
        cache_bytes: int | None = None,
    ) -> Node:
        """Opens the folder, which is made on first use; see :meth:`swarmlet.Node.open`."""
        options = native_options(app_id, streams, routes, durability, cache_bytes)
        _logs.start()
        return Node(_native.open(path, options), is_owner=True)

    @property
    def id(self) -> str:
        """The identity of this device: 43 characters."""
        return self._native.id

    @property
    def app_id(self) -> str:
        """The app in whose name this handle publishes."""
        return self._native.app_id

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

    def query(
        self,
        aql: str,
        *,
        lower: Offsets | None = None,
        upper: Offsets | None = None,
        order: Order = "asc",
    ) -> Results:
        """The events that match and are present now; see :meth:`swarmlet.Node.query`."""
        return Results(self._native.query(aql, lower, upper, order))

    def subscribe(self, aql: str, *, from_: Offsets | None = None) -> Subscription:
        """All matching events after the given offsets: those present, then those to come."""
        return Subscription(self._native.subscribe(aql, from_))

    def offsets(self) -> OffsetsState:
        """How far the node is."""
        return OffsetsState(*self._native.offsets())

    def streams(self) -> list[StreamInfo]:
        """The streams of which something is here."""
        return [StreamInfo(*row) for row in self._native.streams()]

    def metrics(self) -> Metrics:
        """What the node has counted and measured since it was opened."""
        return metrics(self._native)

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

    def __repr__(self) -> str:
        try:
            return f"Node(id={self.id!r}, app_id={self.app_id!r})"
        except SwarmletError as error:
            return f"Node({error.code})"

    def __del__(self) -> None:
        if self._is_owner and not self._is_closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)

    def _close_at_exit(self) -> None:
        self.close()
