"""A node's place in its swarm, for threads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from . import _native
from ._fronts import SwarmFront
from ._options import terms
from ._taking import TakingBlocking
from ._types import Founded, Member, Pending, SwarmStatus


class Changes(TakingBlocking[_native.Changes, SwarmStatus]):
    """The status now, and then the newest whenever it has changed; see :class:`swarmlet.Changes`.
    Leaving the ``with`` block ends the stream.
    """

    _thing = "change"

    def __next__(self) -> SwarmStatus:
        return self._some(self._native.take)


class Swarm(SwarmFront[Changes]):
    """A node's place in its swarm; see :class:`swarmlet.Swarm`. Calls that wait for other devices
    take a ``timeout`` in seconds and raise :class:`TimeoutError` after it; the node goes on trying.
    """

    def __init__(self, native: _native.Swarm) -> None:
        super().__init__(native, Changes)

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

    def wait_in_sync(self, timeout: float | None = None) -> None:
        """Waits until all connected peers have the same events; see
        :meth:`swarmlet.Swarm.wait_in_sync`.
        """
        self._native.wait_in_sync(timeout).wait()
