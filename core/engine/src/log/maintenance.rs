//! Background work, one step at a time: sealing, merging, dropping, and the spare file.
//!
//! Each step writes its result durably, then swaps it into the snapshot, then removes what it
//! replaces; a step that fails or is cut off leaves everything as it was.

use std::sync::Arc;

use super::log_file::{file_name, make_spare, spare_name};
use super::retention::{droppable_bytes, floors_within, is_worth_rewriting, wanted_floors};
use super::shared::{Shared, Snapshot};
use super::stats::Counters;
use super::unsealed::{BatchSpan, Unsealed};
use crate::error::{Error, Result};
use crate::event::{StreamId, StreamName, Timestamp};
use crate::limits::{MERGE_FAN_IN, SEGMENT_BYTES_MAX, SEGMENT_EVENTS_MAX};
use crate::segment::{
    Floor, Floors, Segment, SegmentName, SegmentWriter, StreamStart, merge as merge_segments,
};
use crate::storage::Folder;

/// What a step of maintenance did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Made the file the log goes on in when the active one is full.
    Spare,
    /// Turned a full log file into a segment.
    Seal,
    /// Made one segment of several.
    Merge,
    /// Rewrote a segment without events that retention gave up.
    Drop,
}

/// The background work of a log. Has one owner, beside the writer.
#[derive(Debug)]
pub struct Maintenance {
    shared: Arc<Shared>,
    /// Whether segments may hold events below the floors that they tell of: what a stream had
    /// before it began once more.
    has_leftovers: bool,
}

