//! Sealing: writing a segment from verified batches, stream by stream.
//!
//! Events become blocks at once and wait, uncompressed, until there are enough to train the
//! dictionary on; from then on they go out in bulk. The table and the postings are kept until the
//! end, because only then is the place of every event in the order known.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;
use zstd::dict::EncoderDictionary;

use super::block::{BlockBuilder, BlockEntry};
use super::codebook::{self, Codebook, Imprint};
use super::directory::Directory;
use super::directory_codec;
use super::frame::{FrameEncoder, FrameRef, LEVEL};
use super::parts::{Mark, PartsWriter};
use super::sink::Sink;
use super::sizes::Sizes;
use super::table::{TableEntry, TablePage, TableWriter};
use super::terms::{self, NAMESPACE_TAG, TermPage, TermsWriter};
use super::{BlockCache, Floors, Segment, SegmentName};
use crate::error::{Error, Result};
use crate::event::batch::{BatchRef, Record, Records};
use crate::event::{AppId, BatchHash, Offset, StreamId, StreamName};
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
///
/// For each stream in ascending order: [`begin_stream`](Self::begin_stream), then its batches. A
/// writer that is dropped removes its temporary file.
#[derive(Debug)]
pub struct SegmentWriter {
    disk: Arc<dyn Disk>,
    name: SegmentName,
    sizes: Sizes,
    sink: Sink,
    parts: PartsWriter,
    imprints: Vec<Imprint>,
    dictionary: Option<Dictionary>,
    waiting: Vec<Piece>,
    waiting_bytes: usize,
    part: Option<OpenPart>,
    streams_count: u32,
    index: Index,
}

/// The stream being pushed.
#[derive(Debug)]
struct OpenPart {
    stream: StreamId,
    block: BlockBuilder,
    next: u64,
    lamport: Option<u64>,
    hash: BatchHash,
    bytes_unmarked: usize,
    /// The newest signed batch, unless a checkpoint was made of it.
    last_signed: Option<Mark>,
    is_marked: bool,
}

/// What goes out once the dictionary is there.
#[derive(Debug)]
enum Piece {
    Stream(StreamStart),
    Block(Vec<u8>, BlockEntry),
    Mark(Mark),
}

/// The outcome of training, which happens once.
struct Dictionary {
    frame: Option<FrameRef>,
    encoder: Option<EncoderDictionary<'static>>,
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Dictionary({:?})", self.frame)
    }
}

impl SegmentWriter {
    /// Starts the segment `name`, under its temporary name.
    pub fn create(disk: Arc<dyn Disk>, name: SegmentName) -> Result<Self> {
        Self::create_with(disk, name, Sizes::STANDARD)
    }

    /// As [`create`](Self::create), with other sizes.
    pub(super) fn create_with(
        disk: Arc<dyn Disk>,
        name: SegmentName,
        sizes: Sizes,
    ) -> Result<Self> {
        let sink = Sink::create(Arc::clone(&disk), name)?;
        Ok(Self {
            disk,
            name,
            sizes,
            sink,
            parts: PartsWriter::default(),
            imprints: Vec::new(),
            dictionary: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            part: None,
            streams_count: 0,
            index: Index::default(),
        })
    }

    /// Starts the next stream; streams come in ascending order, and each has a batch.
    pub fn begin_stream(&mut self, start: StreamStart) -> Result<()> {
        let before = self.part.as_ref().map(|part| part.stream);
        if before.is_some_and(|before| before >= start.stream) {
            return Err(
                Error::invalid("streams of a segment must come in ascending order")
                    .with("stream", start.stream),
            );
        }
        self.end_stream()?;
        self.part = Some(OpenPart {
            stream: start.stream,
            block: BlockBuilder::default(),
            next: start.first_offset.get(),
            lamport: None,
            hash: start.previous,
            bytes_unmarked: 0,
            last_signed: None,
            is_marked: false,
        });
        self.streams_count += 1;
        self.waiting.push(Piece::Stream(start));
        Ok(())
    }

