//! The blobs of a node: storing them, and what is known of them.

use std::mem::MaybeUninit;
use std::path::PathBuf;

use swarmlet::{Hold, Keep, Tags};
use swarmlet_facade::{
    BlobOptions, Blobs, Completion, Failure, Result, hold_of_json, keep_of_json,
};

use crate::blob::{
    BlobIds, BlobInfo, BlobStat, BlobState, BlobUsage, give_ids, give_info, give_stat, give_usage,
    state,
};
use crate::blob_reader::BlobReader;
use crate::blob_records::BlobRecords;
use crate::blob_watch::BlobWatch;
use crate::blob_writer::{BlobWriter, add};
use crate::event::texts;
use crate::extensible::{Extensible, options};
use crate::failure::{entry, given, place};
use crate::node::Node;
use crate::options::switch;
use crate::status::Status;
use crate::text::{Bytes, Text};
use crate::waiting::{limit, wait_for, wait_for_others_within};

/// What is said of a blob when it is stored. `swarmlet_put_options_init()` says nothing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct GivenPut {
    /// `sizeof(swarmlet_put_options)`.
    pub size: usize,
    /// What people call it, never a path; that of a file where nothing is said.
    pub name: Text,
    /// What kind of bytes it is, like `image/png`.
    pub media_type: Text,
    /// By what its record is found, beside its own tags.
    pub tags: *const Text,
    /// How many tags there are.
    pub tag_count: usize,
    /// Who is to hold it beside this device, as JSON: `"everyone"`, which is so where nothing is
    /// said; `"on_demand"`, those who read it; `{"copies": 3}`, so many; `{"labels": {"hall":
    /// "2"}}`, those whose certificates have all of these labels.
    pub hold: Text,
    /// How long it is kept, as JSON: `"forever"`, which is so where nothing is said: until it is
    /// deleted; `{"until": 1800000000000000}`, a time in microseconds since 1970-01-01 UTC;
    /// `{"until_next": ["press:7"]}`, until a later record has all of these tags, without tags
    /// until the next blob of the same name; `"while_referenced"`, as long as an event has the tag
    /// `blob:<id>`.
    pub keep: Text,
    /// A `swarmlet_switch`: whether the bytes stay in the file, which is only ever read and must
    /// stay as it is; of a file or a folder only.
    pub reference: u32,
}

// SAFETY: a `usize` first, then integers, pointers and structs of them.
unsafe impl Extensible for GivenPut {
    const NAME: &'static str = "swarmlet_put_options";
}

/// # Safety
///
/// As for [`crate::extensible::options`], and the same holds for what the options point to.
pub(crate) unsafe fn put_options(given: *const GivenPut) -> Result<BlobOptions> {
    // SAFETY: what this function asks for.
    let (name, media_type, tags, hold, keep, reference) = unsafe {
        let given = options(given)?;
        (
            given.name.read_if_given("name")?,
            given.media_type.read_if_given("media_type")?,
            texts(given.tags, given.tag_count, "tags")?,
            given.hold.read_if_given("hold")?,
            given.keep.read_if_given("keep")?,
            given.reference,
        )
    };
    Ok(BlobOptions {
        name: name.map(str::to_owned),
        media_type: media_type.map(str::to_owned),
        tags: Tags::new(tags).map_err(Failure::from)?,
        hold: hold.map_or(Ok(Hold::default()), hold_of_json)?,
        keep: keep.map_or(Ok(Keep::default()), keep_of_json)?,
        is_reference: switch("reference", reference)?.unwrap_or(false),
    })
}

pub(crate) fn blobs(node: Option<&Node>) -> Result<Blobs> {
    given(node, "node")?.facade().blobs()
}

/// Stores bytes as a blob; both they and its record are durable when this returns. The same bytes
/// are kept once, however often they are stored. `options` may be NULL. `out` may be NULL where
/// nobody wants what the record says, which else is to be freed with `swarmlet_blob_info_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_put(
    node: Option<&Node>,
    bytes: Bytes,
    options: *const GivenPut,
    out: Option<&mut MaybeUninit<*mut BlobInfo>>,
) -> Status {
    entry("put", || {
        let blobs = blobs(node)?;
        // SAFETY: the rules of the header hold for bytes and options.
        let (bytes, options) = unsafe { (bytes.read("bytes")?, put_options(options)?) };
        let writer = wait_for(|completion| blobs.writer(options, completion))?;
        add(&writer, bytes)?;
        let stored = wait_for(|completion| writer.finish(completion))?;
        if let Some(out) = out {
            out.write(give_info(&stored));
        }
        Ok(())
    })
}

/// Stores the bytes of a file, which stays where it is, as `swarmlet_blobs_put` does. The name of
/// the blob is that of the file unless the options give one; a name that a blob cannot have is left
/// out. After `timeout_ms`, without limit below 0, it is given up with `SWARMLET_STATUS_TIMEOUT`,
/// and leaves nothing, unless all bytes were copied already.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_put_file(
    node: Option<&Node>,
    path: Text,
    options: *const GivenPut,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*mut BlobInfo>>,
) -> Status {
    entry("put", || {
        let blobs = blobs(node)?;
        // SAFETY: the rules of the header hold for texts and options.
        let (path, options) = unsafe { (path.read("path")?, put_options(options)?) };
        let path = PathBuf::from(path);
        let stored = wait_for_others_within(limit(timeout_ms), |completion| {
            blobs.put_file(path, options, completion)
        })?;
        if let Some(out) = out {
            out.write(give_info(&stored));
        }
        Ok(())
    })
}

