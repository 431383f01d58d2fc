"""Options as the native half takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from ._blobs_types import Hold, Keep
from ._types import Durability, Network, Offsets, Order, Parameters, Retention, Tags

StreamLimits: TypeAlias = tuple[str, int | None, int | None, int | None]
NativeNetwork: TypeAlias = tuple[
    Sequence[str],
    Sequence[str],
    Sequence[str],
    Sequence[str],
    bool | None,
    bool | None,
    int | None,
]
NativeOptions: TypeAlias = tuple[
    str | None,
    list[StreamLimits],
    list[tuple[str, str]],
    str,
    int | None,
    NativeNetwork | None,
    tuple[int | None, int | None],
]
QueryOptions: TypeAlias = tuple[Offsets | None, Offsets | None, Order, Parameters | None]
"""Lower and upper bound, order, parameters."""
Terms: TypeAlias = tuple[str | None, str | None, Mapping[str, str] | None, int | None, int | None]
"""Capabilities, name, labels, uses, microseconds of validity."""
BlobOptions: TypeAlias = tuple[str | None, str | None, Tags, Hold, Keep, bool]
"""Name, media type, tags, who holds it, how long it is kept, whether its bytes stay in the file."""


def native_options(
    app_id: str | None,
    streams: Mapping[str, Retention | None] | None,
    routes: Mapping[str, str] | None,
    durability: Durability,
    cache_bytes: int | None,
    network: Network | None,
    blobs_bytes_max: int | None,
    blobs_sweep_period: timedelta | None,
) -> NativeOptions:
    """Flattens; values are checked where they are used."""
    limits = [_limits(name, kept or Retention()) for name, kept in (streams or {}).items()]
    rules = list((routes or {}).items())
    reach = None if network is None else _network(network)
    room = (blobs_bytes_max, _micros(blobs_sweep_period))
    return app_id, limits, rules, durability, cache_bytes, reach, room


def terms(
    capabilities: str | None = None,
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    uses: int | None = None,
    valid: timedelta | None = None,
) -> Terms:
    """What a device is granted."""
    return capabilities, name, None if labels is None else dict(labels), uses, _micros(valid)


def _limits(name: str, kept: Retention) -> StreamLimits:
    return name, kept.events_max, kept.bytes_max, _micros(kept.age_max)


def _network(network: Network) -> NativeNetwork:
    return (
        network.listen,
        network.announce,
        network.peers,
        network.holds,
        network.discovery,
        network.address_exchange,
        network.connections_max,
    )


def _micros(duration: timedelta | None) -> int | None:
    return None if duration is None else duration // timedelta(microseconds=1)
