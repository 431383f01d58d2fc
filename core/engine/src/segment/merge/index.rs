//! Merging the event tables, and the postings through the map of old to new positions.

use roaring::RoaringBitmap;

use super::super::open::Segment;
use super::super::sink::Sink;
use super::super::table::{TableEntry, TablePage, TableWriter};
use super::super::terms::{Term, TermPage, TermsWriter};
use super::plan::{Fate, Plan};
use crate::error::Result;

/// The merged table, for the directory.
#[derive(Debug)]
pub(super) struct MergedTable {
    pub(super) pages: Vec<TablePage>,
    pub(super) count: u32,
}

/// New positions by old ones; [`DROPPED`] where an event is not kept.
type PositionMap = Vec<u32>;

/// Merges the tables. Returns a map of positions for each source.
pub(super) fn merge_tables(
    plan: &Plan<'_>,
    sink: &mut Sink,
) -> Result<(MergedTable, Vec<PositionMap>)> {
    let mut readers = Vec::new();
    for (segment, fates) in plan.sources.iter().zip(&plan.fates) {
        let mut reader = TableReader::new(segment, fates);
        reader.advance()?;
        readers.push(reader);
    }
    let mut writer = TableWriter::default();
    let mut next_offsets: Vec<u64> = plan.streams.iter().map(|stream| stream.cut.get()).collect();
    loop {
        let heads = readers.iter().enumerate();
        let least = heads
            .filter_map(|(index, reader)| Some((reader.head?, index)))
            .min();
        let Some((entry, index)) = least else { break };
        // Writing relies on every offset of a stream coming in its turn.
        let next = &mut next_offsets[entry.stream as usize];
        if entry.offset != *next {
            let file = plan.sources[index].file();
            return Err(file.contradiction("event table has gaps, or lamports do not grow"));
        }
        *next += 1;
        let position = writer.push(entry, sink)?;
        let reader = &mut readers[index];
        *reader
            .map
            .last_mut()
            .expect("the head has a place in the map") = position;
        reader.advance()?;
    }
    let (pages, count) = writer.finish(sink)?;
    let maps = readers.into_iter().map(|reader| reader.map).collect();
    Ok((MergedTable { pages, count }, maps))
}

/// The entries of one source that are kept, with their new stream numbers.
struct TableReader<'a> {
    segment: &'a Segment,
    fates: &'a [Fate],
    page: std::vec::IntoIter<TableEntry>,
    next_page: usize,
    head: Option<TableEntry>,
    map: PositionMap,
    /// The entry that was read last.
    before: Option<TableEntry>,
}

impl<'a> TableReader<'a> {
    fn new(segment: &'a Segment, fates: &'a [Fate]) -> Self {
        Self {
            segment,
            fates,
            page: Vec::new().into_iter(),
            next_page: 0,
            head: None,
            map: Vec::with_capacity(segment.table().count as usize),
            before: None,
        }
    }

    /// Moves to the next entry that is kept; the map grows by every entry passed.
    fn advance(&mut self) -> Result<()> {
        self.head = None;
        while self.head.is_none() {
            let Some(entry) = self.next_entry()? else {
                return Ok(());
            };
            self.map.push(DROPPED);
            self.check_order(entry)?;
            if let Fate::Kept { number, cut } = self.fates[entry.stream as usize]
                && cut <= entry.offset
            {
                self.head = Some(TableEntry {
                    stream: number,
                    ..entry
                });
            }
        }
        Ok(())
    }

    /// The maps of positions are ascending only if the table is.
    fn check_order(&mut self, entry: TableEntry) -> Result<()> {
        if self.before.is_some_and(|before| before >= entry) {
            return Err(self
                .segment
                .file()
                .contradiction("event table is out of order"));
        }
        self.before = Some(entry);
        Ok(())
    }

    fn next_entry(&mut self) -> Result<Option<TableEntry>> {
        if let Some(entry) = self.page.next() {
            return Ok(Some(entry));
        }
        let table = self.segment.table();
        if self.next_page == table.pages.len() {
            return Ok(None);
        }
        self.page = table.page(self.next_page)?.into_iter();
        self.next_page += 1;
        Ok(self.page.next())
    }
}

/// Merges the terms, and their postings through `maps`.
pub(super) fn merge_terms(
    plan: &Plan<'_>,
    maps: &[PositionMap],
    sink: &mut Sink,
) -> Result<Vec<TermPage>> {
    let mut readers = Vec::new();
    for segment in plan.sources {
        let mut reader = TermReader::new(segment);
        reader.advance()?;
        readers.push(reader);
    }
    let mut writer = TermsWriter::default();
    loop {
        let heads = readers.iter().filter_map(|reader| reader.head.as_ref());
        let Some(least) = heads.map(|term| &term.term).min().cloned() else {
            break;
        };
        let mut merged = RoaringBitmap::new();
        for (reader, map) in readers.iter_mut().zip(maps) {
            let Some(term) = reader.head.take_if(|head| head.term == least) else {
                continue;
            };
            let positions = reader.segment.terms().positions(&term, false)?;
            merged |= mapped(&positions, map);
            reader.advance()?;
        }
        if !merged.is_empty() {
            writer.push(&least, &merged, sink)?;
        }
    }
    writer.finish(sink)
}

/// A map keeps the order, since all sources have the same one.
fn mapped(positions: &RoaringBitmap, map: &PositionMap) -> RoaringBitmap {
    let new = positions.iter().map(|position| map[position as usize]);
    RoaringBitmap::from_sorted_iter(new.filter(|position| *position != DROPPED))
        .expect("a merge keeps the order of each source")
}

/// The terms of one source, page by page.
struct TermReader<'a> {
    segment: &'a Segment,
    page: std::vec::IntoIter<Term>,
    next_page: usize,
    head: Option<Term>,
}

impl<'a> TermReader<'a> {
    fn new(segment: &'a Segment) -> Self {
        Self {
            segment,
            page: Vec::new().into_iter(),
            next_page: 0,
            head: None,
        }
    }

    fn advance(&mut self) -> Result<()> {
        self.head = self.page.next();
        let terms = self.segment.terms();
        while self.head.is_none() && self.next_page < terms.pages.len() {
            self.page = terms.page(self.next_page)?.into_iter();
            self.next_page += 1;
            self.head = self.page.next();
        }
        Ok(())
    }
}

const DROPPED: u32 = u32::MAX;
