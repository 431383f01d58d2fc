//! Merging adjacent segments into one, and dropping what is below the floors.

use std::sync::Arc;

use super::{BlockCache, Floors, Segment, SegmentName};
use crate::error::Result;
use crate::storage::Disk;

/// Writes the segment `name` with everything of `sources` that is not below `floors`.
pub fn merge(
    disk: Arc<dyn Disk>,
    sources: &[Arc<Segment>],
    name: SegmentName,
    floors: &Floors,
    cache: &Arc<BlockCache>,
) -> Result<Segment> {
    unimplemented!("{disk:?} {} {name} {floors:?} {cache:?}", sources.len())
}
