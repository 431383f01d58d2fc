"""Values in the notation of the conformance protocol, and answers of the package in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import swarmlet
from swarmlet import BlobInfo, BlobStat, Copies, Labels, Network, Retention, UntilNext

SAFE = 2**53 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class BrokenError(Exception):
    """The driver does not know what to do."""


def payload(value: Any) -> Any:
    """What the notation says."""
    if isinstance(value, list):
        return [payload(item) for item in value]
    if not isinstance(value, dict):
        return value
    for name, inner in value.items():
        if name == "$int":
            return int(inner)
        if name == "$float":
            return float(inner)
        if name == "$bytes":
            return bytes.fromhex(inner)
        if name == "$map":
            return {key: payload(item) for key, item in inner}
        if name == "$time":
            return EPOCH + timedelta(microseconds=inner)
    return {key: payload(item) for key, item in value.items()}


def events(args: Mapping[str, Any]) -> Any:
    """Tags and payloads as they are given, whatever they are: it is the package that refuses."""
    given = args["events"]
    return [event(each) for each in given] if isinstance(given, list) else given


def event(given: Any) -> Any:
    if not isinstance(given, list) or not given:
        return given
    return (given[0], *map(payload, given[1:]))


def written(value: Any) -> Any:
    """A payload in the notation."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= SAFE else {"$int": str(value)}
    if isinstance(value, float):
        is_plain = math.isfinite(value) and not value.is_integer()
        return value if is_plain else {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, list):
        return [written(item) for item in value]
    if isinstance(value, dict):
        if any(key.startswith("$") for key in value):
            return {"$map": [[key, written(item)] for key, item in value.items()]}
        return {key: written(item) for key, item in value.items()}
    raise BrokenError(f"a payload of type {type(value).__name__}")


