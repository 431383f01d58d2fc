"""How far everybody in a swarm is: changes, waits, lag, what is missing, and how waits end."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from loops import Run
from swarmlet import Changes, ClosedError, SwarmStatus, TimeoutError
from swarmlet._types import member
from swarms import SOON, close, founder, joiner, opened, present, seen


def test_changes_show_who_comes_and_that_all_is_in_sync(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        async with first.swarm.changes() as changes:
            now = await changes.__anext__()
            assert now.peers == () and now.listening == first.swarm.status().listening
            assert not now.is_in_sync
            # A wait that is given up takes nothing from the next one.
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(changes.__anext__(), 0.05)
            second = await joiner(tmp_path / "second", first)
            connected = None
            async for status in changes:
                connected = connected or (status.peers and status)
                if status.is_in_sync:
                    break
            assert connected and [peer.node for peer in connected.peers] == [second.id]
            await close(second)
            async for status in changes:
                if not status.peers:
                    break
            waiting = asyncio.ensure_future(changes.__anext__())
            await asyncio.sleep(0)
            changes.cancel()
            with pytest.raises(StopAsyncIteration):
                await waiting
        assert [status async for status in changes] == []
        await close(first)

    run(main())


def test_a_backlog_is_counted_until_it_is_there(run: Run, tmp_path: Path) -> None:
    count = 60_000

    async def main() -> None:
        first = await founder(tmp_path / "first")
        for start in range(0, count, 4000):
            await first.publish_many(("n", "x" * 200) for _ in range(start, start + 4000))
        second = await opened(tmp_path / "second")
        stream = f"{first.id}-0"
        backlog: list[int] = []
        async with second.swarm.changes() as changes:
            await second.swarm.join(await first.swarm.invite(), "second", timeout=SOON)
            async for status in changes:
                missing = (await second.offsets()).to_replicate.get(stream, 0)
                backlog += [status.to_replicate.get(stream, 0), missing]
                backlog += [peer.behind for peer in status.peers]
                if status.is_in_sync and await present(second) == await present(first):
                    break
        assert 0 < max(backlog) <= count and backlog[-1] == 0
        assert (await second.offsets()).to_replicate == {}
        await close(first, second)

    run(main())


def test_a_closed_node_ends_what_waits_for_its_swarm(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        alone = await opened(tmp_path / "alone")
        other = await founder(tmp_path / "other")
        changes = first.swarm.changes()
        await changes.__anext__()
        waits: list[asyncio.Future[SwarmStatus | None]] = [
            asyncio.ensure_future(first.swarm.wait_in_sync()),
            asyncio.ensure_future(alone.swarm.wait_joined()),
            asyncio.ensure_future(next_of(changes)),
        ]
        await asyncio.sleep(0)
        # The third node keeps the runtime, so these two have to end the waits themselves.
        await close(first, alone)
        for wait in waits:
            with pytest.raises(ClosedError):
                await asyncio.wait_for(wait, SOON)
        with pytest.raises(ClosedError):
            await first.swarm.invite()
        await close(other)

    run(main())


def test_waits_run_out_and_can_be_cancelled(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        token = await first.swarm.invite()
        await close(first)
        second = await opened(tmp_path / "second")
        with pytest.raises(TimeoutError) as caught:
            await second.swarm.join(token, "second", timeout=0.05)
        assert caught.value.advice == "retry_later"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(second.swarm.wait_joined(), 0.05)
        cancelled = asyncio.ensure_future(second.swarm.wait_in_sync())
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await close(second)

    run(main())


def test_what_a_peer_does_not_take_is_counted_and_timed(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        # It may not write, so what it writes stays with it.
        second = await joiner(tmp_path / "second", first, rights="r:*")
        await second.publish("n", "not allowed")
        status = await seen(second, lambda status: any(
            peer.ahead == 1 and peer.lag >= timedelta(seconds=1) for peer in status.peers
        ))  # fmt: skip
        (peer,) = status.peers
        assert not peer.is_in_sync and not status.is_in_sync
        assert peer.round_trip is None or timedelta() < peer.round_trip < timedelta(seconds=30)
        await close(first, second)

    run(main())


async def next_of(changes: Changes) -> SwarmStatus:
    return await changes.__anext__()


def test_a_certificate_for_ever_ends_when_time_does() -> None:
    ends = [member("", "", "", {}, False, False, end).not_after for end in (0, 2**64 - 1)]
    assert ends[0] == datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert ends[1] == datetime.max.replace(tzinfo=timezone.utc)
