"""Beginnings and ends: closing, cancelling, exiting, forking, interrupting."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from pathlib import Path

import pytest

from loops import Run
from scripts import finish, script
from swarmlet import ClosedError, LockedError, Node, sync

EXITS = 30


def test_closing_twice_is_fine(run: Run, folder: Path) -> None:
    async def main() -> None:
        node = await Node.open(folder)
        await asyncio.gather(node.close(), node.close())
        await node.close()
        with pytest.raises(ClosedError):
            await node.publish("a")
        with pytest.raises(ClosedError):
            node.query("FROM 'a'")

    run(main())


def test_closing_ends_those_who_wait(run: Run, folder: Path) -> None:
    async def main() -> None:
        node = await Node.open(folder)
        events = node.subscribe("FROM 'a'")
        reader = asyncio.ensure_future(events.__anext__())
        await asyncio.sleep(0)
        await node.close()
        with pytest.raises(ClosedError):
            await reader

    run(main())


def test_a_cancelled_wait_loses_nothing(run: Run, folder: Path) -> None:
    async def main() -> None:
        count = 400
        async with Node.open(folder, durability="buffered") as node:
            async def write() -> None:
                for n in range(count):
                    await node.publish("n", n)

            writer = asyncio.ensure_future(write())
            seen: list[int] = []
            given_up = 0
            async with node.subscribe("FROM 'n'") as events:
                while len(seen) < count:
                    try:
                        event = await asyncio.wait_for(events.__anext__(), 0.0005)
                    except asyncio.TimeoutError:
                        given_up += 1
                        continue
                    seen.append(event.payload)
            await writer
            assert seen == list(range(count))
            assert given_up > 0

    run(main())


def test_a_cancelled_publish_is_not_lost_track_of(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            publish = asyncio.ensure_future(node.publish("n", 1))
            await asyncio.sleep(0)
            publish.cancel()
            with pytest.raises(asyncio.CancelledError):
                await publish
            await node.publish("n", 2)
            assert [event.payload async for event in node.query("FROM 'n'")] == [1, 2]

    run(main())


def test_a_slow_reader_loses_nothing(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            async with node.subscribe("FROM 'n'") as events:
                assert (await node.publish("n", 0)).offset == 0
                assert (await events.__anext__()).payload == 0
                for start in range(1, 20_001, 2000):
                    await node.publish_many(("n", n) for n in range(start, start + 2000))
                expected = 1
                async for event in events:
                    assert event.payload == expected
                    expected += 1
                    if expected == 20_001:
                        break

    run(main())


def test_one_node_in_several_loops(folder: Path) -> None:
    node = asyncio.run(opened(folder))
    for n in range(3):
        asyncio.run(published(node, n))
    asyncio.run(node.close())
    gc.collect()


async def opened(folder: Path) -> Node:
    return await Node.open(folder)


async def published(node: Node, n: int) -> None:
    assert (await node.publish("n", n)).offset == n
    async with node.subscribe("FROM 'n'") as events:
        for _ in range(n + 1):
            await events.__anext__()


THREADS = """
    import contextlib, os, sys, time
    from swarmlet.sync import Node

    def threads():
        names = []
        for task in os.listdir("/proc/self/task"):
            # A thread that was listed may have ended since.
            with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm") as comm:
                names.append(comm.read().strip())
        return names

    before = len(threads())
    for _ in range(3):
        with Node.open(sys.argv[1]) as one, Node.open(sys.argv[2]) as two:
            one.publish("n")
            assert list(two.query("FROM 'n'")) == []
            events = two.subscribe("FROM 'n'")
            assert len(threads()) > before
    deadline = time.monotonic() + 30
    # One remains, which passes logs on.
    while len(threads()) > before + 1:
        assert time.monotonic() < deadline, threads()
        time.sleep(0.01)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
def test_threads_go_with_the_last_node(tmp_path: Path) -> None:
    process = script(THREADS, tmp_path / "one", tmp_path / "two")
    assert finish(process) == ""
    assert process.returncode == 0


def test_a_node_that_is_dropped_warns_and_closes(folder: Path) -> None:
    with pytest.warns(ResourceWarning, match="unclosed Node"):
        node = sync.Node.open(folder)
        del node
        gc.collect()
    deadline = time.monotonic() + 20
    while True:
        try:
            sync.Node.open(folder).close()
            break
        except LockedError:
            assert time.monotonic() < deadline
            time.sleep(0.01)


LIVE_STREAM_IN_A_THREAD = """
    import asyncio, sys, threading
    from swarmlet import Node

    is_live = threading.Event()

    async def main():
        node = await Node.open(sys.argv[1], durability="buffered")
        async def write():
            n = 0
            while True:
                await node.publish("n", n)
                n += 1
        writer = asyncio.ensure_future(write())
        async for event in node.subscribe("FROM 'n'"):
            if event.offset == 20:
                is_live.set()

    threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
    assert is_live.wait(30)
    print("leaving")
"""

LIVE_STREAM_WITHOUT_LOOP = """
    import sys, threading
    from swarmlet.sync import Node

    is_live = threading.Event()
    node = Node.open(sys.argv[1], durability="buffered")

    def read():
        for event in node.subscribe("FROM 'n'"):
            is_live.set()

    threading.Thread(target=read, daemon=True).start()
    node.publish("n", 1)
    assert is_live.wait(30)
    print("leaving")
"""

