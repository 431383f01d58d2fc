//! What is counted of blobs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::snapshot::BlobMetrics;

/// What is counted of blobs.
#[derive(Debug, Default)]
pub(crate) struct BlobRecorder {
    pub(crate) fetched: AtomicU64,
    pub(crate) fetches_failed: AtomicU64,
    pub(crate) bytes_received: AtomicU64,
    pub(crate) bytes_refused: AtomicU64,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) missing: AtomicU64,
}

impl BlobRecorder {
    pub(super) fn snapshot(&self) -> BlobMetrics {
        BlobMetrics {
            fetched: self.fetched.load(Relaxed),
            fetches_failed: self.fetches_failed.load(Relaxed),
            bytes_received: self.bytes_received.load(Relaxed),
            bytes_refused: self.bytes_refused.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            missing: self.missing.load(Relaxed),
        }
    }
}
