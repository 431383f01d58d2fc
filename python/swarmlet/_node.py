"""The node for asyncio."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, cast

from . import _logs, _native
from ._blobs import Blobs
from ._errors import CancelledError
from ._fronts import NodeFront
from ._loop import dispatcher
from ._native import Published, Row
from ._options import NativeOptions, native_options
from ._stream import Results, Subscription
from ._swarm import Swarm
from ._types import (
    Durability,
    Explanation,
    Network,
    Offsets,
    OffsetsState,
    Order,
    Parameters,
    Payload,
    Retention,
    StreamInfo,
    Tags,
)


class Node(NodeFront[Results, Subscription]):
    """An open node: a durable log of events in a folder of its own.

    Open it with :meth:`open`. It may be used from several tasks, and from several event loops at
    once. Processes share nothing: a forked child has to open a node of its own.
    """

    def __init__(self, native: _native.Node, is_owner: bool) -> None:
        super().__init__(native, is_owner, Results, Subscription)

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        *,
        app_id: str | None = None,
        streams: Mapping[str, Retention | None] | None = None,
        routes: Mapping[str, str] | None = None,
        durability: Durability = "synced",
        cache_bytes: int | None = None,
        network: Network | None = None,
        blobs_bytes_max: int | None = None,
        blobs_sweep_period: timedelta | None = None,
    ) -> Opening:
        """Opens the folder, which is made on first use, and recovers its log.

        Write ``async with Node.open(path) as node``, or ``node = await Node.open(path)``.

        ``app_id``: the app that publishes, a reverse DNS name.
        ``streams``: further streams by name, and how much of each is kept.
        ``routes``: tag expressions and the streams that matching events go to; the first one that
        matches decides, everything else goes to ``default``.
        ``durability``: when a publish is done.
        ``cache_bytes``: memory for blocks of the log that were read.
        ``network``: how others of the swarm are reached.
        ``blobs_bytes_max``: bytes that blobs may take; as many as there are unless given. When
        they are used up, what the node need not hold gives way.
        ``blobs_sweep_period``: how often it is looked which blobs no record keeps; every ten
        minutes unless given, 10 milliseconds to a day.
        """
        options = native_options(
            app_id,
            streams,
            routes,
            durability,
            cache_bytes,
            network,
            blobs_bytes_max,
            blobs_sweep_period,
        )
        return Opening(path, options)

    def scoped(self, app_id: str) -> Node:
        """A handle of the same node for another app. Closing either closes the node."""
        return Node(self._native.scoped(app_id), is_owner=False)

    async def publish(self, tags: Tags, payload: Payload = None) -> Published:
        """Publishes one event; it is durable when this returns.

        Cancelling the wait does not take the event back.
        """
        return (await self.publish_many([(tags, payload)]))[0]

    async def publish_many(self, events: Iterable[tuple[Tags, Payload]]) -> list[Published]:
        """Publishes events together: after a crash all of them are there, or none.

        At most 16384 events and 4 MiB. Cancelling the wait does not take them back.
        """
        published = await dispatcher().call(self._native.start_publish, events)
        return cast("list[Published]", published)

    async def wait_for(
        self,
        aql: str,
        condition: Callable[[Row], bool] | None = None,
        *,
        from_: Offsets | None = None,
        parameters: Parameters | None = None,
    ) -> Row:
        """The first row of a subscription, for which the condition holds if there is one.

        Bound the wait with :func:`asyncio.timeout` or :func:`asyncio.wait_for`. Raises
        :class:`CancelledError` if the query ends without such a row.
        """
        async with self.subscribe(aql, from_=from_, parameters=parameters) as rows:
            async for row in rows:
                if condition is None or condition(row):
                    return row
        raise CancelledError("the query ended before the condition was met", "wait_for")

    async def explain(
        self,
        aql: str,
        *,
        lower: Offsets | None = None,
        upper: Offsets | None = None,
        order: Order = "asc",
        parameters: Parameters | None = None,
    ) -> Explanation:
        """Runs a query to its end without its results, and says how that was done."""
        options = (lower, upper, order, parameters)
        explained = await dispatcher().call(self._native.start_explain, aql, options)
        return cast("Explanation", explained)

    async def offsets(self) -> OffsetsState:
        """How far the node is."""
        return OffsetsState(*self._native.offsets())

    async def streams(self) -> list[StreamInfo]:
        """The streams of which something is here."""
        return [StreamInfo(*row) for row in self._native.streams()]

    @property
    def swarm(self) -> Swarm:
        """This node's place in its swarm: founding one, joining one, and how far everybody is."""
        return Swarm(self._native.swarm())

    @property
    def blobs(self) -> Blobs:
        """Large bytes, named by their hash, which the devices of a swarm hand on to each other."""
        return Blobs(self._native.blobs())

    async def close(self) -> None:
        """Writes what is queued, stops, and releases the folder. Fine to call twice.

        Streams of the node end with :class:`ClosedError`, once they are read empty.
        """
        self._is_closed = True
        await dispatcher().call(self._native.start_close)

    async def __aenter__(self) -> Node:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class Opening:
    """A node being opened: await it, or enter it with ``async with``."""

    def __init__(self, path: str | os.PathLike[str], options: NativeOptions) -> None:
        self._path = path
        self._options = options
        self._node: Node | None = None

    def __await__(self) -> Generator[Any, None, Node]:
        return self._open().__await__()

    async def __aenter__(self) -> Node:
        self._node = await self._open()
        return self._node

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._node is not None:
            await self._node.close()

    async def _open(self) -> Node:
        _logs.start()
        native = await dispatcher().call(_native.start_open, self._path, self._options)
        return Node(native, is_owner=True)
