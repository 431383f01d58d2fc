"""What the guide shows of swarms, as one program that runs: docs/guide/swarm.md quotes it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from swarmlet import Network, Node
from swarmlet.sync import Node as BlockingNode


async def main() -> None:
    async with AsyncExitStack() as nodes:
        dashboard = await nodes.enter_async_context(open_dashboard())
        await dashboard.swarm.create("plant", "dashboard")
        address = dashboard.swarm.status().listening[0]
        gateway = await nodes.enter_async_context(open_gateway(address))
        tablet = await nodes.enter_async_context(open_gateway(address, "tablet"))
        await rights(dashboard, gateway)
        await approval(dashboard, tablet, address)
        await how_far(gateway)
        await put_out(dashboard)
    await asyncio.to_thread(without_asyncio)


def open_dashboard():
    network = Network(listen=["tcp://127.0.0.1:0"], discovery=False)
    return Node.open("dashboard", network=network)


def open_gateway(address: str, folder: str = "gateway"):
    network = Network(listen=["tcp://127.0.0.1:0"], peers=[address], discovery=False)
    return Node.open(folder, network=network)


async def rights(dashboard: Node, gateway: Node) -> None:
    invite = await dashboard.swarm.invite(
        "rw:sensors*,r:*", name="gateway", labels={"hall": "2"}, valid=timedelta(hours=1)
    )
    await gateway.swarm.join(invite, "gateway", timeout=30)


async def approval(dashboard: Node, tablet: Node, address: str) -> None:
    code = await tablet.swarm.ask(address, "tablet", timeout=30)
    print("this device shows", code)

    for pending in await dashboard.swarm.pending():
        if pending.code == code:  # which a person says who sees both
            await dashboard.swarm.approve(pending.device, "r:*")

    await tablet.swarm.wait_joined(timeout=30)


async def how_far(node: Node) -> None:
    async with node.swarm.changes() as changes:
        async for status in changes:
            for peer in status.peers:
                print(peer.node, "behind", peer.behind, "ahead", peer.ahead, "for", peer.lag)
            if status.is_in_sync:
                break


async def put_out(dashboard: Node) -> None:
    for member in await dashboard.swarm.members():
        if member.name == "tablet":
            await dashboard.swarm.revoke(member.node, "lost on the train")


def without_asyncio() -> None:
    with BlockingNode.open("dashboard") as node:
        for member in node.swarm.members():
            print(member.name, "is out" if member.is_revoked else "is in")


asyncio.run(main())
