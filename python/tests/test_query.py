"""Queries: which events, in which order, between which bounds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from loops import Run
from swarmlet import Node, Row, sync


def test_tags_select(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many([(["a", "b"], 0), (["a"], 1), (["b", "c"], 2), ([], 3)])

            async def matching(aql: str) -> list[object]:
                return [event.payload async for event in node.query(aql)]

            assert await matching("FROM allEvents") == [0, 1, 2, 3]
            assert await matching("FROM 'a'") == [0, 1]
            assert await matching("FROM 'a' & 'b'") == [0]
            assert await matching("FROM 'a' | 'c'") == [0, 1, 2]
            assert await matching("FROM 'nothing'") == []

    run(main())


def test_order_and_bounds(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        node.publish_many(("n", n) for n in range(100))
        stream = f"{node.id}-0"
        part = node.query("FROM 'n'", lower={stream: 9}, upper={stream: 19})
        assert [event.payload for event in part] == list(range(10, 20))
        newest = node.query("FROM 'n'", order="desc")
        assert [event.payload for event in newest] == list(range(99, -1, -1))
        by_stream = node.query("FROM 'n'", order="stream")
        assert [event.payload for event in by_stream] == list(range(100))
        assert list(node.query("FROM 'n'", upper={})) == []


def test_batches_are_bounded_and_complete(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many(("n", n) for n in range(1000))
            sizes = [len(batch) async for batch in node.query("FROM 'n'").batches(100)]
            assert sum(sizes) == 1000
            assert max(sizes) <= 100
            with pytest.raises(ValueError, match="at least 1"):
                node.query("FROM 'n'").batches(0)

    run(main())


def test_a_query_can_be_left_and_taken_up_again(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many(("n", n) for n in range(1000))
            results = node.query("FROM 'n'")
            async for event in results:
                if event.payload == 299:
                    break
            assert results.offsets == {f"{node.id}-0": 299}
            assert [event.payload async for event in results] == list(range(300, 1000))
            assert [event.payload async for event in results] == []

    run(main())


def test_offsets_of_newest_first_wait_for_the_end(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        for count in (10, 1000):
            node.publish_many(("n", n) for n in range(count))
            results = node.query("FROM 'n'", order="desc")
            next(results)
            assert results.offsets == {}
            assert sum(1 for _ in results) == node.offsets().present[f"{node.id}-0"]
            assert results.offsets == node.offsets().present
            assert results.skipped == {}


def test_a_full_query_lets_other_tasks_run(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many(("n", n) for n in range(16_000))
            turns = 0

            async def count() -> None:
                nonlocal turns
                async for _ in node.query("FROM 'n'"):
                    turns += 1

            other = asyncio.ensure_future(count())
            seen = 0
            async for _ in node.query("FROM 'n'"):
                seen += 1
                if seen == 8000:
                    assert turns > 0
            await other
            assert seen == turns == 16_000

    run(main())


def test_events_compare_by_key(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        node.publish_many([("n", 0), ("n", 1)])
        first, second = node.query("FROM 'n'")
        again, _ = node.query("FROM 'n'")
        assert first == again and hash(first) == hash(again)
        assert first != second and first < second and second >= first
        assert {first, again} == {first}
        assert isinstance(first, Row)
        assert first != 7
        assert "payload=0" in repr(first)
        assert first.payload is first.payload
        with pytest.raises(AttributeError):
            first.offset = 3  # type: ignore[misc]


def test_metrics_count(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        node.publish("a")
        with node.subscribe("FROM 'a'") as events:
            next(events)
            metrics = node.metrics()
            assert metrics.log.events_committed == 1
            assert metrics.subscriptions_open == 1
        assert metrics.publish.count == 1
        assert 0 < metrics.publish.sum_seconds < 60
        assert metrics.publish.quantile(0.5) > 0
        assert metrics.publish_failures == 0
        assert metrics.maintenance_error is None
