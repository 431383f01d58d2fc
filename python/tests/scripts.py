"""How a test runs a program of its own in another process, which can import this."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time

from swarmlet import _native


def script(text: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(text), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
    )


def say_when_waiting() -> None:
    """Has the program print a line once one of its threads waits in native code."""

    def say() -> None:
        while not _native.blocked():
            time.sleep(0.001)
        print("waiting", flush=True)

    threading.Thread(target=say, daemon=True).start()


def finish(process: subprocess.Popen[str], seconds: float = 60) -> str:
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        raise AssertionError(f"hangs; so far: {output}") from None
    return output
