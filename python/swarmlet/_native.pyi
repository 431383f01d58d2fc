"""The native half. Not public; ``swarmlet`` is. Checked against the library by stubtest."""

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any, final

from ._options import NativeOptions, QueryOptions
from ._types import (
    EventKey,
    Explanation,
    Offsets,
    Origin,
    Output,
    Parameters,
    Payload,
    Tags,
)

__all__ = [
    "Node",
    "Port",
    "Published",
    "Row",
    "Stream",
    "Watch",
    "blocked",
    "open",
    "start_diagnostics",
    "start_open",
    "take_diagnostics",
    "version",
]

def version() -> str: ...
def blocked() -> int: ...
def start_diagnostics(level: int) -> int: ...
def take_diagnostics() -> list[tuple[int, str, str]]: ...
def open(path: str | os.PathLike[str], options: NativeOptions) -> Node: ...
def start_open(port: Port, path: str | os.PathLike[str], options: NativeOptions) -> int: ...
@final
class Port:
    def __new__(cls) -> Port: ...
    def fileno(self) -> int: ...
    def drain(self) -> list[tuple[int, Exception | None, Any]]: ...

@final
class Node:
    @property
    def id(self) -> str: ...
    @property
    def app_id(self) -> str: ...
    def scoped(self, app_id: str) -> Node: ...
    def start_publish(self, port: Port, events: Iterable[tuple[Tags, Payload]]) -> int: ...
    def publish(self, events: Iterable[tuple[Tags, Payload]]) -> list[Published]: ...
    def query(self, aql: str, options: QueryOptions) -> Stream: ...
    def subscribe(
        self,
        aql: str,
        from_offsets: Offsets | None,
        given: Parameters | None,
        follow_name: str,
    ) -> Stream: ...
    def start_explain(self, port: Port, aql: str, options: QueryOptions) -> int: ...
    def explain(self, aql: str, options: QueryOptions) -> Explanation: ...
    def offsets(self) -> tuple[dict[str, int], dict[str, int]]: ...
    def streams(self) -> list[tuple[str, str, int, int]]: ...
    def metrics(self) -> dict[str, Any]: ...
    def start_close(self, port: Port) -> int: ...
    def close(self) -> None: ...

@final
class Watch: ...

@final
class Stream:
    def look(self) -> bool | None: ...
    def next(self) -> Row | None: ...
    def take(self, max: int) -> list[Row]: ...
    def show_all(self) -> None: ...
    def take_outputs(self, max: int) -> list[Output]: ...
    def watch(self, port: Port) -> tuple[int, Watch]: ...
    def forget(self, watch: Watch) -> None: ...
    def wait(self, timeout: float | None) -> bool | None: ...
    def cancel(self) -> None: ...
    def skipped(self) -> dict[str, int]: ...
    def offsets(self) -> dict[str, int]: ...

@final
class Row:
    """A result of a query: a value, and where it comes from.

    Rows of events have the attributes of the event; those of other rows raise ``AttributeError``.
    Rows are equal if value and origin are; rows of events are ordered as the log is.
    """

    @property
    def payload(self) -> Any:
        """The value. It is decoded once: do not change it in place."""
    @property
    def origin(self) -> Origin:
        """What it comes from: 'event', 'range' or 'synthetic'."""
    @property
    def key_range(self) -> tuple[EventKey, EventKey] | None:
        """The smallest and the greatest key of the events it comes from; None if from none."""
    @property
    def time_range(self) -> tuple[datetime, datetime] | None:
        """The earliest and the latest time of the events it comes from; None if from none."""
    @property
    def key(self) -> EventKey:
        """The place of the event in the total order: (lamport, stream, offset)."""
    @property
    def lamport(self) -> int:
        """Logical clock of the event."""
    @property
    def stream(self) -> str:
        """The id of the stream the event is in."""
    @property
    def offset(self) -> int:
        """Its position in the stream."""
    @property
    def timestamp(self) -> int:
        """Wall clock of the publisher in microseconds since 1970-01-01 UTC."""
    @property
    def time(self) -> datetime:
        """Wall clock of the publisher, in UTC."""
    @property
    def app_id(self) -> str:
        """The app that published it."""
    @property
    def tags(self) -> tuple[str, ...]:
        """The labels, in text order."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Row, /) -> bool: ...
    def __le__(self, other: Row, /) -> bool: ...
    def __gt__(self, other: Row, /) -> bool: ...
    def __ge__(self, other: Row, /) -> bool: ...

@final
class Published:
    """What became of one published event."""

    @property
    def key(self) -> EventKey:
        """The place in the total order: (lamport, stream, offset)."""
    @property
    def lamport(self) -> int:
        """Logical clock of the event."""
    @property
    def stream(self) -> str:
        """The id of the stream it went to."""
    @property
    def offset(self) -> int:
        """Its position in the stream."""
    @property
    def timestamp(self) -> int:
        """The time it was stamped with, in microseconds since 1970-01-01 UTC."""
    @property
    def time(self) -> datetime:
        """The time it was stamped with, in UTC."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
