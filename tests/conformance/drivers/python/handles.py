"""What is open, and what both drivers of Python do with it that waits for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import notation
from notation import BrokenError

Args = Mapping[str, Any]


class Handles:
    """What is open, by the names that the suite gives; nodes of either interface."""

    def __init__(self, reading: type) -> None:
        """``reading`` is made of each stream that is opened."""
        self._reading = reading
        self.clear()

    def clear(self) -> None:
        """Forgets all of it."""
        self.nodes: dict[str, Any] = {}
        self.replaced: list[Any] = []
        self.streams: dict[str, Any] = {}
        self.changes: dict[str, Any] = {}

    def cancel_all(self) -> list[Any]:
        """Ends what waits, and says which nodes there are to close."""
        for reading in self.streams.values():
            reading.rows.cancel()
        for changes in self.changes.values():
            changes.cancel()
        return [*self.replaced, *self.nodes.values()]

    def perform(self, op: str, args: Args) -> Any:
        method = getattr(self, "op_" + op.replace(".", "_"), None)
        if method is None:
            raise BrokenError(f"there is no operation {op}")
        return method(args)

    def keep_node(self, name: str, node: Any) -> dict[str, Any]:
        if name in self.nodes:
            self.replaced.append(self.nodes[name])
        self.nodes[name] = node
        return {"id": node.id, "app_id": node.app_id}

    def node(self, args: Args) -> Any:
        return self.nodes[args["node"]]

    def stream(self, args: Args) -> Any:
        return self.streams[args["stream"]]

    def op_hello(self, args: Args) -> Any:
        return notation.hello()

    def op_info(self, args: Args) -> Any:
        node = self.node(args)
        return {"id": node.id, "app_id": node.app_id}

    def op_scoped(self, args: Args) -> Any:
        return self.keep_node(args["as"], self.node(args).scoped(args["app_id"]))

    def results(self, args: Args) -> Any:
        return self.node(args).query(args["aql"], **notation.query_options(args))

    def op_query_open(self, args: Args) -> None:
        self.streams[args["as"]] = self._reading(self.results(args))

    def op_subscribe(self, args: Args) -> None:
        node = self.node(args)
        calls = {
            "all": node.subscribe,
            "monotonic": node.subscribe_monotonic,
            "latest": node.observe_latest,
            "earliest": node.observe_earliest,
        }
        call = calls.get(args.get("follow", "all"))
        if call is None:
            raise BrokenError(f"nothing follows {args['follow']}")
        rows = call(args["aql"], **notation.subscribe_options(args))
        self.streams[args["as"]] = self._reading(rows)

    def op_metrics(self, args: Args) -> Any:
        return notation.metrics(self.node(args).metrics())

    def op_position(self, args: Args) -> Any:
        rows = self.stream(args).rows
        return {"offsets": rows.offsets, "skipped": rows.skipped}

    def op_cancel(self, args: Args) -> None:
        self.stream(args).rows.cancel()

    def op_swarm_id(self, args: Args) -> Any:
        return self.node(args).swarm.id

    def op_swarm_status(self, args: Args) -> Any:
        return notation.status(self.node(args).swarm.status())

    def op_swarm_network_changed(self, args: Args) -> None:
        self.node(args).swarm.network_changed()

    def op_swarm_changes(self, args: Args) -> None:
        self.changes[args["as"]] = self.node(args).swarm.changes()

    def op_cancel_changes(self, args: Args) -> None:
        self.changes[args["changes"]].cancel()
