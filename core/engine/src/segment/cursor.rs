//! The cursor: matching events of one segment in the order of their keys.
//!
//! It walks candidate positions of the event table, leaves out what bounds and conditions on the
//! key exclude, and decodes an event only when it is asked for or needed to decide.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::lanes::{Lanes, key_of};
use super::open::Segment;
use super::resolve::{Candidates, Positions, needs_key_only, resolve};
use super::table::{PAGE_ENTRIES, TableEntry};
use super::window::Window;
use crate::error::Result;
use crate::event::{AppId, Event, EventKey, NodeId, Offsets, Tag, Timestamp};
use crate::select::{EventView, Selection};

/// In which order of event keys a cursor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending.
    Forward,
    /// Descending.
    Backward,
}

/// What a cursor reads.
#[derive(Clone, Copy, Debug)]
pub struct SegmentQuery<'a> {
    /// Which events.
    pub selection: &'a Selection,
    /// The node that asks.
    pub local: NodeId,
    /// Events up to these offsets are left out.
    pub lower: &'a Offsets,
    /// Events after these offsets are left out.
    pub upper: &'a Offsets,
    /// The order.
    pub direction: Direction,
}

/// Reads matching events one by one.
pub struct SegmentCursor {
    segment: Arc<Segment>,
    local: NodeId,
    window: Window,
    residual: Residual,
    walk: Walk,
    page: Page,
    lanes: Lanes,
    /// The position being looked at; it stays until it was read, so an error skips nothing.
    looking_at: Option<u32>,
    found: Option<Found>,
    events_read: u64,
}

impl SegmentCursor {
    pub(super) fn new(segment: Arc<Segment>, query: &SegmentQuery<'_>) -> Result<Self> {
        let window = Window::new(&segment, query.selection, query.lower, query.upper)?;
        let candidates = find_candidates(&segment, &window, query)?;
        let residual = Residual::new(candidates.residual);
        Ok(Self {
            walk: Walk::new(candidates.positions, query.direction),
            local: query.local,
            window,
            residual,
            page: Page::default(),
            lanes: Lanes::default(),
            looking_at: None,
            found: None,
            events_read: 0,
            segment,
        })
    }

    /// The key of the event that comes next, `None` at the end.
    pub fn peek(&mut self) -> Result<Option<EventKey>> {
        self.find()?;
        Ok(self.found.as_ref().map(|found| found.key))
    }

    /// The next event, `None` at the end. After an error it is tried again by the next call.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        self.find()?;
        let Some(found) = &mut self.found else {
            return Ok(None);
        };
        let event = match found.event.take() {
            Some(event) => event,
            None => {
                let event = self.lanes.event(&self.segment, &found.entry)?;
                self.events_read += 1;
                event
            }
        };
        self.found = None;
        Ok(Some(event))
    }

    /// How many events were decoded so far, those that turned out not to match among them.
    #[must_use]
    pub fn events_read(&self) -> u64 {
        self.events_read
    }

    /// Whether candidates have to be looked at to know whether they match.
    pub(super) fn is_residual(&self) -> bool {
        !matches!(self.residual, Residual::Nothing)
    }

    /// How many events may match, those that were read not counted; reads the table only.
    pub(super) fn count_candidates(mut self) -> Result<u64> {
        let mut count = 0;
        while let Some(position) = self.walk.next() {
            let entry = self.page.entry(&self.segment, position)?;
            count += u64::from(self.window.contains(entry.stream, entry.offset));
        }
        Ok(count)
    }

    /// Moves on to the next match, unless one is found already.
    fn find(&mut self) -> Result<()> {
        while self.found.is_none() {
            let Some(position) = self.looking_at.take().or_else(|| self.walk.next()) else {
                return Ok(());
            };
            self.looking_at = Some(position);
            let entry = self.page.entry(&self.segment, position)?;
            if self.window.contains(entry.stream, entry.offset) {
                self.found = self.examine(entry)?;
            }
            self.looking_at = None;
        }
        Ok(())
    }

    fn examine(&mut self, entry: TableEntry) -> Result<Option<Found>> {
        let key = key_of(&self.segment, &entry)?;
        let (is_match, event) = match &self.residual {
            Residual::Nothing => (true, None),
            Residual::OnKey(selection) => (selection.matches(&KeyOnly(key), self.local), None),
            Residual::OnEvent(selection) => {
                let event = self.lanes.event(&self.segment, &entry)?;
                self.events_read += 1;
                (selection.matches(&event, self.local), Some(event))
            }
        };
        Ok(is_match.then_some(Found { key, entry, event }))
    }
}

