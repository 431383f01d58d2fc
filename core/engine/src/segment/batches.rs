//! Recomputing whole batches from sealed events.
//!
//! A segment keeps events and where batches begin; headers, hashes and bodies follow from these,
//! byte for byte as they were pushed. The chain of hashes starts at a checkpoint and is compared
//! with every checkpoint it passes.

use std::sync::Arc;

use super::block::{Block, BlockEntry, BlockRecord};
use super::codebook::Imprint;
use super::open::Segment;
use crate::error::{Error, Result};
use crate::event::batch::{BatchPlace, BodyBuilder};
use crate::event::{Batch, BatchHash, Offset, Signature, StreamId};
use crate::limits::BATCH_EVENTS_MAX;

/// The batches of one stream, in offset order.
///
/// A batch has a signature where the segment kept one, always the last one. After an error the
/// iterator ends.
#[derive(Debug)]
pub struct BatchIter {
    segment: Arc<Segment>,
    /// Number of the stream; `None` if the segment has nothing of it, or at the end.
    stream: Option<usize>,
    /// Batches that end before it are not wanted.
    from: u64,
    /// Hash before, and offset of, the next batch.
    hash: BatchHash,
    next: u64,
    block: Block,
    page: Vec<BlockEntry>,
}

impl BatchIter {
    pub(super) fn new(segment: Arc<Segment>, stream: StreamId, from: Offset) -> Result<Self> {
        let directory = segment.directory();
        let number = directory
            .number_of(stream)
            .filter(|number| from <= directory.streams[*number].last);
        let (hash, next) = number.map_or((BatchHash::GENESIS, 0), |number| {
            let checkpoints = &directory.parts[number].checkpoints;
            let before = checkpoints.partition_point(|point| point.next_offset <= from);
            match before.checked_sub(1).map(|index| &checkpoints[index]) {
                Some(point) => (point.hash, point.next_offset.get()),
                None => {
                    let entry = &directory.streams[number];
                    (entry.start, entry.first.get())
                }
            }
        });
        Ok(Self {
            segment,
            stream: number,
            from: from.get(),
            hash,
            next,
            block: Block::default(),
            page: Vec::new(),
        })
    }

    fn next_wanted(&mut self) -> Result<Option<Batch>> {
        while let Some(number) = self.stream {
            if self.next > self.segment.streams()[number].last.get() {
                return Ok(None);
            }
            let batch = self.rebuild(number)?;
            if batch.header.last_offset().get() >= self.from {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Puts the next batch together and follows the chain over it.
    fn rebuild(&mut self, number: usize) -> Result<Batch> {
        let first = self.next;
        let (body, imprint) = self.collect_body(number)?;
        let entry = &self.segment.streams()[number];
        let first_offset = Offset::new(first)?;
        let previous = self.hash;
        if (first == 0) != (previous == BatchHash::GENESIS) {
            return Err(self.contradiction("only the first batch has no predecessor"));
        }
        let name = entry.name.clone();
        let place = BatchPlace {
            stream: entry.stream,
            name,
            first_offset,
            previous,
        };
        let mut batch = body.finish(place, imprint.app_id);
        if first > 0 && !imprint.has_name {
            batch.header.name = None;
        }
        self.hash = batch.header.hash();
        batch.signature = self.signature_at(number)?;
        Ok(batch)
    }

    /// The body of the batch that begins at the next offset.
    fn collect_body(&mut self, number: usize) -> Result<(BodyBuilder, Imprint)> {
        let last = self.segment.streams()[number].last.get();
        let mut body = BodyBuilder::new();
        let mut imprint = None;
        let mut lamport = None;
        while self.next <= last {
            self.load_block(number)?;
            let record = self.block.record(self.next).cloned();
            let record = record.ok_or_else(|| self.contradiction("block lacks an event"))?;
            if record.starts_batch && imprint.is_some() {
                break;
            }
            if imprint.is_none() {
                if !record.starts_batch {
                    return Err(self.contradiction("a batch begins where none is marked"));
                }
                let known = self.segment.imprints(&self.block.entry)?;
                imprint = Some(known[record.imprint as usize].clone());
            }
            if lamport.is_some_and(|before| before >= record.lamport) {
                return Err(self.contradiction("lamports of a batch do not grow"));
            }
            lamport = Some(record.lamport);
            self.push(&mut body, &record)?;
            self.next += 1;
        }
        let imprint = imprint.ok_or_else(|| self.contradiction("a batch has no event"))?;
        Ok((body, imprint))
    }

    fn push(&self, body: &mut BodyBuilder, record: &BlockRecord) -> Result<()> {
        if body.count() as usize >= BATCH_EVENTS_MAX {
            return Err(self.contradiction("a batch has too many events"));
        }
        body.push(record.lamport, record.timestamp, self.block.content(record));
        Ok(())
    }

    /// Makes the block that holds the next offset the current one.
    fn load_block(&mut self, number: usize) -> Result<()> {
        if self.block.entry.contains(self.next) {
            return Ok(());
        }
        if self.page.last().is_none_or(|last| last.next() <= self.next) {
            let index = self.segment.block_index(number);
            self.page = index.page(index.page_of(self.next))?;
        }
        let place = self.page.partition_point(|entry| entry.next() <= self.next);
        let entry = self
            .page
            .get(place)
            .filter(|entry| entry.contains(self.next));
        let entry = *entry.ok_or_else(|| self.contradiction("stream has a gap between blocks"))?;
        self.block = self.segment.block(&entry)?;
        Ok(())
    }

    /// The signature of the batch just passed, if there is a checkpoint, whose hash must agree.
    fn signature_at(&self, number: usize) -> Result<Option<Signature>> {
        let checkpoints = &self.segment.directory().parts[number].checkpoints;
        let index = checkpoints.partition_point(|point| point.next_offset.get() < self.next);
        match checkpoints.get(index) {
            Some(point) if point.next_offset.get() == self.next => {
                if point.hash != self.hash {
                    return Err(self.contradiction("batches do not lead to their checkpoint"));
                }
                Ok(Some(point.signature))
            }
            _ => Ok(None),
        }
    }

    fn contradiction(&self, message: &str) -> Error {
        let error = self.segment.file().contradiction(message);
        match self.stream {
            Some(number) => error
                .with("stream", self.segment.streams()[number].stream)
                .with("offset", self.next),
            None => error,
        }
    }
}

impl Iterator for BatchIter {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        let outcome = self.next_wanted().transpose();
        if !matches!(outcome, Some(Ok(_))) {
            self.stream = None;
        }
        outcome
    }
}
