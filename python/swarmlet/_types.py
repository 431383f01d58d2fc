"""Values of the interface, the same for asyncio and for threads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple, TypeAlias, Union

Payload: TypeAlias = Union[
    None,
    bool,
    int,
    float,
    str,
    bytes,
    bytearray,
    memoryview,
    Sequence["Payload"],
    Mapping[str, "Payload"],
]
"""What can be published: anything JSON-like, and bytes.

Integers from -2^63 to 2^64 - 1; floats with infinities and not-a-number; at most 1 MiB encoded and
128 levels deep. Sequences come back as lists, mappings as dicts, and all sorts of bytes as bytes.
"""

Tags: TypeAlias = Union[str, Iterable[str]]
"""The labels of an event. A single ``str`` is one tag."""

Offsets: TypeAlias = Mapping[str, int]
"""For each stream id the last offset: a bound, or how far something is."""

Order: TypeAlias = Literal["asc", "desc", "stream"]
"""Oldest first, newest first, or stream by stream."""

Durability: TypeAlias = Literal["synced", "buffered"]
"""When a publish is done: after the disk confirmed it (survives power loss), or after it was
handed to the operating system (survives the end of the process)."""


class EventKey(NamedTuple):
    """The place of an event in the one total order, which is also its identity."""

    lamport: int
    stream: str
    offset: int


class NewEvent(NamedTuple):
    """What a publisher gives. A plain pair does as well."""

    tags: Tags
    payload: Payload = None


class OffsetsState(NamedTuple):
    """How far a node is."""

    present: dict[str, int]
    """For each stream the last offset that is here without a gap."""
    to_replicate: dict[str, int]
    """How many events of each stream other nodes have and this one does not yet."""


class StreamInfo(NamedTuple):
    """A stream of which something is here."""

    id: str
    name: str
    first: int
    """The first offset still here."""
    last: int
    """The last offset."""


@dataclass(frozen=True)
class Retention:
    """How much of a stream is kept; without limits everything.

    What exceeds one of the limits is dropped, even if the others would keep it, and in whole runs:
    so more may stay than a limit says, and with one limit alone never less.
    """

    events_max: int | None = None
    bytes_max: int | None = None
    age_max: timedelta | None = None


@dataclass(frozen=True)
class Histogram:
    """Durations, counted by their size."""

    count: int
    sum_seconds: float
    buckets: Sequence[tuple[float, int]]
    """For each bucket its upper bound in seconds and how many durations fell into it."""

    def quantile(self, part: float) -> float:
        """The upper bound of the bucket with the given part (0 to 1) of all durations below."""
        left = part * self.count
        for bound, count in self.buckets:
            left -= count
            if left <= 0 and self.count:
                return bound
        return math.nan


@dataclass(frozen=True)
class LogStats:
    """What the log counts."""

    events_committed: int
    """Events committed by this node."""
    bytes_committed: int
    """Bytes of commit groups appended to the log."""
    groups_committed: int
    """Commit groups, each with one sync."""
    events_stored: int
    """Events in the store, dropped ones not counted."""
    log_bytes: int
    """Bytes of log files, including preallocated space."""
    log_files: int
    """Log files that are not sealed yet."""
    segment_bytes: int
    """Bytes of sealed segments."""
    segments: int
    """Sealed segments."""
    seals: int
    """Log files sealed."""
    merges: int
    """Merges of segments."""
    drops: int
    """Segments rewritten without what retention gave up."""
    bytes_set_aside: int
    """Bytes of torn writes set aside at opening."""
    cache_hits: int
    """Blocks found in the cache."""
    cache_misses: int
    """Blocks read from disk."""
    cache_bytes: int
    """Bytes in the cache."""


@dataclass(frozen=True)
class Metrics:
    """What a node has counted and measured since it was opened."""

    log: LogStats
    """What the log counts."""
    publish: Histogram
    """From the call of ``publish`` to its acknowledgement."""
    append: Histogram
    """One commit group: stamping, signing, writing and syncing."""
    sync: Histogram
    """One sync of the disk by the log."""
    query: Histogram
    """One read of the log, for a query or a subscription."""
    query_failures: int
    """Reads of the log that failed."""
    publish_failures: int
    """Publish calls that failed after they were queued."""
    queue_bytes: int
    """Bytes of events waiting to be written."""
    results_open: int
    """Queries whose results are held now."""
    subscriptions_open: int
    """Subscriptions held now."""
    maintenance_steps: int
    """Pieces of background work done: sealing, merging, dropping."""
    maintenance_failures: int
    """Pieces of background work that failed; they are tried again."""
    maintenance_error: str | None
    """What background work failed with, if the last attempt did: the node is not healthy."""


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc_time(micros: int) -> datetime:
    """The time of a timestamp."""
    return _EPOCH + timedelta(microseconds=micros)
