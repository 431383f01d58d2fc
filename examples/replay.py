"""Replays a CSV file of machine reports into a log and answers questions from it.

    python examples/replay.py FILE [--folder PATH] [--json]

Each machine publishes as an app of its own. What the log says is all that the answers use: the
file is not looked at again. ``cargo run -p swarmlet-replay`` is the same program in Rust and
prints the same JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from swarmlet import Node, SwarmletError


class Columns(NamedTuple):
    """Names of columns; an empty one is not in the file. The defaults fit production.csv."""

    machine: str = "machine"
    case: str = "case"
    activity: str = "activity"
    parts: str = "qty_completed"
    rejects: str = "qty_rejected"
    duration: str = "duration_min"


class Row(NamedTuple):
    """One report of one machine."""

    machine: str
    activity: str
    tags: list[str]
    payload: dict[str, Any]


@dataclass
class Replayed:
    """What was replayed."""

    before: dict[str, int]
    machines: dict[str, str] = field(default_factory=dict)
    activities: set[str] = field(default_factory=set)


class BadFile(Exception):
    """The file is not what the columns say."""


def rows(path: Path, columns: Columns) -> Iterator[Row]:
    """The rows of the file, as they are asked for."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or []
        for option, name in columns._asdict().items():
            if name not in names and (name or option == "machine"):
                listed = ", ".join(names)
                raise BadFile(
                    f"the file has no column {name}; it has {listed}; "
                    f"name another with --{option}-column"
                )
        for row in reader:
            try:
                yield _row(row, columns)
            except ValueError as error:
                raise BadFile(f"line {reader.line_num}: {error}") from error


def _row(row: dict[str, str], columns: Columns) -> Row:
    machine = row[columns.machine]
    if not machine:
        raise ValueError("no machine")
    payload: dict[str, Any] = dict(row)
    for name, number in ((columns.parts, int), (columns.rejects, int), (columns.duration, float)):
        if name:
            payload[name] = number(row[name]) if row[name] else None
    tags = [f"machine:{machine}"]
    for tag, name in (("case", columns.case), ("activity", columns.activity)):
        if row.get(name):
            tags.append(f"{tag}:{row[name]}")
    if (payload.get(columns.rejects) or 0) > 0:
        tags.append("quality")
    return Row(machine, row.get(columns.activity, ""), tags, payload)


def app_id(machine: str) -> str:
    """The app of a machine: its name with everything but ``a-z 0-9`` as one ``-``."""
    ascii_lower = re.sub("[A-Z]", lambda letter: letter[0].lower(), machine)
    words = re.findall("[a-z0-9]+", ascii_lower)
    return "com.example." + ("-".join(words)[:100] or "unnamed")


async def replay(node: Node, path: Path, columns: Columns) -> Replayed:
    """Publishes every row, one call after the other, so that the log has the order of the file.

    Consecutive rows of one machine go together.
    """
    replayed = Replayed(before=(await node.offsets()).present)
    apps: dict[str, Node] = {}
    for machine, group in groupby(rows(path, columns), key=lambda row: row.machine):
        run = list(group)
        replayed.activities.update(row.activity for row in run if row.activity)
        if machine not in apps:
            replayed.machines[machine] = app_id(machine)
            apps[machine] = node.scoped(app_id(machine))
        for first in range(0, len(run), RUN_EVENTS):
            events = [(row.tags, row.payload) for row in run[first : first + RUN_EVENTS]]
            await apps[machine].publish_many(events)
    return replayed


async def ask(node: Node, columns: Columns, replayed: Replayed) -> dict[str, Any]:
    """Asks the log about what was replayed."""

    async def numbers(aql: str, name: str) -> list[float | None]:
        results = node.query(aql, lower=replayed.before)
        return [event.payload.get(name) async for event in results]

    machines = []
    for machine, app in sorted(replayed.machines.items()):
        tag = quoted("machine", machine)
        parts = await numbers(f"FROM {tag}", columns.parts)
        rejects = await numbers(f"FROM {tag} & 'quality'", columns.rejects)
        machines.append(
            {
                "machine": machine,
                "app_id": app,
                "events": len(parts),
                "parts": sum(filter(None, parts)),
                "rejects": sum(filter(None, rejects)),
            }
        )
    activities = []
    for activity in sorted(replayed.activities):
        all_of_it = await numbers(f"FROM {quoted('activity', activity)}", columns.duration)
        durations = [duration for duration in all_of_it if duration is not None]
        mean = sum(durations) / len(durations) if durations else None
        activities.append(
            {"activity": activity, "events": len(all_of_it), "mean_duration": mean}
        )
    return {
        "events": sum(row["events"] for row in machines),
        "parts": sum(row["parts"] for row in machines),
        "rejects": sum(row["rejects"] for row in machines),
        "machines": machines,
        "activities": activities,
    }


def quoted(name: str, value: str) -> str:
    """A tag as it is written in a query."""
    doubled = value.replace("'", "''")
    return f"'{name}:{doubled}'"


def table(answers: dict[str, Any]) -> str:
    """The answers for people."""
    lines = [f"{'machine':<40} {'events':>8} {'parts':>8} {'rejects':>8}"]
    for row in [*answers["machines"], {**answers, "machine": "all"}]:
        lines.append(
            f"{row['machine']:<40} {row['events']:>8} {row['parts']:>8} {row['rejects']:>8}"
        )
    lines += ["", f"{'activity':<40} {'events':>8} {'mean duration':>17}"]
    for row in answers["activities"]:
        mean = "-" if row["mean_duration"] is None else f"{row['mean_duration']:.1f}"
        lines.append(f"{row['activity']:<40} {row['events']:>8} {mean:>17}")
    return "\n".join(lines)


async def replay_into(folder: Path, path: Path, columns: Columns) -> dict[str, Any]:
    """Opens the folder, replays the file and asks."""
    # A sync for each row buys nothing here: whatever a power failure takes is still in the file.
    # Closing syncs the rest.
    async with Node.open(folder, durability="buffered") as node:
        return await ask(node, columns, await replay(node, path, columns))


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay a CSV file and ask the log.")
    parser.add_argument("file", type=Path, help="its first line names the columns")
    parser.add_argument("--folder", type=Path, help="made if not there; else a temporary one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    for option, name in Columns()._asdict().items():
        parser.add_argument(f"--{option}-column", default=name, metavar="NAME")
    arguments = vars(parser.parse_args())
    columns = Columns(*(arguments[f"{option}_column"] for option in Columns._fields))
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = arguments["folder"] or Path(temporary, "replay")
            answers = asyncio.run(replay_into(folder, arguments["file"], columns))
    except (OSError, BadFile, SwarmletError) as error:
        sys.exit(f"error: {error}")
    if arguments["json"]:
        print(json.dumps(answers, indent=2, ensure_ascii=False))
    else:
        print(table(answers))


RUN_EVENTS = 1_000

if __name__ == "__main__":
    main()
