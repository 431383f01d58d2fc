"""Publish, query, subscribe: the program that the README quotes."""

import asyncio

from swarmlet import Node


async def main() -> None:
    async with Node.open("press-7", app_id="com.example.press") as node:
        # The event is on the disk, synced, when this returns.
        await node.publish(["press:7", "stopped"], {"reason": "jam"})

        # What has happened so far.
        async for row in node.query("FROM 'press:7' & 'stopped'"):
            print("stopped:", row.time, row.payload["reason"])

        # What has happened and then what happens: nothing is missed in between.
        async with node.subscribe("FROM 'press:7'") as live:
            async for row in live:
                print(row.tags, "resume from", live.offsets)
                break


asyncio.run(main())
