//! The index of one log file that is not sealed yet: where each of its events is.
//!
//! Only metadata is in memory, about 60 bytes an event plus its tags' postings; contents are read
//! from the file, which is warm. The index is made from the bytes of commit groups, by the same
//! code for what we wrote, what peers sent, and what a restart finds.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use super::log_file::file_name;
use crate::error::{Error, Result};
use crate::event::batch::{BatchRef, Records};
use crate::event::codec::{Malformed, Reader, checksum};
use crate::event::{
    AppId, Batch, BatchHash, Content, Event, EventKey, Lamport, Offset, StreamId, StreamName, Tag,
    Timestamp,
};
use crate::limits::RUN_BYTES_MAX;
use crate::select::{EventView, Selection};
use crate::storage::DiskFile;

/// A log file and the index of what was appended to it so far.
#[derive(Debug)]
pub(super) struct Unsealed {
    pub(super) sequence: u64,
    pub(super) file: Arc<dyn DiskFile>,
    index: RwLock<Index>,
}

impl Unsealed {
    pub(super) fn new(sequence: u64, file: Arc<dyn DiskFile>) -> Self {
        Self {
            sequence,
            file,
            index: RwLock::default(),
        }
    }

    /// The index as it is now; the writer waits while this is held, so hold it shortly.
    pub(super) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds the batches of one commit group. They are visible to readers when it returns.
    pub(super) fn apply(&self, batches: &[PlacedBatch<'_>]) -> Result<(), Malformed> {
        let mut index = self
            .index
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        batches.iter().try_for_each(|batch| index.apply(batch))
    }

    /// Reads a batch and checks it against its hash.
    pub(super) fn read_batch<'a>(
        &self,
        span: &BatchSpan,
        bytes: &'a mut Vec<u8>,
    ) -> Result<BatchRef<'a>> {
        bytes.resize(span.len as usize, 0);
        let read = self.file.read_exact_at(bytes, span.at);
        read.map_err(|error| {
            Error::io("cannot read a log file", error).with("file", file_name(self.sequence))
        })?;
        Batch::decode(&mut Reader::new(bytes))
            .and_then(|batch| batch.check_body().map(|()| batch))
            .map_err(|error| {
                Error::corrupt("a batch changed after it was written")
                    .with("file", file_name(self.sequence))
                    .with("position", span.at)
                    .because(error)
            })
    }

    /// Reads one event's content and checks it against what was written.
    pub(super) fn read_event(&self, place: &EventPlace) -> Result<Event> {
        let mut bytes = vec![0; place.content_len as usize];
        let at = u64::from(place.content_at);
        let damaged = |what: &'static str| {
            Error::corrupt(what)
                .with("log file", self.sequence)
                .with("position", at)
        };
        self.file.read_exact_at(&mut bytes, at).map_err(|error| {
            Error::io("cannot read an event", error).with("log file", self.sequence)
        })?;
        if checksum(&[&bytes]) != place.checksum {
            return Err(damaged("an event changed after it was written"));
        }
        let content = Content::decode_checked(&mut Reader::new(&bytes))
            .map_err(|error| damaged("an event cannot be decoded").because(error))?;
        Ok(Event::new(
            place.key,
            place.timestamp,
            place.app_id.clone(),
            content,
        ))
    }
}

/// A batch and where it lies in the log file.
#[derive(Debug)]
pub(super) struct PlacedBatch<'a> {
    pub(super) batch: BatchRef<'a>,
    /// Where the encoded batch begins in the file.
    pub(super) at: u64,
    /// Bytes of the encoded batch.
    pub(super) len: u64,
    /// Where its body begins in the file.
    pub(super) body_at: u64,
}

/// Where an event's content lies, with everything else that is known of it.
#[derive(Clone, Debug)]
pub(super) struct EventPlace {
    pub(super) key: EventKey,
    timestamp: Timestamp,
    app_id: AppId,
    content_at: u32,
    content_len: u32,
    checksum: u64,
}

/// Where a batch lies in the log file, for sealing and sending.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchSpan {
    /// Place of its first event in its stream's part.
    rank: u32,
    pub(super) at: u64,
    pub(super) len: u64,
}

/// What is known of the events of one log file, in the order they were committed.
#[derive(Debug, Default)]
pub(super) struct Index {
    events: Vec<Entry>,
    streams: Vec<StreamPart>,
    stream_numbers: BTreeMap<StreamId, u32>,
    apps: Vec<(AppId, Vec<u32>)>,
    tags: BTreeMap<Tag, Vec<u32>>,
    /// Bytes of the keys of `tags`, and numbers in all lists.
    tag_bytes: usize,
    numbers: usize,
    /// Whether the order of commit is the order of event keys so far.
    is_sorted: bool,
}

