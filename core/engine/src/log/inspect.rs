//! Looking at a whole log without opening it: every file, and in it every checksum, hash and
//! signature.
//!
//! Opening a log stops at the first damage, trusts what was sealed, and puts a torn end right. This
//! goes through everything, says of each file what is wrong with it, and writes nothing. It judges
//! by the same rules as recovery, which are in `recover`, `scan` and `heads`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::append::decode_group;
use super::frame::FrameKind;
use super::heads::{Head, Heads};
use super::log_file::{file_name, parse_file_name};
use super::recover::{check_continues, check_header, check_ranges, head_of, sort_out};
use super::scan::{Ending, Found, Scan};
use crate::error::{Error, Result};
use crate::event::batch::BatchRef;
use crate::event::{BatchHeader, Offset, StreamId, StreamName};
use crate::limits::INSPECTION_CACHE_BYTES;
use crate::segment::{BlockCache, Floors, Segment, SegmentName};
use crate::storage::{Disk, FileName, Folder};

/// A log that is being looked at, file by file, oldest first.
///
/// Nobody may write to it meanwhile.
#[derive(Debug)]
pub struct Inspection {
    disk: Arc<dyn Disk>,
    segments: VecDeque<SegmentName>,
    /// What the names of the segments say of them all; told with the first file.
    ranges: Option<Error>,
    sequences: VecDeque<u64>,
    expected: u64,
    heads: Heads,
    floors: Floors,
    /// Streams whose newest batch no signature covers so far.
    unsigned: BTreeSet<StreamId>,
}

/// A file of the log, what is in it, and what is wrong with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileReport {
    /// The file.
    pub file: FileName,
    /// Whether it is a sealed segment, or a file of the write-ahead log.
    pub is_sealed: bool,
    /// Its length.
    pub bytes: u64,
    /// The events that were found in it.
    pub events: u64,
    /// Of which streams they are, in stream order.
    pub streams: Vec<StreamRange>,
    /// Bytes of a write at its end that did not complete, and was never acknowledged: no damage.
    pub torn_bytes: u64,
    /// The first thing that is wrong.
    pub fault: Option<Error>,
}

/// From where to where a file has events of a stream; there may be gaps, where a stream was begun
/// anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRange {
    /// The stream.
    pub stream: StreamId,
    /// Its name.
    pub name: StreamName,
    /// The first event that is in the file.
    pub first: Offset,
    /// The last one.
    pub last: Offset,
}

impl Inspection {
    /// Lists the files of a log; reads none.
    ///
    /// # Errors
    ///
    /// Those of listing its folders.
    pub fn begin(disk: Arc<dyn Disk>) -> Result<Self> {
        let list = |folder: Folder| {
            disk.list(folder)
                .map_err(|error| Error::io("cannot list a folder", error).with("folder", folder))
        };
        let (kept, _) = sort_out(&list(Folder::Segments)?);
        let covered = kept.last().map_or(0, |name| name.last);
        let listed = list(Folder::Log)?;
        let mut sequences: Vec<u64> = listed.iter().filter_map(parse_file_name).collect();
        // What is sealed already is of no more use.
        sequences.retain(|sequence| *sequence > covered);
        sequences.sort_unstable();
        Ok(Self {
            ranges: check_ranges(&kept).err(),
            segments: kept.into(),
            sequences: sequences.into(),
            expected: covered.saturating_add(1),
            disk,
            heads: Heads::default(),
            floors: Floors::new(),
            unsigned: BTreeSet::new(),
        })
    }

    /// How many files are still to be looked at.
    #[must_use]
    pub fn files_left(&self) -> usize {
        self.segments.len() + self.sequences.len()
    }

    /// Reads the next file, all of it; nothing if there is none. What is wrong with it is in the
    /// report; what comes after is looked at all the same.
    pub fn next_file(&mut self) -> Option<FileReport> {
        let mut report = match self.segments.pop_front() {
            Some(name) => self.segment(name),
            None => {
                let sequence = self.sequences.pop_front()?;
                self.log_file(sequence)
            }
        };
        report.fault = self.ranges.take().or(report.fault);
        if self.files_left() == 0 && report.fault.is_none() {
            report.fault = self.unsigned.first().map(|stream| {
                Error::corrupt("the end of a stream is not signed").with("stream", stream)
            });
        }
        Some(report)
    }

    fn segment(&mut self, name: SegmentName) -> FileReport {
        let mut report = FileReport::new(name.file_name(), true);
        let cache = Arc::new(BlockCache::new(INSPECTION_CACHE_BYTES));
        match Segment::open(&self.disk, name, cache) {
            Ok(segment) => {
                let segment = Arc::new(segment);
                report.describe(&segment);
                report.note(self.take_segment(&segment));
                report.note(segment.verify());
            }
            Err(error) => report.note(Err(error)),
        }
        report
    }

    /// Goes on behind a segment, whatever it is like.
    fn take_segment(&mut self, segment: &Segment) -> Result<()> {
        self.floors.raise_all(segment.floors());
        let mut outcome = Ok(());
        for entry in segment.streams() {
            let continues = check_continues(entry, &self.heads, &self.floors);
            outcome = outcome.and(continues);
            self.heads.restore(entry.stream, head_of(entry));
        }
        outcome.map_err(|error| error.with("segment", segment.name()))
    }

