"""Blobs for threads."""

from __future__ import annotations

import os
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
    CollectionFile,
    Hold,
    Keep,
    SavedFolder,
)
from ._chunks import chunks_of, file_path, pieces
from ._deadline import Deadline
from ._fronts import BlobsFront
from ._taking import TakingBlocking
from ._types import Tags

_Item = TypeVar("_Item")


class BlobReader(TakingBlocking[_native.BlobReader, bytes]):
    """The bytes of a blob as they come, or all that are left; see :class:`swarmlet.BlobReader`.
    Leaving the ``with`` block gives up what is not here yet. It is for one thread at a time.
    """

    _thing = "bytes"

    @property
    def id(self) -> str:
        """The id of the blob."""
        return self._native.id

    def __next__(self) -> bytes:
        return self._some(self._native.take)

    def read(self, max_bytes: int = READ_BYTES_MAX, *, timeout: float | None = None) -> bytes:
        """All the bytes that are left; see :meth:`swarmlet.BlobReader.read`. Raises
        :class:`TimeoutError` if they are not there after ``timeout`` seconds; nothing is lost.
        """
        rest = self._native.read(max_bytes, timeout).wait()
        self._native.finish()
        return rest

    def save(self, path: str | os.PathLike[str], *, timeout: float | None = None) -> None:
        """Writes all the bytes that are left to a file; see :meth:`swarmlet.BlobReader.save`.
        Raises :class:`TimeoutError` if it is not there after ``timeout`` seconds.
        """
        self._native.save(path, timeout).wait()
        self._native.finish()

    def progress(self) -> BlobProgress:
        """How much of the blob is on this device."""
        return self._native.progress().wait()


class _Items(TakingBlocking[_native.BlobItems[_Item], _Item]):
    """What is said of blobs, one after the other."""

    def __next__(self) -> _Item:
        return self._some(lambda: self._native.take(1))[0]


class BlobList(_Items[BlobInfo]):
    """Records of blobs, one after the other; see :class:`swarmlet.BlobList`. Leaving the ``with``
    block ends it.
    """

    _thing = "record"


class BlobChanges(_Items[BlobChange]):
    """What records and deletions say of blobs, as they come; see :class:`BlobList`."""

    _thing = "change"


class BlobWatch(_Items[BlobState]):
    """How much of a blob is on this device; see :class:`swarmlet.BlobWatch`."""

    _thing = "state"


class Blobs(BlobsFront[BlobReader, BlobList, BlobChanges, BlobWatch]):
    """The blobs of a node: large bytes, named by their hash; see :class:`swarmlet.Blobs`."""

    def __init__(self, native: _native.Blobs) -> None:
        super().__init__(native, BlobReader, BlobList, BlobChanges, BlobWatch)

    def put(
        self,
        data: BlobData,
        *,
        name: str | None = None,
        media_type: str | None = None,
        tags: Tags = (),
        hold: Hold = "everyone",
        keep: Keep = "forever",
        reference: bool = False,
        timeout: float | None = None,
    ) -> BlobInfo:
        """Stores bytes, a file, or an iterable of bytes; see :meth:`swarmlet.Blobs.put`. Raises
        :class:`TimeoutError` if not all of them were given after ``timeout`` seconds, and leaves
        nothing behind then. It does not cut off an iterable that waits for something by itself.
        """
        given = (name, media_type, tags, hold, keep, reference)
        path = file_path(data)
        if path is not None:
            return self._native.put_file(path, given).wait(timeout)
        chunks, deadline = chunks_of(data), Deadline(timeout)
        writer = self._native.writer(given).wait()
        try:
            for chunk in chunks:
                for piece in pieces(chunk):
                    if writer.write(piece):
                        writer.flush().wait()
                    deadline.left("put", "the bytes of a blob were not given in time")
            return writer.finish().wait()
        finally:
            writer.cancel()

    def put_folder(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        tags: Tags = (),
        hold: Hold = "everyone",
        keep: Keep = "forever",
        reference: bool = False,
    ) -> BlobInfo:
        """Stores the files of a folder as a collection; see :meth:`swarmlet.Blobs.put_folder`."""
        given = (name, None, tags, hold, keep, reference)
        return self._native.put_folder(path, given).wait()

    def collection(self, id: str, *, timeout: float | None = None) -> list[CollectionFile]:
        """The files of a collection; see :meth:`swarmlet.Blobs.collection`."""
        return self._native.collection(id).wait(timeout)

    def save_folder(
        self, id: str, path: str | os.PathLike[str], *, timeout: float | None = None
    ) -> SavedFolder:
        """Writes the files of a collection; see :meth:`swarmlet.Blobs.save_folder`. Raises
        :class:`TimeoutError` after ``timeout`` seconds; repeated it goes on.
        """
        return self._native.save_folder(id, path).wait(timeout)

    def state(self, id: str) -> BlobState:
        """How much of a blob is on this device. Looks at the disk; does not wait for anybody."""
        return self._native.state(id).wait()

    def stat(self, id: str) -> BlobStat:
        """All that is known of a blob: how much of it is here, and the records that tell of it."""
        return self._native.stat(id).wait()

    def usage(self) -> BlobUsage:
        """How much of this device blobs take. Looks at every file, so it takes a while where there
        are many.
        """
        return self._native.usage().wait()

    def delete(self, id: str) -> int:
        """Takes the records of a blob back, so that those who learn of it remove the bytes; see
        :meth:`swarmlet.Blobs.delete`. Returns how many others keep the blob.
        """
        return self._native.delete(id).wait()

    def pin(self, id: str) -> None:
        """Keeps a blob on this device whatever records say, and fetches what of it is not here.
        Durable when it returns; other devices do not learn of it.
        """
        self._native.pin(id).wait()

    def unpin(self, id: str) -> None:
        """Takes :meth:`pin` back: from here on records say whether the blob stays."""
        self._native.unpin(id).wait()

    def pinned(self) -> list[str]:
        """The ids of the blobs that are pinned on this device, in their order."""
        return self._native.pinned().wait()
