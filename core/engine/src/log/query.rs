//! A bounded read: which events, from where to where, in which order.

use crate::event::Offsets;
use crate::segment::Direction;
use crate::select::Selection;

/// The order of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By event key, oldest first.
    #[default]
    Ascending,
    /// By event key, newest first.
    Descending,
    /// Stream by stream in stream id order, each by offset.
    Stream,
}

impl Order {
    /// In which direction each file is read.
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Ascending | Self::Stream => Direction::Forward,
            Self::Descending => Direction::Backward,
        }
    }
}

/// A read of the log up to an upper bound.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which events.
    pub selection: Selection,
    /// Only events after these offsets; streams that are absent from their beginning.
    pub lower: Offsets,
    /// Only events up to these offsets, nothing of streams that are absent; `None` for everything
    /// that is present when the query starts.
    pub upper: Option<Offsets>,
    /// The order of results.
    pub order: Order,
}