    fn log_file(&mut self, sequence: u64) -> FileReport {
        let mut report = FileReport::new(file_name(sequence), false);
        if sequence != self.expected {
            let missing = file_name(self.expected);
            let error = Error::corrupt("a log file is missing").with("file", missing);
            report.note(Err(error));
        }
        self.expected = sequence.saturating_add(1);
        let outcome = self.take_log_file(sequence, &mut report);
        report.note(outcome);
        report
    }

    fn take_log_file(&mut self, sequence: u64, report: &mut FileReport) -> Result<()> {
        let name = report.file.clone();
        let failed = |error| Error::io("cannot read a log file", error).with("file", &name);
        let file = self.disk.open(&name).map_err(failed)?;
        report.bytes = file.len().map_err(failed)?;
        let mut bytes = vec![0; report.bytes as usize];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        check_header(&bytes, sequence)?;
        let mut seen = Seen::default();
        let mut scan = Scan::new(&bytes, sequence);
        while let Some(frame) = scan.next_frame() {
            if frame.kind == FrameKind::Group {
                let taken = self.take_group(&frame, &mut seen);
                report.note(taken.map_err(|error| error.with("file", &name)));
            }
        }
        report.events = seen.events;
        report.streams = seen.streams.into_values().collect();
        let is_last = self.sequences.is_empty();
        match scan.ending().expect("the scan has run to its end") {
            Ending::Torn { len, .. } if is_last => report.torn_bytes = len,
            Ending::Clean { .. } if is_last => {}
            Ending::Complete => {}
            Ending::Clean { position }
            | Ending::Torn { position, .. }
            | Ending::Damaged { position } => {
                return Err(Error::corrupt("a log file is damaged")
                    .with("file", &name)
                    .with("position", position));
            }
        }
        Ok(())
    }

    /// Goes on behind a group, as far as it can be decoded.
    fn take_group(&mut self, frame: &Found<'_>, seen: &mut Seen) -> Result<()> {
        let damaged = |error| {
            Error::corrupt("a commit group cannot be decoded")
                .with("position", frame.payload_at)
                .because(error)
        };
        let batches = decode_group(frame.payload, frame.payload_at).map_err(damaged)?;
        let mut outcome = Ok(());
        for placed in &batches {
            let taken = self.take_batch(&placed.batch);
            outcome = outcome.and(taken.map_err(|error| error.with("position", placed.at)));
            let header = &placed.batch.header;
            if let Some(head) = self.heads.head(header.stream) {
                seen.note(header, head);
            }
        }
        outcome
    }

    fn take_batch(&mut self, batch: &BatchRef<'_>) -> Result<()> {
        let header = &batch.header;
        let damaged = |error| Error::corrupt("a batch is damaged").because(error);
        batch.check_body().map_err(damaged)?;
        let first = batch.first_lamport().map_err(damaged)?;
        match self.heads.extend(header, first) {
            Ok(floor) => {
                if let Some(floor) = floor {
                    self.floors.raise(header.stream, floor);
                }
            }
            Err(error) => {
                if let Some(before) = self.heads.head(header.stream) {
                    let head = Head {
                        name: before.name.clone(),
                        last: header.last_offset(),
                        hash: header.hash(),
                        lamport: header.lamport,
                    };
                    self.heads.restore(header.stream, head);
                }
                return Err(error);
            }
        }
        match &batch.signature {
            None => {
                self.unsigned.insert(header.stream);
            }
            Some(signature) if header.hash().is_signed(header.stream.node, signature) => {
                self.unsigned.remove(&header.stream);
            }
            Some(_) => {
                return Err(
                    Error::corrupt("the signature of a batch is not its author's")
                        .with("stream", header.stream)
                        .with("offset", header.first_offset),
                );
            }
        }
        Ok(())
    }
}

impl FileReport {
    fn new(file: FileName, is_sealed: bool) -> Self {
        Self {
            file,
            is_sealed,
            bytes: 0,
            events: 0,
            streams: Vec::new(),
            torn_bytes: 0,
            fault: None,
        }
    }

    fn describe(&mut self, segment: &Segment) {
        self.bytes = segment.file_bytes();
        self.events = u64::from(segment.events_count());
        let part = |entry: &crate::segment::StreamEntry| StreamRange {
            stream: entry.stream,
            name: entry.name.clone(),
            first: entry.first,
            last: entry.last,
        };
        self.streams = segment.streams().iter().map(part).collect();
    }

    /// Keeps the first thing that is wrong.
    fn note(&mut self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.fault.get_or_insert(error);
        }
    }
}

/// What was found in a log file so far.
#[derive(Default)]
struct Seen {
    events: u64,
    streams: BTreeMap<StreamId, StreamRange>,
}

impl Seen {
    fn note(&mut self, header: &BatchHeader, head: &Head) {
        self.events += u64::from(header.count);
        let stream = header.stream;
        let range = self.streams.entry(stream).or_insert_with(|| StreamRange {
            stream,
            name: head.name.clone(),
            first: header.first_offset,
            last: head.last,
        });
        range.last = head.last;
    }
}
