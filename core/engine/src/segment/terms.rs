//! The terms: sorted apps and tags, each with its postings, in pages with a sparse index above.
//!
//! Short postings lie beside their term, longer ones in a frame of their own, so that a lookup
//! that finds nothing reads one page and no postings.

use std::cmp::Ordering;
use std::ops::Range;

use bytes::Bytes;
use roaring::RoaringBitmap;

use super::file::SegmentFile;
use super::frame::FrameRef;
use super::postings::{self, Encoding};
use super::sink::Sink;
use crate::error::Result;
use crate::event::codec::{Malformed, Reader, put_bytes, put_varint};
use crate::event::{AppId, Tag};
use crate::limits::TAG_BYTES_MAX;

/// The term of an app.
pub(super) fn app_term(app_id: &AppId) -> Vec<u8> {
    [&[NAMESPACE_APP], app_id.as_str().as_bytes()].concat()
}

/// The term of a tag.
pub(super) fn tag_term(tag: &Tag) -> Vec<u8> {
    [&[NAMESPACE_TAG], tag.as_str().as_bytes()].concat()
}

/// What the sparse index knows of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TermPage {
    /// The shortest text that is above all terms before the page and not above its own.
    pub(super) separator: Box<[u8]>,
    /// Its frame.
    pub(super) frame: FrameRef,
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Namespace and text.
    pub(super) term: Vec<u8>,
    /// How many events have it.
    pub(super) count: u32,
    encoding: Encoding,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Here(Bytes),
    Frame(FrameRef),
}

/// Writes the terms; they come in order.
#[derive(Debug, Default)]
pub(super) struct TermsWriter {
    page: Vec<u8>,
    pages: Vec<TermPage>,
    before: Vec<u8>,
    separator: Box<[u8]>,
}

impl TermsWriter {
    /// Appends a term with the positions of its events, of which there is at least one.
    pub(super) fn push(
        &mut self,
        term: &[u8],
        positions: &RoaringBitmap,
        sink: &mut Sink,
    ) -> Result<()> {
        let (encoding, bytes) = postings::encode(positions);
        let is_short = bytes.len() <= POSTINGS_HERE_BYTES_MAX;
        let frame = if is_short {
            None
        } else {
            Some(sink.append(&bytes)?)
        };
        if self.page.is_empty() {
            self.separator = separator(&self.before, term);
            self.before.clear();
        }
        let shared = shared_len(&self.before, term);
        put_varint(&mut self.page, shared as u64);
        put_bytes(&mut self.page, &term[shared..]);
        put_varint(&mut self.page, positions.len());
        let is_roaring = encoding == Encoding::Roaring;
        self.page
            .push(u8::from(is_roaring) | u8::from(frame.is_some()) << 1);
        match frame {
            None => put_bytes(&mut self.page, &bytes),
            Some(frame) => {
                put_varint(&mut self.page, frame.position);
                put_varint(&mut self.page, u64::from(frame.len));
            }
        }
        self.before.clear();
        self.before.extend_from_slice(term);
        if self.page.len() >= PAGE_BYTES {
            self.flush(sink)?;
        }
        Ok(())
    }

    /// Completes the terms: their sparse index.
    pub(super) fn finish(mut self, sink: &mut Sink) -> Result<Vec<TermPage>> {
        if !self.page.is_empty() {
            self.flush(sink)?;
        }
        Ok(self.pages)
    }

    fn flush(&mut self, sink: &mut Sink) -> Result<()> {
        let frame = sink.append(&self.page)?;
        let separator = std::mem::take(&mut self.separator);
        self.pages.push(TermPage { separator, frame });
        self.page.clear();
        Ok(())
    }
}

fn shared_len(left: &[u8], right: &[u8]) -> usize {
    left.iter()
        .zip(right)
        .take_while(|(left, right)| left == right)
        .count()
}

fn separator(before: &[u8], first: &[u8]) -> Box<[u8]> {
    let len = (shared_len(before, first) + 1).min(first.len());
    first[..len].into()
}

/// The terms, for reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    /// The file.
    pub(super) file: &'a SegmentFile,
    /// The sparse index.
    pub(super) pages: &'a [TermPage],
    /// How many events the table has.
    pub(super) positions_count: u32,
}

