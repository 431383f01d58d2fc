//! The naive scan: which events a query selects, one by one.

use serde_json::Value;
use swarmlet::{EventKey, Offsets, Order};

use crate::ask::{Ask, Select};
use crate::world::{Known, TAGS};

/// The smallest and the greatest key of the events that a value was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: EventKey,
    pub(crate) to: EventKey,
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Traced {
    pub(crate) value: Value,
    pub(crate) span: Option<Span>,
}

impl Span {
    pub(crate) fn union(left: Option<Self>, right: Option<Self>) -> Option<Self> {
        match (left, right) {
            (Some(left), Some(right)) => Some(Self {
                from: left.from.min(right.from),
                to: left.to.max(right.to),
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
        let key = known.key;
        let span = Some(Span { from: key, to: key });
        let value = known.payload.clone();
        Self { value, span }
    }
}

/// The events of a query, in the order in which it wants them.
pub(crate) fn selected<'a>(
    known: &'a [Known],
    ask: &Ask,
    order: Order,
    (lower, upper): (&Offsets, &Offsets),
    me: &str,
) -> Vec<&'a Known> {
    let is_within = |known: &&Known| {
        !lower.contains(known.key.stream, known.key.offset)
            && upper.contains(known.key.stream, known.key.offset)
    };
    let is_selected = |known: &&Known| is_selected(known, &ask.select, me);
    let mut events: Vec<&Known> = known.iter().filter(is_within).filter(is_selected).collect();
    match order {
        Order::Ascending => {}
        Order::Descending => events.reverse(),
        Order::Stream => events.sort_by_key(|known| (known.key.stream, known.key.offset)),
    }
    events
}

fn is_selected(known: &Known, select: &Select, me: &str) -> bool {
    match select {
        Select::All | Select::Local => true,
        Select::Tag(tag) => known.tags.contains(tag),
        Select::Interpolated => known.tags.contains(&"d:1"),
        Select::Parameter => known.tags.contains(&TAGS[5]),
        Select::App(app) => known.app == *app,
        Select::Me => known.app == me,
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
        Select::And(left, right) => is_selected(known, left, me) && is_selected(known, right, me),
        Select::Or(left, right) => is_selected(known, left, me) || is_selected(known, right, me),
    }
}

fn holds<T: Ord>(by: &str, left: &T, right: &T) -> bool {
    match by {
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}
