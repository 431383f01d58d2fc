"""Rates of the Python package: what crosses the boundary in a second, and the CPU time of it.

    python python/bench/rates.py --events N --folder FOLDER

Opens a node in the folder and writes a JSON object for each work, one a line, with its events, its
seconds and its CPU seconds. `cargo xtask bench bindings` starts it beside the other languages, and
says in `tests/bench/src/bin/bindings/program.rs` what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable
from pathlib import Path

import swarmlet

CALL_EVENTS = 4096
IN_FLIGHT = 64

Reading = tuple[list[str], dict[str, swarmlet.Payload]]


def reading(index: int) -> Reading:
    """An event of a shop floor."""
    tags = ["machine", f"machine:{index % 40}", f"order:{index % 1000}"]
    return tags, {
        "seq": index,
        "state": "running",
        "speed": 12.5 + index % 7,
        "ok": True,
        "operator": "shift-b",
        "part": f"part-{index}",
    }


async def publish_batches(node: swarmlet.Node, events: list[Reading]) -> None:
    """Writes all events in calls of the same size, one call after the other."""
    for index in range(0, len(events), CALL_EVENTS):
        await node.publish_many(events[index : index + CALL_EVENTS])


async def publish(node: swarmlet.Node, events: list[Reading], in_flight: int) -> None:
    """Writes single events, so many at a time."""

    async def write(share: list[Reading]) -> None:
        for tags, payload in share:
            await node.publish(tags, payload)

    shares = (events[first::in_flight] for first in range(in_flight))
    await asyncio.gather(*(write(share) for share in shares))


async def subscribe_batches(node: swarmlet.Node, count: int) -> None:
    """Reads events in batches."""
    left = count
    async with node.subscribe("FROM allEvents") as events:
        async for batch in events.batches():
            left -= len(batch)
            if left <= 0:
                break


async def subscribe_rows(node: swarmlet.Node, count: int) -> None:
    """Reads events one by one, and a field of each."""
    left = count
    async with node.subscribe("FROM allEvents") as events:
        async for event in events:
            left -= 1 if event.payload["ok"] else 0
            if left == 0:
                break


async def measured(work: str, events: int, task: Awaitable[None]) -> None:
    """Writes the line of one work."""
    start, computed = time.perf_counter(), time.process_time()
    await task
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - computed
    line = {"work": work, "events": events, "seconds": seconds, "cpu_seconds": cpu_seconds}
    print(json.dumps(line), flush=True)


async def measure(folder: Path, count: int) -> None:
    """All work, on one node."""
    events = [reading(index) for index in range(count)]
    few = events[: count // 20]
    one = few[: len(few) // 10]
    async with swarmlet.Node.open(folder / "node") as node:
        await measured("publish_batches", count, publish_batches(node, events))
        await measured("subscribe_batches", count, subscribe_batches(node, count))
        await measured("subscribe_rows", count, subscribe_rows(node, count))
        await measured("publish_in_flight", len(few), publish(node, few, IN_FLIGHT))
        await measured("publish_singly", len(one), publish(node, one, 1))


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.folder, arguments.events))


if __name__ == "__main__":
    main()
