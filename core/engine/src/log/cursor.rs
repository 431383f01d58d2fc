//! A bounded read in progress: sealed segments and unsealed files merged into one order.
//!
//! A cursor holds on to the files it began with, so it neither sees nor is disturbed by sealing,
//! merging and retention going on beside it. It reads only what is asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::query::{Order, Query};
use super::shared::{Shared, Snapshot};
use super::unsealed_cursor::UnsealedCursor;
use crate::error::Result;
use crate::event::{Event, EventKey, NodeId, Offset, Offsets, StreamId};
use crate::segment::{Direction, SegmentCursor, SegmentQuery};
use crate::select::Selection;

/// Delivers the events of a [`Query`] in its order.
pub struct Cursor {
    snapshot: Arc<Snapshot>,
    local: NodeId,
    selection: Selection,
    lower: Offsets,
    upper: Offsets,
    skipped: Vec<(StreamId, Offset)>,
    direction: Direction,
    /// Streams still to be read one after the other, the next one last. `None` to merge them all.
    streams: Option<Vec<StreamId>>,
    merge: Merge,
}

impl Cursor {
    pub(super) fn new(shared: &Shared, query: &Query, upper: Offsets) -> Result<Self> {
        let snapshot = shared.snapshot();
        let (lower, skipped) = raise_to_floors(&query.lower, &upper, &snapshot);
        let direction = query.order.direction();
        let streams = (query.order == Order::Stream).then(|| {
            let mut streams: Vec<StreamId> = upper.iter().map(|(stream, _)| stream).collect();
            streams.reverse();
            streams
        });
        let mut cursor = Self {
            snapshot,
            local: shared.own,
            selection: query.selection.clone(),
            lower,
            upper,
            skipped,
            direction,
            streams,
            merge: Merge::new(direction),
        };
        if cursor.streams.is_none() {
            cursor.merge = cursor.open(&cursor.upper)?;
        }
        Ok(cursor)
    }

    /// The next events, at most `events_max`, stopping once their contents exceed `bytes_max`.
    /// Empty at the end, and only there. After an error the read can be tried again; nothing is
    /// skipped.
    pub fn next_chunk(&mut self, events_max: usize, bytes_max: usize) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut bytes = 0;
        while events.len() < events_max && bytes < bytes_max {
            match self.next_event() {
                Ok(Some(event)) => {
                    bytes += event.content().as_bytes().len();
                    events.push(event);
                }
                Ok(None) => break,
                // What was read is delivered first; the error comes again with the next call.
                Err(_) if !events.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    }

    /// The upper bound of this read: everything up to here has been looked at when it ends.
    #[must_use]
    pub fn upper(&self) -> &Offsets {
        &self.upper
    }

    /// Streams of which retention has dropped events that this read asked for, with the first
    /// offset that is still there.
    #[must_use]
    pub fn skipped(&self) -> &[(StreamId, Offset)] {
        &self.skipped
    }

    /// How many events were read from files so far. Those that had to be read to see that they do
    /// not match are among them, and those found but not delivered yet; what was read by an
    /// attempt to begin with a stream that failed is not.
    #[must_use]
    pub fn events_read(&self) -> u64 {
        self.merge.events_read()
    }

    fn next_event(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.merge.next_event()? {
                return Ok(Some(event));
            }
            let Some(stream) = self.streams.as_ref().and_then(|left| left.last().copied()) else {
                return Ok(None);
            };
            let last = self
                .upper
                .last(stream)
                .expect("streams were taken from the upper bound");
            let mut merge = self.open(&[(stream, last)].into_iter().collect())?;
            merge.events_read_before += self.merge.events_read();
            self.merge = merge;
            // Only now, so that a stream that could not be opened is tried again.
            self.streams.as_mut().and_then(Vec::pop);
        }
    }

