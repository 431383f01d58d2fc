"""A shop floor: a machine reports parts, a tablet confirms complete orders, a dashboard counts.

Each is a process with a folder of its own:

    python examples/shop_floor/shop_floor.py dashboard FOLDER
    python examples/shop_floor/shop_floor.py machine FOLDER INVITE
    python examples/shop_floor/shop_floor.py tablet FOLDER INVITE

The dashboard founds the swarm, prints the invite for the other two, and goes on until somebody
stops it. The same program is there in the other languages, and any can be any of the three.
"""

import asyncio
import contextlib
import sys
from collections import Counter

from swarmlet import Node

ORDERS = [4711, 4712, 4713]
PARTS = 4
PATIENCE = 60


async def count(folder: str) -> None:
    """Counts parts, and shows each order that has all of them and is confirmed."""
    async with Node.open(folder, app_id="com.example.dashboard") as node:
        await node.swarm.create("shop floor", "dashboard")
        print("invite:", await node.swarm.invite(uses=2), flush=True)

        # The two devices need not be heard in the order in which they did things.
        parts: Counter[int] = Counter()
        confirmed: set[int] = set()
        async with node.subscribe("FROM 'part' | 'confirmed' SELECT _.order") as rows:
            async for row in rows:
                order = row.payload
                if "part" in row.tags:
                    parts[order] += 1
                else:
                    confirmed.add(order)
                if parts[order] == PARTS and order in confirmed:
                    print(f"order {order}: {parts[order]} parts, confirmed", flush=True)


async def report(folder: str, invite: str) -> None:
    """Makes the parts of all orders. Offline, it would report all the same."""
    async with Node.open(folder, app_id="com.example.press") as node:
        await node.swarm.join(invite, "press-7", timeout=PATIENCE)
        for order in ORDERS:
            for number in range(1, PARTS + 1):
                tags = ["part", "press:7", f"order:{order}"]
                await node.publish(tags, {"order": order, "number": number})
        await node.swarm.wait_in_sync(timeout=PATIENCE)


async def confirm(folder: str, invite: str) -> None:
    """Confirms each order when all its parts have been reported."""
    async with Node.open(folder, app_id="com.example.tablet") as node:
        await node.swarm.join(invite, "tablet-1", timeout=PATIENCE)
        reported: Counter[int] = Counter()
        missing = set(ORDERS)
        async with node.subscribe("FROM 'part'") as parts:
            async for part in parts:
                order = part.payload["order"]
                reported[order] += 1
                if reported[order] == PARTS:
                    payload = {"order": order, "parts": PARTS}
                    await node.publish(["confirmed", f"order:{order}"], payload)
                    missing.discard(order)
                if not missing:
                    break
        await node.swarm.wait_in_sync(timeout=PATIENCE)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["dashboard", folder]:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(count(folder))
        case ["machine", folder, invite]:
            asyncio.run(report(folder, invite))
        case ["tablet", folder, invite]:
            asyncio.run(confirm(folder, invite))
        case _:
            sys.exit("say `dashboard FOLDER`, `machine FOLDER INVITE` or `tablet FOLDER INVITE`")


main(sys.argv[1:])
