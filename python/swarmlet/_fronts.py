"""What the handles for asyncio and those for threads have alike: all calls that do not wait."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from . import _exit, _native
from ._blobs_types import BlobChange, BlobInfo, BlobState
from ._errors import SwarmletError
from ._metrics import metrics
from ._types import Metrics, Offsets, Order, Parameters, Peer, SwarmStatus

_Results = TypeVar("_Results")
_Subscription = TypeVar("_Subscription")
_Reader = TypeVar("_Reader")
_List = TypeVar("_List")
_Changes = TypeVar("_Changes")
_Watch = TypeVar("_Watch")


class NodeFront(Generic[_Results, _Subscription]):
    """An open node."""

    def __init__(
        self,
        native: _native.Node,
        is_owner: bool,
        results: Callable[[_native.Stream], _Results],
        subscription: Callable[[_native.Stream], _Subscription],
    ) -> None:
        self._native = native
        self._is_owner = is_owner
        self._is_closed = False
        self._results = results
        self._subscription = subscription
        _exit.track(self)

    @property
    def id(self) -> str:
        """The identity of this device: 43 characters."""
        return self._native.id

    @property
    def app_id(self) -> str:
        """The app in whose name this handle publishes."""
        return self._native.app_id

    def query(
        self,
        aql: str,
        *,
        lower: Offsets | None = None,
        upper: Offsets | None = None,
        order: Order = "asc",
        parameters: Parameters | None = None,
    ) -> _Results:
        """The results of what is present now.

        ``lower``: only events after these offsets. ``upper``: only events up to these offsets, and
        none of streams that it does not name. ``order``: unless the text says it. ``parameters``:
        what ``$name`` stands for in the text.
        """
        return self._results(self._native.query(aql, (lower, upper, order, parameters)))

    def subscribe(
        self,
        aql: str,
        *,
        from_: Offsets | None = None,
        parameters: Parameters | None = None,
    ) -> _Subscription:
        """All results after the given offsets: of what is present, then of what comes.

        Results of ``AGGREGATE`` and ``GROUP BY`` come once for what is present and again whenever
        they have changed.
        """
        return self._subscription(self._native.subscribe(aql, from_, parameters, "all"))

    def subscribe_monotonic(
        self,
        aql: str,
        *,
        from_: Offsets | None = None,
        parameters: Parameters | None = None,
    ) -> _Subscription:
        """As :meth:`subscribe`, in the order of event keys also between streams. It ends when an
        event arrives that sorts before one that was delivered: with :class:`TimeTravel` among
        the outputs, and with :class:`ClosedError` for those who look at rows only.
        """
        return self._subscription(self._native.subscribe(aql, from_, parameters, "monotonic"))

    def observe_latest(
        self,
        aql: str,
        *,
        from_: Offsets | None = None,
        parameters: Parameters | None = None,
    ) -> _Subscription:
        """The latest result of a query by event key, if there is one, and then every later one."""
        return self._subscription(self._native.subscribe(aql, from_, parameters, "latest"))

    def observe_earliest(
        self,
        aql: str,
        *,
        from_: Offsets | None = None,
        parameters: Parameters | None = None,
    ) -> _Subscription:
        """The earliest result of a query by event key; another row if an older event arrives."""
        return self._subscription(self._native.subscribe(aql, from_, parameters, "earliest"))

    def metrics(self) -> Metrics:
        """What the node has counted and measured since it was opened."""
        return metrics(self._native)

    def __repr__(self) -> str:
        try:
            return f"Node(id={self.id!r}, app_id={self.app_id!r})"
        except SwarmletError as error:
            return f"Node({error.code})"

    def __del__(self) -> None:
        if self._is_owner and not self._is_closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)

    def _close_at_exit(self) -> None:
        self._is_closed = True
        self._native.close()


class SwarmFront(Generic[_Changes]):
    """A node's place in its swarm."""

    def __init__(
        self, native: _native.Swarm, changes: Callable[[_native.Changes], _Changes]
    ) -> None:
        self._native = native
        self._changes = changes

    @property
    def id(self) -> str | None:
        """The swarm that this node is in, or wants to join."""
        return self._native.id

    def status(self) -> SwarmStatus:
        """How this node stands in the swarm now."""
        return self._native.status()

    def peers(self) -> Sequence[Peer]:
        """The connected devices."""
        return self.status().peers

    def changes(self) -> _Changes:
        """The status now, and then whenever it has changed."""
        return self._changes(self._native.changes())

    def network_changed(self) -> None:
        """To be called when the device has changed networks: everything is dialled anew at once."""
        self._native.network_changed()

    def __repr__(self) -> str:
        try:
            return f"Swarm(id={self.id!r})"
        except SwarmletError as error:
            return f"Swarm({error.code})"


class BlobsFront(Generic[_Reader, _List, _Changes, _Watch]):
    """The blobs of a node."""

    def __init__(
        self,
        native: _native.Blobs,
        reader: Callable[[_native.BlobReader], _Reader],
        records: Callable[[_native.BlobItems[BlobInfo]], _List],
        changes: Callable[[_native.BlobItems[BlobChange]], _Changes],
        states: Callable[[_native.BlobItems[BlobState]], _Watch],
    ) -> None:
        self._native = native
        self._reader = reader
        self._records = records
        self._changes = changes
        self._states = states

    def get(self, id: str, *, start: int = 0, end: int | None = None) -> _Reader:
        """A blob to read, whether it is here or not: all of it, or the bytes from ``start`` on and
        before ``end``. What lies behind its end is left out.

        Reading raises :class:`NotFoundError` if bytes are not here and the node is in no swarm,
        :class:`CorruptError` if they have changed on the disk.
        """
        return self._reader(self._native.get(id, start, end))

    def list(self) -> _List:
        """The records that are here and were not taken back, in the order of their keys. To find
        some of them, query the log: ``FROM 'blob' & 'press:7'``, and :meth:`BlobInfo.from_row`
        reads what comes out.
        """
        return self._records(self._native.list())

    def changes(self) -> _Changes:
        """The records that are here, and those that come; and which of them were taken back."""
        return self._changes(self._native.changes())

    def watch(self, id: str) -> _Watch:
        """How much of a blob is on this device, now and each time that changes. Nothing is fetched
        for it.
        """
        return self._states(self._native.watch(id))