impl fmt::Debug for SegmentCursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SegmentCursor({})", self.segment.name())
    }
}

/// Resolves the selection, unless the bounds leave nothing, within the lamports of the window.
fn find_candidates(
    segment: &Segment,
    window: &Window,
    query: &SegmentQuery<'_>,
) -> Result<Candidates> {
    if window.is_empty() {
        return Ok(Candidates {
            positions: Positions::Range(0..0),
            residual: None,
        });
    }
    let mut candidates = resolve(segment, query.selection, query.local)?;
    let table = segment.table();
    let start = table.partition_point(|entry| entry.lamport < window.lamport_min)?;
    let end = table.partition_point(|entry| entry.lamport <= window.lamport_max)?;
    candidates.positions = candidates.positions.and(Positions::Range(start..end));
    Ok(candidates)
}

/// A match that was found and not yet taken.
struct Found {
    key: EventKey,
    entry: TableEntry,
    event: Option<Event>,
}

/// What remains to be checked of a candidate.
enum Residual {
    Nothing,
    OnKey(Selection),
    OnEvent(Selection),
}

impl Residual {
    fn new(residual: Option<Selection>) -> Self {
        match residual {
            None => Self::Nothing,
            Some(selection) if needs_key_only(&selection) => Self::OnKey(selection),
            Some(selection) => Self::OnEvent(selection),
        }
    }
}

/// An event of which only the key is known, for selections that look at nothing else.
struct KeyOnly(EventKey);

impl EventView for KeyOnly {
    fn key(&self) -> EventKey {
        self.0
    }

    fn timestamp(&self) -> Timestamp {
        unreachable!("the selection looks at the key only")
    }

    fn is_of_app(&self, _app_id: &AppId) -> bool {
        unreachable!("the selection looks at the key only")
    }

    fn has_tag(&self, _tag: &Tag) -> bool {
        unreachable!("the selection looks at the key only")
    }
}

/// The candidate positions in the order of the cursor.
enum Walk {
    Up(Range<u32>),
    Down(Range<u32>),
    UpSome(roaring::bitmap::IntoIter),
    DownSome(roaring::bitmap::IntoIter),
}

impl Walk {
    fn new(positions: Positions, direction: Direction) -> Self {
        match (positions, direction) {
            (Positions::Range(range), Direction::Forward) => Self::Up(range),
            (Positions::Range(range), Direction::Backward) => Self::Down(range),
            (Positions::Some(bitmap), Direction::Forward) => Self::UpSome(bitmap.into_iter()),
            (Positions::Some(bitmap), Direction::Backward) => Self::DownSome(bitmap.into_iter()),
        }
    }

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Up(range) => range.next(),
            Self::Down(range) => range.next_back(),
            Self::UpSome(positions) => positions.next(),
            Self::DownSome(positions) => positions.next_back(),
        }
    }
}

/// The page of the table that the cursor is in.
#[derive(Default)]
struct Page {
    number: usize,
    entries: Vec<TableEntry>,
}

impl Page {
    fn entry(&mut self, segment: &Segment, position: u32) -> Result<TableEntry> {
        let (number, index) = (
            position as usize / PAGE_ENTRIES,
            position as usize % PAGE_ENTRIES,
        );
        if self.entries.is_empty() || self.number != number {
            self.entries = segment.table().page(number)?;
            self.number = number;
        }
        Ok(self.entries[index])
    }
}
