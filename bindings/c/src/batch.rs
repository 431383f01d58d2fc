//! Batches: what a cursor brings at once, with views into it that cost nothing to read.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Arc, OnceLock};

use swarmlet::{EventKey, Item, Origin, Payload};
use swarmlet_facade::{Failure, json_of_payload};

use crate::blob::{self, BlobInfo};
use crate::event::Key;
use crate::failure::{entry, place, quiet};
use crate::kept::{List, Shelf};
use crate::offsets::Offsets;
use crate::status::Status;
use crate::text::{Bytes, Text, missing};

/// What an output is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// A value of the query. Without `swarmlet_cursor_show_all` there is nothing else.
    Row = 0,
    /// A row that came out before and is no longer true; another one may follow in its place.
    AntiRow = 1,
    /// Something has no value, and why: `message` and `severity`.
    Diagnostic = 2,
    /// All that was present when a subscription began has come out, up to `offsets`; what follows
    /// is live. Comes once.
    CaughtUp = 3,
    /// The next event sorts before one that has already come out: the end of a monotonic
    /// subscription. Begin again before `key`.
    TimeTravel = 4,
    /// Something that came with a later release.
    Other = 5,
}

/// Which events a row was made from.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrigin {
    /// None: the query itself made it.
    Synthetic = 0,
    /// One event: `key`, `timestamp`, `app_id` and `tags` are its own.
    Event = 1,
    /// Several events, of which the extremes are known.
    Range = 2,
}

/// How bad what a diagnostic or a record of the log tells of is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// None.
    None = 0,
    /// Every step.
    Trace = 1,
    /// Steps of interest to developers.
    Debug = 2,
    /// What happens in the life of a node.
    Info = 3,
    /// Something failed and is made up for; a query goes on after it.
    Warning = 4,
    /// Something failed; of a query it is the last output.
    Error = 5,
}

/// One thing that comes out of a query or subscription. Which fields mean something depends on
/// `kind`, and for rows on `origin`; all others are zero.
#[repr(C)]
pub struct Output {
    /// What it is.
    pub kind: OutputKind,
    /// Of a row: which events it was made from.
    pub origin: RowOrigin,
    /// The event, or the smallest key of the range.
    pub key: Key,
    /// The greatest key of the range; of one event the same as `key`.
    pub key_to: Key,
    /// Clock of the publisher in microseconds since 1970-01-01 UTC; the earliest of the range.
    pub timestamp: i64,
    /// The latest of the range; of one event the same as `timestamp`.
    pub timestamp_to: i64,
    /// The app that published the event.
    pub app_id: Text,
    /// The labels of the event, in text order.
    pub tags: *const Text,
    /// How many tags there are.
    pub tag_count: usize,
    /// The value of the row as CBOR; `swarmlet_batch_json` has it as JSON.
    pub payload: Bytes,
    /// Of a diagnostic: what happened; the text is part of the query language.
    pub message: Text,
    /// Of a diagnostic: how bad it is.
    pub severity: Severity,
    /// Of a subscription that has caught up: how far that reached. It belongs to the batch.
    pub offsets: *const Offsets,
}

/// What came at once, never empty. The batch owns everything it points to.
#[repr(C)]
pub struct Batch {
    /// The outputs, in order.
    pub items: *const Output,
    /// How many there are.
    pub count: usize,
}

/// A batch with what it points to.
#[repr(C)]
struct Held {
    /// First, so that a pointer to it is one to all.
    public: Batch,
    payloads: Vec<Option<Payload>>,
    /// What the rows say that come from records of blobs, with their index, in its order.
    blobs: Vec<(usize, *const BlobInfo)>,
    json: Vec<OnceLock<String>>,
    _shelf: Shelf,
}