impl Maintenance {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            has_leftovers: true,
        }
    }

    /// Does the most urgent piece of work; `None` when there is nothing to do.
    ///
    /// Sealing comes first, because publishing may wait for it. An error leaves the log as it
    /// was; the same work is tried again by the next call.
    pub fn step(&mut self, now: Timestamp) -> Result<Option<Work>> {
        let done = self.seal_or_merge(now);
        if matches!(done, Ok(Some(_))) {
            return done;
        }
        // On a full disk nothing else can be done, but dropping may make room for it.
        match self.drop_unwanted(now) {
            Ok(true) => Ok(Some(Work::Drop)),
            Ok(false) => done,
            Err(error) => done.and(Err(error)),
        }
    }

    fn seal_or_merge(&mut self, now: Timestamp) -> Result<Option<Work>> {
        let snapshot = self.shared.snapshot();
        if let Some(file) = self.sealable(&snapshot) {
            self.seal(&file, &snapshot)?;
            return Ok(Some(Work::Seal));
        }
        let spare = self.prepare_spare();
        if matches!(spare, Ok(true)) {
            return Ok(Some(Work::Spare));
        }
        if self.merge(&snapshot, now)? {
            return Ok(Some(Work::Merge));
        }
        spare.map(|_| None)
    }

    /// Whether a full log file waits to be sealed.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.sealable(&self.shared.snapshot()).is_some()
    }

    fn sealable(&self, snapshot: &Snapshot) -> Option<Arc<Unsealed>> {
        let active = self.shared.active_sequence();
        snapshot
            .files
            .first()
            .filter(|file| file.sequence < active)
            .cloned()
    }

    fn prepare_spare(&self) -> Result<bool> {
        let listed = self.shared.disk.list(Folder::Log);
        let listed = listed.map_err(|error| Error::io("cannot list the log folder", error))?;
        let is_needed = self.shared.active_sequence() > 0 && !listed.contains(&spare_name());
        if is_needed {
            make_spare(self.shared.disk.as_ref())?;
        }
        Ok(is_needed)
    }

    fn seal(&mut self, file: &Arc<Unsealed>, snapshot: &Arc<Snapshot>) -> Result<()> {
        let sequence = file.sequence;
        let name = SegmentName {
            first: sequence,
            last: sequence,
            revision: 0,
        };
        let mut writer = SegmentWriter::create(self.shared.disk.clone(), name)?;
        for (_, name, spans) in batches_by_stream(file) {
            seal_stream(&mut writer, file, name, &spans, &self.shared)?;
        }
        let floors = floors_with(file, snapshot);
        self.has_leftovers |= floors != snapshot.sealed_floors;
        let segment = Arc::new(writer.finish(&floors, &self.shared.cache)?);
        self.shared.update(|snapshot| {
            snapshot.files.retain(|kept| kept.sequence != sequence);
            snapshot.segments.push(segment);
            snapshot.sealed_floors.raise_all(&floors);
        });
        Counters::add(&self.shared.counters.seals, 1);
        // Whoever still reads the file holds it, or the snapshot that we look at.
        let is_unread =
            Arc::strong_count(file) <= HELD_BY_SEALING && Arc::strong_count(snapshot) == 1;
        self.release(file.sequence, is_unread)
    }

    /// Makes the sealed file the next spare, or removes it while somebody may still read it.
    fn release(&self, sequence: u64, is_unread: bool) -> Result<()> {
        let name = file_name(sequence);
        let failed =
            |error| Error::io("cannot release a sealed log file", error).with("file", &name);
        let disk = &self.shared.disk;
        let listed = disk.list(Folder::Log).map_err(failed)?;
        if is_unread && !listed.contains(&spare_name()) {
            disk.rename(&name, &spare_name()).map_err(failed)?;
        } else {
            disk.remove(&name).map_err(failed)?;
        }
        disk.sync_folder(Folder::Log).map_err(failed)
    }

    /// Merges the oldest segments that can be.
    fn merge(&self, snapshot: &Snapshot, now: Timestamp) -> Result<bool> {
        let sizes: Vec<Size> = snapshot.segments.iter().map(|one| Size::of(one)).collect();
        let Some(range) = mergeable(&sizes) else {
            return Ok(false);
        };
        let name = SegmentName {
            first: snapshot.segments[range.start].name().first,
            last: snapshot.segments[range.end - 1].name().last,
            revision: 0,
        };
        self.rewrite(snapshot, range, name, &self.wanted_floors(snapshot, now)?)?;
        Counters::add(&self.shared.counters.merges, 1);
        Ok(true)
    }

    /// Rewrites the first segment from which enough can be dropped.
    fn drop_unwanted(&mut self, now: Timestamp) -> Result<bool> {
        // Taken anew: what failed before may have changed the segments all the same.
        let snapshot = self.shared.snapshot();
        let wanted = self.wanted_floors(&snapshot, now)?;
        if wanted == snapshot.sealed_floors && !self.has_leftovers {
            return Ok(false);
        }
        let mut waiting = 0;
        for segment in &snapshot.segments {
            waiting += droppable_bytes(segment, &wanted)?;
        }
        for (index, segment) in snapshot.segments.iter().enumerate() {
            let (older, rest) = snapshot.segments.split_at(index);
            let floors = floors_within(&wanted, older, &rest[..1], &snapshot.sealed_floors)?;
            let droppable = droppable_bytes(segment, &floors)?;
            if is_worth_rewriting(droppable, segment.file_bytes(), waiting) {
                let name = segment.name();
                let name = SegmentName {
                    revision: name.revision + 1,
                    ..name
                };
                self.rewrite(&snapshot, index..index + 1, name, &wanted)?;
                Counters::add(&self.shared.counters.drops, 1);
                return Ok(true);
            }
        }
        self.has_leftovers = false;
        Ok(false)
    }

    fn wanted_floors(&self, snapshot: &Snapshot, now: Timestamp) -> Result<Floors> {
        self.shared.heads(|heads| {
            wanted_floors(snapshot, heads, self.shared.own, &self.shared.options, now)
        })
    }

    /// Replaces the segments of `range` by one, without what retention has given up of them.
    fn rewrite(
        &self,
        snapshot: &Snapshot,
        range: std::ops::Range<usize>,
        name: SegmentName,
        wanted: &Floors,
    ) -> Result<()> {
        let sources = &snapshot.segments[range.clone()];
        let older = &snapshot.segments[..range.start];
        let floors = floors_within(wanted, older, sources, &snapshot.sealed_floors)?;
        let disk = self.shared.disk.clone();
        let cache = self.shared.cache.clone();
        let merged = Arc::new(merge_segments(disk, sources, name, &floors, &cache)?);
        let before: u64 = sources
            .iter()
            .map(|one| u64::from(one.events_count()))
            .sum();
        let dropped = before.saturating_sub(u64::from(merged.events_count()));
        let replaced: Vec<SegmentName> = sources.iter().map(|source| source.name()).collect();
        self.shared.update(|snapshot| {
            snapshot.segments.splice(range, [merged]);
            // Meanwhile others may have been raised, by what was received.
            snapshot.floors.raise_all(&floors);
            snapshot.durable_floors.raise_all(&floors);
            snapshot.sealed_floors.raise_all(&floors);
        });
        Counters::add(&self.shared.counters.events_dropped, dropped);
        let failed = |error| Error::io("cannot remove a replaced segment", error);
        for name in replaced {
            self.shared.disk.remove(&name.file_name()).map_err(failed)?;
        }
        Ok(())
    }
}

