//! The naive scan: which events a query selects, one by one.

use serde_json::Value;
use swarmlet::{EventKey, Offsets, Order};

use crate::expr::Names;
use crate::select::{SINCE_US, Select};
use crate::value::NoValue;
use crate::world::{Known, TAGS};

/// The smallest and the greatest key and time of the events that a value was made from. Those of
/// one event are equal, and those of several never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: EventKey,
    pub(crate) to: EventKey,
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Traced {
    pub(crate) value: Value,
    pub(crate) span: Option<Span>,
}

/// All events in the order of their keys, which of them a query may look at, and who asks.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) known: &'a [Known],
    pub(crate) lower: &'a Offsets,
    pub(crate) upper: &'a Offsets,
    pub(crate) me: &'a str,
}

impl Span {
    pub(crate) fn of(key: EventKey, time_us: i64) -> Self {
        Self {
            from: key,
            to: key,
            from_us: time_us,
            to_us: time_us,
        }
    }

    pub(crate) fn union(left: Option<Self>, right: Option<Self>) -> Option<Self> {
        match (left, right) {
            (Some(left), Some(right)) => Some(Self {
                from: left.from.min(right.from),
                to: left.to.max(right.to),
                from_us: left.from_us.min(right.from_us),
                to_us: left.to_us.max(right.to_us),
            }),
            (one, other) => one.or(other),
        }
    }
}

impl Traced {
    /// A value that comes from no event.
    pub(crate) fn made(value: Value) -> Self {
        Self { value, span: None }
    }

    /// One value of many.
    pub(crate) fn of_all(all: Vec<Self>, join: impl Fn(Vec<Value>) -> Value) -> Self {
        let span = all.iter().map(|one| one.span).fold(None, Span::union);
        let value = join(all.into_iter().map(|one| one.value).collect());
        Self { value, span }
    }

    pub(crate) fn of_event(known: &Known) -> Self {
        let span = Some(Span::of(known.key, known.time_us));
        let value = known.payload.clone();
        Self { value, span }
    }
}

impl<'a> Scene<'a> {
    /// The event of that origin, if it is one.
    pub(crate) fn event(&self, span: Option<Span>) -> Option<&'a Known> {
        let span = span.filter(|span| span.from == span.to)?;
        let at = self
            .known
            .binary_search_by_key(&span.from, |known| known.key);
        at.ok().map(|at| &self.known[at])
    }

    /// The events of a query, in the order in which it wants them.
    pub(crate) fn selected(
        &self,
        select: &Select,
        order: Order,
        names: &Names,
    ) -> Result<Vec<&'a Known>, NoValue> {
        let mut events = Vec::new();
        // What has no value is a mistake even if there is no event to look at.
        self.check(select, names)?;
        for known in self.known {
            let (stream, offset) = (known.key.stream, known.key.offset);
            let is_within =
                !self.lower.contains(stream, offset) && self.upper.contains(stream, offset);
            if is_within && self.is_selected(known, select, names) {
                events.push(known);
            }
        }
        match order {
            Order::Ascending => {}
            Order::Descending => events.reverse(),
            Order::Stream => events.sort_by_key(|known| (known.key.stream, known.key.offset)),
        }
        Ok(events)
    }

    fn check(&self, select: &Select, names: &Names) -> Result<(), NoValue> {
        match select {
            Select::And(left, right) | Select::Or(left, right) => {
                self.check(left, names)?;
                self.check(right, names)
            }
            Select::Interpolated(number) => number.compute(names, self).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn is_selected(&self, known: &Known, select: &Select, names: &Names) -> bool {
        match select {
            Select::All | Select::Local => true,
            Select::Tag(tag) => known.tags.contains(tag),
            Select::Interpolated(number) => number.compute(names, self).is_ok_and(|number| {
                let wanted = format!("d:{}", number.value);
                known.tags.contains(&wanted.as_str())
            }),
            Select::Parameter => known.tags.contains(&TAGS[5]),
            Select::App(app) => known.app == *app,
            Select::Me => known.app == self.me,
            Select::Key(by, key, true) => {
                let place = |key: &EventKey| (key.lamport, key.stream);
                holds(by, &place(&known.key), &place(key))
            }
            // A lamport alone lies before all events that have it.
            Select::Key(by, key, false) => match *by {
                "<" | "<=" => known.key.lamport < key.lamport,
                _ => known.key.lamport >= key.lamport,
            },
            Select::Time(by, time_us) => holds(by, &known.time_us, time_us),
            Select::Since(by) => holds(by, &known.time_us, &SINCE_US),
            Select::And(left, right) => {
                self.is_selected(known, left, names) && self.is_selected(known, right, names)
            }
            Select::Or(left, right) => {
                self.is_selected(known, left, names) || self.is_selected(known, right, names)
            }
        }
    }
}

/// Whether two things stand as a comparison says.
pub(crate) fn holds<T: Ord>(by: &str, left: &T, right: &T) -> bool {
    match by {
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}
