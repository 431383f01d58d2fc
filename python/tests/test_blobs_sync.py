"""Blobs without asyncio: the same words, timeouts, other threads, signals."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import finish, script
from swarmlet import (
    BlobChange,
    BlobInfo,
    BlobStat,
    BlobState,
    ClosedError,
    Copies,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    TimeoutError,
    UntilNext,
    _native,
)
from swarmlet.sync import Node
from swarms import SOON, quiet
from test_blobs import NOBODY, content, files


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """Two devices of one swarm."""
    with (
        Node.open(tmp_path / "first", durability="buffered", network=quiet()) as first,
        Node.open(tmp_path / "second", durability="buffered", network=quiet()) as second,
    ):
        first.swarm.create("plant", "first")
        second.swarm.join(first.swarm.invite(), "second", timeout=SOON)
        second.swarm.wait_in_sync(SOON)
        yield first, second


def test_the_same_words_without_waiting(folder: Path, tmp_path: Path) -> None:
    data = content(1_000_000)
    path, to = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(data)
    with Node.open(folder, durability="buffered") as node:
        blobs = node.blobs
        stored = blobs.put(
            data, name="a.bin", tags="press:7", hold=Copies(2), keep=UntilNext("press:7")
        )
        assert (stored.hold, stored.keep) == (Copies(2), UntilNext(["press:7"]))
        assert blobs.put(path).id == stored.id
        assert blobs.put(data[n : n + 999] for n in range(0, len(data), 999)).id == stored.id
        assert files(folder) == [f"{stored.id}.blob"]
        assert next(blobs.list()) == stored
        assert len(list(blobs.list())) == 3
        (row,) = node.query("FROM 'press:7'")
        assert BlobInfo.from_row(row) == stored
        assert blobs.state(stored.id) == BlobState("here", len(data), 0)

        assert b"".join(blobs.get(stored.id)) == data
        with blobs.get(stored.id, start=10, end=700_000) as reader:
            assert reader.id == stored.id
            first = reader.next(SOON)
            assert first is not None and first == data[10 : 10 + len(first)]
            with pytest.raises(InvalidArgumentError):
                reader.read(1000)
            assert first + reader.read() == data[10:700_000]
            assert reader.next(SOON) is None
        reader = blobs.get(stored.id)
        first = next(reader)
        reader.save(to)
        assert first + to.read_bytes() == data
        assert reader.progress().here == len(data)


def test_what_cannot_be_is_refused_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    def fails() -> Iterator[bytes]:
        yield content(1_000_000)
        raise LookupError("the camera is gone")

    async def chunks() -> Any:
        yield b"x"

    with Node.open(folder, durability="buffered") as node:
        put: Any = node.blobs.put
        for data in ("text", None, 7, [7], ["text"], chunks()):
            with pytest.raises(TypeError, match="bytes"):
                put(data)
        with pytest.raises(LookupError, match="the camera is gone"):
            put(fails())
        with pytest.raises(NotFoundError):
            put(tmp_path / "missing")
        for wrong in ({"name": "../x"}, {"hold": "nobody"}, {"keep": "never"}, {"tags": [""]}):
            with pytest.raises(InvalidArgumentError) as caught:
                put(b"x", **wrong)
            assert caught.value.operation == "put"
        until(lambda: not files(folder))
        with pytest.raises(InvalidArgumentError):
            node.blobs.get("x")
        with pytest.raises(InvalidArgumentError):
            node.blobs.get(NOBODY, start=-1)
        with pytest.raises(NotFoundError):
            node.blobs.get(NOBODY).read()
        assert list(node.blobs.list()) == []


def test_a_timeout_loses_nothing(two: tuple[Node, Node], tmp_path: Path) -> None:
    first, second = two
    data = content(3_000_000)
    # Its id is known from elsewhere; the swarm does not have it yet.
    with Node.open(tmp_path / "elsewhere", durability="buffered") as elsewhere:
        id = elsewhere.blobs.put(data).id
    to = tmp_path / "saved" / "a.bin"
    to.parent.mkdir()
    with second.blobs.get(id) as reader, second.blobs.changes() as changes:
        for wait in (reader.next, changes.next):
            with pytest.raises(TimeoutError):
                wait(0.01)
        with pytest.raises(TimeoutError) as caught:
            reader.read(timeout=0.01)
        assert (caught.value.operation, caught.value.details["blob"]) == ("read", id)
        with pytest.raises(TimeoutError) as caught:
            reader.save(to, timeout=0.01)
        assert caught.value.operation == "save"
        until(lambda: not os.listdir(to.parent))

        stored = first.blobs.put(data, hold="on_demand")
        assert changes.next(SOON) == BlobChange(stored.id, stored, stored.key)
        got = reader.next(SOON)
        assert got is not None
        assert got + reader.read(timeout=SOON) == data
    second.blobs.get(id).save(to, timeout=SOON)
    assert to.read_bytes() == data


def test_what_is_not_given_in_time_is_not_stored(folder: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 33)
    with Node.open(folder, durability="buffered") as node:
        for data in (large, itertools.repeat(content(100_000))):
            with pytest.raises(TimeoutError) as caught:
                node.blobs.put(data, timeout=0.05)
            assert caught.value.operation == "put"
            until(lambda: not files(folder))
        assert list(node.blobs.list()) == []
        assert node.blobs.put(iter([b"x"]), timeout=SOON).size == 1


def test_other_threads_run_while_one_waits_and_closing_ends_it(two: tuple[Node, Node]) -> None:
    _, node = two
    ends: list[str] = []

    def wait(call: str) -> None:
        with pytest.raises(ClosedError):
            getattr(node.blobs.get(NOBODY), call)()
        ends.append(call)

    calls = ["next", "read", "__next__"]
    threads = [threading.Thread(target=wait, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    reader = node.blobs.get(NOBODY)
    cancelled = threading.Thread(target=lambda: ends.append(repr(reader.next())))
    cancelled.start()
    until(lambda: _native.blocked() == len(threads) + 1)
    assert ends == []
    reader.cancel()
    cancelled.join(SOON)
    assert ends == ["None"]
    node.close()
    for thread in threads:
        thread.join(SOON)
    assert sorted(ends) == sorted(["None", *calls])


INTERRUPTED = """
    import pathlib, sys
    from swarmlet.sync import Node
    with Node.open(sys.argv[1]) as node:
        print("storing", flush=True)
        node.blobs.put(pathlib.Path(sys.argv[2]))
