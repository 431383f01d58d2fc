//! Blobs for bindings: the same calls, answered by completions; what is read comes as a stream.
//!
//! `handle` is the door, `folders` its part about collections, `policy` who holds what and how
//! long, `reader` hands out bytes as they come, `writer` takes them chunk by chunk. Whatever
//! touches the disk does it on a thread of the runtime.

mod folders;
mod handle;
mod policy;
mod reader;
mod writer;

pub use folders::FolderFile;
pub use handle::{BlobInfos, BlobOptions, BlobSayings, BlobStates, Blobs};
pub use policy::{hold_of_json, json_of_policy, keep_of_json};
pub use reader::{BlobReader, Piece, Pieces};
pub use writer::BlobWriter;