NOTHING_CLOSED = """
    import asyncio, sys, warnings
    from swarmlet import Node

    warnings.simplefilter("ignore", ResourceWarning)

    async def main():
        global node, events
        node = await Node.open(sys.argv[1], durability="buffered")
        await node.publish("n", 1)
        events = node.subscribe("FROM 'n'")
        await events.__anext__()
        asyncio.ensure_future(events.__anext__())
        await asyncio.sleep(0)

    asyncio.run(main())
    print("leaving")
"""


IN_A_SWARM = """
    import asyncio, sys, threading
    from swarmlet import Network, Node

    is_live = threading.Event()

    async def main():
        network = Network(listen=["tcp://127.0.0.1:0"], discovery=False)
        node = await Node.open(sys.argv[1], network=network)
        await node.swarm.create("plant", "node")
        wait = asyncio.ensure_future(node.swarm.wait_in_sync())
        async for status in node.swarm.changes():
            is_live.set()

    threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
    assert is_live.wait(30)
    print("leaving")
"""


@pytest.mark.parametrize(
    "text",
    [LIVE_STREAM_IN_A_THREAD, LIVE_STREAM_WITHOUT_LOOP, NOTHING_CLOSED, IN_A_SWARM],
    ids=["loop in a thread", "no loop", "nothing closed", "in a swarm"],
)
def test_exit_with_a_live_stream_is_clean(tmp_path: Path, text: str) -> None:
    for round in range(EXITS):
        process = script(text, tmp_path / str(round))
        output = finish(process)
        assert process.returncode == 0, (round, process.returncode, output)
        assert output.startswith("leaving"), output
        assert "Fatal" not in output and "panicked" not in output, output


PANICS = """
    import asyncio, os, sys
    from swarmlet import InternalError, Node

    os.environ["SWARMLET_PANIC_IN"] = "explain,offsets"

    async def main():
        async with await Node.open(sys.argv[1], durability="buffered") as node:
            for call in (lambda: node.explain("FROM 'n'"), node.offsets):
                try:
                    await call()
                except InternalError as error:
                    print("told", error.code, error.operation, error.advice)
            await node.publish("n", 1)
            print("told", [row.payload async for row in node.query("FROM 'n'")])

    asyncio.run(main())
"""


def test_a_panic_inside_becomes_an_error_and_the_node_goes_on(tmp_path: Path) -> None:
    process = script(PANICS, tmp_path / "node")
    lines = finish(process).splitlines()
    assert process.returncode == 0, lines
    told = [line for line in lines if line.startswith("told")]
    expected = [f"told internal {call} report_bug" for call in ("explain", "offsets")]
    assert told == [*expected, "told [1]"]


FORK = """
    import os, sys, threading
    from swarmlet import ForkedError
    from swarmlet.sync import Node

    node = Node.open(sys.argv[1])
    node.publish("n", 1)
    events = node.subscribe("FROM 'n'")
    next(events)
    swarm, changes = node.swarm, node.swarm.changes()
    next(changes)
    child = os.fork()
    if not child:
        for call in (
            lambda: node.publish("n", 2),
            lambda: node.query("FROM 'n'"),
            lambda: next(events),
            lambda: events.offsets,
            lambda: node.close(),
            lambda: node.id,
            lambda: swarm.status(),
            lambda: swarm.wait_joined(),
            lambda: next(changes),
        ):
            try:
                call()
            except ForkedError as error:
                assert "spawn" in str(error) and error.code == "forked"
            else:
                raise SystemExit("not noticed")
        del events, changes, swarm
        own = Node.open(sys.argv[2])
        own.publish("n", 3)
        assert [event.payload for event in own.query("FROM 'n'")] == [3]
        own.close()
        print("child is done", flush=True)
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    node.publish("n", 4)
    assert next(events).payload == 4
    node.close()
    Node.open(sys.argv[1]).close()
    print("parent is done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_told_and_can_open_its_own(tmp_path: Path) -> None:
    process = script(FORK, tmp_path / "parent", tmp_path / "child")
    output = finish(process)
    assert process.returncode == 0, output
    assert "child is done\n" in output and "parent is done\n" in output


WAITS = {
    "no loop": """
        import sys
        from scripts import say_when_waiting
        from swarmlet.sync import Node
        with Node.open(sys.argv[1]) as node:
            say_when_waiting()
            next(node.subscribe("FROM 'n'"))
    """,
    "loop": """
        import asyncio, sys
        from swarmlet import Node
        async def main():
            async with Node.open(sys.argv[1]) as node:
                # It is called once this waits.
                asyncio.get_running_loop().call_soon(lambda: print("waiting", flush=True))
                await node.subscribe("FROM 'n'").__anext__()
        asyncio.run(main())
    """,
    "events flow": """
        import sys
        from swarmlet.sync import Node
        with Node.open(sys.argv[1], durability="buffered") as node:
            node.publish("n", "first")
            for event in node.subscribe("FROM allEvents"):
                node.publish("n")
                if event.payload == "first":
                    print("waiting", flush=True)
    """,
}


@pytest.mark.parametrize("text", WAITS.values(), ids=WAITS)
def test_ctrl_c_is_heard(folder: Path, text: str) -> None:
    process = script(text, folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    output = finish(process)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in output
    assert "Fatal" not in output and "panicked" not in output, output
