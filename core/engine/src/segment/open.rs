//! An open segment: what it holds, and how to read it.

use std::sync::Arc;

use super::{
    BatchIter, BlockCache, Checkpoint, Floors, SegmentCursor, SegmentName, SegmentQuery,
    StreamEntry,
};
use crate::error::Result;
use crate::event::{Offset, StreamId};
use crate::storage::Disk;

/// An immutable file of events, open for reading; shared by all readers.
#[derive(Debug)]
pub struct Segment;

impl Segment {
    /// Opens the segment `name`: reads its header, footer and sparse indexes.
    pub fn open(disk: &Arc<dyn Disk>, name: SegmentName, cache: Arc<BlockCache>) -> Result<Self> {
        unimplemented!("{disk:?} {name} {cache:?}")
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> SegmentName {
        unimplemented!()
    }

    /// How many events it holds.
    #[must_use]
    pub fn events_count(&self) -> u32 {
        unimplemented!()
    }

    /// The length of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        unimplemented!()
    }

    /// The streams it holds a part of, in stream order.
    #[must_use]
    pub fn streams(&self) -> &[StreamEntry] {
        unimplemented!()
    }

    /// The part it holds of `stream`.
    #[must_use]
    pub fn stream(&self, stream: StreamId) -> Option<&StreamEntry> {
        unimplemented!("{stream}")
    }

    /// What retention keeps, as known when the segment was written.
    #[must_use]
    pub fn floors(&self) -> &Floors {
        unimplemented!()
    }

    /// The checkpoints of `stream` in this segment, ascending; none if it is not here.
    pub fn checkpoints(&self, stream: StreamId) -> Result<Vec<Checkpoint>> {
        unimplemented!("{stream}")
    }

    /// Reads the events that match `query` in the order of their keys.
    pub fn cursor(self: &Arc<Self>, query: &SegmentQuery<'_>) -> Result<SegmentCursor> {
        unimplemented!("{query:?}")
    }

    /// Recomputes the batches of `stream`, beginning with the one that holds `from`.
    pub fn batches(self: &Arc<Self>, stream: StreamId, from: Offset) -> Result<BatchIter> {
        unimplemented!("{stream} {from}")
    }

    /// Reads everything and checks every checksum, hash and signature.
    pub fn verify(self: &Arc<Self>) -> Result<()> {
        unimplemented!()
    }
}
