//! The merge, step by step.

use std::sync::Arc;

use super::super::cache::BlockCache;
use super::super::directory::Directory;
use super::super::directory_codec;
use super::super::floors::Floors;
use super::super::name::SegmentName;
use super::super::open::Segment;
use super::super::sink::Sink;
use super::super::sizes::Sizes;
use super::blocks::copy_blocks;
use super::index::{merge_tables, merge_terms};
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::storage::Disk;

/// Writes the segment `name` with everything of `sources` that is not below `floors`, makes it
/// durable and opens it.
///
/// The sources are adjacent and ascending, and `name` covers exactly their range; one source is
/// rewritten, under another revision. Streams are cut at the checkpoint before their floor, so
/// some events below it can remain. The floors of the sources are kept where they are higher.
/// After an error the sources are as they were. Takes four bytes of memory for each event.
pub fn merge(
    disk: Arc<dyn Disk>,
    sources: &[Arc<Segment>],
    name: SegmentName,
    floors: &Floors,
    cache: &Arc<BlockCache>,
) -> Result<Segment> {
    merge_with(disk, sources, name, floors, cache, Sizes::STANDARD)
}

/// As [`merge`], with other sizes.
pub(in super::super) fn merge_with(
    disk: Arc<dyn Disk>,
    sources: &[Arc<Segment>],
    name: SegmentName,
    floors: &Floors,
    cache: &Arc<BlockCache>,
    sizes: Sizes,
) -> Result<Segment> {
    check_ranges(sources, name)?;
    let mut floors = floors.clone();
    for source in sources {
        floors.raise_all(source.floors());
    }
    let plan = Plan::new(sources, &floors)?;
    let mut sink = Sink::create(Arc::clone(&disk), name)?;
    let copied = copy_blocks(&plan, sizes.checkpoint_bytes, &mut sink)?;
    let (table, maps) = merge_tables(&plan, &mut sink)?;
    let terms = merge_terms(&plan, &maps, &mut sink)?;
    let directory = Directory {
        codebooks: copied.codebooks,
        streams: copied.streams,
        parts: copied.parts,
        table: table.pages,
        terms,
        floors,
    };
    let frame = sink.append(&directory_codec::encode(&directory))?;
    sink.finish(frame, table.count)?;
    Segment::open(&disk, name, Arc::clone(cache))
}

fn check_ranges(sources: &[Arc<Segment>], name: SegmentName) -> Result<()> {
    let adjacent = sources
        .windows(2)
        .all(|pair| pair[0].name().last.checked_add(1) == Some(pair[1].name().first));
    let covered = sources
        .first()
        .zip(sources.last())
        .is_some_and(|(first, last)| {
            first.name().first == name.first && last.name().last == name.last
        });
    let is_new = sources.iter().all(|source| source.name() != name);
    let events: u64 = sources
        .iter()
        .map(|source| u64::from(source.events_count()))
        .sum();
    if adjacent && covered && is_new && events < u64::from(u32::MAX) {
        return Ok(());
    }
    Err(
        Error::invalid("segments to merge must be adjacent, and the result cover their range")
            .with("result", name)
            .with("events", events),
    )
}
