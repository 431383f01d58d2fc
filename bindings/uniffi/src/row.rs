//! Rows and receipts as plain data.

use swarmlet::{
    AppId, Content, Event, EventKey, Lamport, Offset, Origin, Payload, Published, Tags, Timestamp,
};

use crate::arguments::{count, number};
use crate::failure::{Result, during};

/// The place of an event in the total order.
#[derive(uniffi::Record)]
pub(crate) struct Key {
    lamport: i64,
    stream: String,
    offset: i64,
}

/// What became of a published event.
#[derive(uniffi::Record)]
pub(crate) struct Receipt {
    key: Key,
    timestamp: i64,
}

/// A result: a value in CBOR, and where it comes from.
#[derive(uniffi::Record)]
pub(crate) struct ResultRow {
    payload: Vec<u8>,
    origin: RowOrigin,
}

/// Which events a result was made from. Times are microseconds since 1970-01-01 UTC.
#[derive(uniffi::Enum)]
pub(crate) enum RowOrigin {
    /// None.
    Synthetic,
    /// One.
    Event {
        /// Its place.
        key: Key,
        /// When it was published.
        timestamp: i64,
        /// By which app.
        app_id: String,
        /// Its labels, in text order.
        tags: Vec<String>,
    },
    /// Several.
    Range {
        /// The smallest key.
        from: Key,
        /// The greatest key.
        to: Key,
        /// The earliest time.
        from_time: i64,
        /// The latest time.
        to_time: i64,
    },
}

impl Key {
    fn into_key(self, operation: &'static str) -> Result<EventKey> {
        let lamport = count(operation, "lamport", self.lamport)?;
        let offset = count(operation, "offset", self.offset)?;
        let key = || -> swarmlet::Result<EventKey> {
            Ok(EventKey {
                lamport: Lamport::new(lamport)?,
                stream: self.stream.parse()?,
                offset: Offset::new(offset)?,
            })
        };
        key().map_err(|error| during(operation, error))
    }
}

impl ResultRow {
    /// The event that the row is, if it comes from one.
    pub(crate) fn into_event(self, operation: &'static str) -> Result<Option<Event>> {
        let RowOrigin::Event {
            key,
            timestamp,
            app_id,
            tags,
        } = self.origin
        else {
            return Ok(None);
        };
        let key = key.into_key(operation)?;
        let event = || -> swarmlet::Result<Event> {
            let tags = Tags::new(tags.iter().map(String::as_str))?;
            let content = Content::new(&tags, &Payload::from_cbor(self.payload)?);
            let time = Timestamp::from_micros(timestamp);
            Ok(Event::new(key, time, AppId::new(&app_id)?, content))
        };
        event().map(Some).map_err(|error| during(operation, error))
    }
}

impl From<EventKey> for Key {
    fn from(key: EventKey) -> Self {
        Self {
            lamport: number(key.lamport.get()),
            stream: key.stream.to_string(),
            offset: number(key.offset.get()),
        }
    }
}

impl From<Published> for Receipt {
    fn from(published: Published) -> Self {
        Self {
            key: published.key.into(),
            timestamp: published.timestamp.micros(),
        }
    }
}

impl From<swarmlet::Row> for ResultRow {
    fn from(row: swarmlet::Row) -> Self {
        let payload = row.payload().as_cbor().to_vec();
        let origin = row.origin().into();
        Self { payload, origin }
    }
}

impl From<&Origin> for RowOrigin {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Synthetic => Self::Synthetic,
            Origin::Event(event) => event.into(),
            Origin::Range(range) => Self::Range {
                from: range.from.into(),
                to: range.to.into(),
                from_time: range.from_time.micros(),
                to_time: range.to_time.micros(),
            },
        }
    }
}

impl From<&Event> for RowOrigin {
    fn from(event: &Event) -> Self {
        Self::Event {
            key: event.key.into(),
            timestamp: event.timestamp.micros(),
            app_id: event.app_id.to_string(),
            tags: event.tags().iter().map(str::to_owned).collect(),
        }
    }
}
