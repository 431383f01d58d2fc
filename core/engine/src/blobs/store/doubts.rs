//! The parts of which a sync has failed.
//!
//! What a failed sync was to write counts as written, and may be in memory only: no later sync of
//! these files proves anything, also not one of a process that opens the store after this one was
//! killed. So an empty file stands beside such a part, or its files are removed, where none can be
//! made. Neither need be durable: once the power has failed only what is on the disk is found of
//! the part.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::names::{Named, Pair, doubt};
use crate::blobs::BlobId;
use crate::storage::{Disk, FileName};

/// All clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Doubts {
    disk: Arc<dyn Disk>,
    doubted: Arc<Mutex<BTreeSet<BlobId>>>,
}

impl Doubts {
    /// Those of which the files that were listed tell.
    pub(super) fn new(disk: Arc<dyn Disk>, listed: &[(FileName, Named)]) -> Self {
        let doubted = listed.iter().filter_map(|(_, named)| match *named {
            Named::Doubt(id) => Some(id),
            _ => None,
        });
        Self {
            disk,
            doubted: Arc::new(Mutex::new(doubted.collect())),
        }
    }

    /// A sync of a part has failed.
    pub(super) fn note(&self, id: BlobId) {
        if self.doubted().insert(id) && self.disk.create_unsynced(&doubt(id)).is_err() {
            // Whoever has them open still has what came. If this fails too, nothing can be said.
            let _ = Pair::part(id).remove(self.disk.as_ref());
        }
    }

    /// Whether one has failed.
    pub(super) fn are_of(&self, id: BlobId) -> bool {
        self.doubted().contains(&id)
    }

    /// The files of the part are there no more.
    pub(super) fn settle(&self, id: BlobId) {
        if self.doubted().remove(&id) {
            // What stays beside no part is removed when the store is opened.
            let _ = self.disk.remove(&doubt(id));
        }
    }

    fn doubted(&self) -> MutexGuard<'_, BTreeSet<BlobId>> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
