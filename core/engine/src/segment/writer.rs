//! Writing a segment from verified batches, stream by stream.

use std::sync::Arc;

use super::{BlockCache, Floors, Segment, SegmentName};
use crate::error::Result;
use crate::event::batch::BatchRef;
use crate::event::{BatchHash, Offset, StreamId, StreamName};
use crate::storage::Disk;

/// Where the part of a stream that follows begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The stream.
    pub stream: StreamId,
    /// Its name.
    pub name: StreamName,
    /// Offset of the first event that will be pushed.
    pub first_offset: Offset,
    /// Hash of the batch header before it.
    pub previous: BatchHash,
}

/// Writes one segment.
#[derive(Debug)]
pub struct SegmentWriter;

impl SegmentWriter {
    /// Starts the segment `name`, under its temporary name.
    pub fn create(disk: Arc<dyn Disk>, name: SegmentName) -> Result<Self> {
        unimplemented!("{disk:?} {name}")
    }

    /// Starts the next stream; streams come in ascending order.
    pub fn begin_stream(&mut self, start: StreamStart) -> Result<()> {
        unimplemented!("{start:?}")
    }

    /// Appends a whole, verified batch of the stream begun last; the last one must be signed.
    pub fn push_batch(&mut self, batch: &BatchRef<'_>) -> Result<()> {
        unimplemented!("{batch:?}")
    }

    /// Completes the file, makes it durable under its own name, and opens it.
    pub fn finish(self, floors: &Floors, cache: &Arc<BlockCache>) -> Result<Segment> {
        unimplemented!("{floors:?} {cache:?}")
    }
}
