//! Blobs: content-addressed bytes, whole or in parts, on this disk and from other nodes.
//!
//! A blob is named by the BLAKE3 hash of its content, so whoever has the name can check every piece
//! of it, whoever it comes from. Pure like the rest of the engine. From below: `id`, `name`,
//! `piece` (what travels and is kept as one), `policy` (who holds a blob, and how long), `record`
//! (the events that tell of blobs), `collection` (trees of blobs), `hashes` (the file of them),
//! `tree` (which of them prove a piece), `store` (files), `exchange` (what two nodes say to each
//! other to move pieces). The byte map is in docs/format/blob.md.

mod collection;
pub mod exchange;
mod hashes;
mod id;
pub mod limits;
mod name;
mod piece;
mod policy;
mod record;
mod store;
mod tree;

pub use collection::{Collection, CollectionEntry, CollectionFile, CollectionPath};
pub use id::BlobId;
pub use name::{BlobName, MediaType};
pub use piece::{BlobSize, Piece, PieceSet};
pub use policy::{Hold, Keep, copy_holders};
pub use record::{BlobDeletion, BlobRecord};
pub use store::{Blob, BlobStore, Import, PackReport, Part, Taken};