    /// Opens all files for reading up to `upper`.
    fn open(&self, upper: &Offsets) -> Result<Merge> {
        let (selection, local, lower) = (&self.selection, self.local, &self.lower);
        let direction = self.direction;
        let mut merge = Merge::new(direction);
        let query = SegmentQuery {
            selection,
            local,
            lower,
            upper,
            direction,
        };
        for segment in &self.snapshot.segments {
            merge.add(Source::Segment(Box::new(segment.cursor(&query)?)))?;
        }
        for file in &self.snapshot.files {
            merge.add(Source::Unsealed(UnsealedCursor::new(file.clone(), &query)))?;
        }
        Ok(merge)
    }
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cursor")
            .field("upper", &self.upper)
            .finish_non_exhaustive()
    }
}

/// Raises the lower bound to where retention begins, and tells where that skips events.
pub(super) fn raise_to_floors(
    lower: &Offsets,
    upper: &Offsets,
    snapshot: &Snapshot,
) -> (Offsets, Vec<(StreamId, Offset)>) {
    let mut raised = lower.clone();
    let mut skipped = Vec::new();
    for (stream, floor) in snapshot.floors.iter() {
        let Some(below) = floor.first.get().checked_sub(1) else {
            continue;
        };
        let is_asked_for = upper.last(stream).is_some() && lower.next(stream) <= below;
        if is_asked_for {
            skipped.push((stream, floor.first));
        }
        raised.advance(
            stream,
            Offset::new(below).expect("smaller than a valid offset"),
        );
    }
    (raised, skipped)
}

/// One file being read.
enum Source {
    Segment(Box<SegmentCursor>),
    Unsealed(UnsealedCursor),
}

impl Source {
    fn peek(&mut self) -> Result<Option<EventKey>> {
        match self {
            Self::Segment(cursor) => cursor.peek(),
            Self::Unsealed(cursor) => Ok(cursor.peek()),
        }
    }

    fn next_event(&mut self) -> Result<Option<Event>> {
        match self {
            Self::Segment(cursor) => cursor.next_event(),
            Self::Unsealed(cursor) => cursor.next_event(),
        }
    }

    fn events_read(&self) -> u64 {
        match self {
            Self::Segment(cursor) => cursor.events_read(),
            Self::Unsealed(cursor) => cursor.events_read(),
        }
    }
}

/// Merges sources that are each in order.
struct Merge {
    direction: Direction,
    sources: Vec<Source>,
    /// The next key of every source that has one, the first to deliver on top.
    heap: BinaryHeap<Turn>,
    /// The source that delivered last; its next key is not in the heap yet.
    delivered: Option<usize>,
    /// Events read from sources that are not among these any more.
    events_read_before: u64,
}

/// A source whose next event has this key; the key that comes first is the greatest turn.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Forward(Reverse<EventKey>, usize),
    Backward(EventKey, usize),
}

impl Merge {
    fn new(direction: Direction) -> Self {
        Self {
            direction,
            sources: Vec::new(),
            heap: BinaryHeap::new(),
            delivered: None,
            events_read_before: 0,
        }
    }

    fn add(&mut self, mut source: Source) -> Result<()> {
        if let Some(key) = source.peek()? {
            self.heap.push(self.turn(key, self.sources.len()));
            self.sources.push(source);
        } else {
            self.events_read_before += source.events_read();
        }
        Ok(())
    }

    fn events_read(&self) -> u64 {
        let read = self.sources.iter().map(Source::events_read).sum::<u64>();
        self.events_read_before + read
    }

    /// The next event. After an error nothing has moved, so that the next call tries again.
    fn next_event(&mut self) -> Result<Option<Event>> {
        if let Some(source) = self.delivered {
            if let Some(key) = self.sources[source].peek()? {
                self.heap.push(self.turn(key, source));
            }
            self.delivered = None;
        }
        let Some(turn) = self.heap.pop() else {
            return Ok(None);
        };
        let (Turn::Forward(_, source) | Turn::Backward(_, source)) = turn;
        match self.sources[source].next_event() {
            Ok(event) => {
                self.delivered = Some(source);
                Ok(event)
            }
            Err(error) => {
                self.heap.push(turn);
                Err(error)
            }
        }
    }

    fn turn(&self, key: EventKey, source: usize) -> Turn {
        match self.direction {
            Direction::Forward => Turn::Forward(Reverse(key), source),
            Direction::Backward => Turn::Backward(key, source),
        }
    }
}