def options(args: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a node."""
    given = {
        name: args[name] for name in ("app_id", "durability", "cache_bytes") if name in args
    }
    if "streams" in args:
        given["streams"] = {name: retention(kept) for name, kept in args["streams"].items()}
    if "routes" in args:
        given["routes"] = dict(args["routes"])
    if "network" in args:
        given["network"] = Network(**args["network"])
    return given


def retention(kept: Mapping[str, Any] | None) -> Retention | None:
    """How much of a stream is kept."""
    if kept is None:
        return None
    limits = {name: kept[name] for name in ("events_max", "bytes_max") if name in kept}
    if "age_max_ms" in kept:
        limits["age_max"] = timedelta(milliseconds=kept["age_max_ms"])
    return Retention(**limits)


def put_options(args: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a blob."""
    given = {name: args[name] for name in ("name", "media_type", "tags") if name in args}
    if "hold" in args:
        given["hold"] = hold(args["hold"])
    if "keep" in args:
        given["keep"] = keep(args["keep"])
    return given


def hold(given: Any) -> Any:
    """Who is to hold a blob."""
    if isinstance(given, dict) and "copies" in given:
        return Copies(given["copies"])
    return Labels(given["labels"]) if isinstance(given, dict) else given


def keep(given: Any) -> Any:
    """How long a blob is kept."""
    if isinstance(given, dict) and "until" in given:
        return EPOCH + timedelta(microseconds=given["until"])
    return UntilNext(given["until_next"]) if isinstance(given, dict) else given


def byte_range(args: Mapping[str, Any]) -> dict[str, Any]:
    """Which bytes of a blob."""
    return {name: args[name] for name in ("start", "end") if name in args}


def blob(info: BlobInfo) -> Any:
    """What a record says."""
    return {
        "id": info.id,
        "size": info.size,
        "name": info.name,
        "media_type": info.media_type,
        "hold": written_hold(info.hold),
        "keep": written_keep(info.keep),
        "tags": list(info.tags),
        "key": key(info.key),
        "timestamp": info.timestamp,
        "app_id": info.app_id,
        "collection": info.collection,
    }


def written_hold(hold: Any) -> Any:
    """Who is to hold a blob, in the notation."""
    if isinstance(hold, Copies):
        return {"copies": hold.count}
    return {"labels": dict(hold.labels)} if isinstance(hold, Labels) else hold


def written_keep(keep: Any) -> Any:
    """How long a blob is kept, in the notation."""
    if isinstance(keep, datetime):
        return {"until": (keep - EPOCH) // timedelta(microseconds=1)}
    return {"until_next": sorted(keep.tags)} if isinstance(keep, UntilNext) else keep


def stat(stat: BlobStat) -> Any:
    """All that is known of a blob."""
    return {
        "state": {"kind": stat.state.kind, "size": stat.state.size},
        "is_pinned": stat.is_pinned,
        "records": [blob(info) for info in stat.records],
    }


def query_options(args: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds, order and parameters."""
    given = {name: args[name] for name in ("lower", "upper", "order") if name in args}
    return given | parameters(args)


def subscribe_options(args: Mapping[str, Any]) -> dict[str, Any]:
    """Where a subscription starts, and its parameters."""
    given = {"from_": args["from"]} if "from" in args else {}
    return given | parameters(args)


def parameters(args: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters, if there are some."""
    if "parameters" not in args:
        return {}
    return {"parameters": {name: payload(value) for name, value in args["parameters"].items()}}


def condition(args: Mapping[str, Any]) -> Callable[[swarmlet.Row], bool] | None:
    """What a row has to fulfil that is waited for."""
    if "equals" not in args:
        return None
    wanted = payload(args["equals"])
    return lambda row: bool(row.payload == wanted)


def terms(args: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What a device is granted: capabilities by position, the rest by name."""
    by_name = {name: args[name] for name in ("name", "labels", "uses") if name in args}
    if "valid_ms" in args:
        by_name["valid"] = timedelta(milliseconds=args["valid_ms"])
    return [args["capabilities"]] if "capabilities" in args else [], by_name


def key(value: swarmlet.EventKey) -> dict[str, Any]:
    return {"lamport": value.lamport, "stream": value.stream, "offset": value.offset}


def published(value: swarmlet.Published) -> dict[str, Any]:
    return {"key": key(value.key), "timestamp": value.timestamp}


def row(value: swarmlet.Row) -> dict[str, Any]:
    shown: dict[str, Any] = {"payload": written(value.payload), "origin": value.origin}
    if value.origin == "event":
        shown |= {"key": key(value.key), "timestamp": value.timestamp}
        shown |= {"app_id": value.app_id, "tags": list(value.tags)}
    elif value.key_range is not None and value.time_range is not None:
        shown["key_range"] = [key(each) for each in value.key_range]
        shown["time_range"] = [micros(each) for each in value.time_range]
    return shown


def output(value: swarmlet.Output) -> dict[str, Any]:
    if isinstance(value, swarmlet.AntiRow):
        return {"anti_row": row(value.row)}
    if isinstance(value, swarmlet.Diagnostic):
        return {"diagnostic": {"severity": value.severity, "message": value.message}}
    if isinstance(value, swarmlet.CaughtUp):
        return {"caught_up": dict(value.offsets)}
    if isinstance(value, swarmlet.TimeTravel):
        return {"time_travel": key(value.key)}
    return {"row": row(value)}


def explanation(value: swarmlet.Explanation) -> dict[str, Any]:
    return {
        "query": value.query,
        "selection": value.selection,
        "order": value.order,
        "stages": list(value.stages),
        "events_read": value.events_read,
        "rows": value.rows,
        "diagnostics": value.diagnostics,
    }


def stream(value: swarmlet.StreamInfo) -> dict[str, Any]:
    return {"id": value.id, "name": value.name, "first": value.first, "last": value.last}


def metrics(value: swarmlet.Metrics) -> dict[str, Any]:
    return {
        "events_committed": value.log.events_committed,
        "events_stored": value.log.events_stored,
        "publishes": value.publish.count,
        "publish_failures": value.publish_failures,
        "query_failures": value.query_failures,
        "results_open": value.results_open,
        "subscriptions_open": value.subscriptions_open,
    }


def pending(value: swarmlet.Pending) -> dict[str, Any]:
    return {
        "device": value.device,
        "name": value.name,
        "code": value.code,
        "since_s": micros(value.since) // 1_000_000,
    }


def member(value: swarmlet.Member) -> dict[str, Any]:
    return {
        "node": value.node,
        "name": value.name,
        "capabilities": value.capabilities,
        "labels": dict(value.labels),
        "is_issuer": value.is_issuer,
        "is_revoked": value.is_revoked,
        "not_after_s": micros(value.not_after) // 1_000_000,
    }


def status(value: swarmlet.SwarmStatus) -> dict[str, Any]:
    return {
        "listening": list(value.listening),
        "is_in_sync": value.is_in_sync,
        "to_replicate": dict(value.to_replicate),
        "refused": [list(pair) for pair in value.refused],
        "incidents": list(value.incidents),
        "peers": [peer(each) for each in value.peers],
    }


def peer(value: swarmlet.Peer) -> dict[str, Any]:
    trip = value.round_trip
    return {
        "node": value.node,
        "address": value.address,
        "is_in_sync": value.is_in_sync,
        "behind": value.behind,
        "ahead": value.ahead,
        "lag_s": value.lag // timedelta(seconds=1),
        "round_trip": None if trip is None else trip // timedelta(microseconds=1),
    }


def micros(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


def hello() -> dict[str, Any]:
    """The greeting."""
    version = swarmlet.__version__
    return {"protocol": 1, "language": "python", "version": version, "merges": []}


def failure(error: Exception) -> dict[str, Any]:
    """What became of a call that raised."""
    if isinstance(error, swarmlet.SwarmletError):
        return {
            "error": {
                "code": error.code,
                "number": error.number,
                "advice": error.advice,
                "operation": error.operation,
                "message": str(error),
                "details": dict(error.details),
            }
        }
    if isinstance(error, (BrokenError, KeyError, AttributeError, NameError)):
        return {"broken": f"{type(error).__name__}: {error}"}
    return {"refused": f"{type(error).__name__}: {error}"}


def folder(args: Mapping[str, Any]) -> Path:
    return Path(args["folder"])


def answer(number: int, result: Mapping[str, Any]) -> str:
    """One line."""
    return json.dumps({"id": number, **result}, allow_nan=False)
