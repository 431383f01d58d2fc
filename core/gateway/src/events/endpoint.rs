//! Events over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;
use serde::de::DeserializeOwned;
use swarmlet::Node;
use swarmlet_aql::FeatureError;

use super::answers::Answers;
use super::ask::{self, Refusal};
use super::ndjson;
use crate::auth::Caller;
use crate::body::Sent;
use crate::desk::Desk;
use crate::limits::{PUBLISH_BYTES_MAX, REQUEST_BYTES_MAX};
use crate::negotiation::{self, JSON, NDJSON, json};
use crate::problem::Problem;

pub(crate) async fn offsets(caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    negotiation::check_accept(&headers, JSON)?;
    let mut response = json(&ask::offsets(&caller.node)?)?;
    let no_cache = axum::http::HeaderValue::from_static("no-cache");
    response.headers_mut().insert(CACHE_CONTROL, no_cache);
    Ok(response)
}

pub(crate) async fn publish(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    negotiation::check_accept(&sent.headers, JSON)?;
    let text = sent.text(PUBLISH_BYTES_MAX).await?;
    let _room = desk.room_to_publish(text.len()).await?;
    json(&ask::publish(&caller.node, text.parse()?).await?)
}

pub(crate) async fn query(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    stream(desk, caller, sent, ask::query).await
}

pub(crate) async fn subscribe(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    stream(desk, caller, sent, ask::subscribe).await
}

pub(crate) async fn subscribe_monotonic(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    stream(desk, caller, sent, ask::subscribe_monotonic).await
}

async fn stream<T: DeserializeOwned>(
    desk: Arc<Desk>,
    caller: Caller,
    sent: Sent,
    ask: impl FnOnce(&Node, T) -> Result<Answers, Refusal>,
) -> Result<Response, Problem> {
    negotiation::check_accept(&sent.headers, NDJSON)?;
    let request = sent.json(REQUEST_BYTES_MAX).await?;
    Ok(ndjson::respond(ask(&caller.node, request)?, desk))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(why) | Refusal::TooLarge(why) => Self::invalid(why),
            Refusal::Feature(FeatureError::Unsupported { feature, endpoint }) => {
                Self::UnsupportedFeature(feature, endpoint)
            }
            Refusal::Feature(error) => Self::invalid(error),
            Refusal::Overloaded => Self::Overloaded,
            Refusal::NotFound => Self::NotFound,
            Refusal::NotPermitted(why) => Self::NotPermitted(why),
            Refusal::DiskFull => Self::DiskFull,
            Refusal::Closed => Self::ShuttingDown,
            Refusal::Internal => Self::Internal,
        }
    }
}