/// Makes a batch that belongs to whoever frees it.
pub(crate) fn batch(items: impl IntoIterator<Item = Item>) -> *const Batch {
    let mut making = Making::default();
    let items = items.into_iter().map(|item| making.output(item));
    let items: Vec<Output> = items.collect();
    let json = items.iter().map(|_| OnceLock::new()).collect();
    let List { data, len } = making.shelf.list(items);
    #[expect(
        clippy::arc_with_non_send_sync,
        reason = "C counts with it, and the header says what may be done on which thread"
    )]
    let held = Arc::new(Held {
        public: Batch {
            items: data,
            count: len,
        },
        payloads: making.payloads,
        blobs: making.blobs,
        json,
        _shelf: making.shelf,
    });
    Arc::into_raw(held).cast()
}

/// Another owner of the same batch, to be freed like the first; nothing is copied. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_batch_retain(batch: *const Batch) -> *const Batch {
    if !batch.is_null() {
        // SAFETY: it comes from `batch`, and the caller is one of its owners.
        unsafe { Arc::increment_strong_count(batch.cast::<Held>()) };
    }
    batch
}

/// Gives a batch back; the last owner frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_batch_free(batch: *const Batch) {
    quiet((), || {
        if !batch.is_null() {
            // SAFETY: it comes from `batch`, and the caller gives back what it owns, once.
            unsafe { Arc::decrement_strong_count(batch.cast::<Held>()) };
        }
    });
}

/// The value of the row at `index` as JSON text on one line, with a NUL behind it; it belongs to
/// the batch. Bytes are base64 text, infinities and not-a-number null. `SWARMLET_STATUS_NOT_FOUND`
/// for what is no row.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_batch_json(
    batch: *const Batch,
    index: usize,
    out: Option<&mut MaybeUninit<Text>>,
) -> Status {
    entry("batch.json", || {
        let out = place(out, "out")?;
        if batch.is_null() {
            return Err(missing("batch"));
        }
        // SAFETY: it comes from `batch`, and the caller is one of its owners.
        let held = unsafe { &*batch.cast::<Held>() };
        let payload = held.payloads.get(index).and_then(Option::as_ref);
        let payload = payload.ok_or_else(|| {
            let message = "there is no row at this index";
            let failure = Failure::new(swarmlet::ErrorKind::NotFound, "", message);
            failure.with("index", index.to_string())
        })?;
        let slot = &held.json[index];
        let json = match slot.get() {
            Some(json) => json,
            None => {
                let json = json_of_payload(payload)? + "\0";
                slot.get_or_init(|| json)
            }
        };
        out.write(Text {
            data: json.as_ptr().cast(),
            len: json.len() - 1,
        });
        Ok(())
    })
}

/// What the row at `index` says of a blob, if its event is the record of one; it belongs to the
/// batch. `SWARMLET_STATUS_NOT_FOUND` for every other row.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_batch_blob(
    batch: *const Batch,
    index: usize,
    out: Option<&mut MaybeUninit<*const BlobInfo>>,
) -> Status {
    entry("batch.blob", || {
        let out = place(out, "out")?;
        if batch.is_null() {
            return Err(missing("batch"));
        }
        // SAFETY: it comes from `batch`, and the caller is one of its owners.
        let held = unsafe { &*batch.cast::<Held>() };
        let place = held.blobs.binary_search_by_key(&index, |(index, _)| *index);
        let place = place.map_err(|_| {
            let message = "there is no row of the record of a blob at this index";
            let failure = Failure::new(swarmlet::ErrorKind::NotFound, "", message);
            failure.with("index", index.to_string())
        })?;
        out.write(held.blobs[place].1);
        Ok(())
    })
}

/// What is collected while a batch is made.
#[derive(Default)]
struct Making {
    shelf: Shelf,
    payloads: Vec<Option<Payload>>,
    blobs: Vec<(usize, *const BlobInfo)>,
    /// The stream of the last event: most rows of a batch are of few streams.
    stream: Option<(swarmlet::StreamId, Text)>,
    /// Likewise the app.
    app_id: Option<(swarmlet::AppId, Text)>,
}

