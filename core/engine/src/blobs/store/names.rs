//! Names of the files of blobs.

use std::io;

use super::pack::number_of;
use crate::blobs::BlobId;
use crate::storage::{Disk, FileName, Folder};

/// What a file in the folder of blobs belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// A whole blob, with its bytes.
    Whole(BlobId),
    /// The pairs of hashes of a whole blob.
    WholeHashes(BlobId),
    /// A part of a blob.
    Part(BlobId),
    /// The pairs of hashes of a part.
    PartHashes(BlobId),
    /// Says in which file of the user the bytes of a blob are.
    Reference(BlobId),
    /// The pairs of hashes of such a blob.
    ReferenceHashes(BlobId),
    /// Says that a sync of a part has failed.
    Doubt(BlobId),
    /// Says that a blob is kept whatever records say.
    Pin(BlobId),
    /// A pack of small blobs.
    Pack(u64),
    /// Something that was being imported.
    Temporary,
}

/// The names of the two files of a blob.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) content: FileName,
    pub(super) hashes: FileName,
}

impl Pair {
    pub(super) fn whole(id: BlobId) -> Self {
        Self::of(&format!("{id}{WHOLE}"))
    }

    pub(super) fn part(id: BlobId) -> Self {
        Self::of(&format!("{id}{PART}"))
    }

    /// Of a blob whose bytes are in a file of the user: which one, in the place of its content.
    pub(super) fn reference(id: BlobId) -> Self {
        Self::of(&format!("{id}{REFERENCE}"))
    }

    /// Those of import `number` since the store was opened.
    pub(super) fn temporary(number: u64) -> Self {
        Self::of(&format!("import-{number:016x}{TEMPORARY}"))
    }

    /// Those of a copy of the part of a blob.
    pub(super) fn copy(id: BlobId) -> Self {
        Self::of(&format!("import-{id}{TEMPORARY}"))
    }

    /// Those that the files of a blob can have.
    pub(super) fn all(id: BlobId) -> [Self; 3] {
        [Self::whole(id), Self::part(id), Self::reference(id)]
    }

    fn of(stem: &str) -> Self {
        Self {
            content: checked(stem.to_owned()),
            hashes: checked(format!("{stem}{HASHES}")),
        }
    }

    /// As [`Pair::rename_from`]; the names are durable when it returns.
    pub(super) fn take_over(&self, disk: &dyn Disk, from: &Self) -> io::Result<()> {
        self.rename_from(disk, from)?;
        disk.sync_folder(Folder::Blobs)
    }

    /// Gives the files these names instead of `from`. The hashes go first; where the content does
    /// not follow, they go back, now or at the next opening, unless the blob was here already and
    /// has them now instead of its own, which are the same.
    pub(super) fn rename_from(&self, disk: &dyn Disk, from: &Self) -> io::Result<()> {
        let moved = found(disk.rename(&from.hashes, &self.hashes))?;
        if let Err(error) = disk.rename(&from.content, &self.content) {
            if moved.is_some() && !self.may_be_there(disk) {
                // If that fails too, opening does it.
                let _ = disk.rename(&self.hashes, &from.hashes);
            }
            return Err(error);
        }
        Ok(())
    }

    /// Whether there may be a blob of this name with all of its hashes.
    fn may_be_there(&self, disk: &dyn Disk) -> bool {
        let has_all = !self.content.name().ends_with(PART);
        has_all && !matches!(found(disk.open(&self.content)), Ok(None))
    }

    /// Removes the files; says whether there was something.
    pub(super) fn remove(&self, disk: &dyn Disk) -> io::Result<bool> {
        let was_there = found(disk.remove(&self.content))?.is_some();
        Ok(found(disk.remove(&self.hashes))?.is_some() | was_there)
    }
}

/// The name of the file that pins a blob.
pub(super) fn pin(id: BlobId) -> FileName {
    checked(format!("{id}{PIN}"))
}

/// The name of the file which says that a sync of a part has failed.
pub(super) fn doubt(id: BlobId) -> FileName {
    checked(format!("{id}{DOUBT}"))
}

fn checked(text: String) -> FileName {
    FileName::new(Folder::Blobs, text).expect("hex digits and suffixes are legal")
}

/// What `name` says; `None` if it is nothing of ours.
pub(super) fn parse(name: &FileName) -> Option<Named> {
    let (stem, has_hashes) = match name.name().strip_suffix(HASHES) {
        Some(stem) => (stem, true),
        None => (name.name(), false),
    };
    if let Some(number) = number_of(name.name()) {
        return Some(Named::Pack(number));
    }
    if stem.starts_with("import-") && stem.ends_with(TEMPORARY) {
        return Some(Named::Temporary);
    }
    let (id, suffix) = stem.split_at_checked(BlobId::TEXT_LEN)?;
    let id = id.parse().ok()?;
    match (suffix, has_hashes) {
        (WHOLE, false) => Some(Named::Whole(id)),
        (WHOLE, true) => Some(Named::WholeHashes(id)),
        (PART, false) => Some(Named::Part(id)),
        (PART, true) => Some(Named::PartHashes(id)),
        (REFERENCE, false) => Some(Named::Reference(id)),
        (REFERENCE, true) => Some(Named::ReferenceHashes(id)),
        (DOUBT, false) => Some(Named::Doubt(id)),
        (PIN, false) => Some(Named::Pin(id)),
        _ => None,
    }
}

/// `None` if there is no such file.
pub(super) fn found<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

const WHOLE: &str = ".blob";
const PART: &str = ".part";
const REFERENCE: &str = ".ref";
const HASHES: &str = ".hash";
const DOUBT: &str = ".part.doubt";
const PIN: &str = ".pin";
const TEMPORARY: &str = ".tmp";
