"""The conformance driver of Python, for asyncio: does with ``swarmlet`` what the suite says."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import notation
from handles import Args, Handles
from swarmlet import Node, Output, Results, Subscription

T = TypeVar("T")


class Reading:
    """An open stream, and its outputs once it was asked for them."""

    def __init__(self, rows: Results | Subscription) -> None:
        self.rows = rows
        self._outputs: AsyncIterator[Output] | None = None

    def outputs(self) -> AsyncIterator[Output]:
        if self._outputs is None:
            self._outputs = self.rows.outputs()
        return self._outputs


class Driver(Handles):
    """What is open, and what is awaited of it."""

    async def perform(self, op: str, args: Args) -> Any:
        result = super().perform(op, args)
        return await result if inspect.isawaitable(result) else result

    async def op_reset(self, args: Args) -> None:
        nodes = self.cancel_all()
        await asyncio.gather(*(node.close() for node in nodes), return_exceptions=True)
        self.clear()

    async def op_open(self, args: Args) -> Any:
        node = await Node.open(notation.folder(args), **notation.options(args))
        return self.keep_node(args["as"], node)

    async def op_close(self, args: Args) -> None:
        await self.node(args).close()

    async def op_publish(self, args: Args) -> Any:
        payload = [notation.payload(args["payload"])] if "payload" in args else []
        return notation.published(await self.node(args).publish(args["tags"], *payload))

    async def op_publish_many(self, args: Args) -> Any:
        published = await self.node(args).publish_many(notation.events(args))
        return [notation.published(each) for each in published]

    async def op_query(self, args: Args) -> Any:
        return [notation.row(row) async for row in self.results(args)]

    async def op_query_outputs(self, args: Args) -> Any:
        return [notation.output(each) async for each in self.results(args).outputs()]

    async def op_explain(self, args: Args) -> Any:
        options = notation.query_options(args)
        return notation.explanation(await self.node(args).explain(args["aql"], **options))

    async def op_wait_for(self, args: Args) -> Any:
        condition, options = notation.condition(args), notation.subscribe_options(args)
        waiting = self.node(args).wait_for(args["aql"], condition, **options)
        return notation.row(await asyncio.wait_for(waiting, args["timeout_ms"] / 1000))

    async def op_offsets(self, args: Args) -> Any:
        state = await self.node(args).offsets()
        return {"present": state.present, "to_replicate": state.to_replicate}

    async def op_streams(self, args: Args) -> Any:
        return [notation.stream(each) for each in await self.node(args).streams()]

    async def op_next(self, args: Args) -> Any:
        pull = self.stream(args).rows.__anext__
        rows, is_ended, _ = await several(pull, args, None)
        return {"rows": [notation.row(row) for row in rows], "is_ended": is_ended}

    async def op_next_impatient(self, args: Args) -> Any:
        pull = self.stream(args).rows.__anext__
        rows, is_ended, given_up = await several(pull, args, args["patience_ms"] / 1000)
        rows = [notation.row(row) for row in rows]
        return {"rows": rows, "is_ended": is_ended, "given_up": given_up}

    async def op_batch(self, args: Args) -> Any:
        batches = self.stream(args).rows.batches(args["max"])
        found, is_ended, _ = await several(batches.__anext__, {"count": 1, **args}, None)
        rows = [notation.row(row) for batch in found for row in batch]
        return {"rows": rows, "is_ended": is_ended}

    async def op_outputs(self, args: Args) -> Any:
        pull = self.stream(args).outputs().__anext__
        found, is_ended, _ = await several(pull, args, None)
        return {"outputs": [notation.output(each) for each in found], "is_ended": is_ended}

    async def op_blobs_put(self, args: Args) -> Any:
        content, options = notation.payload(args["content"]), notation.put_options(args)
        return notation.blob(await self.node(args).blobs.put(content, **options))

    async def op_blobs_get(self, args: Args) -> Any:
        reader = self.node(args).blobs.get(args["id"], **notation.byte_range(args))
        read = asyncio.wait_for(reader.read(), args["timeout_ms"] / 1000)
        return notation.written(await read)

    async def op_blobs_stat(self, args: Args) -> Any:
        return notation.stat(await self.node(args).blobs.stat(args["id"]))

    async def op_blobs_list(self, args: Args) -> Any:
        return [notation.blob(info) async for info in self.node(args).blobs.list()]

    async def op_blobs_delete(self, args: Args) -> Any:
        return await self.node(args).blobs.delete(args["id"])

    async def op_swarm_create(self, args: Args) -> Any:
        founded = await self.node(args).swarm.create(args["name"], args["device"])
        return {"swarm": founded.swarm, "root_key": founded.root_key}

    async def op_swarm_become_issuer(self, args: Args) -> None:
        await self.node(args).swarm.become_issuer(args["root_key"])

    async def op_swarm_invite(self, args: Args) -> Any:
        by_position, by_name = notation.terms(args)
        return await self.node(args).swarm.invite(*by_position, **by_name)

    async def op_swarm_withdraw(self, args: Args) -> Any:
        return await self.node(args).swarm.withdraw(args["invite"])

    async def op_swarm_join(self, args: Args) -> None:
        timeout = args["timeout_ms"] / 1000
        await self.node(args).swarm.join(args["invite"], args["name"], timeout=timeout)

    async def op_swarm_ask(self, args: Args) -> Any:
        timeout = args["timeout_ms"] / 1000
        return await self.node(args).swarm.ask(args["address"], args["name"], timeout=timeout)

    async def op_swarm_wait_joined(self, args: Args) -> None:
        await self.node(args).swarm.wait_joined(timeout=args["timeout_ms"] / 1000)

    async def op_swarm_wait_in_sync(self, args: Args) -> None:
        await self.node(args).swarm.wait_in_sync(timeout=args["timeout_ms"] / 1000)

    async def op_swarm_pending(self, args: Args) -> Any:
        return [notation.pending(each) for each in await self.node(args).swarm.pending()]

    async def op_swarm_approve(self, args: Args) -> None:
        by_position, by_name = notation.terms(args)
        await self.node(args).swarm.approve(args["device"], *by_position, **by_name)

    async def op_swarm_reject(self, args: Args) -> None:
        await self.node(args).swarm.reject(args["device"])

    async def op_swarm_preauthorise(self, args: Args) -> None:
        by_position, by_name = notation.terms(args)
        await self.node(args).swarm.preauthorise(args["device"], *by_position, **by_name)

    async def op_swarm_members(self, args: Args) -> Any:
        return [notation.member(each) for each in await self.node(args).swarm.members()]

    async def op_swarm_revoke(self, args: Args) -> None:
        await self.node(args).swarm.revoke(args["device"], args["reason"])

    async def op_swarm_renew(self, args: Args) -> None:
        await self.node(args).swarm.renew(args["device"])

    async def op_next_change(self, args: Args) -> Any:
        pull = self.changes[args["changes"]].__anext__
        found, is_ended, _ = await several(pull, {"count": 1, **args}, None)
        status = notation.status(found[0]) if found else None
        return {"status": status, "is_ended": is_ended}


async def several(
    pull: Callable[[], Awaitable[T]], args: Args, patience: float | None
) -> tuple[list[T], bool, int]:
    """Up to so many, until the time is over; each single wait is given up after the patience."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + args["timeout_ms"] / 1000
    found: list[T] = []
    given_up = 0
    while len(found) < args["count"]:
        left = max(deadline - loop.time(), 0)
        wait = left if patience is None else min(left, patience)
        try:
            found.append(await asyncio.wait_for(pull(), wait))
        except StopAsyncIteration:
            return found, True, given_up
        except asyncio.TimeoutError:
            given_up += 1
            # Only an impatient wait is begun anew: one that ends early is not covered up.
            if patience is None or loop.time() >= deadline:
                break
    return found, False, given_up


async def main() -> None:
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    driver = Driver(Reading)
    tasks = set()
    while line := await lines.get():
        request = json.loads(line)
        if request["op"] == "exit":
            return
        task = asyncio.ensure_future(answer(driver, request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await driver.op_reset({})


async def answer(driver: Driver, request: Mapping[str, Any]) -> None:
    try:
        result = {"ok": await driver.perform(request["op"], request["args"])}
    except Exception as error:
        result = notation.failure(error)
    print(notation.answer(request["id"], result), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
