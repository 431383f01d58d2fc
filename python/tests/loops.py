"""How a test runs a coroutine on an event loop of a given kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

Run: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]

WAIT_SECONDS_MAX = 60.0
"""No test waits longer for anything: what takes longer hangs."""


def runner(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Run:
    """Runs a coroutine to its end on a loop of its own, with a limit."""

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        loop = new_loop()
        try:
            return loop.run_until_complete(asyncio.wait_for(main, WAIT_SECONDS_MAX))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    return run
