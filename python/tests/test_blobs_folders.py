"""Folders: stored as collections, listed, and written elsewhere."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from loops import Run
from swarmlet import (
    BlobInfo,
    CancelledError,
    CollectionFile,
    CorruptError,
    InvalidArgumentError,
    Node,
    SavedFolder,
    TimeoutError,
    sync,
)
from swarms import close, founder, joiner, quiet
from test_blobs import NOBODY, until_here


def write(folder: Path) -> None:
    """An app of two files."""
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<script src=js/app.js></script>")
    (folder / "js" / "app.js").write_text("start()")


def read(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_a_folder_is_stored_listed_and_written_elsewhere(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        app, installed = tmp_path / "app", tmp_path / "installed"
        write(app)
        first = await founder(tmp_path / "first")
        second = await joiner(tmp_path / "second", first)
        stored = await first.blobs.put_folder(app, name="app", tags="press:7")
        assert stored.media_type == "application/vnd.swarmlet.collection"
        assert (stored.name, stored.collection) == ("app", None)
        await until_here(second, stored.id)
        files = await second.blobs.collection(stored.id)
        assert [(file.path, file.size) for file in files] == [("index.html", 31), ("js/app.js", 7)]
        assert files[1] == CollectionFile("js/app.js", files[1].id, 7)
        assert await second.blobs.save_folder(stored.id, installed) == SavedFolder(2, 0)
        assert read(installed) == read(app)
        (installed / "js" / "app.js").write_text("changed")
        assert await second.blobs.save_folder(stored.id, installed) == SavedFolder(1, 1)
        assert read(installed) == read(app)

        found = second.query(f"FROM 'blob:{files[1].id}'")
        infos = [BlobInfo.from_row(row) async for row in found]
        assert [info and info.collection for info in infos] == [stored.id]
        assert [info.id async for info in second.blobs.list()] == [stored.id]
        await close(first, second)

    run(main())


def test_what_is_no_folder_or_collection_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        app = tmp_path / "app"
        write(app)
        os.symlink("index.html", app / "link")
        async with Node.open(folder, durability="buffered", network=quiet()) as node:
            with pytest.raises(InvalidArgumentError) as caught:
                await node.blobs.put_folder(app)
            assert caught.value.operation == "put_folder"
            assert caught.value.details["path"] == str(app / "link")
            stored = await node.blobs.put(b"no list")
            for call in (
                node.blobs.collection(stored.id),
                node.blobs.save_folder(stored.id, tmp_path / "to"),
            ):
                with pytest.raises(CorruptError):
                    await call
            with pytest.raises(InvalidArgumentError):
                await node.blobs.collection("x")
            await node.swarm.create("plant", "first")
            waiting = asyncio.ensure_future(node.blobs.collection(NOBODY))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises((asyncio.CancelledError, CancelledError)):
                await waiting

    run(main())


def test_the_same_without_asyncio(folder: Path, tmp_path: Path) -> None:
    app, copy = tmp_path / "app", tmp_path / "copy"
    write(app)
    with sync.Node.open(folder, durability="buffered", network=quiet()) as node:
        stored = node.blobs.put_folder(app, reference=True)
        assert node.blobs.usage().bytes < 1_000
        assert [file.path for file in node.blobs.collection(stored.id)] == [
            "index.html",
            "js/app.js",
        ]
        assert node.blobs.save_folder(stored.id, copy) == SavedFolder(2, 0)
        assert read(copy) == read(app)
        node.swarm.create("plant", "first")
        for wait in (
            lambda: node.blobs.collection(NOBODY, timeout=0.05),
            lambda: node.blobs.save_folder(NOBODY, copy, timeout=0.05),
        ):
            with pytest.raises(TimeoutError):
                wait()
