//! The stream directory of a segment: which part of which streams it holds, and its checkpoints.

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
