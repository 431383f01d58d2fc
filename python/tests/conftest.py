"""What every test gets: a folder for a node, and a way to run a coroutine on each event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from loops import Run, runner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a node may make."""
    return tmp_path / "node"


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end, with a limit."""
    if request.param == "uvloop":
        return runner(pytest.importorskip("uvloop").new_event_loop)
    return runner(asyncio.new_event_loop)
