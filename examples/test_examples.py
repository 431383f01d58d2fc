"""The examples in Python do what they say. Run by `cargo xtask test --only examples`."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

HERE = Path(__file__).resolve().parent
SMALL = HERE / "replay" / "tests" / "small.csv"
PRODUCTION = HERE.parents[1] / "shared" / "data" / "production.csv"


ENVIRONMENT = {**os.environ, "PYTHONIOENCODING": "utf-8"}


def command(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-X", "dev", str(HERE / program), *map(str, arguments)]


def run(program: str, *arguments: object, folder: Path) -> str:
    done = subprocess.run(
        command(program, *arguments),
        cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert complaints(done.stderr) == []
    return done.stdout


def complaints(errors: str) -> list[str]:
    """What a program said, but for how long a step took: that is said of a busy machine."""
    is_slow = re.compile(r"Executing <.*> took \d+\.\d+ seconds")
    return [line for line in errors.splitlines() if not is_slow.fullmatch(line)]


@contextmanager
def started(program: str, *arguments: object, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that goes on until the test is over."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(
        command(program, *arguments), cwd=folder, env=ENVIRONMENT, encoding="utf-8", **pipes
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_with(lines: IO[str] | None, start: str) -> str:
    """The rest of the next line that begins so."""
    assert lines is not None
    for line in lines:
        if line.startswith(start):
            return line[len(start) :].rstrip()
    raise AssertionError(f"no line begins with {start}")


def test_a_small_file_gives_the_numbers_that_were_checked_by_hand(tmp_path: Path) -> None:
    answers = json.loads(run("replay.py", SMALL, "--json", folder=tmp_path))
    assert answers == json.loads(SMALL.with_suffix(".json").read_text(encoding="utf-8"))


def test_the_tables_end_with_all_machines(tmp_path: Path) -> None:
    lines = run("replay.py", SMALL, folder=tmp_path).splitlines()
    assert "all 10 57 4".split() in [line.split() for line in lines]


def test_the_log_of_a_factory_answers_as_its_file_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not PRODUCTION.is_file():
        with capsys.disabled():
            print("NOT CHECKED: ../shared/data/production.csv is not there")
        return
    answers = json.loads(run("replay.py", PRODUCTION, "--json", folder=tmp_path))
    events, parts, rejects = Counter[str](), Counter[str](), Counter[str]()
    durations = defaultdict[str, list[float]](list)
    with PRODUCTION.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            events[row["machine"]] += 1
            parts[row["machine"]] += int(row["qty_completed"])
            rejects[row["machine"]] += int(row["qty_rejected"])
            durations[row["activity"]].append(float(row["duration_min"]))
    told = [(row["machine"], row["events"], row["parts"], row["rejects"])
            for row in answers["machines"]]
    assert told == [(name, events[name], parts[name], rejects[name]) for name in sorted(events)]
    means = {name: sum(all_of_it) / len(all_of_it) for name, all_of_it in durations.items()}
    assert {row["activity"]: row["mean_duration"] for row in answers["activities"]} == means
    assert (answers["parts"], answers["rejects"]) == (parts.total(), rejects.total())


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n")
    words = command("replay.py", file)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the file has no column machine; it has a, b")


def test_the_press_runs_twice_on_one_folder(tmp_path: Path) -> None:
    assert run("press.py", folder=tmp_path).count("stopped: ") == 1
    assert run("press.py", folder=tmp_path).count("stopped: ") == 2


def test_the_tour_runs(tmp_path: Path) -> None:
    shown = run("tour.py", folder=tmp_path)
    for part in ("jam cost 2 parts", "1 so far", "invalid_query", "retry_later", "started"):
        assert part in shown


def test_the_tour_of_swarms_runs(tmp_path: Path) -> None:
    lines = run("swarm_tour.py", folder=tmp_path).splitlines()
    assert lines[0].startswith("this device shows ") and lines[0][-6:].isdigit()
    assert sorted(lines[-3:]) == ["dashboard is in", "gateway is in", "tablet is out"]


def test_the_tour_of_blobs_runs(tmp_path: Path) -> None:
    shown = run("blobs.py", folder=tmp_path)
    for part in (
        "stored drawing.png 1024000", "new blob drawing.png image/png ('blob', 'blob",
        "read 1024000", "saved True", "played 500000 of 500000", "jam.video of", "first 1000",
        "kept until 2", "new blob shift.txt", "here but for 0 bytes",
        "deleted, but for 0 records of others", "taken back",
    ):  # fmt: skip
        assert part in shown


def test_what_one_device_reports_the_other_one_sees(tmp_path: Path) -> None:
    with started("two_devices.py", "found", "dashboard", folder=tmp_path) as first:
        invite = line_with(first.stdout, "invite: ")
        # The second time it remembers where the first one was.
        for arguments in (["press", invite], ["press"]):
            shown = run("two_devices.py", "join", *arguments, folder=tmp_path)
            assert shown.startswith("in sync with ")
            for number in range(1, 11):
                assert line_with(first.stdout, "part ") == str(number)
        first.send_signal(signal.SIGINT)
        _, errors = first.communicate(timeout=60)
        assert (first.returncode, complaints(errors)) == (0, [])


def test_two_devices_says_how_it_is_called(tmp_path: Path) -> None:
    words = command("two_devices.py", "join")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("say `found FOLDER` or `join FOLDER")


@pytest.mark.parametrize(
    ("document", "programs"),
    [
        ("README.md", ["press.py", "two_devices.py"]),
        ("docs/guide/getting-started.md", ["tour.py"]),
        ("docs/guide/python.md", ["blobs.py"]),
        ("docs/guide/swarm.md", ["two_devices.py", "swarm_tour.py"]),
    ],
)
def test_documents_quote_programs_that_run(document: str, programs: list[str]) -> None:
    text = (HERE.parent / document).read_text(encoding="utf-8")
    blocks = [rest.split("```")[0] for rest in text.split("```python\n")[1:]]
    assert blocks
    for block in blocks:
        quote = [line.strip() for line in block.rstrip().splitlines()]
        assert any(is_quoted(quote, program) for program in programs), block


def is_quoted(quote: list[str], program: str) -> bool:
    """Whether the lines are there in the program, indented or not."""
    text = (HERE / program).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    places = range(len(lines) - len(quote) + 1)
    return any(lines[place : place + len(quote)] == quote for place in places)
