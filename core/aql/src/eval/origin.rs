//! Which events a value was made from.

use std::fmt;
use std::sync::Arc;

use super::event::{EventInput, EventKey};
use crate::value::Value;

/// Which events a value was made from.
#[derive(Clone, Default)]
pub enum Origin {
    /// None: the query itself made it.
    #[default]
    Synthetic,
    /// One event.
    Event(Arc<dyn EventInput>),
    /// Several events, of which the extremes are known.
    Range(Arc<EventRange>),
}

/// From where to where the events lie that a value was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRange {
    /// The smallest key.
    pub from_key: EventKey,
    /// The greatest key.
    pub to_key: EventKey,
    /// The earliest time, in microseconds since 1970.
    pub from_time_us: i64,
    /// The latest time.
    pub to_time_us: i64,
}

/// A value and the events it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl Origin {
    /// The extremes; nothing if it is synthetic.
    #[must_use]
    pub fn range(&self) -> Option<EventRange> {
        match self {
            Self::Synthetic => None,
            Self::Event(event) => {
                let (key, time_us) = (event.key(), event.time_us());
                Some(EventRange {
                    from_key: key.clone(),
                    to_key: key,
                    from_time_us: time_us,
                    to_time_us: time_us,
                })
            }
            Self::Range(range) => Some(EventRange::clone(range)),
        }
    }

    /// Smallest and greatest key, for order; what is synthetic comes first.
    pub(crate) fn keys(&self) -> Option<(EventKey, EventKey)> {
        self.range().map(|range| (range.from_key, range.to_key))
    }

    /// Adds the events that another value was made from.
    pub(crate) fn merge(&mut self, other: &Self) {
        match (&*self, other) {
            (_, Self::Synthetic) => {}
            (Self::Synthetic, _) => *self = other.clone(),
            (Self::Event(left), Self::Event(right)) if is_same(left, right) => {}
            _ => {
                if let (Some(left), Some(right)) = (self.range(), other.range()) {
                    *self = Self::Range(Arc::new(left.union(right)));
                }
            }
        }
    }
}

fn is_same(left: &Arc<dyn EventInput>, right: &Arc<dyn EventInput>) -> bool {
    Arc::ptr_eq(left, right) || (left.key() == right.key() && left.time_us() == right.time_us())
}

impl EventRange {
    fn union(self, other: Self) -> Self {
        Self {
            from_key: self.from_key.min(other.from_key),
            to_key: self.to_key.max(other.to_key),
            from_time_us: self.from_time_us.min(other.from_time_us),
            to_time_us: self.to_time_us.max(other.to_time_us),
        }
    }
}

/// Events are equal when key and time are.
impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Synthetic, Self::Synthetic) => true,
            (Self::Event(left), Self::Event(right)) => is_same(left, right),
            (Self::Range(left), Self::Range(right)) => left == right,
            _ => false,
        }
    }
}

impl Eq for Origin {}

impl fmt::Debug for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Synthetic => out.write_str("synthetic"),
            Self::Event(event) => event.key().fmt(out),
            Self::Range(range) => range.fmt(out),
        }
    }
}

impl Traced {
    /// A value that comes from no event.
    pub(crate) fn synthetic(value: impl Into<Value>) -> Self {
        Self {
            value: value.into(),
            origin: Origin::Synthetic,
        }
    }

    /// The payload of an event.
    pub(crate) fn of_event(event: Arc<dyn EventInput>) -> Self {
        Self {
            value: event.payload(),
            origin: Origin::Event(event),
        }
    }
}
