//! What is known of blobs, as structs of C.

use swarmlet::{BlobId, EventKey};
use swarmlet_facade::{FolderFile, json_of_policy};

use crate::event::Key;
use crate::kept::{Kept, List, Shelf};
use crate::text::Text;

/// A blob as its record tells of it.
#[repr(C)]
pub struct BlobInfo {
    /// Its id: the BLAKE3 hash of its bytes, 64 digits.
    pub id: Text,
    /// Its length in bytes.
    pub size: u64,
    /// What people call it, never a path; no text if it has no name.
    pub name: Text,
    /// What kind of bytes it is, like `image/png`; no text if that was not said.
    pub media_type: Text,
    /// Who is to hold it, as JSON: see `swarmlet_put_options`.
    pub hold: Text,
    /// How long it is kept, as JSON: see `swarmlet_put_options`.
    pub keep: Text,
    /// The tags of the record, with those that every record has, in text order.
    pub tags: *const Text,
    /// How many tags there are.
    pub tag_count: usize,
    /// Where the record is in the log.
    pub key: Key,
    /// When it was stored, by the clock of the device that did, in microseconds since 1970-01-01
    /// UTC.
    pub timestamp: i64,
    /// The app that stored it.
    pub app_id: Text,
    /// The collection that it is a file of; no text if it is none.
    pub collection: Text,
}

/// A file of a collection.
#[repr(C)]
pub struct CollectionFile {
    /// Where it is below the folder, with `/` between names.
    pub path: Text,
    /// The id of its bytes.
    pub id: Text,
    /// How many they are.
    pub size: u64,
}

/// The files of a collection, in the order of their paths. It owns everything it points to.
#[repr(C)]
pub struct Collection {
    /// The files.
    pub items: *const CollectionFile,
    /// How many there are.
    pub count: usize,
}

/// What became of a folder.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SavedFolder {
    /// How many files were written.
    pub written: u64,
    /// How many were there already, with the same bytes.
    pub unchanged: u64,
}

/// Something was said of a blob.
#[repr(C)]
pub struct BlobChange {
    /// Of which blob.
    pub id: Text,
    /// What the record says. NULL if earlier records were taken back: by whoever wrote this, his
    /// own, and those in streams on which he has the right `admin`.
    pub info: *const BlobInfo,
    /// Where in the log it was said, and by whom.
    pub key: Key,
}

/// What was said of blobs, in order, never empty. It owns everything it points to.
#[repr(C)]
pub struct BlobBatch {
    /// What was said.
    pub items: *const BlobChange,
    /// How many there are.
    pub count: usize,
}

/// How much of a blob is on this device.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobStateKind {
    /// Nothing.
    Absent = 0,
    /// A part of it, which is being fetched: `size` and `missing`.
    Part = 1,
    /// All of it: `size`.
    Here = 2,
}

/// How much of a blob is on this device. What `kind` does not name is zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct BlobState {
    /// How much.
    pub kind: BlobStateKind,
    /// Its length in bytes.
    pub size: u64,
    /// About how many bytes are still to come.
    pub missing: u64,
}

/// All that is known of a blob on this device.
#[repr(C)]
pub struct BlobStat {
    /// How much of it is here.
    pub state: BlobState,
    /// Whether it is kept here whatever records say.
    pub is_pinned: bool,
    /// The records that tell of it, without those that were taken back.
    pub records: *const BlobInfo,
    /// How many there are.
    pub record_count: usize,
}

/// How much of this device blobs take.
#[repr(C)]
pub struct BlobUsage {
    /// How many there are, whole or in part.
    pub blobs: u64,
    /// How many bytes they take, with the hashes that prove them.
    pub bytes: u64,
    /// How many of these the device need not keep, as of the last look.
    pub spare_bytes: u64,
    /// How many there may be; zero if that was not said.
    pub bytes_max: u64,
}

/// Ids of blobs.
#[repr(C)]
pub struct BlobIds {
    /// The ids.
    pub items: *const Text,
    /// How many there are.
    pub count: usize,
}

/// How much of a blob that is read is on this device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct BlobProgress {
    /// Whether the length is known.
    pub is_size_known: bool,
    /// Its length in bytes; zero while that is not known.
    pub size: u64,
    /// About how many bytes of it are here.
    pub here: u64,
}

/// What was said of a blob, whether it comes from a list or from changes.
pub(crate) struct Said {
    pub(crate) id: BlobId,
    pub(crate) info: Option<swarmlet::BlobInfo>,
    pub(crate) key: EventKey,
}

/// What a record says, kept on the shelf.
pub(crate) fn info(info: &swarmlet::BlobInfo, shelf: &mut Shelf) -> BlobInfo {
    const NEVER: &str = "the keys of policies are texts, so they become JSON";
    let tags = shelf.texts(info.tags.iter());
    BlobInfo {
        id: shelf.text(&info.id.to_string()),
        size: info.size,
        name: shelf.text_if_any(info.name.as_deref()),
        media_type: shelf.text_if_any(info.media_type.as_deref()),
        hold: shelf.text(&json_of_policy(&info.hold).expect(NEVER)),
        keep: shelf.text(&json_of_policy(&info.keep).expect(NEVER)),
        tags: tags.data,
        tag_count: tags.len,
        key: Key::new(info.key, shelf),
        timestamp: info.timestamp.micros(),
        app_id: shelf.text(info.app_id.as_str()),
        collection: match info.collection {
            Some(id) => shelf.text(&id.to_string()),
            None => Text::NONE,
        },
    }
}

