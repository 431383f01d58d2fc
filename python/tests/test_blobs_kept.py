"""Blobs: who holds them and how long they are kept, as said, as recorded, and as it comes about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import pytest

from loops import Run
from swarmlet import (
    BlobChange,
    BlobInfo,
    BlobStat,
    BlobState,
    BlobUsage,
    ClosedError,
    Copies,
    DiskFullError,
    Hold,
    InvalidArgumentError,
    Keep,
    Labels,
    Node,
    Payload,
    PermissionDeniedError,
    UntilNext,
)
from swarms import SOON, close, founder, joiner, opened
from test_blobs import NOBODY, content, files, until, until_here

Item = TypeVar("Item")

TOMORROW = datetime.now(timezone.utc) + timedelta(days=1)
MICROS = (TOMORROW - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)

HOLDS: list[tuple[Hold, object]] = [
    ("everyone", "everyone"),
    ("on_demand", "on_demand"),
    (Copies(1), {"copies": 1}),
    (Copies(4096), {"copies": 4096}),
    (Labels({"b": "2", "a": "x"}), {"labels": {"a": "x", "b": "2"}}),
]

KEEPS: list[tuple[Keep, object]] = [
    ("forever", "forever"),
    ("while_referenced", "while_referenced"),
    (TOMORROW, {"until": MICROS}),
    (TOMORROW.astimezone(timezone(timedelta(hours=-7))), {"until": MICROS}),
    (UntilNext(), {"until_next": []}),
    (UntilNext("press:7"), {"until_next": ["press:7"]}),
    (UntilNext(["wear", "press:7", "wear"]), {"until_next": ["press:7", "wear"]}),
]


def test_who_holds_a_blob_and_how_long_is_in_its_record(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            said: list[tuple[Hold, Keep]] = []
            written: list[tuple[object, object]] = []
            for hold, hold_form in HOLDS:
                for keep, keep_form in KEEPS:
                    stored = await node.blobs.put(b"x", name="x", hold=hold, keep=keep)
                    assert (stored.hold, stored.keep) == (hold, keep)
                    said.append((hold, keep))
                    written.append((hold_form, keep_form))
            rows = [row async for row in node.query("FROM 'blob'")]
            forms = [(row.payload["hold"], row.payload.get("keep", "forever")) for row in rows]
            assert forms == written
            read = [BlobInfo.from_row(row) for row in rows]
            assert [(info.hold, info.keep) for info in read if info is not None] == said
            listed = [info async for info in node.blobs.list()]
            assert listed == read and set(listed) == set(read)
            plain = await node.blobs.put(b"x")
            assert (plain.hold, plain.keep) == ("everyone", "forever")

    run(main())


def test_policies_are_values() -> None:
    given = {"hall": "2"}
    labels = Labels(given)
    given["hall"] = "3"
    assert labels == Labels({"hall": "2"}) and hash(labels) == hash(Labels({"hall": "2"}))
    assert UntilNext("a") == UntilNext(["a"]) != UntilNext()
    assert len({Copies(1), Copies(1), Copies(2), labels, UntilNext("a"), UntilNext("b")}) == 5


BAD: list[tuple[dict[str, Any], str]] = [
    *(
        ({"hold": hold}, r"'everyone', 'on_demand', Copies\(1\) to Copies\(4096\), or Labels")
        for hold in (
            "nobody", "", None, 3, {"copies": 3}, Copies(-1), Copies(1 << 16),
            Copies("3"), Copies(1.5),  # type: ignore[arg-type]
            Labels({"hall": 2}), Labels({2: "hall"}),  # type: ignore[dict-item]
        )
    ),
    ({"hold": Copies(0)}, "1 to 4096"),
    ({"hold": Copies(4097)}, "1 to 4096"),
    ({"hold": Labels({})}, "1 to 16 labels"),
    ({"hold": Labels({str(n): "x" for n in range(17)})}, "1 to 16 labels"),
    ({"hold": Labels({"hall": ""})}, "1 to 64 bytes"),
    ({"hold": Labels({"x" * 65: "2"})}, "1 to 64 bytes"),
    *(
        ({"keep": keep}, "'forever', 'while_referenced', a datetime with a time zone, or UntilNext")
        for keep in ("never", "", None, 3.0, {"until": 5}, timedelta(1), TOMORROW.date(), ["a"])
    ),
    ({"keep": datetime.now()}, "time zone"),
    ({"keep": UntilNext()}, "must have a name"),
    ({"keep": UntilNext([""])}, "tag"),
    ({"keep": UntilNext([7])}, "str"),  # type: ignore[list-item]
    ({"keep": UntilNext(str(n) for n in range(17))}, "at most 16 tags"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), BAD, ids=repr)
def test_what_is_no_policy_is_refused_with_what_would_be(
    run: Run, folder: Path, options: dict[str, Any], message: str
) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            for data in (b"x", [b"x"]):
                with pytest.raises(InvalidArgumentError, match=message) as caught:
                    await node.blobs.put(data, **options)
                assert caught.value.operation == "put"
            await until(lambda: not files(folder))
            assert [info async for info in node.blobs.list()] == []

    run(main())


def test_times_of_others_that_python_has_not_are_the_nearest_it_has(
    run: Run, folder: Path
) -> None:
    async def main() -> None:
        record: dict[str, Payload] = {"blob": NOBODY, "size": 1, "hold": "on_demand"}
        tags = ["blob", f"blob:{NOBODY}"]
        async with Node.open(folder, durability="buffered") as node:
            for micros in (2**63 - 1, -(2**63), MICROS):
                await node.publish(tags, {**record, "keep": {"until": micros}})
            times = [info.keep async for info in node.blobs.list()]
            utc = timezone.utc
            ends = [datetime.max.replace(tzinfo=utc), datetime.min.replace(tzinfo=utc)]
            assert times == [*ends, TOMORROW]

    run(main())


def test_those_hold_a_blob_that_have_its_labels(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        tablet, desk = await opened(tmp_path / "tablet"), await opened(tmp_path / "desk")
        for node, labels in [(tablet, {"hall": "2", "kind": "tablet"}), (desk, {"hall": "3"})]:
            await node.swarm.join(await first.swarm.invite(labels=labels), "x", timeout=SOON)
        stored = await first.blobs.put(b"for hall 2", hold=Labels({"hall": "2"}))
        copied = await first.blobs.put(b"for both", hold=Copies(2))
        await until_here(tablet, stored.id)
        for node in (tablet, desk):
            await until_here(node, copied.id)
        assert (await desk.blobs.state(stored.id)).kind == "absent"
        assert await asyncio.wait_for(desk.blobs.get(stored.id).read(), SOON) == b"for hall 2"
        await close(first, tablet, desk)

    run(main())


async def one(stream: AsyncIterator[Item]) -> Item:
    return await asyncio.wait_for(stream.__anext__(), SOON)


async def until_state(states: AsyncIterator[BlobState], kind: str) -> BlobState:
    while (state := await one(states)).kind != kind:
        pass
    return state


def test_what_one_device_deletes_goes_from_the_other_which_is_told(
    run: Run, tmp_path: Path
) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        async with second.blobs.changes() as changes:
            stored = await first.blobs.put(b"film", name="film")
            other = await first.blobs.put(b"other")
            assert await one(changes) == BlobChange(stored.id, stored, stored.key)
            assert await one(changes) == BlobChange(other.id, other, other.key)
            states = second.blobs.watch(stored.id)
            await until_state(states, "here")
            assert await first.blobs.delete(stored.id) == 0
            taken_back = await one(changes)
            assert (taken_back.id, taken_back.info) == (stored.id, None)
            assert taken_back.key > other.key
            assert taken_back.key.stream.startswith(first.id)
            await until_state(states, "absent")
        assert [info async for info in second.blobs.list()] == [other]
        stat = await second.blobs.stat(stored.id)
        assert stat == BlobStat(BlobState("absent", None, None), False, ())
        async with second.blobs.changes() as again:
            assert [(await one(again)).info for _ in range(3)] == [stored, other, None]
        await close(first, second)

    run(main())


def test_what_others_have_stored_only_an_admin_takes_back(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first, rights="rw:*")
        stored = await first.blobs.put(b"film")
        await until_here(second, stored.id)
        with pytest.raises(PermissionDeniedError, match="admin") as caught:
            await second.blobs.delete(stored.id)
        assert caught.value.details["blob"] == stored.id
        await second.blobs.put(b"film")
        assert await second.blobs.delete(stored.id) == 1
        stat = await second.blobs.stat(stored.id)
        assert (stat.state, stat.records) == (BlobState("here", 4, 0), (stored,))
        assert await first.blobs.delete(stored.id) == 0
        await until_state(second.blobs.watch(stored.id), "absent")
        await close(first, second)

    run(main())


def test_a_pinned_blob_stays_and_one_that_is_not_here_is_fetched(
    run: Run, tmp_path: Path
) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        stored = await first.blobs.put(b"film", hold="on_demand")
        async with second.blobs.watch(stored.id) as states:
            assert (await one(states)).kind == "absent"
            await second.blobs.pin(stored.id.upper())
            await second.blobs.pin(stored.id)
            assert await until_state(states, "here") == BlobState("here", 4, 0)
            assert await second.blobs.pinned() == [stored.id]
            async with second.blobs.changes() as changes:
                await one(changes)
                await first.blobs.delete(stored.id)
                assert (await one(changes)).info is None
            stat = await second.blobs.stat(stored.id)
            assert stat == BlobStat(BlobState("here", 4, 0), True, ())
            await second.blobs.unpin(stored.id)
            await until_state(states, "absent")
        assert await second.blobs.pinned() == []
        await close(first, second)

    run(main())


def test_all_that_is_known_of_a_blob_and_of_the_room_they_take(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            empty = await node.blobs.usage()
            assert empty == BlobUsage(0, 0, 0, None)
            unknown = await node.blobs.stat(NOBODY)
            assert unknown == BlobStat(BlobState("absent", None, None), False, ())
            stored = await node.blobs.put(content(100_000), name="a")
            again = await node.blobs.put(content(100_000), name="b")
            stat = await node.blobs.stat(stored.id)
            assert stat == BlobStat(BlobState("here", 100_000, 0), False, (stored, again))
            usage = await node.blobs.usage()
            assert usage.blobs == 1 and 100_000 < usage.bytes < 110_000
            assert await node.blobs.delete(stored.id) == 0
            assert await node.blobs.delete(stored.id) == 0
            assert await node.blobs.delete(NOBODY) == 0
            await until_state(node.blobs.watch(stored.id), "absent")
            assert await node.blobs.usage() == empty

    run(main())


def test_a_watch_that_is_given_up_loses_nothing_and_closing_ends_it(
    run: Run, folder: Path
) -> None:
    async def main() -> None:
        id = (await elsewhere(folder.parent / "elsewhere", b"film")).id
        async with Node.open(folder, durability="buffered") as node:
            states, cancelled = node.blobs.watch(id), node.blobs.watch(id)
            assert (await one(states)).kind == (await one(cancelled)).kind == "absent"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(states.__anext__(), 0.01)
            ended = asyncio.ensure_future(anext(cancelled, None))
            await asyncio.sleep(0)
            cancelled.cancel()
            assert await asyncio.wait_for(ended, SOON) is None
            await node.blobs.put(b"film")
            assert await one(states) == BlobState("here", 4, 0)
            blobs, waiting = node.blobs, asyncio.ensure_future(states.__anext__())
        late: list[Any] = [
            waiting, blobs.stat(id), blobs.usage(), blobs.delete(id), blobs.pin(id),
            blobs.unpin(id), blobs.pinned(), blobs.watch(id).__anext__(),
        ]  # fmt: skip
        for call in late:
            with pytest.raises(ClosedError):
                await asyncio.wait_for(call, SOON)

    run(main())


def test_what_no_record_keeps_any_more_goes(run: Run, folder: Path) -> None:
    async def main() -> None:
        often = timedelta(milliseconds=10)
        async with Node.open(folder, durability="buffered", blobs_sweep_period=often) as node:
            put = node.blobs.put
            over = await put(b"over", keep=datetime.now(timezone.utc) - timedelta(days=1))
            named = await put(b"first", name="report", keep=UntilNext())
            tagged = await put(b"second", name="report", keep=UntilNext("press:7"))
            for gone in (over, named):
                await until_state(node.blobs.watch(gone.id), "absent")
            assert (await node.blobs.state(tagged.id)).kind == "here"
            last = await put(b"third", tags=["press:7", "wear"], keep=TOMORROW)
            await until_state(node.blobs.watch(tagged.id), "absent")
            assert (await node.blobs.state(last.id)).kind == "here"

    run(main())


def test_blobs_take_no_more_room_than_they_may(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered", blobs_bytes_max=300_000) as node:
            stored = await node.blobs.put(content(200_000))
            usage = await node.blobs.usage()
            assert usage.bytes_max == 300_000 and usage.bytes >= 200_000
            with pytest.raises(DiskFullError) as caught:
                await node.blobs.put(content(200_000, seed=1))
            assert (caught.value.operation, caught.value.advice) == ("put", "ask_operator")
            assert [info async for info in node.blobs.list()] == [stored]
            await node.blobs.delete(stored.id)
            await until_state(node.blobs.watch(stored.id), "absent")
            assert (await node.blobs.put(content(200_000, seed=1))).size == 200_000

    run(main())


async def elsewhere(folder: Path, data: bytes) -> BlobInfo:
    """What another device, which nobody knows, says of bytes."""
    async with Node.open(folder, durability="buffered") as node:
        return await node.blobs.put(data)


def test_what_is_no_id_is_refused_by_every_call(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            for id in ("", "x", NOBODY[1:], NOBODY + "0", "../" + NOBODY[3:]):
                for name in ("state", "stat", "delete", "pin", "unpin", "watch"):
                    with pytest.raises(InvalidArgumentError, match="64") as caught:
                        called = getattr(node.blobs, name)(id)
                        await called
                    assert caught.value.operation == name
            for name in ("state", "stat", "delete", "pin", "unpin", "watch"):
                with pytest.raises(TypeError):
                    await getattr(node.blobs, name)(7)

    run(main())
