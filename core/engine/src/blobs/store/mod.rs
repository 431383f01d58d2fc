//! The blobs on a disk: whole ones that only ever appear complete, and parts of others.
//!
//! The folder says what there is; there is no table beside it on the disk. A whole blob is a file
//! with its bytes, named by their hash, and one with its pairs of hashes; it gets its name when
//! both are durable. Small ones share files, and syncs. Of a part nothing is noted but that a sync
//! of it failed: what of it is here is what its hashes prove, so a crash can leave nothing behind
//! that is believed.
//!
//! From below: `names`, `files` (one blob's two), `pack` (small blobs), `doubts` (failed syncs),
//! `shelves` (what all share), `whole`, `reference` (blobs in files of the user), `part`, `import`,
//! `opening` (what a crash left), `folder` (the door).

mod doubts;
mod files;
mod folder;
mod import;
mod names;
mod opening;
mod pack;
mod part;
mod reference;
mod shelves;
mod whole;

pub use folder::BlobStore;
pub use import::Import;
pub use pack::PackReport;
pub use part::{Part, Taken};
pub use whole::Blob;

#[cfg(test)]
mod tests;
