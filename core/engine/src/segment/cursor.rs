//! The cursor: matching events of one segment in the order of their keys.

use std::sync::Arc;

use super::Segment;
use crate::error::Result;
use crate::event::{Event, EventKey, NodeId, Offsets};
use crate::select::Selection;

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
#[derive(Debug)]
pub struct SegmentCursor {
    segment: Arc<Segment>,
}

impl SegmentCursor {
    /// The key of the event that comes next, `None` at the end.
    pub fn peek(&mut self) -> Result<Option<EventKey>> {
        unimplemented!("{:?}", self.segment)
    }

    /// The next event, `None` at the end.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        unimplemented!()
    }
}
