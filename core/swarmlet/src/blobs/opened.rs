//! Whole blobs that peers fetch just now, kept open: a piece costs no look for files then.

use std::collections::VecDeque;

use swarmlet_engine::blobs::{Blob, BlobId};

use crate::limits::BLOBS_SERVED_OPEN_MAX;

/// Open blobs, the one that was used last at the end.
#[derive(Debug, Default)]
pub(super) struct OpenBlobs(VecDeque<Blob>);

impl OpenBlobs {
    /// The blob, if it is open.
    pub(super) fn find(&mut self, id: BlobId) -> Option<&Blob> {
        let at = self.0.iter().position(|blob| blob.id() == id)?;
        let found = self.0.remove(at)?;
        self.0.push_back(found);
        self.0.back()
    }

    /// Keeps a blob open, which was not; the one that was used least recently makes room.
    pub(super) fn keep(&mut self, blob: Blob) {
        if self.0.len() == BLOBS_SERVED_OPEN_MAX {
            self.0.pop_front();
        }
        self.0.push_back(blob);
    }

    /// Closes a blob: it was removed, or its files are not what they were.
    pub(super) fn forget(&mut self, id: BlobId) {
        self.0.retain(|blob| blob.id() != id);
    }
}
