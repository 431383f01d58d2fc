//! Lanes: the blocks a cursor is reading, one for each stream, so that events that lie together
//! are decoded together although the streams interleave.

use super::block::{Block, BlockEntry};
use super::open::Segment;
use super::table::TableEntry;
use crate::error::Result;
use crate::event::codec::{Malformed, Reader};
use crate::event::{Content, Event, EventKey, Lamport, Offset};

/// The current blocks of some streams. Streams beyond the bound share a lane.
#[derive(Debug, Default)]
pub(super) struct Lanes(Vec<Lane>);

/// The current block of a stream, and the page of the block index it was found in.
#[derive(Debug, Default)]
struct Lane {
    stream: u32,
    block: Block,
    page: Vec<BlockEntry>,
}

impl Lanes {
    /// The event that the table describes with `entry`.
    pub(super) fn event(&mut self, segment: &Segment, entry: &TableEntry) -> Result<Event> {
        let block = self.block(segment, entry)?;
        let damaged = |what, at| {
            segment
                .file()
                .damaged(block.entry.frame, Malformed { what, at })
        };
        let record = block
            .record(entry.offset)
            .filter(|record| record.lamport.get() == entry.lamport)
            .ok_or_else(|| damaged("event differs from its table entry", 0))?;
        let content = Content::decode_checked(&mut Reader::new(block.content(record)))
            .map_err(|error| damaged(error.what, record.content.start + error.at))?;
        let imprints = segment.imprints(&block.entry)?;
        let app_id = imprints[record.imprint as usize].app_id.clone();
        Ok(Event::new(
            key_of(segment, entry)?,
            record.timestamp,
            app_id,
            content,
        ))
    }

    /// The block that holds an event.
    fn block(&mut self, segment: &Segment, entry: &TableEntry) -> Result<&Block> {
        let slot = entry.stream as usize % LANES_MAX;
        if self.0.len() <= slot {
            self.0.resize_with(slot + 1, Lane::default);
        }
        let lane = &mut self.0[slot];
        if lane.stream != entry.stream {
            *lane = Lane {
                stream: entry.stream,
                ..Lane::default()
            };
        }
        if !lane.block.entry.contains(entry.offset) {
            lane.block = segment.block(&lane.find(segment, entry.offset)?)?;
        }
        Ok(&lane.block)
    }
}

impl Lane {
    /// The index entry of the block that holds `offset`.
    fn find(&mut self, segment: &Segment, offset: u64) -> Result<BlockEntry> {
        let is_here = self.page.first().is_some_and(|first| first.first <= offset)
            && self.page.last().is_some_and(|last| offset < last.next());
        if !is_here {
            let index = segment.block_index(self.stream as usize);
            self.page = index.page(index.page_of(offset))?;
        }
        let place = self.page.partition_point(|entry| entry.first <= offset);
        let entry = place.checked_sub(1).map(|place| self.page[place]);
        entry.filter(|entry| entry.contains(offset)).ok_or_else(|| {
            segment
                .file()
                .contradiction("segment has no block for one of its events")
        })
    }
}

/// The key of the event that the table describes with `entry`.
pub(super) fn key_of(segment: &Segment, entry: &TableEntry) -> Result<EventKey> {
    let bad = |_| {
        segment
            .file()
            .contradiction("event table has a value out of range")
    };
    Ok(EventKey {
        lamport: Lamport::new(entry.lamport).map_err(bad)?,
        stream: segment.streams()[entry.stream as usize].stream,
        offset: Offset::new(entry.offset).map_err(bad)?,
    })
}

/// Streams read side by side at full speed: bounds a cursor to about two megabytes.
const LANES_MAX: usize = 64;
