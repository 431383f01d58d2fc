"""Blobs for threads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from types import TracebackType

from . import _native
from ._chunks import file_path, misfit, pieces, view_of
from ._errors import TimeoutError
from ._types import READ_BYTES_MAX, BlobData, BlobInfo, BlobProgress, BlobState, Hold, Tags


class BlobReader(Iterator[bytes]):
    """The bytes of a blob as they come, or all that are left; see :class:`swarmlet.BlobReader`.
    Leaving the ``with`` block gives up what is not here yet. It is for one thread at a time.
    """

    def __init__(self, native: _native.BlobReader) -> None:
        self._native = native

    @property
    def id(self) -> str:
        """The id of the blob."""
        return self._native.id

    def __iter__(self) -> BlobReader:
        return self

    def __next__(self) -> bytes:
        piece = self._native.take()
        while piece is None:
            if not self._native.wait(None):
                raise StopIteration
            piece = self._native.take()
        return piece

    def next(self, timeout: float | None = None) -> bytes | None:
        """The next bytes, nothing at the end; :class:`TimeoutError` after ``timeout`` seconds.

        Nothing is lost by a timeout.
        """
        if timeout is not None and self._native.wait(timeout) is None:
            raise TimeoutError(f"no bytes within {timeout} seconds", "next")
        return next(self, None)

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

    def cancel(self) -> None:
        """Ends it, also for threads that wait for it. Fine to call twice."""
        self._native.cancel()

    def __enter__(self) -> BlobReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()


class BlobChanges(Iterator[BlobInfo]):
    """What records say of blobs, one after the other; see :class:`swarmlet.BlobChanges`. Leaving
    the ``with`` block ends it.
    """

    def __init__(self, native: _native.BlobChanges) -> None:
        self._native = native

    def __iter__(self) -> BlobChanges:
        return self

    def __next__(self) -> BlobInfo:
        while self._native.wait(None):
            for info in self._native.take(1):
                return info
        raise StopIteration

    def next(self, timeout: float | None = None) -> BlobInfo | None:
        """The next record, nothing at the end; :class:`TimeoutError` after ``timeout`` seconds."""
        if timeout is not None and self._native.wait(timeout) is None:
            raise TimeoutError(f"no record within {timeout} seconds", "next")
        return next(self, None)

    def cancel(self) -> None:
        """Ends it, also for threads that wait for it. Fine to call twice."""
        self._native.cancel()

    def __enter__(self) -> BlobChanges:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()


class Blobs:
    """The blobs of a node: large bytes, named by their hash; see :class:`swarmlet.Blobs`."""

    def __init__(self, native: _native.Blobs) -> None:
        self._native = native

    def put(
        self,
        data: BlobData,
        *,
        name: str | None = None,
        media_type: str | None = None,
        tags: Tags = (),
        hold: Hold = "everyone",
    ) -> BlobInfo:
        """Stores bytes, a file, or an iterable of bytes; see :meth:`swarmlet.Blobs.put`."""
        given = (name, media_type, tags, hold)
        path = file_path(data)
        if path is not None:
            return self._native.put_file(path, given).wait()
        view = view_of(data)
        chunks: object = [view] if view is not None else data
        if not isinstance(chunks, Iterable):
            raise misfit(data, "an iterable of bytes-like chunks")
        writer = self._native.writer(given).wait()
        try:
            for chunk in chunks:
                for piece in pieces(chunk):
                    if writer.write(piece):
                        writer.flush().wait()
            return writer.finish().wait()
        finally:
            writer.cancel()

    def get(self, id: str, *, start: int = 0, end: int | None = None) -> BlobReader:
        """A blob to read, all of it or some bytes; see :meth:`swarmlet.Blobs.get`."""
        return BlobReader(self._native.get(id, start, end))

    def state(self, id: str) -> BlobState:
        """How much of a blob is on this device. Looks at the disk; does not wait for anybody."""
        return self._native.state(id).wait()

    def list(self) -> BlobChanges:
        """The records that are here; see :meth:`swarmlet.Blobs.list`."""
        return BlobChanges(self._native.list())

    def changes(self) -> BlobChanges:
        """The records that are here, and those that come."""
        return BlobChanges(self._native.changes())
