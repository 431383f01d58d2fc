//! Segments of any content: opening, reading, verifying and rewriting end with a typed error or
//! with what verification would call whole.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use swarmlet_engine::segment::{BlockCache, Floor, Floors, Segment, SegmentName, merge};
use swarmlet_engine::storage::Disk;
use swarmlet_engine::{Error, ErrorKind, Result};
use swarmlet_fuzz::{read_back, sample, segment_image};

fn blames_the_bytes(error: &Error) {
    let is_typed = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Incompatible);
    assert!(
        is_typed,
        "bytes on disk are to blame, and nothing else: {error:?}"
    );
}

/// Rewrites the segment without the events before the last checkpoint of each stream.
fn rewrite(disk: &Arc<dyn Disk>, segment: &Arc<Segment>) -> Result<Arc<Segment>> {
    let mut floors = Floors::new();
    for entry in segment.streams() {
        let points = segment.checkpoints(entry.stream)?;
        if let Some(point) = points.iter().rev().nth(1) {
            let (first, previous) = (point.next_offset, point.hash);
            floors.raise(entry.stream, Floor { first, previous });
        }
    }
    let name = SegmentName {
        revision: 1,
        ..sample::SEGMENT
    };
    let cache = Arc::new(BlockCache::new(CACHE_BYTES));
    merge(
        Arc::clone(disk),
        &[Arc::clone(segment)],
        name,
        &floors,
        &cache,
    )
    .map(Arc::new)
}

fn check(bytes: Vec<u8>) {
    let disk = sample::disk_with([(sample::SEGMENT.file_name(), bytes)]);
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let cache = Arc::new(BlockCache::new(CACHE_BYTES));
    let segment = match Segment::open(&disk, sample::SEGMENT, cache) {
        Ok(segment) => Arc::new(segment),
        Err(error) => return blames_the_bytes(&error),
    };
    let read = read_back::segment(&segment);
    let verified = segment.verify();
    if let Ok(()) = &verified {
        let events = read.as_ref().expect("a segment that is whole can be read");
        assert_eq!(events.len(), segment.events_count() as usize);
    }
    let rewritten = rewrite(&disk, &segment);
    if let Ok(rewritten) = &rewritten {
        let again = read_back::segment(rewritten);
        assert!(again.is_ok() || verified.is_err());
    }
    for error in [read.err(), verified.err(), rewritten.err()]
        .into_iter()
        .flatten()
    {
        blames_the_bytes(&error);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes.to_vec());
    let mut repaired = bytes.to_vec();
    segment_image::repair(&mut repaired, sample::SEGMENT);
    check(repaired);
});

const CACHE_BYTES: u64 = 1024 * 1024;
