//! Events as users hold them.

use std::fmt;

use super::app_id::AppId;
use super::content::Content;
use super::key::EventKey;
use super::payload::Payload;
use super::sequence::Timestamp;
use super::tags::Tags;

/// What a publisher gives: tags and a payload. The node adds everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The labels by which the event is found.
    pub tags: Tags,
    /// The value.
    pub payload: Payload,
}

/// One immutable entry of the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the total order, which is also its identity.
    pub key: EventKey,
    /// Wall clock of the publisher; shown, never used for order.
    pub timestamp: Timestamp,
    /// The app that published it.
    pub app_id: AppId,
    content: Content,
}

impl Event {
    /// Puts an event together from its parts.
    #[must_use]
    pub fn new(key: EventKey, timestamp: Timestamp, app_id: AppId, content: Content) -> Self {
        Self {
            key,
            timestamp,
            app_id,
            content,
        }
    }

    /// The labels.
    #[must_use]
    pub fn tags(&self) -> Tags {
        self.content.tags()
    }

    /// The value.
    #[must_use]
    pub fn payload(&self) -> Payload {
        self.content.payload()
    }

    /// Tags and payload in their encoding.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Event")
            .field("key", &self.key)
            .field("timestamp", &self.timestamp)
            .field("app_id", &self.app_id)
            .field("tags", &self.tags())
            .field("payload", &self.payload())
            .finish()
    }
}
