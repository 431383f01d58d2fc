//! Blocks: about 4 KiB of consecutive events of one stream, the unit of compression and reading.
//!
//! A block can be read alone. It says which of its events begin a batch and which app published
//! them, so that batches can be recomputed; a batch may continue in the next block.

use std::ops::Range;

use bytes::Bytes;

use super::frame::FrameRef;
use crate::event::batch::Record;
use crate::event::codec::{Malformed, Reader, put_varint, put_zigzag};
use crate::event::{Lamport, Timestamp};
use crate::limits::{PAYLOAD_BYTES_MAX, SEQUENCE_MAX, TAG_BYTES_MAX, TAGS_PER_EVENT_MAX};

/// Where a block is and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BlockEntry {
    /// Offset of its first event.
    pub(super) first: u64,
    /// Number of its events, at least one.
    pub(super) count: u32,
    /// Its frame.
    pub(super) frame: FrameRef,
    /// The codebook it needs.
    pub(super) codebook: u32,
    /// Lamport of its first event.
    pub(super) first_lamport: u64,
    /// Smallest timestamp.
    pub(super) time_min: i64,
    /// Largest timestamp.
    pub(super) time_max: i64,
}

impl BlockEntry {
    /// Offset of the event after its last one.
    pub(super) fn next(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count))
    }

    /// Whether the event at `offset` is in it.
    pub(super) fn contains(&self, offset: u64) -> bool {
        (self.first..self.next()).contains(&offset)
    }
}

/// Collects events until they fill a block.
#[derive(Debug, Default)]
pub(super) struct BlockBuilder {
    raw: Vec<u8>,
    entry: BlockEntry,
    lamport: u64,
    time: i64,
}

impl BlockBuilder {
    /// Whether an event with `content_bytes` should go to the next block
    /// instead, if blocks have `block_bytes`.
    pub(super) fn is_full_for(&self, content_bytes: usize, block_bytes: usize) -> bool {
        self.entry.count > 0 && self.raw.len() + content_bytes > block_bytes
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Appends the event at `offset`, of a batch with the imprint of this number.
    pub(super) fn push(
        &mut self,
        offset: u64,
        imprint: u32,
        starts_batch: bool,
        record: &Record<'_>,
    ) {
        let (lamport, time) = (record.lamport.get(), record.timestamp.micros());
        let lead = u64::from(imprint) + 1;
        if self.entry.count == 0 {
            self.entry.first = offset;
            self.entry.first_lamport = lamport;
            (self.entry.time_min, self.entry.time_max) = (time, time);
            put_varint(&mut self.raw, if starts_batch { 0 } else { lead });
        }
        put_varint(&mut self.raw, if starts_batch { lead } else { 0 });
        put_varint(&mut self.raw, lamport - self.lamport);
        put_zigzag(&mut self.raw, time.wrapping_sub(self.time));
        self.raw.extend_from_slice(record.content.as_bytes());
        self.entry.count += 1;
        self.entry.time_min = self.entry.time_min.min(time);
        self.entry.time_max = self.entry.time_max.max(time);
        (self.lamport, self.time) = (lamport, time);
    }

    /// Completes the block; `None` if it has no event. The entry's frame and codebook are open.
    pub(super) fn take(&mut self) -> Option<(Vec<u8>, BlockEntry)> {
        let taken = std::mem::take(self);
        (taken.entry.count > 0).then_some((taken.raw, taken.entry))
    }
}

/// One event of a decoded block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockRecord {
    /// Logical clock.
    pub(super) lamport: Lamport,
    /// Wall clock.
    pub(super) timestamp: Timestamp,
    /// Number of its batch's imprint in the codebook.
    pub(super) imprint: u32,
    /// Whether it is the first of its batch.
    pub(super) starts_batch: bool,
    /// Where its content lies in the block; tags and payload are not checked yet.
    pub(super) content: Range<usize>,
}

/// A decoded block.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Where it came from.
    pub(super) entry: BlockEntry,
    /// Its content.
    pub(super) raw: Bytes,
    /// Its events, in offset order.
    pub(super) records: Vec<BlockRecord>,
}

impl Block {
    /// Finds the events in the content of the block that `entry` describes.
    pub(super) fn decode(
        raw: Bytes,
        entry: BlockEntry,
        imprints_count: usize,
    ) -> Result<Self, Malformed> {
        let mut reader = Reader::new(&raw);
        // Each event has at least five bytes, so the count cannot claim more memory than is there.
        let mut records = Vec::with_capacity((entry.count as usize).min(raw.len() / 5));
        let (mut lead, mut lamport, mut time) = (reader.varint()?, 0u64, 0i64);
        while !reader.is_at_end() {
            let own_lead = reader.varint()?;
            lead = if own_lead == 0 { lead } else { own_lead };
            if lead == 0 || lead > imprints_count as u64 {
                return Err(reader.malformed("event has no known imprint"));
            }
            lamport = lamport.saturating_add(reader.varint()?);
            time = time.wrapping_add(reader.zigzag()?);
            let start = reader.position();
            skip_content(&mut reader)?;
            records.push(BlockRecord {
                lamport: Lamport::new(lamport)
                    .map_err(|_| reader.malformed("lamport is out of range"))?,
                timestamp: Timestamp::from_micros(time),
                imprint: (lead - 1) as u32,
                starts_batch: own_lead != 0,
                content: start..reader.position(),
            });
        }
        let is_as_described = records.len() == entry.count as usize
            && records
                .first()
                .is_some_and(|first| first.lamport.get() == entry.first_lamport)
            && entry.next() <= SEQUENCE_MAX + 1;
        if !is_as_described {
            return Err(reader.malformed("block differs from its index entry"));
        }
        Ok(Self {
            entry,
            raw,
            records,
        })
    }

    /// The event at `offset`.
    pub(super) fn record(&self, offset: u64) -> Option<&BlockRecord> {
        self.records
            .get(usize::try_from(offset.checked_sub(self.entry.first)?).ok()?)
    }

    /// The bytes of a record's content.
    pub(super) fn content(&self, record: &BlockRecord) -> &[u8] {
        &self.raw[record.content.clone()]
    }
}

/// Hops over tags and payload by their lengths; whoever uses them checks them.
fn skip_content(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    for _ in 0..reader.len(TAGS_PER_EVENT_MAX, "too many tags")? {
        let len = reader.len(TAG_BYTES_MAX, "tag is too long")?;
        reader.take(len)?;
    }
    let len = reader.len(PAYLOAD_BYTES_MAX, "payload is too long")?;
    reader.take(len)?;
    Ok(())
}
