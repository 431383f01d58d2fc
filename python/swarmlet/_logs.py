"""What the node says about itself, passed on to :mod:`logging` as loggers below ``swarmlet``.

The level in force when a node is opened decides what is collected. A thread that only ever waits
in the interpreter's own code passes records on; a forked child passes none on.
"""

from __future__ import annotations

import logging
import os
import threading

from ._native import start_diagnostics, take_diagnostics

_logger = logging.getLogger("swarmlet")
_starting = threading.Lock()
_thread: threading.Thread | None = None


def start() -> None:
    """Collects from the level of the logger on."""
    global _thread
    with _starting:
        descriptor = start_diagnostics(_logger.getEffectiveLevel())
        if _thread is None:
            name = "swarmlet-logs"
            _thread = threading.Thread(target=_pass_on, args=(descriptor,), name=name, daemon=True)
            _thread.start()


def flush() -> None:
    """Passes on what is there."""
    for level, name, text in take_diagnostics():
        logging.getLogger(name).log(level, "%s", text)


def _pass_on(descriptor: int) -> None:
    while os.read(descriptor, 64):
        flush()
