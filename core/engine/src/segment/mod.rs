//! Segments: immutable files that keep sealed events, compressed, checksummed and indexed.
//!
//! A segment is made by sealing one write-ahead log file, by merging adjacent segments, or by
//! dropping what retention gave up. It is written once, front to back, and never changed; whoever
//! reads it needs nothing but the file. This module never decides when to seal, merge or drop, and
//! never knows of other segments than those it is given. It sits above `event`, `select` and
//! `storage`, and below `log`. The byte map is in docs/format/segment.md.

mod batches;
mod cache;
mod cursor;
mod directory;
mod floors;
mod merge;
mod name;
mod open;
mod verify;
mod writer;

pub use batches::BatchIter;
pub use cache::BlockCache;
pub use cursor::{Direction, SegmentCursor, SegmentQuery};
pub use directory::{Checkpoint, StreamEntry};
pub use floors::{Floor, Floors};
pub use merge::merge;
pub use name::SegmentName;
pub use open::Segment;
pub use writer::{SegmentWriter, StreamStart};