fn infos(infos: &[swarmlet::BlobInfo], shelf: &mut Shelf) -> List<BlobInfo> {
    let kept = infos.iter().map(|each| info(each, shelf)).collect();
    shelf.list(kept)
}

/// What a record says, for whoever frees it.
pub(crate) fn give_info(stored: &swarmlet::BlobInfo) -> *mut BlobInfo {
    let mut shelf = Shelf::default();
    let public = info(stored, &mut shelf);
    Kept::give(public, shelf)
}

/// What was said, for whoever frees it.
pub(crate) fn give_batch(said: &[Said]) -> *mut BlobBatch {
    let mut shelf = Shelf::default();
    let items = said.iter().map(|said| BlobChange {
        id: shelf.text(&said.id.to_string()),
        info: infos(said.info.as_slice(), &mut shelf).first(),
        key: Key::new(said.key, &mut shelf),
    });
    let items = items.collect();
    let items = shelf.list(items);
    let public = BlobBatch {
        items: items.data,
        count: items.len,
    };
    Kept::give(public, shelf)
}

/// How much of a blob is here.
pub(crate) fn state(state: swarmlet::BlobState) -> BlobState {
    let (kind, size, missing) = match state {
        swarmlet::BlobState::Here { size } => (BlobStateKind::Here, size, 0),
        swarmlet::BlobState::Part { size, missing } => (BlobStateKind::Part, size, missing),
        swarmlet::BlobState::Absent => (BlobStateKind::Absent, 0, 0),
    };
    BlobState {
        kind,
        size,
        missing,
    }
}

/// All that is known of a blob, for whoever frees it.
pub(crate) fn give_stat(stat: &swarmlet::BlobStat) -> *mut BlobStat {
    let mut shelf = Shelf::default();
    let records = infos(&stat.records, &mut shelf);
    let public = BlobStat {
        state: state(stat.state),
        is_pinned: stat.is_pinned,
        records: records.data,
        record_count: records.len,
    };
    Kept::give(public, shelf)
}

/// How much blobs take, for whoever frees it.
pub(crate) fn give_usage(usage: &swarmlet::BlobUsage) -> *mut BlobUsage {
    let public = BlobUsage {
        blobs: usage.blobs,
        bytes: usage.bytes,
        spare_bytes: usage.spare_bytes,
        bytes_max: usage.bytes_max.unwrap_or_default(),
    };
    Kept::give(public, Shelf::default())
}

/// Ids, for whoever frees them.
pub(crate) fn give_ids(ids: &[BlobId]) -> *mut BlobIds {
    let mut shelf = Shelf::default();
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let ids = shelf.texts(ids.iter().map(String::as_str));
    let public = BlobIds {
        items: ids.data,
        count: ids.len,
    };
    Kept::give(public, shelf)
}

/// The files of a collection, for whoever frees them.
pub(crate) fn give_collection(files: &[FolderFile]) -> *mut Collection {
    let mut shelf = Shelf::default();
    let items = files.iter().map(|file| CollectionFile {
        path: shelf.text(&file.path),
        id: shelf.text(&file.id.to_string()),
        size: file.size,
    });
    let items = items.collect();
    let items = shelf.list(items);
    let public = Collection {
        items: items.data,
        count: items.len,
    };
    Kept::give(public, shelf)
}

/// How far a blob is.
pub(crate) fn progress(progress: &swarmlet::BlobProgress) -> BlobProgress {
    BlobProgress {
        is_size_known: progress.size.is_some(),
        size: progress.size.unwrap_or_default(),
        here: progress.here,
    }
}

/// Frees what storing a blob gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_info_free(info: *mut BlobInfo) {
    // SAFETY: it comes from `give_info`, and the caller gives it back once.
    unsafe { Kept::free(info) };
}

/// Frees what `swarmlet_blob_records_next` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_batch_free(batch: *mut BlobBatch) {
    // SAFETY: it comes from `give_batch`, and the caller gives it back once.
    unsafe { Kept::free(batch) };
}

/// Frees what `swarmlet_blobs_stat` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_stat_free(stat: *mut BlobStat) {
    // SAFETY: it comes from `give_stat`, and the caller gives it back once.
    unsafe { Kept::free(stat) };
}

/// Frees what `swarmlet_blobs_usage` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_usage_free(usage: *mut BlobUsage) {
    // SAFETY: it comes from `give_usage`, and the caller gives it back once.
    unsafe { Kept::free(usage) };
}

/// Frees what `swarmlet_blobs_pinned` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_ids_free(ids: *mut BlobIds) {
    // SAFETY: they come from `give_ids`, and the caller gives them back once.
    unsafe { Kept::free(ids) };
}

/// Frees what `swarmlet_blobs_collection` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_collection_free(collection: *mut Collection) {
    // SAFETY: it comes from `give_collection`, and the caller gives it back once.
    unsafe { Kept::free(collection) };
}
