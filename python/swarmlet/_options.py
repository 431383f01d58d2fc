"""Options as the native half takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias

from ._types import Durability, Offsets, Order, Parameters, Retention

StreamLimits: TypeAlias = tuple[str, int | None, int | None, int | None]
NativeOptions: TypeAlias = tuple[
    str | None, list[StreamLimits], list[tuple[str, str]], str, int | None
]
QueryOptions: TypeAlias = tuple[Offsets | None, Offsets | None, Order, Parameters | None]
"""Lower and upper bound, order, parameters."""


def native_options(
    app_id: str | None,
    streams: Mapping[str, Retention | None] | None,
    routes: Mapping[str, str] | None,
    durability: Durability,
    cache_bytes: int | None,
) -> NativeOptions:
    """Flattens; values are checked where they are used."""
    limits = [_limits(name, kept or Retention()) for name, kept in (streams or {}).items()]
    return app_id, limits, list((routes or {}).items()), durability, cache_bytes


def _limits(name: str, kept: Retention) -> StreamLimits:
    age = None if kept.age_max is None else kept.age_max // timedelta(microseconds=1)
    return name, kept.events_max, kept.bytes_max, age
