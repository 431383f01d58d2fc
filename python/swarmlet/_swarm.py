"""A node's place in its swarm, for asyncio."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from . import _native
from ._fronts import SwarmFront
from ._loop import dispatcher
from ._options import terms
from ._taking import TakingAsync
from ._types import Founded, Member, Pending, SwarmStatus


class Changes(TakingAsync[_native.Changes, SwarmStatus]):
    """The status now, and then the newest whenever it has changed; who is slow misses what was in
    between.

    A wait that is cancelled loses nothing. Leaving the ``async with`` block, or dropping the
    object, ends the stream; closing the node ends it with :class:`ClosedError`.
    """

    async def __anext__(self) -> SwarmStatus:
        return await self._some(self._native.take)


class Swarm(SwarmFront[Changes]):
    """A node's place in its swarm: founding one, joining one, and how far everybody is.

    Calls that change who is a member return when that is durable. Calls that wait for other devices
    take a ``timeout`` in seconds, without which they wait until the node is closed, and raise
    :class:`TimeoutError` after it; cancelling them ends the wait, while the node goes on trying.
    """

    def __init__(self, native: _native.Swarm) -> None:
        super().__init__(native, Changes)

    async def create(self, name: str, device: str) -> Founded:
        """Founds a swarm with this node, called ``device``, as its first member and issuer. Its
        events stay; from here on it uses the network.

        Raises :class:`AlreadyExistsError` if the node is in a swarm, :class:`NetworkError` if the
        network cannot be used.
        """
        return await dispatcher().run(self._native.create(name, device))

    async def become_issuer(self, root_key: str) -> None:
        """Makes this node an issuer, with the root key that :meth:`create` returned.

        Raises :class:`PermissionDeniedError` if the key is one of another swarm.
        """
        await dispatcher().run(self._native.become_issuer(root_key))

    async def invite(
        self,
        capabilities: str | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        uses: int | None = None,
        valid: timedelta | None = None,
    ) -> str:
        """Makes an invite: one line of text that lets a device in, with addresses of this node.

        ``capabilities``: what the device may do, ``rw:*`` unless given, like ``rw:sensors*,r:*``.
        ``name``: what it is called; otherwise what it calls itself. ``labels``: what the operator
        says about it. ``uses``: how many devices may use it, one unless given. ``valid``: for how
        long, 24 hours unless given.

        Raises :class:`PermissionDeniedError` if this node is no issuer,
        :class:`UnavailableError` if it is in no swarm.
        """
        given = terms(capabilities, name, labels, uses, valid)
        return await dispatcher().run(self._native.invite(given))

    async def withdraw(self, invite: str) -> bool:
        """Takes an invite back: nobody else is let in by it. Says whether it was still good."""
        return await dispatcher().run(self._native.withdraw(invite))

    async def join(self, invite: str, name: str, *, timeout: float | None = None) -> None:
        """Joins a swarm by an invite, as ``name``. Events that were published alone come along.

        Raises :class:`InvalidArgumentError` for an invite that cannot be read, is used up or too
        old; :class:`AlreadyExistsError` if the node is in a swarm; :class:`TimeoutError` if the
        issuer was not reached.
        """
        await dispatcher().run(self._native.join(invite, name, timeout))

    async def ask(self, address: str, name: str, *, timeout: float | None = None) -> str:
        """Asks the issuer at ``address`` to let this node in, without an invite.

        Returns six digits, which a person compares with those that the issuer shows
        (:meth:`pending`) and then approves; :meth:`wait_joined` waits for that. Raises
        :class:`AlreadyExistsError` if it was let in without a comparison.
        """
        return await dispatcher().run(self._native.ask(address, name, timeout))

    async def wait_joined(self, timeout: float | None = None) -> None:
        """Waits until this node was let in. Raises :class:`PermissionDeniedError` if a person said
        no.
        """
        await dispatcher().run(self._native.wait_joined(timeout))

    async def pending(self) -> list[Pending]:
        """The devices that wait for approval by this issuer."""
        return await dispatcher().run(self._native.pending())

    async def approve(
        self,
        device: str,
        capabilities: str | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Lets a waiting device in, with what :meth:`invite` gives. It learns of that within
        seconds.

        Raises :class:`InvalidArgumentError` if it does not wait.
        """
        given = terms(capabilities, name, labels)
        await dispatcher().run(self._native.approve(device, given))

    async def reject(self, device: str) -> None:
        """Sends a waiting device away."""
        await dispatcher().run(self._native.reject(device))

    async def preauthorise(
        self,
        device: str,
        capabilities: str | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        valid: timedelta | None = None,
    ) -> None:
        """Lets a device in whose identity is known beforehand, when it asks."""
        given = terms(capabilities, name, labels, valid=valid)
        await dispatcher().run(self._native.preauthorise(device, given))

    async def members(self) -> list[Member]:
        """All devices of the swarm that this node knows, by identity."""
        return await dispatcher().run(self._native.members())

    async def revoke(self, device: str, reason: str) -> None:
        """Puts a device out, for good: its sessions close at once, and of its events every node
        keeps what this one has now.
        """
        await dispatcher().run(self._native.revoke(device, reason))

    async def renew(self, device: str) -> None:
        """Renews the certificate of a device: what it may do stays, its time begins anew.

        Issuers do that by themselves when less than a quarter of the time is left, so this is for
        a device that was away until long after.
        """
        await dispatcher().run(self._native.renew(device))

    async def wait_in_sync(self, timeout: float | None = None) -> None:
        """Waits until some peer is connected and all connected peers have the same events as this
        node, those that it had at the time of the call in any case.
        """
        await dispatcher().run(self._native.wait_in_sync(timeout))
