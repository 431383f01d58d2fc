//! One request on a socket, from its frame to its last answer.

use std::future::ready;
use std::pin::Pin;
use std::task::Poll;

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use swarmlet::Node;
use swarmlet::json::parse;
use tokio::sync::OwnedSemaphorePermit;

use super::frame::{ENDPOINTS, Fault, Outgoing};
use super::session::{Held, Line, Outcome, Session, Share};
use crate::events::{self, Answers, Cut, PublishRequest, Refusal};
use crate::limits::{ENDPOINT_SHOWN_MAX, PAYLOAD_LEVELS, REQUEST_BYTES_MAX};
use crate::problem::shortened;

/// What is left to do of a request.
pub(super) type Begun = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Begins a request, or says why not. Events are queued when this returns, so that two requests
/// that publish do it in their order.
pub(super) async fn begin(
    session: &Session,
    service: &str,
    payload: &str,
    line: Line,
) -> Result<Begun, Fault> {
    let mut begun = match service {
        "offsets" => offsets(session, line),
        "publish" => publish(session, payload, line).await?,
        "query" => streamed(session, payload, line, events::query)?,
        "subscribe" => streamed(session, payload, line, events::subscribe)?,
        "subscribe_monotonic" => streamed(session, payload, line, events::subscribe_monotonic)?,
        _ => {
            return Err(Fault::UnknownEndpoint {
                endpoint: service.chars().take(ENDPOINT_SHOWN_MAX).collect(),
                valid_endpoints: ENDPOINTS,
            });
        }
    };
    Ok(match futures::poll!(begun.as_mut()) {
        Poll::Ready(outcome) => Box::pin(ready(outcome)),
        Poll::Pending => begun,
    })
}

async fn publish(session: &Session, payload: &str, line: Line) -> Result<Begun, Fault> {
    let (desk, outflow) = (&session.share.desk, &session.share.outflow);
    let publishing = desk.room_to_publish(payload.len()).await?;
    let request: PublishRequest = parsed(payload)?;
    let room = publishing
        .room_for_answer(outflow, request.answer_bytes())
        .await?;
    let node = session.node.clone();
    Ok(Box::pin(async move {
        let published = events::publish(&node, request).await;
        drop(publishing);
        match published {
            Ok(published) => {
                let text = next(&line, [published]);
                answer(line, text, Held::of(None, room)).await
            }
            Err(refusal) => refuse(line, refusal.into()).await,
        }
    }))
}

fn offsets(session: &Session, line: Line) -> Begun {
    let (node, share) = (session.node.clone(), session.share.clone());
    Box::pin(async move {
        let turn = Turn::take(&share).await;
        let text = match events::offsets(&node) {
            Ok(offsets) => next(&line, [offsets]),
            Err(refusal) => {
                drop(turn);
                return refuse(line, refusal.into()).await;
            }
        };
        let held = turn.hold(&share, text.as_ref()).await;
        answer(line, text, held).await
    })
}

/// Says why there are no answers, and that this is the end.
pub(super) async fn refuse(line: Line, kind: Fault) -> Outcome {
    let request_id = line.request_id;
    let fault: Outgoing<()> = Outgoing::Error { request_id, kind };
    answer(line, fault.encode(), Held::default()).await
}

/// Says something, and that this is the end.
async fn answer(line: Line, text: Option<Utf8Bytes>, held: Held) -> Outcome {
    match line.send(text, held).await {
        true => complete(&line).await,
        false => Outcome::Broken,
    }
}

/// A turn of reading what is there: what was read is held in it until there is room for it.
struct Turn {
    of_socket: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Waits for one.
    async fn take(share: &Share) -> Self {
        // Nobody closes the semaphores.
        let of_socket = share.turns.clone().acquire_owned().await.ok();
        let _of_all = share.desk.reads.clone().acquire_owned().await.ok();
        Self { of_socket, _of_all }
    }

    /// Waits for room for what was read; then others may read, but on this socket.
    async fn hold(self, share: &Share, text: Option<&Utf8Bytes>) -> Held {
        let bytes = text.map_or(0, |text| text.len());
        let room = share.outflow.draw(bytes).await;
        Held::of(self.of_socket, room)
    }
}

fn streamed<T: DeserializeOwned>(
    session: &Session,
    payload: &str,
    line: Line,
    ask: impl FnOnce(&Node, T) -> Result<Answers, Refusal>,
) -> Result<Begun, Fault> {
    if payload.len() > REQUEST_BYTES_MAX {
        let message = format!("a request has at most {REQUEST_BYTES_MAX} bytes");
        return Err(Fault::BadRequest { message });
    }
    let place = session.share.desk.place_for_stream(payload.len());
    let place = place.ok_or_else(Fault::overloaded)?;
    let answers = ask(&session.node, parsed(payload)?)?;
    Ok(Box::pin(stream(
        session.share.clone(),
        answers,
        line,
        place,
    )))
}

/// Reads in turns, as what was read is held until it was sent; what happens is waited for without
/// one, and without holding anything, as nobody knows when it does.
async fn stream(
    share: Share,
    mut answers: Answers,
    line: Line,
    _place: OwnedSemaphorePermit,
) -> Outcome {
    loop {
        answers.changed().await;
        let turn = Turn::take(&share).await;
        let text = match answers.next().await {
            Ok(Some(chunk)) if chunk.is_empty() => continue,
            Ok(Some(chunk)) => next(&line, chunk),
            Ok(None) => {
                // Others need not wait for a client that is slow.
                drop(turn);
                return complete(&line).await;
            }
            Err(Cut) => return Outcome::Broken,
        };
        let held = turn.hold(&share, text.as_ref()).await;
        if !line.send(text, held).await {
            return Outcome::Broken;
        }
    }
}

fn parsed<T: DeserializeOwned>(payload: &str) -> Result<T, Fault> {
    parse(payload.as_bytes(), PAYLOAD_LEVELS).map_err(|error| {
        let message = error.to_string();
        // Clients do not know the text of which it is a place.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Fault::BadRequest {
            message: shortened(message.to_owned()),
        }
    })
}

/// The text of some answers.
fn next(line: &Line, payload: impl Serialize) -> Option<Utf8Bytes> {
    let request_id = line.request_id;
    let frame = Outgoing::Next {
        request_id,
        payload,
    };
    frame.encode()
}

async fn complete(line: &Line) -> Outcome {
    let request_id = line.request_id;
    let complete: Outgoing<()> = Outgoing::Complete { request_id };
    match line.send(complete.encode(), Held::default()).await {
        true => Outcome::Answered(request_id),
        false => Outcome::Broken,
    }
}
