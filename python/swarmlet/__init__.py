"""A node of a swarm, embedded in your process: a durable log of events with queries and
subscriptions. No server, no broker; it works offline.

>>> from swarmlet import Node
>>> async def main() -> None:
...     async with Node.open("press-7", app_id="com.example.press") as node:
...         await node.publish(["press:7", "stopped"], {"reason": "jam"})
...         async for event in node.query("FROM 'press:7' & 'stopped'"):
...             print(event.time, event.payload["reason"])

This is the interface for asyncio; :mod:`swarmlet.sync` has the same words for threads.
"""

from __future__ import annotations

from . import sync
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
from ._native import Event, Published, version
from ._node import Node, Opening
from ._stream import EventStream, Results, Subscription
from ._types import (
    Durability,
    EventKey,
    Histogram,
    LogStats,
    Metrics,
    NewEvent,
    Offsets,
    OffsetsState,
    Order,
    Payload,
    Retention,
    StreamInfo,
    Tags,
)

__version__ = version()

__all__ = [
    "Advice",
    "AlreadyExistsError",
    "CancelledError",
    "ClosedError",
    "CorruptError",
    "DiskFullError",
    "Durability",
    "Event",
    "EventKey",
    "EventStream",
    "ForkedError",
    "Histogram",
    "IncompatibleError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidQueryError",
    "LockedError",
    "LogStats",
    "Metrics",
    "NetworkError",
    "NewEvent",
    "Node",
    "NotFoundError",
    "Offsets",
    "OffsetsState",
    "Opening",
    "Order",
    "OverloadedError",
    "Payload",
    "PermissionDeniedError",
    "Published",
    "Results",
    "Retention",
    "StorageError",
    "StreamInfo",
    "Subscription",
    "SwarmletError",
    "Tags",
    "TimeoutError",
    "UnavailableError",
    "UnsupportedError",
    "sync",
]
