//! One request on a socket, from its frame to its last answer.

use std::future::ready;
use std::pin::Pin;
use std::task::Poll;

use serde::Serialize;
use serde::de::DeserializeOwned;
use swarmlet::Node;
use swarmlet::json::parse;

use super::frame::{ENDPOINTS, Fault, Outgoing};
use super::session::{Line, Outcome, Session};
use crate::events::{self, Answers, Cut, Refusal};
use crate::limits::PAYLOAD_LEVELS;

/// What is left to do of a request.
pub(super) type Begun = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Begins a request. Events are queued when this returns, so that two requests that publish do it
/// in their order.
pub(super) async fn begin(session: &Session, service: &str, payload: &str, line: Line) -> Begun {
    let node = &session.node;
    let begun = match service {
        "offsets" => Ok(answered(line.clone(), ready(events::offsets(node)))),
        "publish" => publish(session, payload, line.clone()).await,
        "query" => streamed(session, payload, &line, events::query),
        "subscribe" => streamed(session, payload, &line, events::subscribe),
        "subscribe_monotonic" => streamed(session, payload, &line, events::subscribe_monotonic),
        _ => Err(Fault::UnknownEndpoint {
            endpoint: service.to_owned(),
            valid_endpoints: ENDPOINTS,
        }),
    };
    let mut begun = begun.unwrap_or_else(|fault| Box::pin(refuse(line, fault)));
    match futures::poll!(begun.as_mut()) {
        Poll::Ready(outcome) => Box::pin(ready(outcome)),
        Poll::Pending => begun,
    }
}

async fn publish(session: &Session, payload: &str, line: Line) -> Result<Begun, Fault> {
    let room = session.desk.room_to_publish(payload.len()).await;
    let room = room.map_err(|_| Fault::InternalError)?;
    let (node, request) = (session.node.clone(), parsed(payload)?);
    let published = async move {
        let published = events::publish(&node, request).await;
        drop(room);
        published
    };
    Ok(answered(line, published))
}

/// Says why there are no answers, and that this is the end.
pub(super) async fn refuse(line: Line, kind: Fault) -> Outcome {
    let request_id = line.request_id;
    let fault: Outgoing<()> = Outgoing::Error { request_id, kind };
    match line.send(fault.encode()).await {
        true => complete(&line).await,
        false => Outcome::Broken,
    }
}

fn answered<T: Serialize + Send + Sync + 'static>(
    line: Line,
    answer: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Begun {
    Box::pin(async move {
        match answer.await {
            Ok(answer) => match next(&line, [answer]).await {
                true => complete(&line).await,
                false => Outcome::Broken,
            },
            Err(refusal) => refuse(line, refusal.into()).await,
        }
    })
}

fn streamed<T: DeserializeOwned>(
    session: &Session,
    payload: &str,
    line: &Line,
    ask: impl FnOnce(&Node, T) -> Result<Answers, Refusal>,
) -> Result<Begun, Fault> {
    let mut answers = ask(&session.node, parsed(payload)?)?;
    let (line, turns) = (line.clone(), session.turns.clone());
    let desk = session.desk.clone();
    Ok(Box::pin(async move {
        loop {
            answers.ready().await;
            // Held until the answers are on their way.
            let _turn = turns.acquire().await.ok();
            match answers.next(&desk.reads).await {
                Ok(Some(chunk)) => {
                    if !next(&line, chunk).await {
                        return Outcome::Broken;
                    }
                }
                Ok(None) => return complete(&line).await,
                Err(Cut) => return Outcome::Broken,
            }
        }
    }))
}

fn parsed<T: DeserializeOwned>(payload: &str) -> Result<T, Fault> {
    parse(payload.as_bytes(), PAYLOAD_LEVELS).map_err(|error| {
        let message = error.to_string();
        // Clients do not know the text of which it is a place.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Fault::BadRequest {
            message: message.to_owned(),
        }
    })
}

async fn next(line: &Line, payload: impl Serialize) -> bool {
    let request_id = line.request_id;
    let frame = Outgoing::Next {
        request_id,
        payload,
    };
    let text = frame.encode();
    // Nothing of the answers is held while the text waits to be sent.
    drop(frame);
    line.send(text).await
}

async fn complete(line: &Line) -> Outcome {
    let request_id = line.request_id;
    let complete: Outgoing<()> = Outgoing::Complete { request_id };
    match line.send(complete.encode()).await {
        true => Outcome::Answered(request_id),
        false => Outcome::Broken,
    }
}
