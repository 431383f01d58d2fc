//! One request on a socket, from its frame to its last answer.

use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use swarmlet::Node;

use super::frame::{ENDPOINTS, Fault, Outgoing};
use super::session::{Line, Outcome};
use crate::events::{self, Answers, Cut, Refusal};

/// What is left to do of a request.
pub(super) type Begun = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Begins a request. Events are queued when this returns, so that two requests that publish do it
/// in their order.
pub(super) async fn begin(node: &Node, service: &str, payload: Value, line: Line) -> Begun {
    let begun = match service {
        "offsets" => Ok(answered(line.clone(), events::offsets(node))),
        "publish" => parsed(payload).map(|request| {
            let node = node.clone();
            let line = line.clone();
            let published = async move { events::publish(&node, request).await };
            Box::pin(async move { answered(line, published.await).await }) as Begun
        }),
        "query" => streamed(node, payload, &line, events::query),
        "subscribe" => streamed(node, payload, &line, events::subscribe),
        "subscribe_monotonic" => streamed(node, payload, &line, events::subscribe_monotonic),
        _ => Err(Fault::UnknownEndpoint {
            endpoint: service.to_owned(),
            valid_endpoints: ENDPOINTS,
        }),
    };
    let mut begun = begun.unwrap_or_else(|fault| Box::pin(refuse(line, fault)));
    match futures::poll!(begun.as_mut()) {
        std::task::Poll::Ready(outcome) => Box::pin(std::future::ready(outcome)),
        std::task::Poll::Pending => begun,
    }
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

fn answered<T>(line: Line, answer: Result<T, Refusal>) -> Begun
where
    T: Serialize + Send + Sync + 'static,
{
    Box::pin(async move {
        match answer {
            Ok(answer) => match next(&line, [answer]).await {
                true => complete(&line).await,
                false => Outcome::Broken,
            },
            Err(refusal) => refuse(line, refusal.into()).await,
        }
    })
}

fn streamed<T: DeserializeOwned>(
    node: &Node,
    payload: Value,
    line: &Line,
    ask: impl FnOnce(&Node, T) -> Result<Answers, Refusal>,
) -> Result<Begun, Fault> {
    let mut answers = ask(node, parsed(payload)?)?;
    let line = line.clone();
    Ok(Box::pin(async move {
        loop {
            match answers.next().await {
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

fn parsed<T: DeserializeOwned>(payload: Value) -> Result<T, Fault> {
    serde_json::from_value(payload).map_err(|error| Fault::BadRequest {
        message: error.to_string(),
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
