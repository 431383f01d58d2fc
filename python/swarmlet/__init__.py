"""A node of a swarm, embedded in your process: a durable log of events with queries and
subscriptions. No server, no broker; it works offline.

>>> from swarmlet import Node
>>> async def main() -> None:
...     async with Node.open("press-7", app_id="com.example.press") as node:
...         await node.publish(["press:7", "stopped"], {"reason": "jam"})
...         async for row in node.query("FROM 'press:7' & 'stopped'"):
...             print(row.time, row.payload["reason"])

This is the interface for asyncio; :mod:`swarmlet.sync` has the same words for threads.
"""

from __future__ import annotations

from . import sync
from ._blobs import BlobChanges, BlobReader, Blobs
from ._errors import (
    Advice,
    AlreadyExistsError,
    CancelledError,
    ClosedError,
    CorruptError,
    DiskFullError,
    ForkedError,
    IncompatibleError,
    InternalError,
    InvalidArgumentError,
    InvalidQueryError,
    LockedError,
    NetworkError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    StorageError,
    SwarmletError,
    TimeoutError,
    UnavailableError,
    UnsupportedError,
)
from ._native import Published, Row, version
from ._node import Node, Opening
from ._qr import QrCode
from ._stream import Results, RowStream, Subscription
from ._swarm import Changes, Swarm
from ._types import (
    AntiRow,
    BlobData,
    BlobInfo,
    BlobProgress,
    BlobState,
    BytesLike,
    CaughtUp,
    Diagnostic,
    Durability,
    EventKey,
    Explanation,
    Founded,
    Histogram,
    Hold,
    LogStats,
    Member,
    Metrics,
    Network,
    NewEvent,
    Offsets,
    OffsetsState,
    Order,
    Origin,
    Output,
    Parameters,
    Payload,
    Peer,
    Pending,
    Retention,
    SourceReport,
    StreamInfo,
    SwarmStatus,
    Tags,
    TermReport,
    TimeTravel,
)

__version__ = version()

__all__ = [
    "Advice",
    "AlreadyExistsError",
    "AntiRow",
    "BlobChanges",
    "BlobData",
    "BlobInfo",
    "BlobProgress",
    "BlobReader",
    "BlobState",
    "Blobs",
    "BytesLike",
    "CancelledError",
    "CaughtUp",
    "Changes",
    "ClosedError",
    "CorruptError",
    "Diagnostic",
    "DiskFullError",
    "Durability",
    "EventKey",
    "Explanation",
    "ForkedError",
    "Founded",
    "Histogram",
    "Hold",
    "IncompatibleError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidQueryError",
    "LockedError",
    "LogStats",
    "Member",
    "Metrics",
    "Network",
    "NetworkError",
    "NewEvent",
    "Node",
    "NotFoundError",
    "Offsets",
    "OffsetsState",
    "Opening",
    "Order",
    "Origin",
    "Output",
    "OverloadedError",
    "Parameters",
    "Payload",
    "Peer",
    "Pending",
    "PermissionDeniedError",
    "Published",
    "QrCode",
    "Results",
    "Retention",
    "Row",
    "RowStream",
    "SourceReport",
    "StorageError",
    "StreamInfo",
    "Subscription",
    "Swarm",
    "SwarmStatus",
    "SwarmletError",
    "Tags",
    "TermReport",
    "TimeTravel",
    "TimeoutError",
    "UnavailableError",
    "UnsupportedError",
    "sync",
]