/// Begins a blob of bytes that come one after the other. `options` may be NULL. Free the writer
/// with `swarmlet_blob_writer_free`, also after it was finished.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_writer(
    node: Option<&Node>,
    options: *const GivenPut,
    out: Option<&mut MaybeUninit<*mut BlobWriter>>,
) -> Status {
    entry("put", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for options.
        let options = unsafe { put_options(options)? };
        let writer = wait_for(|completion| blobs.writer(options, completion))?;
        out.write(BlobWriter::give(writer));
        Ok(())
    })
}

/// The bytes of a blob from `start` on, up to `end`, which is behind the last one; an end of zero
/// is that of the blob, and so is one behind it. The blob may be here or not: nothing is read or
/// fetched before somebody waits for it. Free the reader with `swarmlet_blob_reader_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_get(
    node: Option<&Node>,
    id: Text,
    start: u64,
    end: u64,
    out: Option<&mut MaybeUninit<*mut BlobReader>>,
) -> Status {
    entry("get", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? };
        let end = (end > 0).then_some(end);
        out.write(BlobReader::give(blobs.get(id, start, end)?));
        Ok(())
    })
}

/// How much of a blob is on this device. Looks at the disk; does not wait for anybody.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_state(
    node: Option<&Node>,
    id: Text,
    out: Option<&mut MaybeUninit<BlobState>>,
) -> Status {
    entry("state", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? }.to_owned();
        out.write(state(wait_for(|completion| blobs.state(id, completion))?));
        Ok(())
    })
}

/// How much of a blob is on this device, now and then each time that changes. It makes nobody fetch
/// the blob. Free the watch with `swarmlet_blob_watch_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_watch(
    node: Option<&Node>,
    id: Text,
    out: Option<&mut MaybeUninit<*mut BlobWatch>>,
) -> Status {
    entry("watch", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? };
        out.write(BlobWatch::give(blobs.watch(id)?));
        Ok(())
    })
}

/// The records that are here and were not taken back, to their end; a blob comes once for each
/// record of it. To find some of them, query the log, and read rows with `swarmlet_batch_blob`.
/// Free the records with `swarmlet_blob_records_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_list(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut BlobRecords>>,
) -> Status {
    entry("list", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        out.write(BlobRecords::of_list(blobs.list()?));
        Ok(())
    })
}

/// What records and deletions say: those that are here, and then those that come. Free the records
/// with `swarmlet_blob_records_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_changes(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut BlobRecords>>,
) -> Status {
    entry("changes", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        out.write(BlobRecords::of_changes(blobs.changes()?));
        Ok(())
    })
}

/// All that is known of a blob; free the answer with `swarmlet_blob_stat_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_stat(
    node: Option<&Node>,
    id: Text,
    out: Option<&mut MaybeUninit<*mut BlobStat>>,
) -> Status {
    entry("stat", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? }.to_owned();
        let stat = wait_for(|completion| blobs.stat(id, completion))?;
        out.write(give_stat(&stat));
        Ok(())
    })
}

/// How much of this device blobs take; looks at every file. Free the answer with
/// `swarmlet_blob_usage_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_usage(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut BlobUsage>>,
) -> Status {
    entry("usage", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        let usage = wait_for(|completion| blobs.usage(completion))?;
        out.write(give_usage(&usage));
        Ok(())
    })
}

/// Takes back the records of a blob that this device may take back: its own, and those in streams
/// on which it has the right `admin`. `out`, which may be NULL, says how many records by others
/// keep the blob. Every device that learns of it removes the bytes, unless something else keeps
/// them. `SWARMLET_STATUS_PERMISSION_DENIED` if there are records, and none that it may take back.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_delete(
    node: Option<&Node>,
    id: Text,
    out: Option<&mut MaybeUninit<u64>>,
) -> Status {
    entry("delete", || {
        let blobs = blobs(node)?;
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? }.to_owned();
        let left = wait_for(|completion| blobs.delete(id, completion))?;
        if let Some(out) = out {
            out.write(left);
        }
        Ok(())
    })
}

/// Keeps a blob on this device whatever its records say, and fetches it; durable when this returns.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_pin(node: Option<&Node>, id: Text) -> Status {
    act("pin", node, id, Blobs::pin)
}

/// Takes that back.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_unpin(node: Option<&Node>, id: Text) -> Status {
    act("unpin", node, id, Blobs::unpin)
}

fn act(
    operation: &'static str,
    node: Option<&Node>,
    id: Text,
    call: impl FnOnce(&Blobs, String, Completion<()>),
) -> Status {
    entry(operation, || {
        let blobs = blobs(node)?;
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? }.to_owned();
        wait_for(|completion| call(&blobs, id, completion))
    })
}

/// The ids of the blobs that are pinned on this device; free the answer with
/// `swarmlet_blob_ids_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_pinned(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut BlobIds>>,
) -> Status {
    entry("pinned", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        let ids = wait_for(|completion| blobs.pinned(completion))?;
        out.write(give_ids(&ids));
        Ok(())
    })
}