impl Making {
    fn output(&mut self, item: Item) -> Output {
        let mut output = Output::none(OutputKind::Other);
        let mut payload = None;
        match item {
            Item::Row(row) => payload = Some(self.row(&mut output, OutputKind::Row, &row)),
            Item::AntiRow(row) => payload = Some(self.row(&mut output, OutputKind::AntiRow, &row)),
            Item::Diagnostic(diagnostic) => {
                output.kind = OutputKind::Diagnostic;
                output.message = self.shelf.text(&diagnostic.message);
                output.severity = match diagnostic.severity {
                    swarmlet::Severity::Warning => Severity::Warning,
                    swarmlet::Severity::Error => Severity::Error,
                };
            }
            Item::CaughtUp(offsets) => {
                output.kind = OutputKind::CaughtUp;
                output.offsets = self.shelf.list(vec![Offsets::new(offsets)]).data;
            }
            Item::TimeTravel(key) => {
                output.kind = OutputKind::TimeTravel;
                output.key = self.key(key);
            }
            _ => {}
        }
        self.payloads.push(payload);
        output
    }

    fn row(&mut self, output: &mut Output, kind: OutputKind, row: &swarmlet::Row) -> Payload {
        output.kind = kind;
        match row.origin() {
            Origin::Synthetic => {}
            Origin::Event(event) => {
                output.origin = RowOrigin::Event;
                output.key = self.key(event.key);
                output.key_to = output.key;
                output.timestamp = event.timestamp.micros();
                output.timestamp_to = output.timestamp;
                output.app_id = self.app_id(&event.app_id);
                let tags = event.tags();
                let kept = self.shelf.texts(tags.iter());
                output.tags = kept.data;
                output.tag_count = kept.len;
                // Few events are records, so the tag is looked at first.
                if tags.contains("blob") {
                    self.record(event);
                }
            }
            Origin::Range(range) => {
                output.origin = RowOrigin::Range;
                output.key = self.key(range.from);
                output.key_to = self.key(range.to);
                output.timestamp = range.from_time.micros();
                output.timestamp_to = range.to_time.micros();
            }
        }
        let payload = row.payload();
        output.payload = Bytes::of(payload.as_cbor());
        payload
    }

    /// Keeps what the event of the next row says, if it is a record.
    fn record(&mut self, event: &swarmlet::Event) {
        if let Some(info) = swarmlet::BlobInfo::from_event(event) {
            let info = blob::info(&info, &mut self.shelf);
            let kept = self.shelf.list(vec![info]);
            self.blobs.push((self.payloads.len(), kept.data));
        }
    }

    fn key(&mut self, key: EventKey) -> Key {
        let stream = match self.stream {
            Some((stream, text)) if stream == key.stream => text,
            _ => {
                let text = self.shelf.text(&key.stream.to_string());
                self.stream.insert((key.stream, text)).1
            }
        };
        Key {
            lamport: key.lamport.get(),
            stream,
            offset: key.offset.get(),
        }
    }

    fn app_id(&mut self, app_id: &swarmlet::AppId) -> Text {
        match &self.app_id {
            Some((known, text)) if known == app_id => *text,
            _ => {
                let text = self.shelf.text(app_id.as_str());
                self.app_id.insert((app_id.clone(), text)).1
            }
        }
    }
}

impl Output {
    /// All zeros.
    fn none(kind: OutputKind) -> Self {
        Self {
            kind,
            origin: RowOrigin::Synthetic,
            key: Key::NONE,
            key_to: Key::NONE,
            timestamp: 0,
            timestamp_to: 0,
            app_id: Text::NONE,
            tags: ptr::null(),
            tag_count: 0,
            payload: Bytes {
                data: ptr::null(),
                len: 0,
            },
            message: Text::NONE,
            severity: Severity::None,
            offsets: ptr::null(),
        }
    }
}
