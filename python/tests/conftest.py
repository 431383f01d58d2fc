"""What every test gets: a folder for a node, and a way to run a coroutine on each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]

WAIT_SECONDS_MAX = 30.0
"""No test waits longer for anything: what takes longer hangs."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a node may make."""
    return tmp_path / "node"


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end, with a limit."""
    new_loop: Callable[[], asyncio.AbstractEventLoop] = (
        pytest.importorskip("uvloop").new_event_loop
        if request.param == "uvloop"
        else asyncio.new_event_loop
    )

    def run_on(main: Coroutine[Any, Any, T]) -> T:
        loop = new_loop()
        try:
            return loop.run_until_complete(asyncio.wait_for(main, WAIT_SECONDS_MAX))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    return run_on
