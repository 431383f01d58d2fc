"""Values of blobs, the same for asyncio and for threads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, Union

from . import _native
from ._types import EventKey, Tags, utc_time

if TYPE_CHECKING:
    from ._native import Row

BytesLike: TypeAlias = Union[bytes, bytearray, memoryview]
"""Bytes. What else has a buffer is taken as well."""

BlobData: TypeAlias = Union[BytesLike, "os.PathLike[str]", Iterable[BytesLike]]
"""What can be stored as a blob: bytes, the path of a file (never a ``str``), or an iterable of
bytes."""

Hold: TypeAlias = Union[Literal["everyone", "on_demand"], "Copies", "Labels"]
"""Who is to hold a blob beside the device that stores it: every device that may read its record;
whoever reads it; so many devices; those that have some labels."""

Keep: TypeAlias = Union[Literal["forever", "while_referenced"], datetime, "UntilNext"]
"""How long a blob is kept: until it is deleted; as long as an event beside its record has the tag
``blob:<id>``; until a time, which must have a time zone; until there is a next one."""

READ_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of a blob that are read into memory at once unless the call says otherwise."""


@dataclass(frozen=True)
class Copies:
    """So many devices, beside the one that stores a blob, are to hold it."""

    count: int
    """How many: 1 to 4096."""


@dataclass(frozen=True)
class Labels:
    """The devices that have all of these labels are to hold a blob."""

    labels: Mapping[str, str]
    """1 to 16, as invitations give them to devices."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", dict(self.labels))

    def __hash__(self) -> int:
        return hash(frozenset(self.labels.items()))


@dataclass(frozen=True, init=False)
class UntilNext:
    """A blob is kept until a later record in a stream of the same name has all of these tags; with
    no tags, until the next blob of the same name.
    """

    tags: frozenset[str]
    """At most 16."""

    def __init__(self, tags: Tags = ()) -> None:
        object.__setattr__(self, "tags", frozenset([tags] if isinstance(tags, str) else tags))


@dataclass(frozen=True)
class BlobInfo:
    """A blob as its record tells of it."""

    id: str
    """Its id: the BLAKE3 hash of its bytes, 64 hexadecimal digits."""
    size: int
    """Its length in bytes."""
    name: str | None
    """What people call it: never a path."""
    media_type: str | None
    """What kind of bytes it is."""
    hold: Hold
    """Who is to hold it."""
    keep: Keep
    """How long."""
    tags: tuple[str, ...]
    """The tags of the record, with those that every record has; in text order."""
    key: EventKey
    """Where the record is in the log."""
    timestamp: int
    """Wall clock of who stored it in microseconds since 1970-01-01 UTC."""
    app_id: str
    """The app that stored it."""
    collection: str | None = None
    """The collection that it is a file of, if it is one."""

    @property
    def time(self) -> datetime:
        """Wall clock of who stored it, in UTC."""
        return utc_time(self.timestamp)

    @staticmethod
    def from_row(row: Row) -> BlobInfo | None:
        """What a row says if it is the record of a blob; None if it is something else."""
        return _native.blob_info(row)


@dataclass(frozen=True)
class BlobChange:
    """Something was said of a blob."""

    id: str
    """Of which blob."""
    info: BlobInfo | None
    """What the record says. None if earlier records were taken back: by whoever wrote this, their
    own, and those in streams on which they have the right admin."""
    key: EventKey
    """Where in the log it was said, and by whom."""


@dataclass(frozen=True)
class BlobState:
    """How much of a blob is on a device."""

    kind: Literal["here", "part", "absent"]
    """All of it, a part of it, which is being fetched, or nothing."""
    size: int | None
    """Its length in bytes; None if nothing is here."""
    missing: int | None
    """About how many bytes are still to come; None if nothing is here."""


@dataclass(frozen=True)
class BlobStat:
    """All that is known of a blob on a device."""

    state: BlobState
    """How much of it is here."""
    is_pinned: bool
    """Whether it is kept here whatever records say."""
    records: tuple[BlobInfo, ...]
    """The records that tell of it, in the order of their keys; those that were taken back are left
    out."""


@dataclass(frozen=True)
class BlobUsage:
    """What blobs take of a device."""

    blobs: int
    """How many there are, whole or in part."""
    bytes: int
    """How many bytes they take, with the hashes that prove them."""
    spare_bytes: int
    """How many of these the device need not keep, as of the last look."""
    bytes_max: int | None
    """How many bytes there may be, if that was said."""


@dataclass(frozen=True)
class BlobProgress:
    """How much of a blob is here."""

    size: int | None
    """Its length in bytes, once that is known."""
    here: int
    """About how many bytes of it are here."""


@dataclass(frozen=True)
class CollectionFile:
    """A file of a collection."""

    path: str
    """Where it is below the folder, with ``/`` between names."""
    id: str
    """The id of its bytes."""
    size: int
    """How many they are."""


@dataclass(frozen=True)
class SavedFolder:
    """What became of a folder."""

    written: int
    """How many files were written."""
    unchanged: int
    """How many were there already, with the same bytes."""
