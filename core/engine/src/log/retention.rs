//! Retention: which events of our streams are not wanted any more. Decides; drops nothing.
//!
//! A stream is cut only where a checkpoint is, so that the kept part can still be verified, and
//! never after its newest checkpoint, so that a stream never loses its head. Limits are what is
//! kept at least: everything beyond them may go.

use std::sync::Arc;

use super::heads::Heads;
use super::options::{LogOptions, Retention};
use super::shared::Snapshot;
use crate::error::Result;
use crate::event::{NodeId, StreamId, Timestamp};
use crate::limits::{RETENTION_REWRITE_BYTES, RETENTION_REWRITE_SHARE};
use crate::segment::{Checkpoint, Floor, Floors, Segment};

/// The floors that retention asks for now, if all segments could be cut at once.
pub(super) fn wanted_floors(
    snapshot: &Snapshot,
    heads: &Heads,
    own: NodeId,
    options: &LogOptions,
    now: Timestamp,
) -> Result<Floors> {
    let mut floors = snapshot.sealed_floors.clone();
    for (stream, head) in heads.iter().filter(|(stream, _)| stream.node == own) {
        let retention = options
            .streams
            .get(&head.name)
            .filter(|limits| limits.is_limited());
        let Some(retention) = retention else {
            continue;
        };
        let checkpoints = checkpoints(snapshot, stream)?;
        let next = head.last.get() + 1;
        if let Some(cut) = last_droppable(&checkpoints, retention, next, now) {
            floors.raise(
                stream,
                Floor {
                    first: cut.next_offset,
                    previous: cut.hash,
                },
            );
        }
    }
    Ok(floors)
}

/// The part of `wanted` that may take effect when `segments`, which lie in a row, are rewritten:
/// a stream is cut from its beginning, so not while an older segment still has events of it.
pub(super) fn floors_within(
    wanted: &Floors,
    older: &[Arc<Segment>],
    segments: &[Arc<Segment>],
    current: &Floors,
) -> Result<Floors> {
    let mut floors = current.clone();
    for (stream, floor) in wanted.iter() {
        if older.iter().any(|segment| segment.stream(stream).is_some()) {
            continue;
        }
        for segment in segments {
            for checkpoint in segment.checkpoints(stream)? {
                if checkpoint.next_offset <= floor.first {
                    let (first, previous) = (checkpoint.next_offset, checkpoint.hash);
                    floors.raise(stream, Floor { first, previous });
                }
            }
        }
    }
    Ok(floors)
}

/// Stored bytes of `segment` that need not be kept under `floors`.
pub(super) fn droppable_bytes(segment: &Segment, floors: &Floors) -> Result<u64> {
    let mut droppable = 0;
    for (stream, floor) in floors.iter() {
        let below = segment.checkpoints(stream)?.into_iter();
        let below = below.filter(|checkpoint| checkpoint.next_offset <= floor.first);
        droppable += below.map(|checkpoint| checkpoint.bytes).max().unwrap_or(0);
    }
    Ok(droppable)
}

/// Whether it is worth rewriting a segment of `file_bytes` to drop `droppable` of them, where
/// `waiting` bytes could be dropped in all segments together if each were rewritten.
pub(super) fn is_worth_rewriting(droppable: u64, file_bytes: u64, waiting: u64) -> bool {
    let is_large_share = droppable * RETENTION_REWRITE_SHARE >= file_bytes;
    droppable > 0 && (is_large_share || waiting >= RETENTION_REWRITE_BYTES)
}

/// A checkpoint with what is known of its stream up to it, over all segments.
struct Cut {
    checkpoint: Checkpoint,
    /// Stored bytes.
    bytes_before: u64,
    /// The largest timestamp, as a clock may have been set back.
    time: Timestamp,
}

fn checkpoints(snapshot: &Snapshot, stream: StreamId) -> Result<Vec<Cut>> {
    let mut cuts = Vec::new();
    let mut bytes_of_older = 0;
    let mut time = Timestamp::MIN;
    for segment in &snapshot.segments {
        let mut bytes = 0;
        for checkpoint in segment.checkpoints(stream)? {
            bytes = checkpoint.bytes;
            time = time.max(checkpoint.time);
            cuts.push(Cut {
                bytes_before: bytes_of_older + bytes,
                time,
                checkpoint,
            });
        }
        bytes_of_older += bytes;
    }
    Ok(cuts)
}

/// The newest checkpoint before which everything exceeds the limits.
fn last_droppable(
    cuts: &[Cut],
    retention: &Retention,
    next_offset: u64,
    now: Timestamp,
) -> Option<Checkpoint> {
    let bytes_total = cuts.last()?.bytes_before;
    let exceeds = |cut: &&Cut| {
        let events_after = next_offset - cut.checkpoint.next_offset.get();
        let bytes_after = bytes_total - cut.bytes_before;
        let age = now.micros().saturating_sub(cut.time.micros());
        retention.events_max.is_some_and(|max| events_after >= max)
            || retention.bytes_max.is_some_and(|max| bytes_after >= max)
            || retention.age_max_micros.is_some_and(|max| age > max)
    };
    let (_, droppable) = cuts.split_last()?;
    droppable
        .iter()
        .rev()
        .find(exceeds)
        .map(|cut| cut.checkpoint.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_share_is_dropped_once_enough_waits_behind_it() {
        let few = RETENTION_REWRITE_BYTES / 100;
        let file = few * 100;
        assert!(!is_worth_rewriting(few, file, RETENTION_REWRITE_BYTES - 1));
        assert!(is_worth_rewriting(few, file, RETENTION_REWRITE_BYTES));
        assert!(is_worth_rewriting(file / RETENTION_REWRITE_SHARE, file, 0));
        assert!(!is_worth_rewriting(0, file, RETENTION_REWRITE_BYTES));
    }
}