impl Terms<'_> {
    /// The term, if an event has it.
    pub(super) fn find(&self, term: &[u8]) -> Result<Option<Term>> {
        let number = self.pages.partition_point(|page| *page.separator <= *term);
        let Some(number) = number.checked_sub(1) else {
            return Ok(None);
        };
        let frame = self.pages[number].frame;
        let content = self.file.read(frame)?;
        find_in(&content, term).map_err(|error| self.file.damaged(frame, error))
    }

    /// All terms of a page, which the cache does not keep.
    pub(super) fn page(&self, number: usize) -> Result<Vec<Term>> {
        let frame = self.pages[number].frame;
        let content = self.file.read_uncached(frame)?;
        decode_page(&content).map_err(|error| self.file.damaged(frame, error))
    }

    /// The positions of the events that have `term`.
    pub(super) fn positions(&self, term: &Term, is_kept: bool) -> Result<RoaringBitmap> {
        let (bytes, frame) = match &term.place {
            Place::Here(bytes) => (bytes.clone(), FrameRef::default()),
            Place::Frame(frame) if is_kept => (self.file.read(*frame)?, *frame),
            Place::Frame(frame) => (self.file.read_uncached(*frame)?, *frame),
        };
        postings::decode(term.encoding, &bytes, term.count, self.positions_count)
            .map_err(|error| self.file.damaged(frame, error))
    }
}

pub(super) fn decode_page(content: &Bytes) -> Result<Vec<Term>, Malformed> {
    let mut entries = Entries::new(content);
    let mut terms = Vec::new();
    while let Some(entry) = entries.next()? {
        terms.push(entries.term(entry));
    }
    Ok(terms)
}

/// A term of a page, if it is there. What is behind it is not looked at.
pub(super) fn find_in(content: &Bytes, term: &[u8]) -> Result<Option<Term>, Malformed> {
    let mut entries = Entries::new(content);
    while let Some(entry) = entries.next()? {
        match entries.text.as_slice().cmp(term) {
            Ordering::Less => {}
            Ordering::Equal => return Ok(Some(entries.term(entry))),
            Ordering::Greater => return Ok(None),
        }
    }
    Ok(None)
}

/// The terms of a page one after the other: nothing is copied of those that nobody wants.
struct Entries<'a> {
    content: &'a Bytes,
    reader: Reader<'a>,
    /// The term that was read last; empty before the first.
    text: Vec<u8>,
}

/// What a page says of the term that was read last.
#[derive(Clone, Debug)]
struct Entry {
    count: u32,
    encoding: Encoding,
    postings: Postings,
}

#[derive(Clone, Debug)]
enum Postings {
    /// Where in the page they are.
    Here(Range<usize>),
    Frame(FrameRef),
}

impl<'a> Entries<'a> {
    fn new(content: &'a Bytes) -> Self {
        Self {
            content,
            reader: Reader::new(content),
            text: Vec::new(),
        }
    }

    fn next(&mut self) -> Result<Option<Entry>, Malformed> {
        let reader = &mut self.reader;
        if reader.is_at_end() {
            return Ok(None);
        }
        let shared = reader.len(self.text.len(), "term shares more than there is")?;
        let rest_len = reader.len(TERM_BYTES_MAX, "term is too long")?;
        let rest = reader.take(rest_len)?;
        if *rest <= self.text[shared..] {
            return Err(reader.malformed("terms are out of order"));
        }
        self.text.truncate(shared);
        self.text.extend_from_slice(rest);
        let count = reader.len(u32::MAX as usize, "term has too many events")? as u32;
        let flags = reader.u8()?;
        if flags > 3 {
            return Err(reader.malformed("postings have an unknown encoding"));
        }
        let encoding = match flags & 1 {
            0 => Encoding::Deltas,
            _ => Encoding::Roaring,
        };
        let postings = if flags & 2 == 0 {
            let len = reader.len(POSTINGS_HERE_BYTES_MAX, "postings are too long")?;
            let at = reader.position();
            reader.take(len)?;
            Postings::Here(at..at + len)
        } else {
            let position = reader.varint()?;
            let len = reader.len(u32::MAX as usize, "frame is too long")? as u32;
            Postings::Frame(FrameRef { position, len })
        };
        Ok(Some(Entry {
            count,
            encoding,
            postings,
        }))
    }

    /// The term that was read last.
    fn term(&self, entry: Entry) -> Term {
        Term {
            term: self.text.clone(),
            count: entry.count,
            encoding: entry.encoding,
            place: match entry.postings {
                Postings::Here(range) => Place::Here(self.content.slice(range)),
                Postings::Frame(frame) => Place::Frame(frame),
            },
        }
    }
}

/// Apps sort before tags, and are kept apart from a tag of the same text.
pub(super) const NAMESPACE_APP: u8 = 1;
/// Tags.
pub(super) const NAMESPACE_TAG: u8 = 2;
const PAGE_BYTES: usize = 4 * 1024;
const POSTINGS_HERE_BYTES_MAX: usize = 64;
const TERM_BYTES_MAX: usize = 1 + TAG_BYTES_MAX;
