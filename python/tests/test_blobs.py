"""Blobs: stored from bytes, files and streams, read whole, in ranges and piece by piece, fetched
from other devices, and what is refused.
"""

from __future__ import annotations

import array
import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loops import Run
from swarmlet import (
    BlobChange,
    BlobInfo,
    BlobState,
    CancelledError,
    ClosedError,
    CorruptError,
    InvalidArgumentError,
    Node,
    NotFoundError,
    PermissionDeniedError,
    SwarmletError,
)
from swarms import SOON, close, founder, joiner, opened

NOBODY = "0" * 64
"""The id of nothing."""


def content(length: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(length)


async def until(condition: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), SOON)


async def until_here(node: Node, id: str) -> None:
    async def wait() -> None:
        while (await node.blobs.state(id)).kind != "here":
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), SOON)


def files(folder: Path) -> list[str]:
    """The files of blobs that a node has, whole or not; those of their hashes are left out."""
    names = (path.name for path in (folder / "blobs").iterdir())
    return [name for name in names if not name.endswith(".hash")]


def test_what_is_stored_is_read_again_and_its_record_is_in_the_log(run: Run, folder: Path) -> None:
    async def main() -> None:
        data = content(300_000)
        async with Node.open(folder, app_id="com.example.press") as node:
            stored = await node.blobs.put(
                data, name="drawing 7.png", media_type="image/png", tags="press:7", hold="on_demand"
            )
            assert len(stored.id) == 64 and stored.size == len(data)
            assert (stored.name, stored.media_type) == ("drawing 7.png", "image/png")
            name_tag = "blob-name:drawing 7.png"
            assert stored.tags == ("blob", name_tag, f"blob:{stored.id}", "press:7")
            assert (stored.hold, stored.app_id) == ("on_demand", "com.example.press")
            (row,) = [row async for row in node.query("FROM 'blob' & 'press:7'")]
            assert (row.key, row.timestamp, row.time) == (stored.key, stored.timestamp, stored.time)
            assert BlobInfo.from_row(row) == stored

        async with Node.open(folder) as node:
            assert await node.blobs.get(stored.id).read() == data
            assert await node.blobs.get(stored.id.upper()).read() == data
            assert [info async for info in node.blobs.list()] == [stored]
            assert await node.blobs.state(stored.id) == BlobState("here", len(data), 0)
            assert await node.blobs.state(NOBODY) == BlobState("absent", None, None)
            await node.publish("blob", "no record")
            (_, other) = [row async for row in node.query("FROM 'blob'")]
            assert BlobInfo.from_row(other) is None

    run(main())


def test_all_sorts_of_bytes_are_the_same_blob(run: Run, folder: Path) -> None:
    data = content(700_000)

    async def chunks() -> AsyncIterator[bytes | memoryview]:
        for start in range(0, len(data), 1000):
            if start % 100_000 == 0:
                await asyncio.sleep(0)
            yield data[start : start + 1000] if start % 3000 else memoryview(data)[start:][:1000]

    def halves() -> Iterator[bytes]:
        yield data[:1]
        yield b""
        yield data[1:]

    async def main() -> None:
        path = folder.parent / "a.bin"
        path.write_bytes(data)
        numbers = array.array("I", data)
        async with Node.open(folder, durability="buffered") as node:
            put = node.blobs.put
            first = await put(data)
            for other in (
                bytearray(data), memoryview(data), memoryview(data[::-1])[::-1], numbers,
                [data[:99], bytearray(data[99:])], halves(), chunks(),
            ):  # fmt: skip
                same = await put(other)  # type: ignore[arg-type]
                assert (same.id, same.size, same.name) == (first.id, first.size, None)
            assert (await put(path)).name == "a.bin"
            assert (await put(path, name="b.bin")).name == "b.bin"
            unnamed = path.rename(folder.parent / "a: no name for a blob")
            assert (await put(unnamed)).name is None
            assert files(folder) == [f"{first.id}.blob"]
            infos = [info async for info in node.blobs.list()]
            assert len(infos) == 11 and {info.id for info in infos} == {first.id}

            empty = await put(b"")
            for nothing in (bytearray(), memoryview(b""), array.array("I"), [], [b""], iter(())):
                assert (await put(nothing)).id == empty.id  # type: ignore[arg-type]
            assert await node.blobs.get(empty.id).read() == b""
            assert [piece async for piece in node.blobs.get(empty.id)] == []

    run(main())