/// The floors that a segment made of `file` tells of: those of older segments, and those of
/// streams that begin in it, behind a gap. What begins in a later file is told of when that one is
/// sealed, so that a restart finds whatever comes before it in log files.
fn floors_with(file: &Unsealed, snapshot: &Snapshot) -> Floors {
    let sealed_next = |stream| {
        let mut entries = snapshot.segments.iter().rev();
        let newest = entries.find_map(|segment| segment.stream(stream));
        newest.map_or(0, |entry| entry.last.get() + 1)
    };
    let mut floors = snapshot.sealed_floors.clone();
    for part in file.index().current_parts() {
        if part.first.get() > sealed_next(part.id) {
            let (first, previous) = (part.first, part.previous);
            floors.raise(part.id, Floor { first, previous });
        }
    }
    floors
}

type StreamSpans = (StreamId, Option<StreamName>, Vec<BatchSpan>);

/// The batches of each stream in a file, streams in order.
fn batches_by_stream(file: &Unsealed) -> Vec<StreamSpans> {
    let index = file.index();
    let spans =
        |part: &super::unsealed::StreamPart| (part.id, part.name.clone(), part.batches.clone());
    let mut streams: Vec<StreamSpans> = index.current_parts().map(spans).collect();
    streams.sort_by_key(|(stream, ..)| *stream);
    streams
}

/// Copies one stream's batches into the segment; each is checked once more on the way.
fn seal_stream(
    writer: &mut SegmentWriter,
    file: &Unsealed,
    name: Option<StreamName>,
    spans: &[BatchSpan],
    shared: &Shared,
) -> Result<()> {
    let mut bytes = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        let batch = file.read_batch(span, &mut bytes)?;
        if index == 0 {
            let stream = batch.header.stream;
            let known = || shared.heads(|heads| heads.head(stream).map(|head| head.name.clone()));
            let name = name.clone().or_else(known);
            writer.begin_stream(StreamStart {
                stream,
                name: name.ok_or_else(|| {
                    Error::corrupt("a stream has no name")
                        .with("file", file_name(file.sequence))
                        .with("position", span.at)
                })?,
                first_offset: batch.header.first_offset,
                previous: batch.header.previous,
            })?;
        }
        writer.push_batch(&batch)?;
    }
    Ok(())
}

/// What merging looks at.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Log files that the segment covers.
    files: u64,
    events: u64,
    bytes: u64,
}

impl Size {
    fn of(segment: &Segment) -> Self {
        Self {
            files: segment.name().last - segment.name().first + 1,
            events: u64::from(segment.events_count()),
            bytes: segment.file_bytes(),
        }
    }

    fn class(self) -> u32 {
        self.files.ilog(MERGE_FAN_IN as u64)
    }
}

/// The oldest run of adjacent segments of one size class that is long enough to merge, and does
/// not make too large a segment.
fn mergeable(segments: &[Size]) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for end in 1..=segments.len() {
        if segments[start].class() != segments[end - 1].class() {
            start = end - 1;
        }
        if end - start < MERGE_FAN_IN {
            continue;
        }
        let run = &segments[start..end];
        let events: u64 = run.iter().map(|one| one.events).sum();
        let bytes: u64 = run.iter().map(|one| one.bytes).sum();
        if events <= SEGMENT_EVENTS_MAX && bytes <= SEGMENT_BYTES_MAX {
            return Some(start..end);
        }
        start += 1;
    }
    None
}

/// References to the file while it is sealed: the caller's, and the snapshot's it looks at.
const HELD_BY_SEALING: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Size = Size {
        files: 1,
        events: SEGMENT_EVENTS_MAX / 8,
        bytes: SEGMENT_BYTES_MAX / 8,
    };

    #[test]
    fn the_oldest_eight_of_one_class_are_merged() {
        let merged = Size { files: 8, ..FULL };
        assert_eq!(mergeable(&[FULL; 7]), None);
        assert_eq!(mergeable(&[FULL; 9]), Some(0..8));
        assert_eq!(mergeable(&[&[merged], &[FULL; 8][..]].concat()), Some(1..9));
    }

    #[test]
    fn nothing_is_merged_to_more_events_or_bytes_than_the_bounds() {
        let (events, bytes) = (FULL.events + 1, FULL.bytes + 1);
        for large in [Size { events, ..FULL }, Size { bytes, ..FULL }] {
            let segments = [&[large], &[FULL; 7][..]].concat();
            assert_eq!(mergeable(&segments), None);
            assert_eq!(mergeable(&[segments, vec![FULL]].concat()), Some(1..9));
        }
    }
}
