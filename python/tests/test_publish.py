"""Publishing: receipts, order, atomicity, what an event may be."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from loops import Run
from swarmlet import InvalidArgumentError, NewEvent, Node, sync


def test_receipts_name_the_events(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            first = await node.publish(["b:1", "a", "a"], {"x": 1})
            second = await node.publish("a")
            assert first.stream == second.stream == f"{node.id}-0"
            assert (first.offset, second.offset) == (0, 1)
            assert first.lamport < second.lamport
            assert first.key < second.key
            assert first.key == (first.lamport, first.stream, first.offset)
            age = datetime.now(timezone.utc) - first.time
            assert timedelta(0) <= age < timedelta(minutes=1)
            events = [event async for event in node.query("FROM 'a'")]
            assert [event.key for event in events] == [first.key, second.key]
            assert [event.tags for event in events] == [("a", "b:1"), ("a",)]
            assert [event.payload for event in events] == [{"x": 1}, None]
            assert events[0].timestamp == first.timestamp

    run(main())


def test_many_events_are_published_in_order(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            published = await node.publish_many(
                NewEvent(["n", f"n:{n}"], n) for n in range(1000)
            )
            assert [item.offset for item in published] == list(range(1000))
            assert await node.publish_many([]) == []
            assert [event.payload async for event in node.query("FROM 'n'")] == list(range(1000))

    run(main())


def test_concurrent_publishes_all_arrive(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            published = await asyncio.gather(*(node.publish("n", n) for n in range(200)))
            assert sorted(item.offset for item in published) == list(range(200))
            by_key = {item.key: n for n, item in enumerate(published)}
            async for event in node.query("FROM 'n'"):
                assert by_key.pop(event.key) == event.payload
            assert not by_key

    run(main())


def test_calls_are_carried_out_in_their_order(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            published = await asyncio.gather(*(node.publish("n", n) for n in range(500)))
            assert [item.offset for item in published] == list(range(500))

    run(main())


def test_a_bad_event_publishes_nothing_of_its_call(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        with pytest.raises(InvalidArgumentError):
            node.publish_many([("a", 1), ("", 2)])
        assert node.offsets().present == {}


def test_apps_publish_under_their_own_name(folder: Path) -> None:
    with sync.Node.open(folder, app_id="com.example.one") as node:
        other = node.scoped("com.example.two")
        node.publish("a", 1)
        other.publish("a", 2)
        assert other.id == node.id
        apps = [(event.app_id, event.payload) for event in node.query("FROM 'a'")]
        assert apps == [("com.example.one", 1), ("com.example.two", 2)]
        with pytest.raises(InvalidArgumentError):
            node.scoped("Two Words")
