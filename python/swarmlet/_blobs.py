"""Blobs for asyncio."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncIterable
from typing import TypeVar

from . import _native
from ._blobs_types import (
    READ_BYTES_MAX,
    BlobChange,
    BlobData,
    BlobInfo,
    BlobProgress,
    BlobStat,
    BlobState,
    BlobUsage,
    BytesLike,
    CollectionFile,
    Hold,
    Keep,
    SavedFolder,
)
from ._chunks import chunks_of, file_path, pieces
from ._fronts import BlobsFront
from ._loop import dispatcher
from ._taking import TakingAsync
from ._types import Tags

_Item = TypeVar("_Item")

CHUNK_ITEMS = 256
"""Records and changes handed over at once."""


class BlobReader(TakingAsync[_native.BlobReader, bytes]):
    """The bytes of a blob: ``async for`` hands them out as they come, at most 64 KiB at a time;
    :meth:`read` and :meth:`save` take all that is left. Each byte is checked against the id.

    Bytes that are not here are fetched from whoever is connected and has them, those that are
    waited for before others; while nobody has them, this waits. What came is kept.

    A wait that is cancelled, by ``asyncio.wait_for`` for instance, loses nothing. Leaving the
    ``async with`` block, or dropping the object, gives up what is not here yet. It is for one task
    at a time.
    """

    @property
    def id(self) -> str:
        """The id of the blob."""
        return self._native.id

    async def __anext__(self) -> bytes:
        return await self._some(self._native.take)

    async def read(self, max_bytes: int = READ_BYTES_MAX) -> bytes:
        """All the bytes that are left. Raises :class:`InvalidArgumentError` if those are more than
        ``max_bytes``, 64 MiB unless given; nothing is lost then.
        """
        rest = await dispatcher().run(self._native.read(max_bytes, None))
        self._native.finish()
        return rest

    async def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all the bytes that are left to a file. It appears under its name when all of it
        is there and synced; one that was there is replaced. If it fails nothing is left behind;
        nor soon after it was cancelled, unless the file was just getting its name.
        """
        await dispatcher().run(self._native.save(path, None))
        self._native.finish()

    async def progress(self) -> BlobProgress:
        """How much of the blob is on this device."""
        return await dispatcher().run(self._native.progress())


class _Items(TakingAsync[_native.BlobItems[_Item], _Item]):
    """What is said of blobs, one after the other."""

    def __init__(self, native: _native.BlobItems[_Item]) -> None:
        super().__init__(native)
        self._taken: deque[_Item] = deque()

    async def __anext__(self) -> _Item:
        if not self._taken:
            self._taken.extend(await self._some(lambda: self._native.take(CHUNK_ITEMS)))
        return self._taken.popleft()

    def cancel(self) -> None:
        """Ends it, also for those who wait for it. Fine to call twice."""
        self._taken.clear()
        super().cancel()


class BlobList(_Items[BlobInfo]):
    """Records of blobs, one after the other; a blob comes once for each record of it.

    A wait that is cancelled loses nothing. Leaving the ``async with`` block, or dropping the
    object, ends it.
    """


class BlobChanges(_Items[BlobChange]):
    """What records and deletions say of blobs, as they come; see :class:`BlobList`."""


class BlobWatch(_Items[BlobState]):
    """How much of a blob is on this device: as it is, and then the newest whenever it has changed;
    who is slow misses what was in between. See :class:`BlobList`.
    """


