//! The event table: every event of the segment in event-key order, in pages of 1024.
//!
//! The place of an event in it is its *position*, by which postings name it. An entry holds just
//! enough to find the event: lamport, number of the stream in the directory, offset.

use std::collections::BTreeMap;

use super::file::SegmentFile;
use super::frame::FrameRef;
use super::sink::Sink;
use crate::error::Result;
use crate::event::codec::{Malformed, Reader, put_varint};

/// One event. The order of entries is that of event keys, because streams are numbered in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableEntry {
    /// Logical clock.
    pub(super) lamport: u64,
    /// Number of the stream in the directory.
    pub(super) stream: u32,
    /// Offset in the stream.
    pub(super) offset: u64,
}

/// What the sparse index knows of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TablePage {
    /// Its first entry.
    pub(super) first: TableEntry,
    /// Its frame.
    pub(super) frame: FrameRef,
}

/// Writes the table; entries come in order.
#[derive(Debug, Default)]
pub(super) struct TableWriter {
    entries: Vec<TableEntry>,
    pages: Vec<TablePage>,
    count: u32,
}

impl TableWriter {
    /// Appends an entry and returns its position.
    pub(super) fn push(&mut self, entry: TableEntry, sink: &mut Sink) -> Result<u32> {
        if self.entries.len() == PAGE_ENTRIES {
            self.flush(sink)?;
        }
        self.entries.push(entry);
        self.count += 1;
        Ok(self.count - 1)
    }

    /// Completes the table: its sparse index and how many entries it has.
    pub(super) fn finish(mut self, sink: &mut Sink) -> Result<(Vec<TablePage>, u32)> {
        if !self.entries.is_empty() {
            self.flush(sink)?;
        }
        Ok((self.pages, self.count))
    }

    fn flush(&mut self, sink: &mut Sink) -> Result<()> {
        let frame = sink.append(&encode_page(&self.entries))?;
        self.pages.push(TablePage {
            first: self.entries[0],
            frame,
        });
        self.entries.clear();
        Ok(())
    }
}

/// Three columns, so that each compresses well. Within a page the offsets of a stream usually
/// count up by one, which is stored as zero.
fn encode_page(entries: &[TableEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 4);
    put_varint(&mut out, entries.len() as u64);
    let mut lamport = 0;
    for entry in entries {
        put_varint(&mut out, entry.lamport - lamport);
        lamport = entry.lamport;
    }
    for entry in entries {
        put_varint(&mut out, u64::from(entry.stream));
    }
    let mut next = BTreeMap::new();
    for entry in entries {
        let expected = next.insert(entry.stream, entry.offset + 1).unwrap_or(0);
        put_varint(&mut out, entry.offset - expected);
    }
    out
}

pub(super) fn decode_page(
    bytes: &[u8],
    streams_count: usize,
) -> Result<Vec<TableEntry>, Malformed> {
    let mut reader = Reader::new(bytes);
    let count = reader.len(PAGE_ENTRIES, "page has too many entries")?;
    let mut entries = vec![TableEntry::default(); count];
    let mut lamport = 0u64;
    for entry in &mut entries {
        lamport = lamport.saturating_add(reader.varint()?);
        entry.lamport = lamport;
    }
    for entry in &mut entries {
        entry.stream = reader.len(streams_count.saturating_sub(1), "stream is unknown")? as u32;
    }
    let mut next = NextOffsets::new(streams_count);
    for entry in &mut entries {
        let expected = next.of(entry.stream);
        entry.offset = expected.saturating_add(reader.varint()?);
        *expected = entry.offset.saturating_add(1);
    }
    reader.finish()?;
    Ok(entries)
}

/// The offset expected next of each stream while a page is decoded.
enum NextOffsets {
    Few(Vec<u64>),
    Many(BTreeMap<u32, u64>),
}

impl NextOffsets {
    fn new(streams_count: usize) -> Self {
        if streams_count <= PAGE_ENTRIES {
            Self::Few(vec![0; streams_count])
        } else {
            Self::Many(BTreeMap::new())
        }
    }

    fn of(&mut self, stream: u32) -> &mut u64 {
        match self {
            Self::Few(offsets) => &mut offsets[stream as usize],
            Self::Many(offsets) => offsets.entry(stream).or_default(),
        }
    }
}

/// The table, for reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    /// The file.
    pub(super) file: &'a SegmentFile,
    /// The sparse index.
    pub(super) pages: &'a [TablePage],
    /// How many streams the directory has.
    pub(super) streams_count: usize,
    /// How many entries the table has.
    pub(super) count: u32,
}

impl Table<'_> {
    /// The entries of a page.
    pub(super) fn page(&self, number: usize) -> Result<Vec<TableEntry>> {
        let page = &self.pages[number];
        let content = self.file.read(page.frame)?;
        let decoded = decode_page(&content, self.streams_count).and_then(|entries| {
            let before = number * PAGE_ENTRIES;
            let is_described = entries.first() == Some(&page.first)
                && entries.len() == PAGE_ENTRIES.min(self.count as usize - before);
            let what = "page differs from its index entry";
            is_described
                .then_some(entries)
                .ok_or(Malformed { what, at: 0 })
        });
        decoded.map_err(|error| self.file.damaged(page.frame, error))
    }

    /// The position of the first entry for which `is_before` does not hold; it holds for a leading
    /// part of the table.
    pub(super) fn partition_point(&self, is_before: impl Fn(&TableEntry) -> bool) -> Result<u32> {
        let page = self.pages.partition_point(|page| is_before(&page.first));
        let Some(page) = page.checked_sub(1) else {
            return Ok(0);
        };
        let within = self.page(page)?.partition_point(is_before);
        Ok((page * PAGE_ENTRIES + within) as u32)
    }
}

/// Entries of one page.
pub(super) const PAGE_ENTRIES: usize = 1024;
