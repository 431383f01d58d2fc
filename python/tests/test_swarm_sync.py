"""Swarms without asyncio: two processes, threads that wait, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from loops import Run
from scripts import finish, script
from swarmlet import ClosedError, InvalidArgumentError, TimeoutError, sync
from swarms import SOON, close, founder, quiet, seen


OTHER_PROCESS = """
    import sys
    from swarmlet import Network
    from swarmlet.sync import Node

    folder, invite = sys.argv[1:]
    network = Network(listen=["tcp://127.0.0.1:0"], discovery=False)
    with Node.open(folder, network=network) as node:
        node.swarm.join(invite, "other", timeout=30)
        print(node.id, flush=True)
        with node.subscribe("FROM 'here'") as rows:
            for row in rows:
                node.publish("there", row.payload)
                if row.payload == "last":
                    break
        node.swarm.wait_in_sync(timeout=30)
    print("done", flush=True)
"""


def test_two_processes_share_a_log(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        node = await founder(tmp_path / "here")
        process = script(OTHER_PROCESS, tmp_path / "there", await node.swarm.invite())
        assert process.stdout is not None
        other = (await asyncio.to_thread(process.stdout.readline)).strip()
        echoes = node.subscribe("FROM 'there'")
        for n in range(10):
            await node.publish("here", n)
            row = await asyncio.wait_for(echoes.__anext__(), SOON)
            assert (row.payload, row.stream) == (n, f"{other}-0")

        # While the other one stands still it falls behind, which is seen from here.
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await node.publish("here", "meanwhile")
            await seen(node, lambda status: any(peer.ahead for peer in status.peers))
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert (await asyncio.wait_for(echoes.__anext__(), SOON)).payload == "meanwhile"
        await node.swarm.wait_in_sync(SOON)
        await node.publish("here", "last")
        assert (await asyncio.wait_for(echoes.__anext__(), SOON)).payload == "last"
        output = await asyncio.to_thread(finish, process)
        assert output == "done\n" and process.returncode == 0, output
        await seen(node, lambda status: not status.peers)
        await close(node)

    run(main())


def test_threads_join_and_follow_too(tmp_path: Path) -> None:
    with sync.Node.open(tmp_path / "first", network=quiet()) as first:
        founded = first.swarm.create("plant", "first")
        assert first.swarm.id == founded.swarm
        (address,) = first.swarm.status().listening
        with (
            sync.Node.open(tmp_path / "second", network=quiet()) as second,
            sync.Node.open(tmp_path / "third", network=quiet()) as third,
            first.swarm.changes() as changes,
        ):
            second.swarm.join(first.swarm.invite(valid=timedelta(hours=1)), "second", timeout=SOON)
            second.publish("n", 1)
            second.swarm.wait_in_sync(SOON)
            assert first.offsets().present == second.offsets().present
            for status in changes:
                if status.is_in_sync:
                    break
            assert [peer.node for peer in first.swarm.peers()] == [second.id]

            code = third.swarm.ask(address, "third", timeout=SOON)
            (pending,) = first.swarm.pending()
            assert (pending.device, pending.code) == (third.id, code)
            first.swarm.approve(third.id)
            third.swarm.wait_joined(SOON)
            names = sorted(member.name for member in first.swarm.members())
            assert names == ["first", "second", "third"]
            third.swarm.become_issuer(founded.root_key)
            first.swarm.network_changed()

            first.swarm.revoke(second.id, "sold")
            while any(peer.node == second.id for peer in first.swarm.peers()):
                assert changes.next(timeout=SOON)
            with second.swarm.changes() as own:
                while status.peers:
                    status = next(own)
            with pytest.raises(TimeoutError):
                second.swarm.wait_in_sync(0.05)
            with pytest.raises(InvalidArgumentError):
                first.swarm.reject(third.id)
            first.swarm.preauthorise(third.id)
            token = first.swarm.invite()
            assert first.swarm.withdraw(token) and not first.swarm.withdraw(token)
            changes.cancel()
            assert changes.next(SOON) is None


def test_other_threads_run_while_one_waits_and_closing_ends_it(tmp_path: Path) -> None:
    node = sync.Node.open(tmp_path / "node", network=quiet())
    with sync.Node.open(tmp_path / "other", network=quiet()):
        ends: list[str] = []

        def wait(call: str) -> None:
            with pytest.raises(ClosedError):
                if call == "changes":
                    for _ in node.swarm.changes():
                        pass
                else:
                    getattr(node.swarm, call)()
            ends.append(call)

        calls = ["wait_joined", "wait_in_sync", "changes"]
        threads = [threading.Thread(target=wait, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        assert node.swarm.id is None and ends == []
        node.close()
        for thread in threads:
            thread.join(SOON)
        assert sorted(ends) == sorted(calls)


INTERRUPTED = """
    import sys
    from scripts import say_when_waiting
    from swarmlet.sync import Node
    with Node.open(sys.argv[1]) as node:
        say_when_waiting()
        node.swarm.wait_joined()
"""


def test_ctrl_c_is_heard_while_waiting_to_be_let_in(folder: Path) -> None:
    process = script(INTERRUPTED, folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    output = finish(process)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in output
    assert "Fatal" not in output and "panicked" not in output, output
