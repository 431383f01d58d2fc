"""What a node has counted, from the native half to values."""

from __future__ import annotations

from . import _native
from ._types import LogStats, Metrics


def metrics(node: _native.Node) -> Metrics:
    """A snapshot."""
    counted = node.metrics()
    return Metrics(log=LogStats(**counted.pop("log")), **counted)
