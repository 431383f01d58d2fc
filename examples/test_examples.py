"""The examples in Python do what they say. Run by `cargo xtask test --only examples`."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SMALL = HERE / "replay" / "tests" / "small.csv"
PRODUCTION = HERE.parents[1] / "shared" / "data" / "production.csv"


def run(program: str, *arguments: object, folder: Path) -> str:
    command = [sys.executable, "-X", "dev", str(HERE / program), *map(str, arguments)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


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
    command = [sys.executable, str(HERE / "replay.py"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the file has no column machine; it has a, b")


def test_the_press_runs_twice_on_one_folder(tmp_path: Path) -> None:
    assert run("press.py", folder=tmp_path).count("stopped: ") == 1
    assert run("press.py", folder=tmp_path).count("stopped: ") == 2


def test_the_tour_runs(tmp_path: Path) -> None:
    shown = run("tour.py", folder=tmp_path)
    for part in ("jam cost 2 parts", "1 so far", "invalid_query", "retry_later", "started"):
        assert part in shown


@pytest.mark.parametrize(
    ("document", "program"),
    [("README.md", "press.py"), ("docs/guide/getting-started.md", "tour.py")],
)
def test_documents_quote_programs_that_run(document: str, program: str) -> None:
    text = (HERE.parent / document).read_text(encoding="utf-8")
    blocks = [rest.split("```")[0] for rest in text.split("```python\n")[1:]]
    lines = [line.strip() for line in (HERE / program).read_text(encoding="utf-8").splitlines()]
    assert blocks
    for block in blocks:
        quote = [line.strip() for line in block.rstrip().splitlines()]
        places = range(len(lines) - len(quote) + 1)
        assert any(lines[place : place + len(quote)] == quote for place in places), block
