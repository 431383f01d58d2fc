//! Packs: files that small blobs share, so that whoever stores at the same time shares a sync.
//!
//! A pack is only ever appended to, by the process that made it; what is in it is known from the
//! entries themselves, whose ids prove their bytes. A blob counts when its entry is synced, and is
//! forgotten when it is removed; its bytes go when the pack is tidied.
//!
//! From below: `format` (bytes), `file` (one blob as a file), `scan` (what is in a pack), `index`
//! (where which blob is), `commit` (appending and syncing), `packs` (the door), `tidy` (packs of
//! which too little counts), `inspect` (looking without opening).

mod commit;
mod file;
mod format;
mod index;
mod inspect;
mod packs;
mod scan;
mod tidy;

pub(super) use file::MemoryFile;
pub(super) use format::{number_of, temporary_number_of};
pub use inspect::PackReport;
pub(super) use packs::Packs;
