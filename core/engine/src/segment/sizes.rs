//! How much goes into a block, between checkpoints, and into training.
//!
//! Sizes are a choice of the writer; readers take what they find.

use crate::limits::LOG_FILE_BYTES;

/// The sizes a writer aims at, in bytes before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// A block: a query for scattered events decodes one for each of them. Twice the size takes a
    /// third longer to read and saves six percent of the file.
    pub(super) block_bytes: usize,
    /// The distance of checkpoints: retention drops in steps of it, and recomputing a batch starts
    /// at most so far away.
    pub(super) checkpoint_bytes: usize,
    /// What waits for training: all of a log file, so that every stream is heard.
    pub(super) waiting_bytes: usize,
}

impl Sizes {
    /// The sizes in use.
    pub(super) const STANDARD: Self = Self {
        block_bytes: 4 * 1024,
        checkpoint_bytes: 512 * 1024,
        waiting_bytes: LOG_FILE_BYTES as usize,
    };
}
