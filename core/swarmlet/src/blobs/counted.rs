//! What the worker counts of what it does.

use std::sync::atomic::Ordering::Relaxed;

use swarmlet_engine::Result;
use swarmlet_engine::blobs::BlobId;
use swarmlet_engine::blobs::exchange::Outcome;

use super::worker::BlobWorker;
use crate::metrics::{Recorders, count};

impl BlobWorker {
    fn recorders(&self) -> &Recorders {
        &self.judge.state.recorders
    }

    /// So many blobs are to be held, and are not here.
    pub(super) fn count_missing(&self, blobs: usize) {
        self.recorders().blobs.missing.store(blobs as u64, Relaxed);
    }

    /// A piece came, and this became of it.
    pub(super) fn count_piece(&self, stored: &Result<Outcome>, bytes: usize) {
        let blobs = &self.recorders().blobs;
        let counter = match stored {
            Ok(Outcome::Stored) => &blobs.bytes_received,
            Ok(Outcome::Unproven) => &blobs.bytes_refused,
            Ok(Outcome::Failed) | Err(_) => return,
        };
        counter.fetch_add(bytes as u64, Relaxed);
    }

    /// A piece was read for a peer.
    pub(super) fn count_served(&self, bytes: usize) {
        let served = &self.recorders().blobs.bytes_sent;
        served.fetch_add(bytes as u64, Relaxed);
    }

    /// All of a blob came, and is a whole one now, or could not become one.
    pub(super) fn count_completed(&mut self, blob: BlobId, is_kept: bool) {
        let is_repair = is_kept && self.damaged.remove(&blob);
        let recorders = self.recorders();
        count(match is_kept {
            true => &recorders.blobs.fetched,
            false => &recorders.blobs.fetches_failed,
        });
        if is_repair {
            count(&recorders.repairs);
        }
    }

    /// A blob was found damaged.
    pub(super) fn count_damaged(&mut self, blob: BlobId) {
        if self.damaged.insert(blob) {
            count(&self.recorders().corruptions);
        }
    }
}
