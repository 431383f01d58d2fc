"""Blobs: who holds them and how long they are kept, as said, as recorded, and as it comes about."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from loops import Run
from swarmlet import (
    BlobInfo,
    Copies,
    Hold,
    InvalidArgumentError,
    Keep,
    Labels,
    Node,
    Payload,
    UntilNext,
)
from swarms import SOON, close, founder, opened
from test_blobs import NOBODY, files, until, until_here

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
