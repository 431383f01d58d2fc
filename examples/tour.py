"""Everything the guide shows, as one program that runs: docs/guide/getting-started.md quotes it."""

import asyncio
import json
from datetime import timedelta

import swarmlet
from swarmlet import Node, Retention


async def main() -> None:
    async with open_node() as node:
        print("this device is", node.id)
        await publish(node)
        await query(node)
        await subscribe(node)
        await resume(node)
        await several_apps(node)
        await errors(node)
    await other_durability()
    without_asyncio()


def open_node():
    opening = Node.open(
        "press-7",
        app_id="com.example.press",
        streams={"sensors": Retention(events_max=1_000_000, age_max=timedelta(days=30))},
        routes={"'sensor'": "sensors"},
    )
    return opening


async def publish(node: Node) -> None:
    published = await node.publish(["press:7", "stopped"], {"reason": "jam", "parts_lost": 2})
    print("durable as", published.key)

    readings = [(["press:7", "sensor"], {"celsius": celsius}) for celsius in (61.5, 61.7)]
    await node.publish_many(readings)


async def query(node: Node) -> None:
    async for row in node.query("FROM 'press:7' & 'stopped' LIMIT 10", order="desc"):
        print(row.time, row.payload["reason"], "cost", row.payload["parts_lost"], "parts")

    lost = node.query(
        """FROM 'stopped' & `press:{$press}` GROUP BY _.reason
           SELECT { reason: group, stops: COUNT(_), parts_lost: SUM(_.parts_lost) }""",
        parameters={"press": 7},
    )
    async for row in lost:
        print(row.payload["reason"], row.payload["stops"], row.payload["parts_lost"])


async def subscribe(node: Node) -> None:
    seen = 0
    async with node.subscribe("FROM 'sensor'") as subscription:
        async for rows in subscription.batches():
            seen += len(rows)
            if seen >= 2:
                break


async def resume(node: Node) -> None:
    count = 0
    async with node.subscribe("FROM 'stopped'") as subscription:
        async for _ in subscription:
            count += 1
            # Write these two into your database in one transaction.
            stored = json.dumps(subscription.offsets)
            break

    # After a restart: nothing is missed, nothing counted twice.
    async with node.subscribe("FROM 'stopped'", from_=json.loads(stored)) as subscription:
        print(count, "so far, continuing after", subscription.offsets)


async def several_apps(node: Node) -> None:
    packing = node.scoped("com.example.packing")
    await packing.publish(["box:17", "full"])
    assert [row.app_id async for row in packing.query("FROM 'full' & appId(me)")] == [
        "com.example.packing"
    ]


async def errors(node: Node) -> None:
    try:
        await Node.open("press-7")
    except swarmlet.LockedError as error:
        print(error, error.advice, error.details)

    try:
        node.query("FROM 'press:7' AND 'stopped'")
    except swarmlet.InvalidQueryError as error:
        print(error.code, error, error.details["column"], error.details["expected"])


async def other_durability() -> None:
    async with Node.open("press-7-import", durability="buffered"):
        pass


def without_asyncio() -> None:
    with swarmlet.sync.Node.open("press-7") as node:
        node.publish(["press:7", "started"])
        for row in node.query("FROM 'press:7' & 'started'"):
            print(row.time, row.tags)


asyncio.run(main())
