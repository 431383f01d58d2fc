//! What a caller hands to the log, and what it gets back.

use crate::error::{Error, Result};
use crate::event::{AppId, Content, EventKey, Timestamp};
use crate::limits::{PUBLISH_BYTES_MAX, PUBLISH_EVENTS_MAX};

/// The events of one call, encoded, which are committed together or not at all.
#[derive(Clone, Debug)]
pub struct Publish {
    app_id: AppId,
    events: Vec<Content>,
    /// When they happened; none if they happen now.
    timestamps: Vec<Timestamp>,
    bytes: usize,
}

impl Publish {
    /// Checks the bounds of one call: 16 384 events and 4 MiB.
    pub fn new(app_id: AppId, events: Vec<Content>) -> Result<Self> {
        if events.len() > PUBLISH_EVENTS_MAX {
            return Err(
                Error::invalid("too many events in one call; publish them in several")
                    .with("events", events.len())
                    .with("limit", PUBLISH_EVENTS_MAX),
            );
        }
        let bytes = events.iter().map(|event| event.as_bytes().len()).sum();
        if bytes > PUBLISH_BYTES_MAX {
            return Err(
                Error::invalid("too many bytes in one call; publish them in several")
                    .with("bytes", bytes)
                    .with("limit", PUBLISH_BYTES_MAX),
            );
        }
        Ok(Self {
            app_id,
            events,
            timestamps: Vec::new(),
            bytes,
        })
    }

    /// The same with these times, one for each event, in place of the time of the commit: for
    /// events that were published before, in a stream that others do not have.
    #[must_use]
    pub fn stamped(mut self, timestamps: Vec<Timestamp>) -> Self {
        assert_eq!(timestamps.len(), self.events.len(), "a time for each event");
        self.timestamps = timestamps;
        self
    }

    /// The app in whose name the events are published.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// The events, in the caller's order.
    #[must_use]
    pub fn events(&self) -> &[Content] {
        &self.events
    }

    /// When the event at `index` happened, if that was said.
    pub(super) fn timestamp(&self, index: usize) -> Option<Timestamp> {
        self.timestamps.get(index).copied()
    }

    /// Encoded bytes of all events.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What became of one published event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its place in the total order.
    pub key: EventKey,
    /// The time it was stamped with.
    pub timestamp: Timestamp,
}
