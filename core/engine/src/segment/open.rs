//! An open segment: what it holds, and how to read it.

use std::sync::Arc;

use super::batches::BatchIter;
use super::block::{Block, BlockEntry};
use super::block_index::BlockIndex;
use super::cache::BlockCache;
use super::codebook::Imprint;
use super::cursor::{SegmentCursor, SegmentQuery};
use super::directory::{Checkpoint, Directory, StreamEntry};
use super::directory_codec;
use super::file::SegmentFile;
use super::floors::Floors;
use super::name::SegmentName;
use super::table::{PAGE_ENTRIES, Table};
use super::terms::Terms;
use super::verify;
use crate::error::Result;
use crate::event::codec::Malformed;
use crate::event::{Offset, StreamId};
use crate::storage::Disk;

/// An immutable file of events, open for reading; shared by all readers.
///
/// It keeps the file open, so it stays readable after the file was removed or replaced.
#[derive(Debug)]
pub struct Segment {
    file: SegmentFile,
    directory: Directory,
}

impl Segment {
    /// Opens the segment `name`: reads its header, footer and sparse indexes, nothing else.
    ///
    /// Damage is an error of kind `Corrupt` with file and position, a later format one of kind
    /// `Incompatible`.
    pub fn open(disk: &Arc<dyn Disk>, name: SegmentName, cache: Arc<BlockCache>) -> Result<Self> {
        let file = SegmentFile::open(&**disk, name, cache)?;
        let frame = file.footer().directory;
        let content = file.read_uncached(frame)?;
        let directory = directory_codec::decode(&content)
            .and_then(|directory| check_counts(directory, file.footer().events_count))
            .map_err(|error| file.damaged(frame, error))?;
        Ok(Self { file, directory })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> SegmentName {
        self.file.name()
    }

    /// How many events it holds.
    #[must_use]
    pub fn events_count(&self) -> u32 {
        self.file.footer().events_count
    }

    /// The length of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.file.footer().file_bytes
    }

    /// Of that, what is not blocks of events: tables, terms, sparse indexes, dictionaries.
    #[must_use]
    pub fn index_bytes(&self) -> u64 {
        // The last checkpoint of a stream is at the end of its part.
        let ends = self.directory.parts.iter();
        let blocks = ends.filter_map(|part| part.checkpoints.last());
        let blocks: u64 = blocks.map(|checkpoint| checkpoint.bytes).sum();
        self.file_bytes().saturating_sub(blocks)
    }

    /// The streams it holds a part of, in stream order.
    #[must_use]
    pub fn streams(&self) -> &[StreamEntry] {
        &self.directory.streams
    }

    /// The part it holds of `stream`.
    #[must_use]
    pub fn stream(&self, stream: StreamId) -> Option<&StreamEntry> {
        self.directory
            .number_of(stream)
            .map(|number| &self.directory.streams[number])
    }

    /// What retention keeps, as known when the segment was written.
    #[must_use]
    pub fn floors(&self) -> &Floors {
        &self.directory.floors
    }

    /// The checkpoints of `stream` in this segment, ascending; none if it is not here.
    pub fn checkpoints(&self, stream: StreamId) -> Result<Vec<Checkpoint>> {
        let number = self.directory.number_of(stream);
        Ok(number.map_or_else(Vec::new, |number| {
            self.directory.parts[number].checkpoints.clone()
        }))
    }

    /// Reads the events that match `query` in the order of their keys.
    ///
    /// Floors are not applied: whoever knows them raises the lower bound.
    pub fn cursor(self: &Arc<Self>, query: &SegmentQuery<'_>) -> Result<SegmentCursor> {
        SegmentCursor::new(Arc::clone(self), query)
    }

    /// Recomputes the batches of `stream`, beginning with the one that holds `from`, or with the
    /// first one that is here.
    pub fn batches(self: &Arc<Self>, stream: StreamId, from: Offset) -> Result<BatchIter> {
        BatchIter::new(Arc::clone(self), stream, from)
    }

    /// Reads everything and checks every checksum, hash and signature, and that the indexes say
    /// what the events say.
    pub fn verify(self: &Arc<Self>) -> Result<()> {
        verify::verify(self)
    }

    pub(super) fn file(&self) -> &SegmentFile {
        &self.file
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(super) fn table(&self) -> Table<'_> {
        Table {
            file: &self.file,
            pages: &self.directory.table,
            streams_count: self.directory.streams.len(),
            count: self.file.footer().events_count,
        }
    }

    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            file: &self.file,
            pages: &self.directory.terms,
            positions_count: self.file.footer().events_count,
        }
    }

    pub(super) fn block_index(&self, stream_number: usize) -> BlockIndex<'_> {
        let pages = &self.directory.parts[stream_number].index;
        BlockIndex {
            file: &self.file,
            pages,
        }
    }

    /// The imprints that a block numbers.
    pub(super) fn imprints(&self, entry: &BlockEntry) -> Result<&[Imprint]> {
        let codebook = self.directory.codebooks.get(entry.codebook as usize);
        codebook
            .map(|codebook| codebook.imprints.as_slice())
            .ok_or_else(|| self.file.contradiction("block has no known codebook"))
    }

    /// Reads and decodes a block.
    pub(super) fn block(&self, entry: &BlockEntry) -> Result<Block> {
        let imprints_count = self.imprints(entry)?.len();
        let codebook = &self.directory.codebooks[entry.codebook as usize];
        let raw = self.file.read_with(entry.frame, codebook.dictionary)?;
        Block::decode(raw, *entry, imprints_count)
            .map_err(|error| self.file.damaged(entry.frame, error))
    }
}

/// Checks the counts that later steps rely on.
fn check_counts(directory: Directory, events_count: u32) -> Result<Directory, Malformed> {
    let bad = |what| Err(Malformed { what, at: 0 });
    if directory.table.len() != (events_count as usize).div_ceil(PAGE_ENTRIES) {
        return bad("table does not have a page for each event");
    }
    let in_streams = directory.streams.iter().try_fold(0u64, |sum, entry| {
        sum.checked_add(entry.last.get() - entry.first.get() + 1)
    });
    if in_streams != Some(u64::from(events_count)) {
        return bad("streams do not have as many events as the table");
    }
    Ok(directory)
}
