"""How long something may take that consists of several waits."""

from __future__ import annotations

import time

from ._errors import TimeoutError


class Deadline:
    """So many seconds from now; never without a ``timeout``."""

    def __init__(self, timeout: float | None) -> None:
        self._at = None if timeout is None else time.monotonic() + timeout

    def left(self, operation: str, late: str) -> float | None:
        """The seconds that are left, None for ever; raises with what is said of being late."""
        if self._at is None:
            return None
        left = self._at - time.monotonic()
        if left < 0:
            raise TimeoutError(late, operation)
        return left
