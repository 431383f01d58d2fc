//! References: blobs whose bytes stay in a file of the user.
//!
//! The store keeps the hashes and where the file is. It only ever reads it, and believes nothing
//! of it: neither its time nor its number says whether it is what it was, each piece does.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::Files;
use super::names::{Pair, found};
use super::whole::Blob;
use crate::blobs::hashes::HashFile;
use crate::blobs::limits::REFERENCE_PATH_BYTES_MAX;
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize};
use crate::error::{Error, Result};
use crate::storage::Disk;

/// Where the bytes of a blob are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    path: PathBuf,
    size: BlobSize,
}

impl Reference {
    /// # Errors
    ///
    /// `invalid_argument` for a path that is not absolute, not Unicode, or too long.
    pub(super) fn new(path: &Path, size: BlobSize) -> Result<Self> {
        let refused = |why: &str| Err(Error::invalid(why).with("path", path.display()));
        match path.to_str() {
            None => refused("the path of a file to refer to must be Unicode"),
            Some(_) if !path.is_absolute() => {
                refused("the path of a file to refer to must be absolute")
            }
            Some(text) if text.len() > REFERENCE_PATH_BYTES_MAX => {
                refused("the path of a file to refer to is too long")
            }
            Some(_) => Ok(Self {
                path: path.to_owned(),
                size,
            }),
        }
    }

    /// What the store has noted of a blob, if that is here by reference.
    pub(super) fn read(disk: &dyn Disk, id: BlobId) -> Result<Option<Self>> {
        let failed = |error| Error::io("cannot read a blob", error).with("blob", id);
        let name = Pair::reference(id).content;
        let Some(file) = found(disk.open(&name)).map_err(failed)? else {
            return Ok(None);
        };
        let mut bytes = vec![0; BYTES_MAX];
        let len = file.read_at(&mut bytes, 0).map_err(failed)?;
        let damaged = || Error::corrupt("it is not known any more where a blob is");
        let reference = Self::decode(&bytes[..len]);
        reference
            .map(Some)
            .ok_or_else(|| damaged().with("blob", id))
    }

    /// Makes it durable, with the hashes that are there as those of `from`.
    pub(super) fn keep(&self, disk: &dyn Disk, from: &Pair, names: &Pair) -> io::Result<()> {
        let file = disk.create_unsynced(&from.content)?;
        file.write_at(self.encode().as_bytes(), 0)?;
        file.sync_data()?;
        names.take_over(disk, from)
    }

    /// The blob, if its file can be read and has its length.
    ///
    /// # Errors
    ///
    /// `corrupt`, with the path of the file.
    pub(super) fn open(self, disk: &dyn Disk, id: BlobId) -> Result<Blob> {
        let opened = disk.open_outside(&self.path);
        let opened = opened.and_then(|file| Ok((file.len()?, file)));
        let (len, content) = opened.map_err(|error| {
            let why = "the file that a blob is stored in by reference cannot be read";
            self.gone(id, why).because(error)
        })?;
        if len != self.size.get() {
            return Err(self.gone(id, CHANGED));
        }
        let hashes = match Tree::has_hashes(self.size) {
            true => found(disk.open(&Pair::reference(id).hashes)),
            false => Ok(None),
        };
        let hashes = hashes.map_err(|error| Error::io("cannot read a blob", error))?;
        let files = Files {
            id,
            tree: Tree::new(id, self.size),
            content,
            hashes: hashes.map(HashFile::new),
        };
        Ok(Blob::of_file(files, self.path))
    }

    /// Which file it is.
    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }

    fn gone(&self, id: BlobId, why: &str) -> Error {
        let error = Error::corrupt(why).with("blob", id);
        error.with("path", self.path.display())
    }

    fn encode(&self) -> String {
        format!("{HEAD}{}\n{}\n", self.size.get(), self.path.display())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(HEAD)?;
        let (size, path) = text.strip_suffix('\n')?.split_once('\n')?;
        let size = BlobSize::new(size.parse().ok()?).ok()?;
        Self::new(path.as_ref(), size).ok()
    }
}

/// What was found out of files of the user since the store was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct LostFiles {
    lost: Arc<Mutex<BTreeMap<BlobId, Lost>>>,
}

/// Why a file is not taken for a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// It cannot be read, or has another length: it may come again.
    Away,
    /// It has other bytes.
    Changed,
}

impl LostFiles {
    /// As [`Reference::open`]; a file that has other bytes is not opened.
    pub(super) fn open(&self, disk: &dyn Disk, to: Reference, id: BlobId) -> Result<Blob> {
        if self.lost().get(&id) == Some(&Lost::Changed) {
            return Err(to.gone(id, CHANGED));
        }
        let opened = to.open(disk, id)?;
        // It is back.
        self.forget(id);
        Ok(opened)
    }

    /// Whether it was noted that the file of a blob is not what it was.
    pub(super) fn is_known(&self, id: BlobId) -> bool {
        self.lost().contains_key(&id)
    }

    /// Notes that: either it has other bytes, or it could not even be opened.
    pub(super) fn note(&self, id: BlobId, can_be_opened: bool) {
        let mut lost = self.lost();
        match can_be_opened {
            true => lost.insert(id, Lost::Changed),
            false => Some(*lost.entry(id).or_insert(Lost::Away)),
        };
    }

    /// The blob is stored anew, or removed.
    pub(super) fn forget(&self, id: BlobId) {
        self.lost().remove(&id);
    }

    fn lost(&self) -> MutexGuard<'_, BTreeMap<BlobId, Lost>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a file with other bytes.
pub(super) const CHANGED: &str = "the file that a blob is stored in by reference has changed";

const HEAD: &str = "swarmlet reference 1\n";

/// The longest text of a reference: its head, a size of up to twenty digits, and a path.
const BYTES_MAX: usize = HEAD.len() + 20 + 2 + REFERENCE_PATH_BYTES_MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_was_written() {
        let size = BlobSize::new(5).unwrap();
        for path in ["/films/a b.mp4", "/films/odd\nname", "/"] {
            let reference = Reference::new(path.as_ref(), size).unwrap();
            let text = reference.encode();
            assert_eq!(Reference::decode(text.as_bytes()), Some(reference));
            assert_eq!(Reference::decode(&text.as_bytes()[..text.len() - 1]), None);
        }
        for refused in ["film", ""] {
            assert!(Reference::new(refused.as_ref(), size).is_err());
        }
        let long = format!("/{}", "x".repeat(REFERENCE_PATH_BYTES_MAX));
        assert!(Reference::new(long.as_ref(), size).is_err());
        assert!(Reference::new(long[1..].as_ref(), size).is_err());
        assert!(Reference::new(long[..long.len() - 1].as_ref(), size).is_ok());
    }

    #[test]
    fn whatever_is_no_reference_is_refused() {
        for bytes in [
            &b""[..],
            b"swarmlet reference 1\n",
            b"swarmlet reference 1\n5\n",
            b"swarmlet reference 1\n5\nfilm\n",
            b"swarmlet reference 1\nx\n/film\n",
            b"swarmlet reference 2\n5\n/film\n",
            b"swarmlet reference 1\n5\n/\xff\n",
        ] {
            assert_eq!(Reference::decode(bytes), None);
        }
    }
}
