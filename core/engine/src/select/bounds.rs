//! Points and comparisons for ranges of keys and times.

use std::cmp::Ordering;

use crate::event::{EventKey, Lamport, StreamId};

/// How an event's key or time must compare with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Smaller.
    Less,
    /// Smaller or equal.
    AtMost,
    /// Larger.
    Greater,
    /// Larger or equal.
    AtLeast,
}

impl Comparison {
    /// Whether an event that compares so with the point is wanted.
    #[must_use]
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// A point in the total order, given by lamport and, where that is not enough, by stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPoint {
    /// Logical clock.
    pub lamport: Lamport,
    /// Which of the events at that lamport; without it the point stands for all of them.
    pub stream: Option<StreamId>,
}

impl KeyPoint {
    /// How an event with `key` compares with this point.
    #[must_use]
    pub fn compare(&self, key: &EventKey) -> Ordering {
        let by_lamport = key.lamport.cmp(&self.lamport);
        by_lamport.then_with(|| {
            self.stream
                .map_or(Ordering::Equal, |own| key.stream.cmp(&own))
        })
    }
}
