"""Rates of the Python front: what crosses the boundary in a second.

Prints one row each: name, events per second, target, whether it is met. `--json FILE` appends one
object a row. Data goes to a folder of its own, below `target` if there is one, and is removed
afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import swarmlet

CALL_EVENTS = 4096
TARGET = 100_000


class Row(NamedTuple):
    """One measured figure."""

    name: str
    value: float
    target: float | None

    def is_met(self) -> bool | None:
        """Nothing where there is no target."""
        return None if self.target is None else self.value >= self.target

    def as_object(self) -> dict[str, object]:
        """The row as benchmarks of this project write it."""
        return {
            "name": self.name,
            "value": round(self.value),
            "unit": "events/s",
            "peer": None,
            "peer_value": None,
            "ratio": None,
            "target": self.target,
            "met": self.is_met(),
        }


def readings(count: int) -> Iterator[tuple[list[str], dict[str, swarmlet.Payload]]]:
    """Events of a shop floor: three tags and about a hundred bytes."""
    for index in range(count):
        tags = ["machine", f"machine:{index % 40}", f"order:{index % 1000}"]
        yield tags, {
            "seq": index,
            "state": "running",
            "speed": 12.5 + index % 7,
            "ok": True,
            "operator": "shift-b",
            "part": f"part-{index}",
        }


async def publish_many(node: swarmlet.Node, count: int) -> float:
    """Writes all events in calls of the same size, one call after the other."""
    events = list(readings(count))
    start = time.perf_counter()
    for index in range(0, count, CALL_EVENTS):
        await node.publish_many(events[index : index + CALL_EVENTS])
    return count / (time.perf_counter() - start)


async def publish_one(node: swarmlet.Node, count: int, writers: int) -> float:
    """Writes single events from many tasks."""

    async def write(events: list[tuple[list[str], dict[str, swarmlet.Payload]]]) -> None:
        for tags, payload in events:
            await node.publish(tags, payload)

    events = list(readings(count))
    start = time.perf_counter()
    await asyncio.gather(*(write(events[index::writers]) for index in range(writers)))
    return count / (time.perf_counter() - start)


async def subscribe(node: swarmlet.Node, count: int, touch: bool) -> float:
    """Reads events one by one; `touch` looks at each payload."""
    start = time.perf_counter()
    seen = 0
    async with node.subscribe("FROM allEvents") as events:
        async for event in events:
            if touch:
                event.payload["speed"]
            seen += 1
            if seen == count:
                break
    return count / (time.perf_counter() - start)


async def subscribe_batches(node: swarmlet.Node, count: int) -> float:
    """Reads events in batches."""
    start = time.perf_counter()
    seen = 0
    async with node.subscribe("FROM allEvents") as events:
        async for batch in events.batches():
            seen += len(batch)
            if seen >= count:
                break
    return count / (time.perf_counter() - start)


async def measure(folder: Path, count: int) -> list[Row]:
    """All rows, on one node."""
    async with swarmlet.Node.open(folder) as node:
        few = count // 20
        return [
            Row("python publish_many", await publish_many(node, count), TARGET),
            Row("python subscribe, batches", await subscribe_batches(node, count), TARGET),
            Row("python subscribe", await subscribe(node, count, touch=False), TARGET),
            Row("python subscribe, payloads read", await subscribe(node, count, touch=True), None),
            Row("python publish, 64 tasks", await publish_one(node, few, writers=64), None),
            Row("python publish, 1 task", await publish_one(node, few // 10, writers=1), None),
        ]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop")
    parser.add_argument("--folder", default=None, help="where to put the data")
    parser.add_argument("--json", default=None, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.uvloop:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    place = arguments.folder or ("target" if Path("target").is_dir() else None)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        rows = asyncio.run(measure(Path(folder) / "node", arguments.events))
    for row in rows:
        verdict = {True: "met", False: "MISSED", None: ""}[row.is_met()]
        target = "" if row.target is None else f"{row.target:>10,.0f}"
        print(f"{row.name:<34}{row.value:>12,.0f}/s{target:>12}  {verdict}")
    if arguments.json:
        with open(arguments.json, "a", encoding="utf-8") as out:
            out.writelines(json.dumps(row.as_object()) + os.linesep for row in rows)


if __name__ == "__main__":
    main()
