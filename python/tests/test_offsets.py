"""Offsets: how far a node and a reader are."""

from __future__ import annotations

from pathlib import Path

from loops import Run
from swarmlet import Node, sync


def test_present_follows_what_is_published(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            assert await node.offsets() == ({}, {})
            await node.publish("a")
            await node.publish("a")
            state = await node.offsets()
            assert state.present == {f"{node.id}-0": 1}
            assert state.to_replicate == {}

    run(main())


def test_reading_between_offsets_covers_everything_once(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        seen = []
        lower: dict[str, int] = {}
        for start in range(0, 300, 100):
            node.publish_many(("n", n) for n in range(start, start + 100))
            upper = node.offsets().present
            results = node.query("FROM 'n'", lower=lower, upper=upper)
            seen += [event.payload for event in results]
            assert results.offsets == upper
            lower = upper
        assert seen == list(range(300))


def test_offsets_count_what_was_handed_out(folder: Path) -> None:
    with sync.Node.open(folder) as node:
        node.publish_many(("n", n) for n in range(50))
        results = node.query("FROM 'n'")
        assert results.offsets == {}
        for n in range(50):
            assert next(results).payload == n
            assert results.offsets == {f"{node.id}-0": n}
