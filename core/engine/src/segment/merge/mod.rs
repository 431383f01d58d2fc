//! Merging adjacent segments into one, and dropping what is below the floors.
//!
//! Blocks are copied as they are, checked but not decompressed; table and postings are merged from
//! those of the sources without looking at an event. A merge of one source is how retention
//! rewrites a segment. It never decides what to merge, and leaves the sources alone.

mod blocks;
mod index;
mod plan;
mod run;

pub use run::merge;
#[cfg(test)]
pub(super) use run::merge_with;
