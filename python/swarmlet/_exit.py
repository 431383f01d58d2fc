"""A clean end of the interpreter: what is open is closed, and nobody is left inside native code."""

from __future__ import annotations

import atexit
import time
import weakref
from typing import Protocol

from . import _logs, _native
from ._errors import SwarmletError

WAIT_SECONDS_MAX = 2.0
"""How long threads that wait in native code may take to notice that their node is closed."""


class Closing(Protocol):
    """A handle that can be closed without an event loop."""

    def _close_at_exit(self) -> None: ...


_open: weakref.WeakSet[Closing] = weakref.WeakSet()


def track(handle: Closing) -> None:
    """Closes the handle at exit, if it still exists."""
    _open.add(handle)


def _close_all() -> None:
    for handle in list(_open):
        try:
            handle._close_at_exit()
        except SwarmletError:
            continue
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while _native.blocked() and time.monotonic() < deadline:
        time.sleep(0.002)
    _logs.flush()


atexit.register(_close_all)