    /// Appends a whole, verified batch of the stream begun last; the last one must be signed.
    pub fn push_batch(&mut self, batch: &BatchRef<'_>) -> Result<()> {
        let header = &batch.header;
        let imprint = self.imprint_number(&header.app_id, header.name.is_some());
        let Some(part) = self.part.as_mut() else {
            return Err(Error::invalid("a batch needs a stream"));
        };
        let continues = header.stream == part.stream
            && header.first_offset.get() == part.next
            && header.previous == part.hash;
        if !continues {
            return Err(
                Error::invalid("batches of a segment must follow each other")
                    .with("stream", header.stream)
                    .with("offset", header.first_offset)
                    .with("expected", part.next),
            );
        }
        let mut records = Records::new(batch.body);
        let mut starts_batch = true;
        while let Some(record) = records.read_next().map_err(malformed_batch)? {
            self.push_record(imprint, starts_batch, &record)?;
            starts_batch = false;
        }
        let part = self.part.as_mut().expect("checked above");
        part.hash = header.hash();
        part.is_marked = false;
        let Some(signature) = batch.signature else {
            return Ok(());
        };
        let mark = Mark {
            next_offset: header.last_offset().advanced(1)?,
            hash: part.hash,
            signature,
            lamport: header.lamport,
        };
        if part.bytes_unmarked + part.block.len() >= self.sizes.checkpoint_bytes {
            self.close_block()?;
            self.mark(mark);
        } else {
            part.last_signed = Some(mark);
        }
        Ok(())
    }

    /// Completes the file, makes it durable under its own name, and opens it.
    ///
    /// After an error nothing has the name of the segment, unless syncing the folder failed.
    pub fn finish(mut self, floors: &Floors, cache: &Arc<BlockCache>) -> Result<Segment> {
        self.end_stream()?;
        self.flush()?;
        let mut sink = self.sink;
        let (streams, parts) = self.parts.finish(&mut sink)?;
        let (table, events_count, terms) = self.index.write(&self.imprints, &mut sink)?;
        let dictionary = self.dictionary.and_then(|dictionary| dictionary.frame);
        let codebooks = vec![Codebook {
            dictionary,
            imprints: self.imprints,
        }];
        let floors = floors.clone();
        let directory = Directory {
            codebooks,
            streams,
            parts,
            table,
            terms,
            floors,
        };
        let frame = sink.append(&directory_codec::encode(&directory))?;
        sink.finish(frame, events_count)?;
        Segment::open(&self.disk, self.name, Arc::clone(cache))
    }

    fn imprint_number(&mut self, app_id: &AppId, has_name: bool) -> u32 {
        let is_it = |known: &Imprint| known.app_id == *app_id && known.has_name == has_name;
        let known = self.imprints.iter().position(is_it);
        known.unwrap_or_else(|| {
            let app_id = app_id.clone();
            self.imprints.push(Imprint { app_id, has_name });
            self.imprints.len() - 1
        }) as u32
    }

    fn push_record(&mut self, imprint: u32, starts_batch: bool, record: &Record<'_>) -> Result<()> {
        let part = self.part.as_mut().expect("the caller has checked");
        let lamport = record.lamport.get();
        if part.lamport.is_some_and(|before| before >= lamport) {
            return Err(Error::invalid("lamports of a stream must grow")
                .with("stream", part.stream)
                .with("offset", part.next));
        }
        let content_bytes = record.content.as_bytes().len();
        if part
            .block
            .is_full_for(content_bytes, self.sizes.block_bytes)
        {
            self.close_block()?;
        }
        let part = self.part.as_mut().expect("as above");
        part.block.push(part.next, imprint, starts_batch, record);
        let stream = self.streams_count - 1;
        self.index.push(
            TableEntry {
                lamport,
                stream,
                offset: part.next,
            },
            imprint,
            record,
        );
        part.next += 1;
        part.lamport = Some(lamport);
        Ok(())
    }

    fn close_block(&mut self) -> Result<()> {
        let part = self.part.as_mut().expect("the caller has checked");
        let Some((raw, entry)) = part.block.take() else {
            return Ok(());
        };
        part.bytes_unmarked += raw.len();
        self.waiting_bytes += raw.len();
        self.waiting.push(Piece::Block(raw, entry));
        if self.waiting_bytes >= self.sizes.waiting_bytes {
            self.flush()?;
        }
        Ok(())
    }

    fn mark(&mut self, mark: Mark) {
        let part = self.part.as_mut().expect("the caller has checked");
        part.bytes_unmarked = 0;
        part.is_marked = true;
        part.last_signed = None;
        self.waiting.push(Piece::Mark(mark));
    }

    fn end_stream(&mut self) -> Result<()> {
        let Some(part) = self.part.as_mut() else {
            return Ok(());
        };
        if part.is_marked {
            return Ok(());
        }
        let next = part.next;
        let last = part.last_signed.take();
        let Some(mark) = last.filter(|mark| mark.next_offset.get() == next) else {
            return Err(
                Error::invalid("a stream must end with a signed batch").with("stream", part.stream)
            );
        };
        self.close_block()?;
        self.mark(mark);
        Ok(())
    }

