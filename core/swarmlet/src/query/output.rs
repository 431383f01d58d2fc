//! What comes out of queries and subscriptions, in order.

use std::any::Any;
use std::fmt;

use swarmlet_aql::{self as aql, Diagnostic, Severity, Traced};
use swarmlet_engine::event::{Event, EventKey, Lamport, Offset, Offsets, Payload, Timestamp};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::input::LoggedEvent;
use super::{translate, value};

/// One thing that comes out of a query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// What it is.
    pub item: Item,
    /// The event that is dealt with once this is: nothing else comes out because of it, nor of
    /// earlier ones. Whoever hands outputs on one by one knows from it how far the other side is.
    /// There is none where results do not come out event by event, oldest first.
    pub settled: Option<EventKey>,
}

/// What comes out of a query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// A value of the query.
    Row(Row),
    /// A row that came out before and is no longer true; another one may follow in its place.
    AntiRow(Row),
    /// Something has no value, and why.
    Diagnostic(Diagnostic),
    /// All that was present when a subscription began has come out, up to these offsets; what
    /// follows is live. Comes once.
    CaughtUp(Offsets),
    /// The next event sorts before one that has already come out: the end of a monotonic
    /// subscription. Begin again before this key.
    TimeTravel(EventKey),
}

/// A result: a value, and where it comes from.
#[derive(Clone, PartialEq)]
pub struct Row {
    payload: Option<Payload>,
    origin: Origin,
}

/// Which events a result was made from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// None: the query itself made it.
    Synthetic,
    /// One event; the result may be its payload, or something made from it.
    Event(Event),
    /// Several events, of which the extremes are known.
    Range(EventRange),
}

/// From where to where the events lie that a result was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRange {
    /// The smallest key.
    pub from: EventKey,
    /// The greatest key.
    pub to: EventKey,
    /// The earliest time.
    pub from_time: Timestamp,
    /// The latest time.
    pub to_time: Timestamp,
}

impl Item {
    /// The error that this is for those who look at rows only: the query has ended with it, and not
    /// because it was at its end. Nothing for what they need not know.
    #[must_use]
    pub fn to_error(&self) -> Option<Error> {
        match self {
            Self::TimeTravel(key) => {
                let message = "an event has arrived that sorts before one that was delivered";
                let error = Error::new(ErrorKind::Closed, message);
                let error = error
                    .with("lamport", key.lamport)
                    .with("stream", key.stream);
                Some(error.with("offset", key.offset))
            }
            Self::Diagnostic(diagnostic) if diagnostic.severity == Severity::Error => {
                let message = diagnostic.message.as_str();
                Some(Error::new(ErrorKind::InvalidQuery, message))
            }
            Self::Row(_) | Self::AntiRow(_) | Self::CaughtUp(_) | Self::Diagnostic(_) => None,
        }
    }
}

impl Row {
    /// The value. That of an event is the very payload of the event.
    #[must_use]
    pub fn payload(&self) -> Payload {
        match (&self.payload, &self.origin) {
            (Some(payload), _) => payload.clone(),
            (None, Origin::Event(event)) => event.payload(),
            (None, _) => unreachable!("only rows of events do without a payload of their own"),
        }
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The event it comes from, if it is one.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        match &self.origin {
            Origin::Event(event) => Some(event),
            Origin::Synthetic | Origin::Range(_) => None,
        }
    }

    /// The event itself, if the row comes from one.
    #[must_use]
    pub fn into_event(self) -> Option<Event> {
        match self.origin {
            Origin::Event(event) => Some(event),
            Origin::Synthetic | Origin::Range(_) => None,
        }
    }

    /// Bytes, about: what a row costs whoever keeps it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let own = self.payload.as_ref().map_or(0, |own| own.as_cbor().len());
        let event = self
            .event()
            .map_or(0, |event| event.content().as_bytes().len());
        own + event
    }
}

impl From<Event> for Row {
    fn from(event: Event) -> Self {
        Self {
            payload: None,
            origin: Origin::Event(event),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Row")
            .field("payload", &self.payload())
            .field("origin", &self.origin)
            .finish()
    }
}

impl Output {
    pub(super) fn new(item: Item) -> Self {
        Self {
            item,
            settled: None,
        }
    }

    /// Whether the query has ended with it.
    pub(super) fn is_last(&self) -> bool {
        self.item.to_error().is_some()
    }
}

/// What the machine says, in the words of the node. A value that is too large to be a payload is
/// no result.
impl From<aql::Output> for Item {
    fn from(output: aql::Output) -> Self {
        let (traced, wrap): (_, fn(Row) -> Self) = match output {
            aql::Output::Result(traced) => (traced, Self::Row),
            aql::Output::AntiResult(traced) => (traced, Self::AntiRow),
            aql::Output::Diagnostic(diagnostic) => return Self::Diagnostic(diagnostic),
        };
        match row(&traced) {
            Ok(row) => wrap(row),
            Err(error) => Self::Diagnostic(Diagnostic {
                severity: Severity::Warning,
                message: format!("the result cannot be handed out: {}", error.message()),
            }),
        }
    }
}

fn row(traced: &Traced) -> Result<Row> {
    let (origin, is_payload) = match &traced.origin {
        aql::Origin::Synthetic => (Origin::Synthetic, false),
        aql::Origin::Range(range) => (Origin::Range(event_range(range)?), false),
        aql::Origin::Event(input) => {
            let any: &dyn Any = input.as_ref();
            let logged: &LoggedEvent = any
                .downcast_ref()
                .expect("this crate makes all events that machines get");
            let is_payload = logged.is_payload(&traced.value);
            (Origin::Event(logged.event().clone()), is_payload)
        }
    };
    let payload = if is_payload {
        None
    } else {
        Some(value::encode(&traced.value)?)
    };
    Ok(Row { payload, origin })
}

fn event_range(range: &aql::EventRange) -> Result<EventRange> {
    Ok(EventRange {
        from: event_key(&range.from_key)?,
        to: event_key(&range.to_key)?,
        from_time: Timestamp::from_micros(range.from_time_us),
        to_time: Timestamp::from_micros(range.to_time_us),
    })
}

fn event_key(key: &aql::EventKey) -> Result<EventKey> {
    Ok(EventKey {
        lamport: Lamport::new(key.lamport)?,
        stream: translate::stream_id(&key.stream)?,
        offset: Offset::new(key.offset)?,
    })
}
