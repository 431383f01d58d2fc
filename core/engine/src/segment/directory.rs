//! The directory of a segment: its streams and their checkpoints, and all sparse indexes.
//!
//! It is what an open segment keeps in memory, well below half a byte for each event.

use super::block_index::IndexPage;
use super::codebook::Codebook;
use super::floors::Floors;
use super::table::TablePage;
use super::terms::TermPage;
use crate::event::{BatchHash, Lamport, Offset, Signature, StreamId, StreamName, Timestamp};

/// The part of one stream that a segment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// The stream.
    pub stream: StreamId,
    /// Its name.
    pub name: StreamName,
    /// First offset that is physically here.
    pub first: Offset,
    /// Last offset that is here.
    pub last: Offset,
    /// Hash of the batch header before `first`.
    pub start: BatchHash,
    /// Hash of the batch header that ends with `last`.
    pub end: BatchHash,
    /// Lamport of the event at `last`.
    pub last_lamport: Lamport,
}

/// The end of a signed batch, where a stream can be cut and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Offset of the event after the batch.
    pub next_offset: Offset,
    /// Hash of the batch's header.
    pub hash: BatchHash,
    /// The author's signature over it.
    pub signature: Signature,
    /// Compressed bytes of the stream in this segment up to here.
    pub bytes: u64,
    /// Largest timestamp of the stream in this segment up to here.
    pub time: Timestamp,
    /// Lamport of the batch's last event.
    pub lamport: Lamport,
}

/// What the directory says of a stream beside its entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamPart {
    /// Checkpoints, ascending; the last one is at the end of the part.
    pub(super) checkpoints: Vec<Checkpoint>,
    /// The sparse block index, with at least one page.
    pub(super) index: Vec<IndexPage>,
}

/// The whole directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    /// What blocks need to be read.
    pub(super) codebooks: Vec<Codebook>,
    /// The streams, ascending.
    pub(super) streams: Vec<StreamEntry>,
    /// What else is known of each stream.
    pub(super) parts: Vec<StreamPart>,
    /// The sparse index of the event table.
    pub(super) table: Vec<TablePage>,
    /// The sparse index of the terms.
    pub(super) terms: Vec<TermPage>,
    /// What retention kept when the segment was written.
    pub(super) floors: Floors,
}

impl Directory {
    /// Number of `stream` in it.
    pub(super) fn number_of(&self, stream: StreamId) -> Option<usize> {
        self.streams
            .binary_search_by_key(&stream, |entry| entry.stream)
            .ok()
    }
}
