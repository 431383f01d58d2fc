//! Storing a blob, and saving one that others have in the background.

use std::path::PathBuf;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use swarmlet::{BlobId, Hold, Node, PutOptions};

use super::random::Random;
use crate::stage::PATIENCE;

/// Stores random bytes that come to others only if they want them.
pub(super) fn store(node: &Node, bytes: usize) -> Result<String> {
    let on_demand = PutOptions::new().hold(Hold::OnDemand);
    let stored = node
        .blobs()
        .put_blocking(Random::new()?.bytes(bytes), on_demand)?;
    Ok(stored.id.to_string())
}

/// A blob on its way into a file.
pub(super) struct Fetch {
    blob: BlobId,
    thread: JoinHandle<swarmlet::Result<()>>,
}

impl Fetch {
    pub(super) fn start(node: &Node, blob: &str, file: PathBuf) -> Result<Self> {
        let blob: BlobId = blob.parse().context("not the id of a blob")?;
        let mut reader = node.blobs().get(blob);
        let thread = std::thread::spawn(move || reader.save_blocking(file, Some(PATIENCE)));
        Ok(Self { blob, thread })
    }

    /// How many bytes of it are here.
    pub(super) fn bytes(&self, node: &Node) -> Result<u64> {
        Ok(node.blobs().get(self.blob).progress()?.here)
    }

    /// Waits for its end.
    pub(super) fn finish(self) -> Result<()> {
        Ok(self.thread.join().expect("a panic ends the process")?)
    }
}
