"""A node's place in its swarm, for threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType

from . import _native
from ._errors import SwarmletError, TimeoutError
from ._options import terms
from ._types import Founded, Member, Peer, Pending, SwarmStatus


class Changes(Iterator[SwarmStatus]):
    """The status now, and then the newest whenever it has changed; see :class:`swarmlet.Changes`.
    Leaving the ``with`` block ends the stream.
    """

    def __init__(self, native: _native.Changes) -> None:
        self._native = native

    def __iter__(self) -> Changes:
        return self

    def __next__(self) -> SwarmStatus:
        status = self._native.take()
        while status is None:
            if not self._native.wait(None):
                raise StopIteration
            status = self._native.take()
        return status

    def next(self, timeout: float | None = None) -> SwarmStatus | None:
        """The next status, nothing at the end; :class:`TimeoutError` after ``timeout`` seconds."""
        if timeout is not None and self._native.wait(timeout) is None:
            raise TimeoutError(f"no change within {timeout} seconds", "next")
        return next(self, None)

    def cancel(self) -> None:
        """Ends the stream, also for threads that wait for it. Fine to call twice."""
        self._native.cancel()

    def __enter__(self) -> Changes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()


class Swarm:
    """A node's place in its swarm; see :class:`swarmlet.Swarm`. Calls that wait for other devices
    take a ``timeout`` in seconds and raise :class:`TimeoutError` after it; the node goes on trying.
    """

    def __init__(self, native: _native.Swarm) -> None:
        self._native = native

    @property
    def id(self) -> str | None:
        """The swarm that this node is in, or wants to join."""
        return self._native.id

    def create(self, name: str, device: str) -> Founded:
        """Founds a swarm; see :meth:`swarmlet.Swarm.create`."""
        return self._native.create(name, device).wait()

    def become_issuer(self, root_key: str) -> None:
        """Makes this node an issuer, with the root key that :meth:`create` returned."""
        self._native.become_issuer(root_key).wait()

    def invite(
        self,
        capabilities: str | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        uses: int | None = None,
        valid: timedelta | None = None,
    ) -> str:
        """Makes an invite, one line of text; see :meth:`swarmlet.Swarm.invite`."""
        return self._native.invite(terms(capabilities, name, labels, uses, valid)).wait()

    def withdraw(self, invite: str) -> bool:
        """Takes an invite back: nobody else is let in by it. Says whether it was still good."""
        return self._native.withdraw(invite).wait()

    def join(self, invite: str, name: str, *, timeout: float | None = None) -> None:
        """Joins a swarm by an invite; see :meth:`swarmlet.Swarm.join`."""
        self._native.join(invite, name, timeout).wait()

    def ask(self, address: str, name: str, *, timeout: float | None = None) -> str:
        """Asks an issuer to let this node in; see :meth:`swarmlet.Swarm.ask`."""
        return self._native.ask(address, name, timeout).wait()

    def wait_joined(self, timeout: float | None = None) -> None:
        """Waits until this node was let in."""
        self._native.wait_joined(timeout).wait()

    def pending(self) -> list[Pending]:
        """The devices that wait for approval by this issuer."""
        return self._native.pending().wait()

    def approve(
        self,
        device: str,
        capabilities: str | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Lets a waiting device in, with what :meth:`invite` gives."""
        self._native.approve(device, terms(capabilities, name, labels)).wait()

    def reject(self, device: str) -> None:
        """Sends a waiting device away."""
        self._native.reject(device).wait()

    def preauthorise(
        self,
        device: str,
        capabilities: str | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        valid: timedelta | None = None,
    ) -> None:
        """Lets a device in whose identity is known beforehand, when it asks."""
        self._native.preauthorise(device, terms(capabilities, name, labels, valid=valid)).wait()

    def members(self) -> list[Member]:
        """All devices of the swarm that this node knows, by identity."""
        return self._native.members().wait()

    def revoke(self, device: str, reason: str) -> None:
        """Puts a device out, for good; see :meth:`swarmlet.Swarm.revoke`."""
        self._native.revoke(device, reason).wait()

    def renew(self, device: str) -> None:
        """Renews the certificate of a device; see :meth:`swarmlet.Swarm.renew`."""
        self._native.renew(device).wait()

    def status(self) -> SwarmStatus:
        """How this node stands in the swarm now."""
        return self._native.status()

    def peers(self) -> Sequence[Peer]:
        """The connected devices."""
        return self.status().peers

    def changes(self) -> Changes:
        """The status now, and then whenever it has changed."""
        return Changes(self._native.changes())

    def wait_in_sync(self, timeout: float | None = None) -> None:
        """Waits until all connected peers have the same events; see
        :meth:`swarmlet.Swarm.wait_in_sync`.
        """
        self._native.wait_in_sync(timeout).wait()

    def network_changed(self) -> None:
        """To be called when the device has changed networks: everything is dialled anew at once."""
        self._native.network_changed()

    def __repr__(self) -> str:
        try:
            return f"Swarm(id={self.id!r})"
        except SwarmletError as error:
            return f"Swarm({error.code})"