class Blobs(BlobsFront[BlobReader, BlobList, BlobChanges, BlobWatch]):
    """The blobs of a node: large bytes, named by their hash.

    Whoever stores a blob publishes a record of it, an event with the tags ``blob`` and
    ``blob:<id>``; whoever may read the record may have the blob. Each node that is to hold a blob
    fetches it by itself, from all who have it; others fetch it when it is read.
    """

    def __init__(self, native: _native.Blobs) -> None:
        super().__init__(native, BlobReader, BlobList, BlobChanges, BlobWatch)

    async def put(
        self,
        data: BlobData | AsyncIterable[BytesLike],
        *,
        name: str | None = None,
        media_type: str | None = None,
        tags: Tags = (),
        hold: Hold = "everyone",
        keep: Keep = "forever",
        reference: bool = False,
    ) -> BlobInfo:
        """Stores bytes; both they and the record are durable when this returns.

        ``data``: bytes; a path, for the bytes of a file, which stays where it is; or an iterable,
        asynchronous or not, of bytes one after the other, of whatever length. An iterable that
        waits for something by itself makes the event loop wait; an asynchronous one does not.
        ``name``: what people call it, never a path; that of a file unless given. ``media_type``:
        what kind of bytes it is, such as ``image/png``. ``tags``: by what the record is found,
        beside its own tags. ``hold``: who is to hold it beside this device. ``keep``: how long it
        is kept. ``reference``: the bytes stay in the file, which is only ever read and must stay as
        it is; for a path only.

        Cancelling leaves nothing behind, unless all bytes had been given already. The same bytes
        are kept once, however often they are stored.
        """
        given = (name, media_type, tags, hold, keep, reference)
        path = file_path(data)
        if path is not None:
            return await dispatcher().run(self._native.put_file(path, given))
        is_async = isinstance(data, AsyncIterable)
        chunks = () if is_async else chunks_of(data, ", asynchronous or not")
        writer = await dispatcher().run(self._native.writer(given))
        try:
            if isinstance(data, AsyncIterable):
                async for chunk in data:
                    await _write(writer, chunk)
            for one in chunks:
                await _write(writer, one)
            return await dispatcher().run(writer.finish())
        finally:
            writer.cancel()

    async def put_folder(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        tags: Tags = (),
        hold: Hold = "everyone",
        keep: Keep = "forever",
        reference: bool = False,
    ) -> BlobInfo:
        """Stores the files of a folder, and of the folders in it, as a collection: a blob that
        lists them, whose id stands for all of them. A later version shares what has not changed.
        The files are held and kept with it; :meth:`list` leaves them out.

        Links, and names that files cannot have everywhere, raise :class:`InvalidArgumentError`,
        as do more than 8 192 files; nothing is published then. The arguments are those of
        :meth:`put`.
        """
        given = (name, None, tags, hold, keep, reference)
        return await dispatcher().run(self._native.put_folder(path, given))

    async def collection(self, id: str) -> list[CollectionFile]:
        """The files of a collection, in the order of their paths. It is fetched if it is not here;
        its files are not. Raises :class:`CorruptError` if the blob is no collection.
        """
        return await dispatcher().run(self._native.collection(id))

    async def save_folder(self, id: str, path: str | os.PathLike[str]) -> SavedFolder:
        """Writes the files of a collection below a folder, those that are missing there or have
        other bytes; what is not here is fetched. Each appears when all of it is there. What else
        is in the folder stays. If it fails, or is cancelled, what was written stays; repeated it
        goes on.
        """
        return await dispatcher().run(self._native.save_folder(id, path))

    async def state(self, id: str) -> BlobState:
        """How much of a blob is on this device. Looks at the disk; does not wait for anybody."""
        return await dispatcher().run(self._native.state(id))

    async def stat(self, id: str) -> BlobStat:
        """All that is known of a blob: how much of it is here, and the records that tell of it."""
        return await dispatcher().run(self._native.stat(id))

    async def usage(self) -> BlobUsage:
        """How much of this device blobs take. Looks at every file, so it takes a while where there
        are many.
        """
        return await dispatcher().run(self._native.usage())

    async def delete(self, id: str) -> int:
        """Takes the records of a blob back that this device may take back: its own, and those in
        streams on which it has the right ``admin``. Returns how many others keep the blob.

        Every device that gets to know of it removes the bytes, unless another record keeps them,
        the blob is pinned there, or somebody waits for it. What no record tells of is removed from
        this device only. Durable when it returns; the bytes go in the background.

        Raises :class:`PermissionDeniedError` if there are records, and none that this device may
        take back.
        """
        return await dispatcher().run(self._native.delete(id))

    async def pin(self, id: str) -> None:
        """Keeps a blob on this device whatever records say, and fetches what of it is not here.
        Durable when it returns; other devices do not learn of it.
        """
        await dispatcher().run(self._native.pin(id))

    async def unpin(self, id: str) -> None:
        """Takes :meth:`pin` back: from here on records say whether the blob stays."""
        await dispatcher().run(self._native.unpin(id))

    async def pinned(self) -> list[str]:
        """The ids of the blobs that are pinned on this device, in their order."""
        return await dispatcher().run(self._native.pinned())


async def _write(writer: _native.BlobWriter, chunk: object) -> None:
    for piece in pieces(chunk):
        if writer.write(piece):
            await dispatcher().run(writer.flush())
