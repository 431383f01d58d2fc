//! What the store, its imports and its parts share: the disk, the packs, what is in doubt, and
//! which blobs may have files.
//!
//! Most blobs that are asked for are in a pack, or not here at all: of those no file need be looked
//! for. What is known only ever spares a look. A blob counts as one that may have files from when
//! the folder was listed, or from when a file got its name, until they are removed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::doubts::Doubts;
use super::names::{Named, Pair};
use super::pack::Packs;
use crate::blobs::BlobId;
use crate::storage::{Disk, FileName};

/// All clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Shelves {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) packs: Arc<Packs>,
    pub(super) doubts: Doubts,
    filed: Arc<Mutex<BTreeSet<BlobId>>>,
}

impl Shelves {
    /// With the files that were listed when the store was opened.
    pub(super) fn new(disk: Arc<dyn Disk>, packs: Packs, listed: &[(FileName, Named)]) -> Self {
        let ids = listed.iter().filter_map(|(_, named)| match *named {
            Named::Whole(id) | Named::WholeHashes(id) => Some(id),
            Named::Part(id) | Named::PartHashes(id) => Some(id),
            Named::Reference(id) | Named::ReferenceHashes(id) => Some(id),
            Named::Doubt(_) | Named::Pin(_) | Named::Pack(_) | Named::Temporary => None,
        });
        Self {
            doubts: Doubts::new(disk.clone(), listed),
            disk,
            packs: Arc::new(packs),
            filed: Arc::new(Mutex::new(ids.collect())),
        }
    }

    /// Whether there may be files of a blob.
    pub(super) fn may_have_files(&self, id: BlobId) -> bool {
        self.filed().contains(&id)
    }

    /// Files of a blob have got their names, or may have: this is said afterwards, also of what has
    /// failed, so that whoever removes them meanwhile hides none.
    pub(super) fn note_files(&self, id: BlobId) {
        self.filed().insert(id);
    }

    /// The files of a blob are about to be removed.
    pub(super) fn forget_files(&self, id: BlobId) {
        self.filed().remove(&id);
    }

    /// A blob is in the store now: it does not matter any more where else it is.
    pub(super) fn supersede_reference(&self, id: BlobId) {
        // What stays is removed when the store is opened.
        let _ = Pair::reference(id).remove(self.disk.as_ref());
    }

    /// A blob is in a pack now: it needs no file.
    pub(super) fn supersede_files(&self, id: BlobId) {
        if !self.may_have_files(id) {
            return;
        }
        for names in Pair::all(id) {
            // What stays is as good. So small a blob has no hashes.
            let _ = self.disk.remove(&names.content);
        }
    }

    fn filed(&self) -> MutexGuard<'_, BTreeSet<BlobId>> {
        self.filed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