/// The fixed-size part of what is known of an event.
#[derive(Debug)]
struct Entry {
    lamport: Lamport,
    timestamp: Timestamp,
    checksum: u64,
    content_at: u32,
    content_len: u32,
    stream: u32,
    /// Place in its stream's part; the offset follows from it.
    rank: u32,
    app: u32,
}

/// The events of one stream in this file.
#[derive(Debug)]
pub(super) struct StreamPart {
    pub(super) id: StreamId,
    pub(super) name: Option<StreamName>,
    pub(super) first: Offset,
    /// Hash of the batch header before it.
    pub(super) previous: BatchHash,
    /// Numbers of its events, in offset order.
    pub(super) events: Vec<u32>,
    pub(super) batches: Vec<BatchSpan>,
}

impl StreamPart {
    fn next(&self) -> u64 {
        self.first.get() + self.events.len() as u64
    }
}

impl Index {
    /// How many events there are; they are numbered from 0 in the order of commit.
    pub(super) fn len(&self) -> u32 {
        self.events.len() as u32
    }

    /// About how many bytes of memory this takes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.events.len() * size_of::<Entry>()
            + self.numbers * size_of::<u32>()
            + self.tags.len() * TAG_OVERHEAD_BYTES
            + self.tag_bytes
    }

    /// The streams that have events here. A stream is there twice if it begins once more, behind a
    /// gap.
    pub(super) fn streams(&self) -> &[StreamPart] {
        &self.streams
    }

    /// Each stream once: where it began once more, the part from there on.
    pub(super) fn current_parts(&self) -> impl Iterator<Item = &StreamPart> {
        let numbers = self.stream_numbers.values();
        numbers.map(|number| &self.streams[*number as usize])
    }

    /// Where the batches of `stream` lie, from the one that begins at `from` on, as many as are
    /// wanted in one run; nothing if none begins there.
    pub(super) fn batches_from(&self, stream: StreamId, from: Offset) -> Vec<BatchSpan> {
        let Some(number) = self.stream_numbers.get(&stream) else {
            return Vec::new();
        };
        let part = &self.streams[*number as usize];
        let rank = from.get().checked_sub(part.first.get());
        let place = |rank| {
            part.batches
                .binary_search_by_key(&rank, |span| u64::from(span.rank))
        };
        let Some(first) = rank.and_then(|rank| place(rank).ok()) else {
            return Vec::new();
        };
        let mut bytes = 0;
        let fits = |span: &&BatchSpan| {
            let is_wanted = bytes < RUN_BYTES_MAX as u64;
            bytes += span.len;
            is_wanted
        };
        part.batches[first..]
            .iter()
            .take_while(fits)
            .copied()
            .collect()
    }

    /// Where the batch of `stream` lies that has the event at `offset`.
    pub(super) fn batch_with(&self, stream: StreamId, offset: Offset) -> Option<BatchSpan> {
        let number = self.stream_numbers.get(&stream)?;
        let part = &self.streams[*number as usize];
        let rank = offset.get().checked_sub(part.first.get())?;
        let is_before = |span: &BatchSpan| u64::from(span.rank) <= rank;
        let after = part.batches.partition_point(is_before);
        (rank < part.events.len() as u64).then(|| part.batches[after - 1])
    }

    /// Whether numbers grow with event keys.
    pub(super) fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    /// The numbers of the events with `tag`, ascending.
    pub(super) fn with_tag(&self, tag: &Tag) -> &[u32] {
        self.tags.get(tag).map_or(&[], Vec::as_slice)
    }

    /// The numbers of the events of `app_id`, ascending.
    pub(super) fn of_app(&self, app_id: &AppId) -> &[u32] {
        self.apps
            .iter()
            .find(|(known, _)| known == app_id)
            .map_or(&[], |(_, numbers)| numbers)
    }

    /// How many events have each of the tags and apps that a selection names.
    pub(super) fn terms(&self, selection: &Selection) -> Vec<(Selection, u64)> {
        let count = |term: &Selection| match term {
            Selection::Tag(tag) => self.with_tag(tag).len() as u64,
            Selection::App(app_id) => self.of_app(app_id).len() as u64,
            _ => 0,
        };
        let terms = selection.terms().into_iter();
        terms.map(|term| (term.clone(), count(term))).collect()
    }

    /// The place of event `number` in the total order.
    pub(super) fn key(&self, number: u32) -> EventKey {
        let entry = &self.events[number as usize];
        let part = &self.streams[entry.stream as usize];
        let offset = part
            .first
            .advanced(u64::from(entry.rank))
            .expect("checked when applied");
        EventKey {
            lamport: entry.lamport,
            stream: part.id,
            offset,
        }
    }

    /// Everything needed to read event `number`.
    pub(super) fn place(&self, number: u32) -> EventPlace {
        let entry = &self.events[number as usize];
        EventPlace {
            key: self.key(number),
            timestamp: entry.timestamp,
            app_id: self.apps[entry.app as usize].0.clone(),
            content_at: entry.content_at,
            content_len: entry.content_len,
            checksum: entry.checksum,
        }
    }

    /// Event `number` as a selection sees it.
    pub(super) fn view(&self, number: u32) -> IndexView<'_> {
        IndexView {
            index: self,
            number,
        }
    }

    fn apply(&mut self, placed: &PlacedBatch<'_>) -> Result<(), Malformed> {
        let header = &placed.batch.header;
        let differs = Malformed {
            what: "batch count or lamport differs from its events",
            at: placed.batch.body_at,
        };
        let stream = self.stream_part(placed);
        let app = self.app(&header.app_id);
        let mut records = Records::new(placed.batch.body);
        let (mut count, mut last) = (0, None);
        while let Some(record) = records.read_next()? {
            if count == header.count {
                return Err(differs);
            }
            count += 1;
            last = Some(record.lamport);
            let number = self.len();
            let part = &mut self.streams[stream as usize];
            let rank = part.events.len() as u32;
            part.events.push(number);
            self.apps[app as usize].1.push(number);
            self.numbers += 2;
            for tag in record.content.tags() {
                self.post(tag, number);
            }
            self.events.push(Entry {
                lamport: record.lamport,
                timestamp: record.timestamp,
                checksum: checksum(&[record.content.as_bytes()]),
                content_at: (placed.body_at + record.content_at as u64) as u32,
                content_len: record.content.as_bytes().len() as u32,
                stream,
                rank,
                app,
            });
            self.note_order(number);
        }
        if count != header.count || last != Some(header.lamport) {
            return Err(differs);
        }
        Ok(())
    }

    fn stream_part(&mut self, placed: &PlacedBatch<'_>) -> u32 {
        let header = &placed.batch.header;
        let next = self.streams.len() as u32;
        let known = self.stream_numbers.get(&header.stream).copied();
        let goes_on =
            |number: &u32| self.streams[*number as usize].next() == header.first_offset.get();
        let number = known.filter(goes_on).unwrap_or(next);
        if number == next {
            self.stream_numbers.insert(header.stream, next);
            self.streams.push(StreamPart {
                id: header.stream,
                name: header.name.clone(),
                first: header.first_offset,
                previous: header.previous,
                events: Vec::new(),
                batches: Vec::new(),
            });
        }
        let part = &mut self.streams[number as usize];
        part.batches.push(BatchSpan {
            rank: part.events.len() as u32,
            at: placed.at,
            len: placed.len,
        });
        number
    }

    fn app(&mut self, app_id: &AppId) -> u32 {
        let known = self.apps.iter().position(|(known, _)| known == app_id);
        known.unwrap_or_else(|| {
            self.apps.push((app_id.clone(), Vec::new()));
            self.apps.len() - 1
        }) as u32
    }

    fn post(&mut self, tag: &str, number: u32) {
        self.numbers += 1;
        match self.tags.get_mut(tag) {
            Some(numbers) => numbers.push(number),
            None => {
                self.tag_bytes += tag.len();
                let tag = Tag::new(tag).expect("tags of a read record are valid");
                self.tags.insert(tag, vec![number]);
            }
        }
    }

    fn note_order(&mut self, number: u32) {
        self.is_sorted = match number.checked_sub(1) {
            Some(before) => self.is_sorted && self.key(before) < self.key(number),
            None => true,
        };
    }
}

/// One indexed event as a selection sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct IndexView<'a> {
    index: &'a Index,
    number: u32,
}

impl EventView for IndexView<'_> {
    fn key(&self) -> EventKey {
        self.index.key(self.number)
    }

    fn timestamp(&self) -> Timestamp {
        self.index.events[self.number as usize].timestamp
    }

    fn is_of_app(&self, app_id: &AppId) -> bool {
        let app = self.index.events[self.number as usize].app;
        self.index.apps[app as usize].0 == *app_id
    }

    fn has_tag(&self, tag: &Tag) -> bool {
        self.index.with_tag(tag).binary_search(&self.number).is_ok()
    }
}

/// A tag's entry in the map, its shared text and the list of its numbers, without their content.
const TAG_OVERHEAD_BYTES: usize = 128;