"""


def test_ctrl_c_is_heard_while_a_large_file_is_stored(folder: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 33)
    process = script(INTERRUPTED, folder, large)
    assert process.stdout is not None
    assert process.stdout.readline() == "storing\n"
    until(lambda: bool(files(folder)))
    process.send_signal(signal.SIGINT)
    output = finish(process)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in output
    assert "Fatal" not in output and "panicked" not in output, output
    # What a node that is closed no longer removes, the next one does.
    with Node.open(folder) as node:
        assert files(folder) == []
        assert list(node.blobs.list()) == []


def test_what_is_deleted_and_pinned_without_asyncio(two: tuple[Node, Node]) -> None:
    first, second = two
    stored = first.blobs.put(b"film", name="film")
    with second.blobs.changes() as changes, second.blobs.watch(stored.id) as states:
        assert changes.next(SOON) == BlobChange(stored.id, stored, stored.key)
        here = BlobState("here", 4, 0)
        until(lambda: states.next(SOON) == here)
        with pytest.raises(TimeoutError, match="no state"):
            states.next(0.01)
        assert second.blobs.stat(stored.id) == BlobStat(here, False, (stored,))
        second.blobs.pin(stored.id)
        assert second.blobs.pinned() == [stored.id]
        with pytest.raises(PermissionDeniedError):
            second.blobs.delete(stored.id)
        assert first.blobs.delete(stored.id) == 0
        change = changes.next(SOON)
        assert change is not None and (change.id, change.info) == (stored.id, None)
        assert second.blobs.usage().blobs == 1
        second.blobs.unpin(stored.id)
        assert states.next(SOON) == BlobState("absent", None, None)
    assert second.blobs.usage().blobs == 0
    assert list(second.blobs.list()) == []
    assert second.blobs.pinned() == []
    with pytest.raises(InvalidArgumentError):
        second.blobs.watch("x")