def test_bytes_are_read_in_pieces_in_ranges_and_what_is_left_at_once(
    run: Run, folder: Path
) -> None:
    async def main() -> None:
        data = content(1_000_000)
        async with Node.open(folder, durability="buffered") as node:
            id = (await node.blobs.put(data)).id
            pieces = [piece async for piece in node.blobs.get(id)]
            assert b"".join(pieces) == data
            assert all(0 < len(piece) <= 65_536 for piece in pieces)
            for start, end in [
                (0, 1), (5, 5), (65_000, 66_000), (65_536, 131_072), (999_999, 1_000_000),
                (999_000, None), (0, 2_000_000), (1_000_000, None), (2**64 - 1, None),
            ]:  # fmt: skip
                assert await node.blobs.get(id, start=start, end=end).read() == data[start:end]

            async with node.blobs.get(id, start=10) as reader:
                assert reader.id == id
                first = await reader.__anext__()
                for refused in (0, len(data) - 11 - len(first)):
                    with pytest.raises(InvalidArgumentError) as caught:
                        await reader.read(refused)
                    assert caught.value.operation == "read"
                assert first + await reader.read(len(data) - 10 - len(first)) == data[10:]
                assert await reader.read() == b""
                assert [piece async for piece in reader] == []
            with pytest.raises(CancelledError):
                await reader.read()
            async with node.blobs.get(id) as reader:
                await reader.__anext__()
            assert [piece async for piece in reader] == []

    run(main())


