"""Two devices in one swarm, each a process with a folder of its own.

The first one founds the swarm, prints an invite, and counts the parts that the other one reports:

    python examples/two_devices.py found FOLDER
    python examples/two_devices.py join FOLDER INVITE

Started again without an invite (`join FOLDER`), the second one goes on where it was; it remembers
where the first one is. ``cargo run -p swarmlet-two-devices`` is the same program in Rust.
"""

import asyncio
import contextlib
import sys

from swarmlet import Node


async def count_parts(folder: str) -> None:
    """The first device: lets the other one in, and follows what it reports."""
    async with Node.open(folder, app_id="com.example.dashboard") as node:
        swarm = node.swarm
        if swarm.id is None:
            founded = await swarm.create("plant", "dashboard")
            print("root key, for the safe:", founded.root_key)
            print("invite:", await swarm.invite(), flush=True)

        async with node.subscribe("FROM 'part'") as parts:
            async for part in parts:
                print("part", part.payload["number"], flush=True)


async def report_parts(folder: str, invite: str | None = None) -> None:
    """The second device: joins, and reports ten parts. Offline, it would publish all the same."""
    async with Node.open(folder, app_id="com.example.press") as node:
        swarm = node.swarm
        if invite is not None:
            await swarm.join(invite, "press-7", timeout=30)

        for number in range(1, 11):
            await node.publish(["part", "press:7"], {"number": number})
        await swarm.wait_in_sync(timeout=30)
        for peer in swarm.peers():
            print("in sync with", peer.node, "at", peer.address)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["found", folder]:
            # It goes on until somebody stops it.
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(count_parts(folder))
        case ["join", folder, *invite] if len(invite) <= 1:
            asyncio.run(report_parts(folder, *invite))
        case _:
            sys.exit("say `found FOLDER` or `join FOLDER [INVITE]`")


main(sys.argv[1:])
