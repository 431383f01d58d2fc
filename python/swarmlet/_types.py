"""Values of the interface, the same for asyncio and for threads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, Union

if TYPE_CHECKING:
    from ._native import Row

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

Parameters: TypeAlias = Mapping[str, Union[Payload, datetime]]
"""What ``$name`` stands for in a query. A ``datetime`` with a time zone is a time; everything else
is what a payload could be. Values never become part of the text of the query."""

Origin: TypeAlias = Literal["event", "range", "synthetic"]
"""What a row comes from: one event, several, or none."""

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
class Network:
    """How a node reaches the others of its swarm.

    The default needs no configuration on a LAN: all networks, free ports, TCP and QUIC, discovery
    by multicast DNS. A node that is in no swarm uses no network at all.
    """

    listen: Sequence[str] = ()
    """Addresses to listen at, and nowhere else: ``tcp://127.0.0.1:4001``, ``quic://[::]:4001``.
    Port 0 is a free one."""
    announce: Sequence[str] = ()
    """Addresses to tell others instead of those it listens at."""
    peers: Sequence[str] = ()
    """Addresses to connect to, and again whenever the connection is lost."""
    holds: Sequence[str] = ()
    """Patterns of the names of streams of others that are held here, ``sensors``, ``line*``; all
    of them unless given."""
    discovery: bool | None = None
    """Whether others are found, and this node is announced, by multicast DNS; on unless given."""
    address_exchange: bool | None = None
    """Whether peers are told where this node and others are, and addresses that they tell are
    dialled; on unless given. With it one address that is known is enough."""
    connections_max: int | None = None
    """How many connections there may be, 2 or more: 12 unless given, for moments four more. Where
    there are more nodes, each is connected with some of them so that all hang together."""


@dataclass(frozen=True)
class Founded:
    """A swarm that was just founded."""

    swarm: str
    """The swarm."""
    root_key: str = field(repr=False)
    """The root key, a line of text. It is given out this once and kept nowhere: who has it can make
    issuers, so print it and put it into a safe."""


@dataclass(frozen=True)
class Member:
    """A device of the swarm."""

    node: str
    """Its identity."""
    name: str
    """What it is called."""
    capabilities: str
    """What it may do, like ``rw:sensors*,r:*``."""
    labels: Mapping[str, str]
    """What the operator said about it."""
    is_issuer: bool
    """Whether it lets others in."""
    is_revoked: bool
    """Whether it is out."""
    not_after: datetime
    """When its certificate ends."""


@dataclass(frozen=True)
class Pending:
    """A device that waits for approval."""

    device: str
    """Its identity, with which it is approved or rejected."""
    name: str
    """What it calls itself."""
    code: str
    """Six digits. Approve the device if it shows the same."""
    since: datetime
    """When it asked."""


@dataclass(frozen=True)
class Peer:
    """A connected device."""

    node: str
    """Its identity."""
    address: str
    """Where it was reached, or where it came from; empty if not known."""
    is_in_sync: bool
    """Whether both have the same events, as far as both have said."""
    behind: int
    """Events that it has and this node lacks."""
    ahead: int
    """Events that this node has and it lacks."""
    lag: timedelta
    """For how long one of the two was not zero; in whole seconds."""
    round_trip: timedelta | None
    """How long a frame and its answer took last."""


@dataclass(frozen=True)
class SwarmStatus:
    """How a node stands in its swarm."""

    listening: Sequence[str]
    """Where it listens."""
    peers: Sequence[Peer]
    """The connected devices."""
    to_replicate: Mapping[str, int]
    """How many events of each stream some peer has and this node lacks."""
    refused: Sequence[tuple[str, str]]
    """Connections that were refused or closed: with whom, that is the address that was dialled, the
    host that dialled, or the device, and why. The newest last; the last 32."""
    incidents: Sequence[str]
    """What people should know of: forks, clones, refused events; the last 32."""

    @property
    def is_in_sync(self) -> bool:
        """Whether some peer is connected, and all of them have the same as this node."""
        return bool(self.peers) and all(peer.is_in_sync for peer in self.peers)


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


@dataclass(frozen=True)
class AntiRow:
    """A row that came out before and is no longer true; another one may follow in its place."""

    row: Row


@dataclass(frozen=True)
class Diagnostic:
    """Something has no value, and why."""

    severity: Literal["warning", "error"]
    """After a warning the query goes on; an error is its last output."""
    message: str
    """What happened; the text is part of the query language."""


@dataclass(frozen=True)
class CaughtUp:
    """All that was present when a subscription began has come out; what follows is live."""

    offsets: Mapping[str, int]
    """How far that reached."""


@dataclass(frozen=True)
class TimeTravel:
    """The next event sorts before one that has already come out: the end of a monotonic
    subscription. Begin again before this key."""

    key: EventKey


Output: TypeAlias = Union["Row", AntiRow, Diagnostic, CaughtUp, TimeTravel]
"""What comes out of a query or subscription, in order."""


@dataclass(frozen=True)
class TermReport:
    """What the index of a file says of one tag or app."""

    term: str
    """The tag or app as it is written in a query."""
    events: int
    """Events of the file that have it."""


@dataclass(frozen=True)
class SourceReport:
    """What a query found in the index of one file."""

    name: str
    """The name of the file, without its ending."""
    is_sealed: bool
    """Whether it is a sealed segment, or a file of the log that is still being written."""
    events: int
    """Events in it."""
    terms: Sequence[TermReport]
    """Tags and apps that were looked up."""
    candidates: int
    """Events that are left when index and bounds have said all they know."""
    is_checked: bool
    """Whether each of those still has to be looked at to know whether it matches."""


@dataclass(frozen=True)
class Explanation:
    """How a query was answered; ``str`` shows it to people."""

    text: str
    """All of it, for people."""
    query: str
    """The query in normal form."""
    selection: str | None
    """Which events it starts from, with everything computed; None if it brings its own values."""
    order: Order
    """In which order they were read."""
    stages: Sequence[str]
    """The stages behind ``FROM``, each in normal form."""
    sources: Sequence[SourceReport]
    """The files that were asked, oldest first; none if the query brings its own events."""
    events_read: int
    """Events that were read for the query itself, also to see that they do not match; those read
    by sub-queries are not counted."""
    rows: int
    """Rows that came out."""
    diagnostics: int
    """Diagnostics that came out."""

    def __str__(self) -> str:
        return self.text


def explanation(
    text: str,
    query: str,
    selection: str | None,
    order: Order,
    stages: Sequence[str],
    sources: Sequence[tuple[str, bool, int, Sequence[tuple[str, int]], int, bool]],
    counts: tuple[int, int, int],
) -> Explanation:
    """From what the native half says."""
    reports = [
        SourceReport(name, is_sealed, events, [TermReport(*term) for term in terms], left, checked)
        for name, is_sealed, events, terms, left, checked in sources
    ]
    return Explanation(text, query, selection, order, stages, reports, *counts)


def pending(device: str, name: str, code: str, since: int) -> Pending:
    """From what the native half says; the time in seconds."""
    return Pending(device, name, code, _time_of_seconds(since))


def member(
    node: str,
    name: str,
    capabilities: str,
    labels: Mapping[str, str],
    is_issuer: bool,
    is_revoked: bool,
    not_after: int,
) -> Member:
    """From what the native half says; the time in seconds."""
    end = _time_of_seconds(not_after)
    return Member(node, name, capabilities, labels, is_issuer, is_revoked, end)


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc_time(micros: int) -> datetime:
    """The time of a timestamp."""
    return _EPOCH + timedelta(microseconds=micros)


def micros(time: datetime) -> int:
    """The timestamp of a time."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def nearest_time(micros: int) -> datetime:
    """The time of a timestamp, or the first or last that there is if it lies outside of them."""
    try:
        return utc_time(micros)
    except OverflowError:
        end = datetime.max if micros > 0 else datetime.min
        return end.replace(tzinfo=timezone.utc)


def _time_of_seconds(seconds: int) -> datetime:
    """The time of a timestamp in seconds, as near as there is one."""
    return nearest_time(seconds * 1_000_000)
