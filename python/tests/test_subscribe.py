"""Subscriptions: what was there, what comes, at the pace of the reader."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from loops import Run
from swarmlet import CaughtUp, Node


def test_present_events_come_first_then_live_ones(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many(("n", n) for n in range(10))
            async with node.subscribe("FROM 'n'") as events:
                seen = [(await anext_of(events)) for _ in range(10)]
                await node.publish("other", -1)
                await node.publish("n", 10)
                seen.append(await anext_of(events))
                assert seen == list(range(11))

    run(main())


async def anext_of(events: object) -> object:
    return (await events.__anext__()).payload  # type: ignore[attr-defined]


def test_a_subscription_goes_on_at_offsets(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many(("n", n) for n in range(1000))
            async with node.subscribe("FROM 'n'") as events:
                async for event in events:
                    if event.payload == 700:
                        break
                offsets = events.offsets
            assert offsets == {f"{node.id}-0": 700}
            async with node.subscribe("FROM 'n'", from_=offsets) as events:
                assert await anext_of(events) == 701

    run(main())


def test_batches_come_as_they_are(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            async with node.subscribe("FROM 'n'") as events:
                batches = events.batches()
                await node.publish("n", 0)
                assert [event.payload for event in await batches.__anext__()] == [0]
                await node.publish("n", 1)
                assert [event.payload for event in await batches.__anext__()] == [1]

    run(main())


def test_cancel_ends_those_who_wait(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            events = node.subscribe("FROM 'n'")

            async def read() -> list[object]:
                return [event.payload async for event in events]

            reader = asyncio.ensure_future(read())
            await node.publish("n", 0)
            while not events.offsets:
                await asyncio.sleep(0)
            events.cancel()
            events.cancel()
            assert await reader == [0]

    run(main())


def test_two_tasks_share_a_subscription(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            events = node.subscribe("FROM 'n'")
            seen: list[int] = []

            async def read() -> None:
                async for event in events:
                    seen.append(event.payload)
                    if len(seen) == 500:
                        events.cancel()

            readers = [asyncio.ensure_future(read()) for _ in range(2)]
            for start in range(0, 500, 50):
                await node.publish_many(("n", n) for n in range(start, start + 50))
            await asyncio.gather(*readers)
            assert sorted(seen) == list(range(500))

    run(main())


def test_many_subscriptions_at_once(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            async def read(count: int) -> int:
                total = 0
                async with node.subscribe("FROM 'n'") as events:
                    async for event in events:
                        total += event.payload
                        count -= 1
                        if not count:
                            break
                return total

            readers = [asyncio.ensure_future(read(100)) for _ in range(30)]
            for n in range(100):
                await node.publish("n", n)
            assert set(await asyncio.gather(*readers)) == {sum(range(100))}

    run(main())


def test_a_wait_for_outputs_that_is_given_up_is_not_the_end(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            outputs = node.subscribe("FROM 'n'").outputs()
            assert isinstance(await outputs.__anext__(), CaughtUp)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(outputs.__anext__(), 0.01)
            await node.publish("n", 1)
            assert (await outputs.__anext__()).payload == 1  # type: ignore[union-attr]

    run(main())
