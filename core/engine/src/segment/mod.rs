//! Segments: immutable files that keep sealed events, compressed, checksummed and indexed.
//!
//! A segment is made by sealing one write-ahead log file, by merging adjacent segments, or by
//! dropping what retention gave up. It is written once, front to back, and never changed; whoever
//! reads it needs nothing but the file. This module never decides when to seal, merge or drop, and
//! never knows of other segments than those it is given. It sits above `event`, `select` and
//! `storage`, and below `log`. The byte map is in docs/format/segment.md.
//!
//! From below: `frame` and `layout` (bytes), `sink` and `file` (writing and reading them, through
//! `cache`), `block`, `table`, `terms` and `directory` (what is in a segment), `writer` and
//! `merge` (making one), `cursor`, `batches` and `verify` (reading one).

mod batches;
mod block;
mod block_index;
mod cache;
mod codebook;
mod cursor;
mod directory;
mod directory_codec;
mod explain;
mod file;
mod floors;
mod frame;
mod lanes;
mod layout;
mod merge;
mod name;
mod open;
mod parts;
mod postings;
mod resolve;
mod sink;
mod sizes;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod verify;
mod window;
mod writer;

pub use batches::BatchIter;
pub use cache::BlockCache;
pub use cursor::{Direction, SegmentCursor, SegmentQuery};
pub use directory::{Checkpoint, StreamEntry};
pub use explain::IndexReport;
pub use floors::{Floor, Floors};
pub use merge::merge;
pub use name::SegmentName;
pub use open::Segment;
pub use writer::{SegmentWriter, StreamStart};
