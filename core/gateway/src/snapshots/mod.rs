//! What apps keep for themselves on this node: the predecessor's `/blob`, which Pond keeps its
//! snapshots in.
//!
//! Bytes under a path, for one app to write and for all to read, on this node only. They are no
//! blobs in the sense of the node: nobody else has them. `path` is their names, `store` the file
//! that they are in, `endpoint` answers.

mod endpoint;
mod path;
mod store;

pub(crate) use endpoint::{change, read, remove, write};
pub(crate) use store::Shelf;
