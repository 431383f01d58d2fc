//! Offsets: for each stream the last position, as a handle, as numbers, and as text to be stored.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use swarmlet::{Offset, StreamId};
use swarmlet_facade::{Failure, Result, json_of_payload, offsets_map, offsets_of, payload_of_json};

use crate::failure::{entry, given, place, quiet};
use crate::status::Status;
use crate::text::{Text, string};

/// For each stream the last offset: a bound of a query, or how far something is.
pub struct Offsets(Mutex<swarmlet::Offsets>);

impl Offsets {
    pub(crate) fn new(offsets: swarmlet::Offsets) -> Self {
        Self(Mutex::new(offsets))
    }

    /// What they are now.
    pub(crate) fn copy(&self) -> swarmlet::Offsets {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, swarmlet::Offsets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands offsets to C, which frees them.
pub(crate) fn give(offsets: swarmlet::Offsets) -> *mut Offsets {
    Box::into_raw(Box::new(Offsets::new(offsets)))
}

/// Offsets that name no stream; free them with `swarmlet_offsets_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_new() -> *mut Offsets {
    quiet(std::ptr::null_mut(), || give(swarmlet::Offsets::default()))
}

/// Sets the last offset of a stream.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_set(
    offsets: Option<&Offsets>,
    stream: Text,
    offset: u64,
) -> Status {
    entry("offsets.set", || {
        let offsets = given(offsets, "offsets")?;
        // SAFETY: the rules of the header hold for texts.
        let stream: StreamId = unsafe { stream.read("stream")? }.parse()?;
        let offset = Offset::new(offset)?;
        offsets.locked().set(stream, offset);
        Ok(())
    })
}

/// The last offset of a stream; `SWARMLET_STATUS_NOT_FOUND` where none is named.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_last(
    offsets: Option<&Offsets>,
    stream: Text,
    out: Option<&mut MaybeUninit<u64>>,
) -> Status {
    entry("offsets.last", || {
        let (offsets, out) = (given(offsets, "offsets")?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let stream: StreamId = unsafe { stream.read("stream")? }.parse()?;
        let last = offsets.locked().last(stream);
        let last = last.ok_or_else(|| {
            let message = "the offsets do not name this stream";
            Failure::new(swarmlet::ErrorKind::NotFound, "", message)
        })?;
        out.write(last.get());
        Ok(())
    })
}

/// How many streams are named; zero for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_count(offsets: Option<&Offsets>) -> usize {
    quiet(0, || offsets.map_or(0, |offsets| offsets.locked().len()))
}

/// The offsets as text, to be stored together with what was made of the events: a JSON object of
/// stream id and number. Free it with `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_to_json(
    offsets: Option<&Offsets>,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    entry("offsets.to_json", || {
        let (offsets, out) = (given(offsets, "offsets")?, place(out, "out")?);
        let payload = swarmlet::Payload::from_serde(&offsets_map(&offsets.locked()))?;
        out.write(string(&json_of_payload(&payload)?));
        Ok(())
    })
}

/// Offsets from their text; free them with `swarmlet_offsets_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_of_json(
    json: Text,
    out: Option<&mut MaybeUninit<*mut Offsets>>,
) -> Status {
    entry("offsets.of_json", || {
        let out = place(out, "out")?;
        // SAFETY: the rules of the header hold for texts.
        let json = unsafe { json.read("json")? };
        out.write(give(parse(json)?));
        Ok(())
    })
}

fn parse(json: &str) -> Result<swarmlet::Offsets> {
    let entries: BTreeMap<String, u64> = payload_of_json(json.as_bytes())?.to_serde()?;
    offsets_of("offsets.of_json", entries)
}

/// Frees offsets. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_free(offsets: Option<Box<Offsets>>) {
    quiet((), || drop(offsets));
}
