//! Events over HTTP.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use swarmlet::Node;
use swarmlet_aql::FeatureError;

use super::answers::Answers;
use super::ask::{self, Refusal};
use super::ndjson::Lines;
use super::request::PublishRequest;
use crate::auth::Caller;
use crate::body::Sent;
use crate::desk::Desk;
use crate::limits::{PUBLISH_BYTES_MAX, REQUEST_BYTES_MAX};
use crate::negotiation::{self, JSON, NDJSON};
use crate::problem::Problem;
use crate::serving::{Connection, Room};

pub(crate) async fn offsets(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiation::check_accept(&headers, JSON)?;
    let _turn = desk.reads.acquire().await;
    let offsets = negotiation::json_bytes(&ask::offsets(&caller.node)?)?;
    let room = connection.outflow.draw(offsets.len()).await;
    let mut response = housed(offsets, room);
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
    let outflow = sent.connection.outflow.clone();
    let text = sent.text(PUBLISH_BYTES_MAX).await?;
    let publishing = desk.room_to_publish(text.len()).await?;
    let request: PublishRequest = text.parse()?;
    let room = publishing
        .room_for_answer(&outflow, request.answer_bytes())
        .await?;
    let published = ask::publish(&caller.node, request).await?;
    Ok(housed(negotiation::json_bytes(&published)?, room))
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
    let connection = sent.connection.clone();
    let text = sent.text(REQUEST_BYTES_MAX).await?;
    let place = desk.place_for_stream(text.len());
    let place = place.ok_or(Problem::Overloaded)?;
    let lines = Lines {
        answers: ask(&caller.node, text.parse()?)?,
        desk,
        connection,
        _place: place,
    };
    Ok(lines.respond())
}

/// An answer in JSON, for which there is room.
fn housed(bytes: Vec<u8>, room: Room) -> Response {
    ([(CONTENT_TYPE, JSON)], room.house(bytes)).into_response()
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
