"""Who is in a swarm: founding, inviting, joining, approving, revoking; and what all then share."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from loops import Run
from swarmlet import (
    AlreadyExistsError,
    InvalidArgumentError,
    Network,
    Node,
    PermissionDeniedError,
    QrCode,
    TimeoutError,
    UnavailableError,
)
from swarms import SOON, close, founder, joiner, opened, payloads, present, quiet, seen


def test_a_device_joins_with_one_line_and_both_have_the_same(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await opened(tmp_path / "first")
        assert first.swarm.id is None
        founded = await first.swarm.create("plant", "first")
        assert first.swarm.id == founded.swarm and len(founded.swarm) == 43
        assert founded.root_key.startswith("swarmlet-root:")
        assert founded.root_key not in repr(founded) and founded.swarm in repr(founded)
        await first.publish("before", 1)
        second = await opened(tmp_path / "second")
        await second.publish("alone", 2)

        token = await first.swarm.invite(
            "rw:default,r:*", name="press-7", labels={"line": "1"}, valid=timedelta(minutes=5)
        )
        assert "\n" not in token
        await second.swarm.join(token, "whatever", timeout=SOON)
        await first.swarm.wait_in_sync(SOON)
        await second.swarm.wait_in_sync(timeout=SOON)
        assert await present(first) == await present(second)
        assert await payloads(first, 2) == await payloads(second, 2) == {1, 2}
        assert second.swarm.id == first.swarm.id

        members = {member.name: member for member in await first.swarm.members()}
        assert set(members) == {"first", "press-7"}
        press = members["press-7"]
        assert (press.node, press.capabilities) == (second.id, "r:*,rw:default")
        assert press.labels == {"line": "1"}
        assert not press.is_issuer and not press.is_revoked and members["first"].is_issuer
        assert press.not_after > datetime.now(timezone.utc)
        (peer,) = first.swarm.peers()
        assert (peer.node, peer.is_in_sync, peer.behind, peer.ahead) == (second.id, True, 0, 0)
        assert peer.lag == timedelta() and peer.address
        with pytest.raises(AlreadyExistsError) as caught:
            await first.swarm.create("other", "first")
        assert caught.value.operation == "swarm.create"
        await close(first, second)

    run(main())


def test_events_arrive_as_they_are_published_in_both_directions(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        here, there = first.subscribe("FROM 'there'"), second.subscribe("FROM 'here'")
        for n in range(50):
            await first.publish("here", n)
            assert (await asyncio.wait_for(there.__anext__(), SOON)).payload == n
            await second.publish("there", n)
            assert (await asyncio.wait_for(here.__anext__(), SOON)).payload == n
        await close(first, second)

    run(main())


def test_devices_that_cannot_meet_are_connected_by_the_one_between(
    run: Run, tmp_path: Path
) -> None:
    async def main() -> None:
        middle = await founder(tmp_path / "middle")
        (address,) = middle.swarm.status().listening
        # They know one address each, and are told of no other.
        network = quiet([address], address_exchange=False)
        for name in ("left", "right"):
            await close(await joiner(tmp_path / name, middle, name, network=network))
        left = await opened(tmp_path / "left", network)
        right = await opened(tmp_path / "right", network)
        await left.publish("n", "left")
        await right.publish("n", "right")
        for node in (left, middle, right):
            assert await payloads(node, 2) == {"left", "right"}
        for node in (left, right):
            assert [peer.node for peer in node.swarm.peers()] == [middle.id]
        await close(left, middle, right)

    run(main())


def test_devices_that_know_one_of_them_find_the_others(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        nodes = [await founder(tmp_path / "first")]
        for name in ("second", "third", "fourth"):
            nodes.append(await joiner(tmp_path / name, nodes[0], name))
        for node in nodes:
            await seen(node, lambda status: len(status.peers) == 3)
        await close(*nodes)

    run(main())


def test_a_device_without_an_invite_is_compared_and_approved(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        (address,) = first.swarm.status().listening
        second = await opened(tmp_path / "second")
        code = await second.swarm.ask(address, "tablet", timeout=SOON)
        assert len(code) == 6 and code.isdigit()
        (pending,) = await first.swarm.pending()
        assert (pending.device, pending.name, pending.code) == (second.id, "tablet", code)
        assert abs(datetime.now(timezone.utc) - pending.since) < timedelta(minutes=5)
        joined = asyncio.ensure_future(second.swarm.wait_joined(SOON))
        await first.swarm.approve(pending.device, "r:*", name="tablet 3", labels={"hall": "2"})
        await joined
        assert await first.swarm.pending() == []
        (member,) = [each for each in await second.swarm.members() if each.node == second.id]
        assert (member.name, member.capabilities) == ("tablet 3", "r:*")
        await close(first, second)

    run(main())


def test_a_device_whose_identity_is_known_needs_only_to_ask(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        (address,) = first.swarm.status().listening
        second = await opened(tmp_path / "second")
        await first.swarm.preauthorise(second.id, valid=timedelta(hours=1))
        with pytest.raises(AlreadyExistsError):
            await second.swarm.ask(address, "known", timeout=SOON)
        await second.swarm.wait_joined(SOON)
        await close(first, second)

    run(main())


def test_who_is_rejected_and_whose_invite_is_no_good_stay_outside(
    run: Run, tmp_path: Path
) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        (address,) = first.swarm.status().listening
        second = await joiner(tmp_path / "second", first)
        third = await opened(tmp_path / "third")
        await third.swarm.ask(address, "stranger", timeout=SOON)
        await first.swarm.reject(third.id)
        with pytest.raises(PermissionDeniedError):
            await third.swarm.wait_joined(SOON)

        token = await first.swarm.invite(uses=2)
        assert await first.swarm.withdraw(token) is True
        assert await first.swarm.withdraw(token) is False
        for bad in (token, token[:-5], "", "an invite"):
            with pytest.raises(InvalidArgumentError) as caught:
                await third.swarm.join(bad, "third", timeout=SOON)
            assert caught.value.operation == "swarm.join"
        with pytest.raises(PermissionDeniedError):
            await second.swarm.invite()
        with pytest.raises(UnavailableError):
            await third.swarm.invite()
        assert len(await first.swarm.members()) == 2
        await close(first, second, third)

    run(main())


def test_an_invite_lets_as_many_in_as_it_says(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        token = await first.swarm.invite(uses=2)
        nodes = [await opened(tmp_path / str(n)) for n in range(3)]
        for n in range(2):
            await nodes[n].swarm.join(token, f"device {n}", timeout=SOON)
        with pytest.raises(InvalidArgumentError, match="used already"):
            await nodes[2].swarm.join(token, "one too many", timeout=SOON)
        await close(first, *nodes)

    run(main())


def test_a_revoked_device_is_thrown_out_and_does_not_come_back(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        await second.publish("n", "good")
        assert await payloads(first, 1) == {"good"}
        await first.swarm.revoke(second.id, "lost on the train")
        await seen(first, lambda status: not status.peers)
        await second.publish("n", "bad")
        await seen(second, lambda status: any("revoked" in why for _, why in status.refused))
        with pytest.raises(TimeoutError):
            await second.swarm.wait_in_sync(0.1)
        assert [row.payload async for row in first.query("FROM allEvents")] == ["good"]
        revoked = {member.node: member.is_revoked for member in await first.swarm.members()}
        assert revoked == {first.id: False, second.id: True}

        # Neither does one that is put out before it comes in.
        third = await opened(tmp_path / "third")
        await first.swarm.revoke(third.id, "one of a stolen batch")
        with pytest.raises(PermissionDeniedError, match="revoked"):
            await third.swarm.join(await first.swarm.invite(), "third", timeout=SOON)
        with pytest.raises(InvalidArgumentError):
            await first.swarm.revoke(first.id, "itself")
        await close(first, second, third)

    run(main())


def test_the_root_key_makes_another_issuer(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await opened(tmp_path / "first")
        founded = await first.swarm.create("plant", "first")
        second = await joiner(tmp_path / "second", first)
        for key, error in [
            ("swarmlet-root:" + "ab" * 32, PermissionDeniedError),
            ("a key", InvalidArgumentError),
        ]:
            with pytest.raises(error):
                await second.swarm.become_issuer(key)
        await second.swarm.become_issuer(founded.root_key)
        await close(await joiner(tmp_path / "third", second), first, second)

    run(main())


def test_a_node_holds_only_the_streams_that_it_was_told_to(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await Node.open(
            tmp_path / "first", streams={"alarms": None}, routes={"'alarm'": "alarms"},
            network=quiet(),
        )  # fmt: skip
        await first.swarm.create("plant", "first")
        for tag in ("alarm", "noise", "alarm"):
            await first.publish(tag)
        holding = Network(listen=["tcp://127.0.0.1:0"], holds=["alarm*"], discovery=False)
        second = await opened(tmp_path / "second", holding)
        await second.swarm.join(await first.swarm.invite(), "second", timeout=SOON)
        await second.swarm.wait_in_sync(SOON)
        assert [info.name for info in await second.streams()] == ["alarms"]
        assert (await second.offsets()).to_replicate == {}
        await close(first, second)

    run(main())


def test_what_makes_no_sense_is_refused(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        node = await founder(tmp_path / "node")
        swarm = node.swarm
        for wrong in (
            swarm.invite("everything"),
            swarm.invite(uses=-1),
            swarm.invite(uses=1 << 70),
            swarm.invite(valid=timedelta(seconds=-1)),
            swarm.invite(name="x" * 1000),
            swarm.approve("nobody"),
            swarm.approve(node.id),
            swarm.reject("nobody"),
            swarm.preauthorise("nobody"),
            swarm.revoke("nobody", "why"),
            swarm.renew("nobody"),
            swarm.withdraw("an invite"),
        ):
            with pytest.raises(InvalidArgumentError) as caught:
                await wrong
            assert caught.value.operation.startswith("swarm.")
        with pytest.raises(TypeError):
            await swarm.invite(labels={"line": 1})  # type: ignore[dict-item]
        await close(node)

    run(main())


def test_only_an_issuer_renews_and_only_members(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        (before,) = [m.not_after for m in await first.swarm.members() if m.node == second.id]
        await first.swarm.renew(second.id)
        (after,) = [m.not_after for m in await first.swarm.members() if m.node == second.id]
        assert after >= before
        for swarm, device in ((first.swarm, first.id), (second.swarm, second.id)):
            with pytest.raises(PermissionDeniedError):
                await swarm.renew(device)
        await close(first, second)

    run(main())


def test_an_invite_can_be_shown_as_a_picture() -> None:
    code = QrCode("swarmlet-invite")
    assert "<svg" in code.svg()
    lines = code.terminal().splitlines()
    assert len(lines) > 10 and len({len(line) for line in lines}) == 1
    with pytest.raises(InvalidArgumentError):
        QrCode("x" * 2_332).svg()
