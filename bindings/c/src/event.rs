//! Events as they are given to be published, and what becomes of them.

use swarmlet::{EventKey, NewEvent, Payload, Published, Tags};
use swarmlet_facade::{Failure, Result, payload_of_json};

use crate::kept::{Kept, Shelf};
use crate::options::unknown;
use crate::text::{Bytes, Text, slice};

/// How a payload is written.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    /// JSON text, in UTF-8. Numbers without fraction and exponent that fit into 64 bits are
    /// integers, all others floating point numbers.
    Json = 0,
    /// One CBOR value (RFC 8949): everything that JSON has, bytes, infinities and not-a-number.
    Cbor = 1,
}

/// An event to be published. The library copies what it needs before the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Draft {
    /// The labels.
    pub tags: *const Text,
    /// How many tags there are.
    pub tag_count: usize,
    /// A `swarmlet_payload_format`; JSON where nothing is said.
    pub format: u32,
    /// Any value of at most 1 MiB, nested at most 128 deep; null where there is none.
    pub payload: Bytes,
}

/// The place of an event in the one total order, which is also its identity: by lamport, then
/// stream, then offset.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Key {
    /// Logical clock of the event.
    pub lamport: u64,
    /// The id of the stream it is in.
    pub stream: Text,
    /// Its position there.
    pub offset: u64,
}

/// What became of one published event.
#[repr(C)]
pub struct Receipt {
    /// Its place.
    pub key: Key,
    /// The time it was stamped with, in microseconds since 1970-01-01 UTC.
    pub timestamp: i64,
}

/// What became of the events of one call, in their order.
#[repr(C)]
pub struct Receipts {
    /// One for each event.
    pub items: *const Receipt,
    /// How many there are.
    pub count: usize,
}

impl Key {
    /// No event.
    pub(crate) const NONE: Self = Self {
        lamport: 0,
        stream: Text::NONE,
        offset: 0,
    };

    /// A key whose text is kept on the shelf.
    pub(crate) fn new(key: EventKey, shelf: &mut Shelf) -> Self {
        Self {
            lamport: key.lamport.get(),
            stream: shelf.text(&key.stream.to_string()),
            offset: key.offset.get(),
        }
    }
}

/// Copies events that C points to.
///
/// # Safety
///
/// As for [`slice`], and the same holds for what each event points to.
pub(crate) unsafe fn drafts(events: *const Draft, count: usize) -> Result<Vec<NewEvent>> {
    // SAFETY: what this function asks for.
    let drafts = unsafe { slice(events, count, "events")? };
    let events = drafts.iter().enumerate().map(|(index, draft)| {
        // SAFETY: what this function asks for.
        let event = unsafe { draft.read() };
        // Of one event there is no doubt which it was.
        event.map_err(|failure| match count {
            1 => failure,
            _ => failure.with("event", index.to_string()),
        })
    });
    events.collect()
}

impl Draft {
    /// # Safety
    ///
    /// As for [`drafts`].
    unsafe fn read(&self) -> Result<NewEvent> {
        // SAFETY: what this function asks for.
        let texts = unsafe { texts(self.tags, self.tag_count, "tags")? };
        let tags = Tags::new(texts).map_err(Failure::from)?;
        // SAFETY: what this function asks for.
        let payload = unsafe { payload(self.format, self.payload)? };
        Ok(NewEvent { tags, payload })
    }
}

/// The value in one of the formats; null where there is none.
///
/// # Safety
///
/// As for [`Bytes::read`].
pub(crate) unsafe fn payload(format: u32, bytes: Bytes) -> Result<Payload> {
    // SAFETY: what this function asks for.
    let given = unsafe { bytes.read("payload")? };
    let given = if bytes.data.is_null() {
        None
    } else {
        Some(given)
    };
    match (format, given) {
        (FORMAT_JSON | FORMAT_CBOR, None) => payload_of_json(b"null"),
        (FORMAT_JSON, Some(json)) => payload_of_json(json),
        (FORMAT_CBOR, Some(cbor)) => Ok(Payload::from_cbor(cbor.to_vec())?),
        (other, _) => Err(unknown("format", "swarmlet_payload_format", other)),
    }
}

/// Texts that C points to.
///
/// # Safety
///
/// As for [`slice`], and the same holds for each text.
pub(crate) unsafe fn texts<'a>(
    data: *const Text,
    count: usize,
    name: &str,
) -> Result<Vec<&'a str>> {
    // SAFETY: what this function asks for.
    let texts = unsafe { slice(data, count, name)? };
    texts
        .iter()
        // SAFETY: what this function asks for.
        .map(|text| unsafe { text.read(name) })
        .collect()
}

/// Receipts that belong to whoever frees them.
pub(crate) fn receipts(published: &[Published]) -> *mut Receipts {
    let mut shelf = Shelf::default();
    let items = published.iter().map(|published| Receipt {
        key: Key::new(published.key, &mut shelf),
        timestamp: published.timestamp.micros(),
    });
    let items = items.collect();
    let items = shelf.list(items);
    let public = Receipts {
        items: items.data,
        count: items.len,
    };
    Kept::give(public, shelf)
}

/// Frees receipts. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_receipts_free(receipts: *mut Receipts) {
    // SAFETY: they come from `receipts`, and the caller gives them back once.
    unsafe { Kept::free(receipts) };
}

const FORMAT_JSON: u32 = PayloadFormat::Json as u32;
const FORMAT_CBOR: u32 = PayloadFormat::Cbor as u32;
