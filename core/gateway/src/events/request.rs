//! What clients ask for. Fields that are not known are passed over, as clients send some.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use swarmlet::json::FromJson;
use swarmlet::{NewEvent, Order, Tags};

use super::bounds::Bounds;
use crate::limits::{PUBLISH_EVENTS_MAX, PUBLISHED_BYTES};

/// Events to publish.
#[derive(Debug, Deserialize)]
pub(crate) struct PublishRequest {
    #[serde(deserialize_with = "events")]
    pub(crate) data: Vec<NewEvent>,
}

impl PublishRequest {
    /// How large the answer will be, about.
    pub(crate) fn answer_bytes(&self) -> usize {
        self.data.len() * PUBLISHED_BYTES
    }
}

/// What there is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryRequest {
    pub(crate) query: String,
    pub(crate) lower_bound: Option<Bounds>,
    pub(crate) upper_bound: Option<Bounds>,
    pub(crate) order: WantedOrder,
}

/// What there is and what comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscribeRequest {
    pub(crate) query: String,
    pub(crate) lower_bound: Option<Bounds>,
}

/// The same in order. A session has to be named and means nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscribeMonotonicRequest {
    pub(crate) query: String,
    #[expect(dead_code, reason = "clients have to send it")]
    session: String,
    pub(crate) lower_bound: Bounds,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WantedOrder {
    Asc,
    Desc,
    StreamAsc,
}

impl From<WantedOrder> for Order {
    fn from(wanted: WantedOrder) -> Self {
        match wanted {
            WantedOrder::Asc => Self::Ascending,
            WantedOrder::Desc => Self::Descending,
            WantedOrder::StreamAsc => Self::Stream,
        }
    }
}

/// So many events and no more: an event takes many times the memory of its text.
fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NewEvent>, D::Error> {
    deserializer.deserialize_seq(EventsVisitor)
}

struct EventsVisitor;

impl<'de> Visitor<'de> for EventsVisitor {
    type Value = Vec<NewEvent>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sent: A) -> Result<Vec<NewEvent>, A::Error> {
        let mut events = Vec::new();
        while let Some(PublishEvent { tags, payload }) = sent.next_element()? {
            if events.len() == PUBLISH_EVENTS_MAX {
                let text = format!("at most {PUBLISH_EVENTS_MAX} events are published at once");
                return Err(de::Error::custom(text));
            }
            let tags = Tags::new(tags.iter().map(String::as_str));
            events.push(NewEvent {
                tags: tags.map_err(|error| de::Error::custom(error.message()))?,
                payload: payload.0,
            });
        }
        Ok(events)
    }
}

#[derive(Deserialize)]
struct PublishEvent {
    tags: Vec<String>,
    payload: FromJson,
}
