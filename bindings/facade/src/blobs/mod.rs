//! Blobs for bindings: the same calls, answered by completions; what is read comes as a stream.
//!
//! `handle` is the door, `reader` hands out bytes as they come, `writer` takes them chunk by chunk.
//! Whatever touches the disk does it on a thread of the runtime.

mod handle;
mod reader;
mod writer;

pub use handle::{BlobInfos, BlobOptions, Blobs};
pub use reader::{BlobReader, Piece, Pieces};
pub use writer::BlobWriter;
