//! The block index: for each stream where its blocks are, in pages with a sparse index above.

use bytes::Bytes;

use super::block::BlockEntry;
use super::file::SegmentFile;
use super::frame::FrameRef;
use crate::error::Result;
use crate::event::codec::{Malformed, Reader, put_varint, put_zigzag};
use crate::limits::SEQUENCE_MAX;

/// What the sparse index knows of one page of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IndexPage {
    /// First offset of its first block.
    pub(super) first: u64,
    /// First lamport of its first block.
    pub(super) first_lamport: u64,
    /// Smallest timestamp of its blocks.
    pub(super) time_min: i64,
    /// Largest timestamp of its blocks.
    pub(super) time_max: i64,
    /// Its frame.
    pub(super) frame: FrameRef,
}

impl IndexPage {
    /// Describes a page of `entries`, of which there is at least one.
    pub(super) fn describe(entries: &[BlockEntry], frame: FrameRef) -> Self {
        let first = entries.first().expect("a page has an entry");
        let fold = |pick: fn(i64, i64) -> i64, of: fn(&BlockEntry) -> i64| {
            entries
                .iter()
                .map(of)
                .reduce(pick)
                .expect("a page has an entry")
        };
        Self {
            first: first.first,
            first_lamport: first.first_lamport,
            time_min: fold(i64::min, |entry| entry.time_min),
            time_max: fold(i64::max, |entry| entry.time_max),
            frame,
        }
    }
}

/// Encodes a page.
pub(super) fn encode_page(entries: &[BlockEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 16);
    let mut before = BlockEntry::default();
    put_varint(&mut out, entries.len() as u64);
    for entry in entries {
        put_varint(&mut out, entry.first.wrapping_sub(before.next()));
        put_varint(&mut out, u64::from(entry.count));
        put_zigzag(
            &mut out,
            entry.frame.position.wrapping_sub(before.frame.end()) as i64,
        );
        put_varint(&mut out, u64::from(entry.frame.len));
        put_varint(&mut out, u64::from(entry.codebook));
        put_varint(&mut out, entry.first_lamport - before.first_lamport);
        put_zigzag(&mut out, entry.time_min.wrapping_sub(before.time_min));
        put_varint(&mut out, entry.time_max.wrapping_sub(entry.time_min) as u64);
        before = *entry;
    }
    out
}

/// Decodes a page; its blocks follow each other without gap.
pub(super) fn decode_page(bytes: &[u8]) -> Result<Vec<BlockEntry>, Malformed> {
    let mut reader = Reader::new(bytes);
    let count = reader.len(PAGE_ENTRIES, "page has too many entries")?;
    let mut entries = Vec::with_capacity(count);
    let mut before = BlockEntry::default();
    for index in 0..count {
        let gap = reader.varint()?;
        let first = before.next().wrapping_add(gap);
        let count = reader.len(u32::MAX as usize, "block has too many events")? as u32;
        let shift = reader.zigzag()?;
        let entry = BlockEntry {
            first,
            count,
            frame: FrameRef {
                position: before.frame.end().wrapping_add(shift as u64),
                len: reader.len(u32::MAX as usize, "frame is too long")? as u32,
            },
            codebook: reader.len(u32::MAX as usize, "codebook number is too large")? as u32,
            first_lamport: before.first_lamport.saturating_add(reader.varint()?),
            time_min: before.time_min.wrapping_add(reader.zigzag()?),
            time_max: 0,
        };
        let spread = reader.varint()?;
        let entry = BlockEntry {
            time_max: entry.time_min.wrapping_add(spread as i64),
            ..entry
        };
        let is_gapless = index == 0 || gap == 0;
        if count == 0 || !is_gapless || entry.next() > SEQUENCE_MAX + 1 {
            return Err(reader.malformed("blocks do not follow each other"));
        }
        entries.push(entry);
        before = entry;
    }
    reader.finish()?;
    Ok(entries)
}

/// The block index of one stream, for reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockIndex<'a> {
    /// The file.
    pub(super) file: &'a SegmentFile,
    /// The sparse index, with at least one page.
    pub(super) pages: &'a [IndexPage],
}

impl BlockIndex<'_> {
    /// The entries of a page.
    pub(super) fn page(&self, number: usize) -> Result<Vec<BlockEntry>> {
        let page = &self.pages[number];
        let content: Bytes = self.file.read(page.frame)?;
        let entries = decode_page(&content).and_then(|entries| {
            let is_described = entries
                .first()
                .is_some_and(|entry| entry.first == page.first);
            let what = "page differs from its index entry";
            is_described
                .then_some(entries)
                .ok_or(Malformed { what, at: 0 })
        });
        entries.map_err(|error| self.file.damaged(page.frame, error))
    }

    /// Number of the page whose blocks hold `offset`, if any do.
    pub(super) fn page_of(&self, offset: u64) -> usize {
        self.pages
            .partition_point(|page| page.first <= offset)
            .saturating_sub(1)
    }
}

/// Entries of one page: about two kilobytes of it compressed.
pub(super) const PAGE_ENTRIES: usize = 256;
