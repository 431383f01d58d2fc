"""The verbs of the tests of swarms: nodes on loopback that know nobody who is not named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from swarmlet import Network, Node, SwarmStatus

SOON = 30.0
"""Seconds; long enough for a machine that is busy with other things."""


def quiet(peers: Iterable[str] = (), address_exchange: bool = True) -> Network:
    """Loopback, and nobody but who is named, or whom those name."""
    return Network(
        listen=["tcp://127.0.0.1:0"],
        peers=list(peers),
        discovery=False,
        address_exchange=address_exchange,
    )


async def opened(folder: Path, network: Network | None = None) -> Node:
    return await Node.open(folder, durability="buffered", network=network or quiet())


async def founder(folder: Path) -> Node:
    node = await opened(folder)
    await node.swarm.create("plant", "first")
    return node


async def joiner(
    folder: Path,
    issuer: Node,
    name: str = "other",
    rights: str | None = None,
    network: Network | None = None,
) -> Node:
    node = await opened(folder, network)
    await node.swarm.join(await issuer.swarm.invite(rights), name, timeout=SOON)
    return node


async def payloads(node: Node, count: int) -> set[object]:
    """What the first so many events say."""
    seen: set[object] = set()
    async with node.subscribe("FROM allEvents") as rows:
        while len(seen) < count:
            seen.add((await asyncio.wait_for(rows.__anext__(), SOON)).payload)
    return seen


async def close(*nodes: Node) -> None:
    await asyncio.gather(*(node.close() for node in nodes))


async def seen(node: Node, condition: Callable[[SwarmStatus], bool]) -> SwarmStatus:
    """The first status for which the condition holds."""

    async def wait() -> SwarmStatus:
        async with node.swarm.changes() as changes:
            async for status in changes:
                if condition(status):
                    return status
        raise AssertionError("the changes ended")

    return await asyncio.wait_for(wait(), SOON)


async def present(node: Node) -> dict[str, int]:
    """Up to where each stream is there."""
    return (await node.offsets()).present
