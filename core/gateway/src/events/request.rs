//! What clients ask for. Fields that are not known are passed over, as clients send some.

use serde::Deserialize;
use serde::de::{self, Deserializer};
use swarmlet::{NewEvent, Order, Tags};

use super::bounds::Bounds;
use super::payload::Incoming;

/// Events to publish.
#[derive(Debug, Deserialize)]
pub(crate) struct PublishRequest {
    pub(crate) data: Vec<PublishEvent>,
}

#[derive(Debug)]
pub(crate) struct PublishEvent(pub(crate) NewEvent);

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

impl<'de> Deserialize<'de> for PublishEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "PublishEvent")]
        struct Sent {
            tags: Vec<String>,
            payload: Incoming,
        }
        let Sent { tags, payload } = Sent::deserialize(deserializer)?;
        let tags = Tags::new(tags.iter().map(String::as_str)).map_err(de::Error::custom)?;
        Ok(Self(NewEvent {
            tags,
            payload: payload.0,
        }))
    }
}