def test_a_file_appears_when_all_of_it_is_there(run: Run, folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        data = content(500_000)
        to = tmp_path / "saved" / "b.bin"
        to.parent.mkdir()
        to.write_bytes(b"what was there before")
        async with Node.open(folder, durability="buffered") as node:
            id = (await node.blobs.put(data)).id
            await node.blobs.get(id).save(to)
            assert to.read_bytes() == data
            reader = node.blobs.get(id)
            first = await reader.__anext__()
            for wrong, error in [
                (tmp_path / "missing" / "b.bin", NotFoundError), (to.parent, SwarmletError)
            ]:  # fmt: skip
                with pytest.raises(error) as caught:
                    await reader.save(wrong)
                assert caught.value.operation == "save"
            await reader.save(str(to))
            assert to.read_bytes() == data[len(first) :]
            assert await reader.read() == b""
            assert os.listdir(to.parent) == ["b.bin"]

    run(main())


def test_other_tasks_run_while_large_bytes_are_stored_and_read(run: Run, folder: Path) -> None:
    async def main() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        data = content(8_000_000)
        async with Node.open(folder, durability="buffered") as node:
            counting = asyncio.ensure_future(count())
            id = (await node.blobs.put(data)).id
            assert turns > 20
            turns = 0
            async for _ in node.blobs.get(id):
                pass
            assert turns > 100
            counting.cancel()

    run(main())


def test_what_everyone_holds_comes_by_itself_and_is_told_of(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        data = content(3_000_000)
        async with second.blobs.changes() as changes:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(changes.__anext__(), 0.05)
            for path_or_bytes in (data, b"small"):
                stored = await first.blobs.put(path_or_bytes, tags=["press:7"])
                change = await asyncio.wait_for(changes.__anext__(), SOON)
                assert change == BlobChange(stored.id, stored, stored.key)
                await until_here(second, stored.id)
                assert await second.blobs.get(stored.id).read() == path_or_bytes
        await close(first, second)

    run(main())


def test_what_is_held_on_demand_comes_when_it_is_read(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        data = content(3_000_000)
        id = (await first.blobs.put(data, hold="on_demand")).id
        held = (await first.blobs.put(b"later")).id
        await until_here(second, held)
        assert (await second.blobs.state(id)).kind == "absent"
        reader = second.blobs.get(id, start=2_999_990)
        assert (await reader.progress()).size is None
        assert await asyncio.wait_for(reader.read(), SOON) == data[-10:]
        reader = second.blobs.get(id)
        first_piece = await asyncio.wait_for(reader.__anext__(), SOON)
        progress = await reader.progress()
        assert progress.size == len(data) and 0 < progress.here <= len(data)
        assert first_piece + await asyncio.wait_for(reader.read(), SOON) == data
        await until_here(second, id)
        await close(first, second)

    run(main())


def test_a_wait_that_is_cancelled_loses_nothing(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        data = content(3_000_000)
        # Its id is known from elsewhere; the swarm does not have it yet.
        async with Node.open(tmp_path / "elsewhere", durability="buffered") as elsewhere:
            id = (await elsewhere.blobs.put(data)).id
        whole, saved = second.blobs.get(id), second.blobs.get(id)
        to = tmp_path / "saved" / "a.bin"
        to.parent.mkdir()
        pieces: list[bytes] = []
        async with second.blobs.get(id) as reader:
            calls: list[Any] = [reader.__anext__(), whole.read(), saved.save(to)]
            waits = [asyncio.ensure_future(call) for call in calls]
            await until(lambda: bool(os.listdir(to.parent)))
            for wait in waits:
                wait.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await wait
            await until(lambda: not os.listdir(to.parent))
            await first.blobs.put(data, hold="on_demand")
            while True:
                try:
                    pieces.append(await asyncio.wait_for(reader.__anext__(), 0.001))
                except asyncio.TimeoutError:
                    continue
                except StopAsyncIteration:
                    break
        assert b"".join(pieces) == data
        assert await asyncio.wait_for(whole.read(), SOON) == data
        await asyncio.wait_for(saved.save(to), SOON)
        assert to.read_bytes() == data
        await close(first, second)

    run(main())


def test_closing_and_cancelling_end_what_waits(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        first = await founder(tmp_path / "first")
        node = await joiner(tmp_path / "node", first)
        reader, other = node.blobs.get(NOBODY), node.blobs.get(NOBODY)
        waits = [asyncio.ensure_future(other.__anext__()), asyncio.ensure_future(other.read())]
        ended = asyncio.ensure_future(anext(reader, b"ended"))
        to = tmp_path / "saved" / "a.bin"
        to.parent.mkdir()
        given_up = [asyncio.ensure_future(reader.read()), asyncio.ensure_future(reader.save(to))]
        await until(lambda: bool(os.listdir(to.parent)))
        reader.cancel()
        reader.cancel()
        assert await asyncio.wait_for(ended, SOON) == b"ended"
        for call in given_up:
            with pytest.raises(CancelledError):
                await asyncio.wait_for(call, SOON)
        await until(lambda: not os.listdir(to.parent))
        assert not any(wait.done() for wait in waits)
        changes = node.blobs.changes()
        await node.close()
        late: list[Any] = [
            changes.__anext__(), node.blobs.put(b"x"), node.blobs.put(Path(__file__)),
            node.blobs.get(NOBODY).read(), node.blobs.get(NOBODY).__anext__(),
            node.blobs.state(NOBODY),
        ]  # fmt: skip
        for wait in (*waits, *late):
            with pytest.raises(ClosedError):
                await asyncio.wait_for(wait, SOON)
        await close(first)

    run(main())


def test_who_gives_up_storing_leaves_nothing(run: Run, folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            begun = asyncio.Event()

            async def never_ends() -> AsyncIterator[bytes]:
                yield content(1_000_000)
                begun.set()
                await asyncio.Event().wait()

            storing = asyncio.ensure_future(node.blobs.put(never_ends()))
            await begun.wait()
            storing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await storing
            await until(lambda: not files(folder))

            def fails() -> Iterator[bytes]:
                yield content(1_000_000)
                raise LookupError("the camera is gone")

            with pytest.raises(LookupError, match="the camera is gone"):
                await node.blobs.put(fails())
            await until(lambda: not files(folder))

            large = tmp_path / "large"
            with large.open("wb") as file:
                file.truncate(1 << 33)
            storing = asyncio.ensure_future(node.blobs.put(large))
            await until(lambda: bool(files(folder)))
            storing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await storing
            await until(lambda: not files(folder))
            assert [info async for info in node.blobs.list()] == []

    run(main())


@pytest.mark.parametrize(
    "data",
    ["text", "", None, 7, 1.5, object(), [7], ["text"], [b"good", "text"], {"a": 1}],
    ids=repr,
)
def test_what_has_no_bytes_is_refused(run: Run, folder: Path, data: Any) -> None:
    async def chunks() -> AsyncIterator[Any]:
        yield b"good"
        yield data

    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            with pytest.raises(TypeError, match="bytes"):
                await node.blobs.put(data)
            if not isinstance(data, list):
                with pytest.raises(TypeError, match="chunks of a blob must be bytes-like"):
                    await node.blobs.put(chunks())
            await until(lambda: not files(folder))
            assert [info async for info in node.blobs.list()] == []

    run(main())


def test_what_is_no_file_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        async with Node.open(folder, durability="buffered") as node:
            for path, error in [
                (tmp_path / "missing", NotFoundError),
                (tmp_path, InvalidArgumentError),
                (pipe, InvalidArgumentError),
                (Path(), InvalidArgumentError),
            ]:
                with pytest.raises(error) as caught:
                    await node.blobs.put(path)
                assert caught.value.operation == "put" and caught.value.details["path"] == str(path)
            if os.geteuid() != 0:
                unreadable = tmp_path / "unreadable"
                unreadable.touch(mode=0)
                with pytest.raises(PermissionDeniedError):
                    await node.blobs.put(unreadable)
            assert files(folder) == []

    run(main())


def test_a_file_can_stay_where_it_is(run: Run, folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        film, data = tmp_path / "film.mp4", content(3_000_000)
        film.write_bytes(data)
        async with Node.open(folder, durability="buffered") as node:
            stored = await node.blobs.put(film, reference=True)
            assert (stored.name, stored.size) == ("film.mp4", len(data))
            assert (await node.blobs.usage()).bytes < 30_000
            assert await node.blobs.get(stored.id).read() == data
            with pytest.raises(InvalidArgumentError, match="by reference"):
                await node.blobs.put(b"film", reference=True)
            film.write_bytes(data[:-1])
            with pytest.raises(CorruptError) as caught:
                await node.blobs.get(stored.id).read()
            assert caught.value.details["path"] == str(film)
            await node.blobs.delete(stored.id)
            await until(lambda: not files(folder))
            assert film.read_bytes() == data[:-1]

    run(main())


NAMES = ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "C:x", "a\nb", "a\x00b", "x" * 256]


@pytest.mark.parametrize(
    "options",
    [
        *({"name": name} for name in NAMES),
        {"media_type": "png"},
        {"media_type": "image/\u00e4"},
        {"tags": [""]},
        {"tags": 7},
        {"tags": ["x" * 2000]},
        {"hold": "nobody"},
    ],
    ids=repr,
)
def test_what_cannot_be_said_of_a_blob_is_refused(run: Run, folder: Path, options: Any) -> None:
    async def main() -> None:
        path = folder.parent / "a.bin"
        path.write_bytes(b"x")
        async with Node.open(folder, durability="buffered") as node:
            for data in (b"x", path):
                with pytest.raises(InvalidArgumentError) as caught:
                    await node.blobs.put(data, **options)
                assert caught.value.operation == "put"
            await until(lambda: not files(folder))

    run(main())


def test_what_cannot_be_read_is_refused(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder, durability="buffered") as node:
            get = node.blobs.get
            for id in ("", "x", NOBODY[1:], NOBODY + "0", "x" + NOBODY[1:], "../" + NOBODY[3:]):
                for operation in ("get", "state"):
                    with pytest.raises(InvalidArgumentError) as caught:
                        get(id) if operation == "get" else await node.blobs.state(id)
                    assert caught.value.operation == operation
            bad: list[dict[str, Any]] = [
                {"start": -1},
                {"end": -1},
                {"start": 1 << 64},
                {"start": 5, "end": 4},
                {"start": "0"},
            ]
            for range in bad:
                with pytest.raises(InvalidArgumentError) as caught:
                    get(NOBODY, **range)
                assert caught.value.operation == "get"
            with pytest.raises(InvalidArgumentError):
                await get(NOBODY).read(-1)
            # There is nobody who could have it.
            for wait, operation in [
                (get(NOBODY).read(), "read"),
                (get(NOBODY).__anext__(), "get"),
                (get(NOBODY).save(folder / "never"), "save"),
            ]:
                with pytest.raises(NotFoundError) as missing:
                    await wait
                assert missing.value.operation == operation
                assert missing.value.details["blob"] == NOBODY
            assert not (folder / "never").exists()

    run(main())


def test_damage_is_noticed_and_nothing_of_it_comes_out(run: Run, folder: Path) -> None:
    async def main() -> None:
        data = content(300_000)
        async with Node.open(folder, durability="buffered") as node:
            id = (await node.blobs.put(data)).id
            path = folder / "blobs" / f"{id}.blob"
            damaged = bytearray(path.read_bytes())
            damaged[100_000] ^= 1
            path.write_bytes(damaged)
            reader = node.blobs.get(id)
            first = await reader.__anext__()
            assert data.startswith(first)
            with pytest.raises(SwarmletError) as caught:
                async for piece in reader:
                    raise AssertionError(piece)
            assert (caught.value.code, caught.value.operation) == ("corrupt", "get")

    run(main())
