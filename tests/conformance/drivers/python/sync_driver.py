"""The conformance driver of Python, for threads: does with ``swarmlet.sync`` what it is told."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import notation
from handles import Args, Handles
from swarmlet import Output, TimeoutError
from swarmlet.sync import Node, Results, Subscription

T = TypeVar("T")
END = object()


class Reading:
    """An open stream; a thread of its own reads outputs, once they are asked for."""

    def __init__(self, rows: Results | Subscription) -> None:
        self.rows = rows
        self._outputs: queue.Queue[Any] | None = None

    def output(self, timeout: float) -> Output | None:
        """As ``rows.next``, for outputs."""
        if self._outputs is None:
            self._outputs = queue.Queue()
            threading.Thread(target=self._read, daemon=True).start()
        try:
            taken = self._outputs.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("no output came in time") from None
        if taken is END or isinstance(taken, Exception):
            self._outputs.put(taken)
            if taken is END:
                return None
            raise taken
        return taken

    def _read(self) -> None:
        assert self._outputs is not None
        try:
            for output in self.rows.outputs():
                self._outputs.put(output)
            self._outputs.put(END)
        except Exception as error:
            self._outputs.put(error)


class Driver(Handles):
    """What is open, and what blocks a thread of it."""

    def op_reset(self, args: Args) -> None:
        for node in self.cancel_all():
            try:
                node.close()
            except Exception as error:
                print(error, file=sys.stderr)
        self.clear()

    def op_open(self, args: Args) -> Any:
        node = Node.open(notation.folder(args), **notation.options(args))
        return self.keep_node(args["as"], node)

    def op_close(self, args: Args) -> None:
        self.node(args).close()

    def op_publish(self, args: Args) -> Any:
        payload = [notation.payload(args["payload"])] if "payload" in args else []
        return notation.published(self.node(args).publish(args["tags"], *payload))

    def op_publish_many(self, args: Args) -> Any:
        published = self.node(args).publish_many(notation.events(args))
        return [notation.published(each) for each in published]

    def op_query(self, args: Args) -> Any:
        return [notation.row(row) for row in self.results(args)]

    def op_query_outputs(self, args: Args) -> Any:
        return [notation.output(each) for each in self.results(args).outputs()]

    def op_explain(self, args: Args) -> Any:
        options = notation.query_options(args)
        return notation.explanation(self.node(args).explain(args["aql"], **options))

    def op_wait_for(self, args: Args) -> Any:
        condition, options = notation.condition(args), notation.subscribe_options(args)
        timeout = args["timeout_ms"] / 1000
        found = self.node(args).wait_for(args["aql"], condition, timeout=timeout, **options)
        return notation.row(found)

    def op_offsets(self, args: Args) -> Any:
        state = self.node(args).offsets()
        return {"present": state.present, "to_replicate": state.to_replicate}

    def op_streams(self, args: Args) -> Any:
        return [notation.stream(each) for each in self.node(args).streams()]

    def op_next(self, args: Args) -> Any:
        rows, is_ended, _ = several(self.stream(args).rows.next, args, None)
        return {"rows": [notation.row(row) for row in rows], "is_ended": is_ended}

    def op_next_impatient(self, args: Args) -> Any:
        patience = args["patience_ms"] / 1000
        rows, is_ended, given_up = several(self.stream(args).rows.next, args, patience)
        shown = [notation.row(row) for row in rows]
        return {"rows": shown, "is_ended": is_ended, "given_up": given_up}

    def op_batch(self, args: Args) -> Any:
        batch = next(self.stream(args).rows.batches(args["max"]), None)
        rows = [notation.row(row) for row in batch or ()]
        return {"rows": rows, "is_ended": batch is None}

    def op_outputs(self, args: Args) -> Any:
        outputs, is_ended, _ = several(self.stream(args).output, args, None)
        return {"outputs": [notation.output(each) for each in outputs], "is_ended": is_ended}

    def op_blobs_put(self, args: Args) -> Any:
        content, options = notation.payload(args["content"]), notation.put_options(args)
        return notation.blob(self.node(args).blobs.put(content, **options))

    def op_blobs_get(self, args: Args) -> Any:
        reader = self.node(args).blobs.get(args["id"], **notation.byte_range(args))
        return notation.written(reader.read(timeout=args["timeout_ms"] / 1000))

    def op_blobs_stat(self, args: Args) -> Any:
        return notation.stat(self.node(args).blobs.stat(args["id"]))

    def op_blobs_list(self, args: Args) -> Any:
        return [notation.blob(info) for info in self.node(args).blobs.list()]

    def op_blobs_delete(self, args: Args) -> Any:
        return self.node(args).blobs.delete(args["id"])

    def op_swarm_create(self, args: Args) -> Any:
        founded = self.node(args).swarm.create(args["name"], args["device"])
        return {"swarm": founded.swarm, "root_key": founded.root_key}

    def op_swarm_become_issuer(self, args: Args) -> None:
        self.node(args).swarm.become_issuer(args["root_key"])

    def op_swarm_invite(self, args: Args) -> Any:
        by_position, by_name = notation.terms(args)
        return self.node(args).swarm.invite(*by_position, **by_name)

    def op_swarm_withdraw(self, args: Args) -> Any:
        return self.node(args).swarm.withdraw(args["invite"])

    def op_swarm_join(self, args: Args) -> None:
        timeout = args["timeout_ms"] / 1000
        self.node(args).swarm.join(args["invite"], args["name"], timeout=timeout)

    def op_swarm_ask(self, args: Args) -> Any:
        timeout = args["timeout_ms"] / 1000
        return self.node(args).swarm.ask(args["address"], args["name"], timeout=timeout)

    def op_swarm_wait_joined(self, args: Args) -> None:
        self.node(args).swarm.wait_joined(timeout=args["timeout_ms"] / 1000)

    def op_swarm_wait_in_sync(self, args: Args) -> None:
        self.node(args).swarm.wait_in_sync(timeout=args["timeout_ms"] / 1000)

    def op_swarm_pending(self, args: Args) -> Any:
        return [notation.pending(each) for each in self.node(args).swarm.pending()]

    def op_swarm_approve(self, args: Args) -> None:
        by_position, by_name = notation.terms(args)
        self.node(args).swarm.approve(args["device"], *by_position, **by_name)

    def op_swarm_reject(self, args: Args) -> None:
        self.node(args).swarm.reject(args["device"])

    def op_swarm_preauthorise(self, args: Args) -> None:
        by_position, by_name = notation.terms(args)
        self.node(args).swarm.preauthorise(args["device"], *by_position, **by_name)

    def op_swarm_members(self, args: Args) -> Any:
        return [notation.member(each) for each in self.node(args).swarm.members()]

    def op_swarm_revoke(self, args: Args) -> None:
        self.node(args).swarm.revoke(args["device"], args["reason"])

    def op_swarm_renew(self, args: Args) -> None:
        self.node(args).swarm.renew(args["device"])

    def op_next_change(self, args: Args) -> Any:
        pull = self.changes[args["changes"]].next
        found, is_ended, _ = several(pull, {"count": 1, **args}, None)
        status = notation.status(found[0]) if found else None
        return {"status": status, "is_ended": is_ended}


def several(
    pull: Callable[[float], T | None], args: Args, patience: float | None
) -> tuple[list[T], bool, int]:
    """Up to so many, until the time is over; each single wait is given up after the patience."""
    deadline = time.monotonic() + args["timeout_ms"] / 1000
    found: list[T] = []
    given_up = 0
    while len(found) < args["count"]:
        left = max(deadline - time.monotonic(), 0)
        try:
            one = pull(left if patience is None else min(left, patience))
        except TimeoutError:
            given_up += 1
            # Only an impatient wait is begun anew: one that ends early is not covered up.
            if patience is None or time.monotonic() >= deadline:
                break
            continue
        if one is None:
            return found, True, given_up
        found.append(one)
    return found, False, given_up


def main() -> None:
    driver = Driver(Reading)
    speaking = threading.Lock()

    def answer(request: Mapping[str, Any]) -> None:
        try:
            result = {"ok": driver.perform(request["op"], request["args"])}
        except Exception as error:
            result = notation.failure(error)
        line = notation.answer(request["id"], result)
        with speaking:
            print(line, flush=True)

    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "exit":
            return
        threading.Thread(target=answer, args=(request,), daemon=True).start()
    driver.op_reset({})


if __name__ == "__main__":
    main()