    /// Trains the dictionary, the first time, and writes what is waiting.
    fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if self.dictionary.is_none() {
            self.dictionary = Some(self.train(&waiting)?);
        }
        let dictionary = self
            .dictionary
            .as_ref()
            .and_then(|known| known.encoder.as_ref());
        let mut encoder = FrameEncoder::new(dictionary);
        for piece in waiting {
            match piece {
                Piece::Stream(start) => self.parts.begin(start, &mut self.sink)?,
                Piece::Block(raw, entry) => {
                    let frame = self.sink.append_with(&raw, &mut encoder)?;
                    self.parts.push_block(entry, frame, &mut self.sink)?;
                }
                Piece::Mark(mark) => self.parts.push_mark(mark),
            }
        }
        Ok(())
    }

    fn train(&mut self, waiting: &[Piece]) -> Result<Dictionary> {
        let blocks: Vec<&[u8]> = waiting
            .iter()
            .filter_map(|piece| match piece {
                Piece::Block(raw, _) => Some(raw.as_slice()),
                _ => None,
            })
            .collect();
        let trained = codebook::train(blocks.iter().copied()).and_then(|bytes| {
            let encoder = EncoderDictionary::try_copy(&bytes, LEVEL).ok()?;
            Some((bytes, encoder))
        });
        let Some((bytes, encoder)) = trained else {
            return Ok(Dictionary {
                frame: None,
                encoder: None,
            });
        };
        let frame = self.sink.append(&bytes)?;
        Ok(Dictionary {
            frame: Some(frame),
            encoder: Some(encoder),
        })
    }
}

/// The events and terms pushed so far. Until the order is known, events are named by the order in
/// which they were pushed.
#[derive(Debug, Default)]
struct Index {
    events: Vec<TableEntry>,
    /// The events of each imprint.
    imprints: Vec<Vec<u32>>,
    tags: BTreeMap<Box<str>, Vec<u32>>,
}

impl Index {
    fn push(&mut self, entry: TableEntry, imprint: u32, record: &Record<'_>) {
        let event = self.events.len() as u32;
        self.events.push(entry);
        if self.imprints.len() <= imprint as usize {
            self.imprints.resize_with(imprint as usize + 1, Vec::new);
        }
        self.imprints[imprint as usize].push(event);
        for tag in record.content.tags() {
            match self.tags.get_mut(tag) {
                Some(events) => events.push(event),
                None => {
                    self.tags.insert(tag.into(), vec![event]);
                }
            }
        }
    }

    fn write(
        self,
        imprints: &[Imprint],
        sink: &mut Sink,
    ) -> Result<(Vec<TablePage>, u32, Vec<TermPage>)> {
        let mut order: Vec<u32> = (0..self.events.len() as u32).collect();
        order.sort_unstable_by_key(|event| self.events[*event as usize]);
        let mut table = TableWriter::default();
        let mut positions = vec![0; order.len()];
        for event in order {
            positions[event as usize] = table.push(self.events[event as usize], sink)?;
        }
        let (pages, count) = table.finish(sink)?;
        let mut writer = TermsWriter::default();
        let mut by_app: BTreeMap<&AppId, Vec<u32>> = BTreeMap::new();
        for (imprint, events) in imprints.iter().zip(&self.imprints) {
            let events = events.iter().copied();
            by_app.entry(&imprint.app_id).or_default().extend(events);
        }
        for (app_id, events) in &by_app {
            let term = terms::app_term(app_id);
            writer.push(&term, &positions_of(events, &positions), sink)?;
        }
        let mut term = vec![NAMESPACE_TAG];
        for (tag, events) in &self.tags {
            term.truncate(1);
            term.extend_from_slice(tag.as_bytes());
            writer.push(&term, &positions_of(events, &positions), sink)?;
        }
        Ok((pages, count, writer.finish(sink)?))
    }
}

fn positions_of(events: &[u32], positions: &[u32]) -> RoaringBitmap {
    let mut found: Vec<u32> = events
        .iter()
        .map(|event| positions[*event as usize])
        .collect();
    found.sort_unstable();
    RoaringBitmap::from_sorted_iter(found).expect("positions differ")
}

fn malformed_batch(error: crate::event::codec::Malformed) -> Error {
    Error::invalid("batch is malformed").because(error)
}
