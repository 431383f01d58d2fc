"""What can be stored as a blob: bytes, a file, or chunks of bytes one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

CHUNK_BYTES = 256 * 1024
"""Bytes handed over at once: what is larger is cut, so that nobody else waits for long."""


def file_path(data: object) -> str | None:
    """The path if it is one. A text is refused: it could be meant as content as well."""
    if isinstance(data, str):
        raise TypeError(
            "a str cannot be stored: give pathlib.Path(...) for a file, text.encode() for its bytes"
        )
    return os.fsdecode(data) if isinstance(data, os.PathLike) else None


def view_of(data: object) -> memoryview | None:
    """The bytes if it has any, whatever they mean."""
    try:
        view = memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        return None
    if view.nbytes == 0:
        return memoryview(b"")
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def pieces(chunk: object) -> Iterator[bytes]:
    """The bytes of a chunk as the native half takes them."""
    if isinstance(chunk, bytes) and len(chunk) <= CHUNK_BYTES:
        yield chunk
        return
    view = view_of(chunk)
    if view is None:
        raise TypeError(f"chunks of a blob must be bytes-like, not {type(chunk).__name__}")
    for start in range(0, len(view), CHUNK_BYTES):
        yield bytes(view[start : start + CHUNK_BYTES])


def chunks_of(data: object, sorts: str = "") -> Iterable[object]:
    """The chunks of what can be stored and is no file; ``sorts``: of iterables that would do."""
    view = view_of(data)
    if view is not None:
        return [view]
    if isinstance(data, Iterable):
        return data
    given = type(data).__name__
    wanted = f"bytes-like, a path, or an iterable of bytes-like chunks{sorts}"
    raise TypeError(f"what is stored must be {wanted}, not {given}")
