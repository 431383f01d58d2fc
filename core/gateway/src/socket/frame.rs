//! What travels over a socket: one JSON object in each text message.

use std::borrow::Cow;

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::events::Refusal;
use crate::problem::{DISK_FULL, OVERLOADED, Problem, shortened};

/// What a client sends.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    /// Ask for something. An id that is in use is given to the new request.
    Request {
        service_id: Cow<'a, str>,
        request_id: u64,
        /// JSON, of which nobody knows yet what it has to say.
        payload: &'a str,
    },
    /// No more answers to this request.
    Cancel { request_id: u64 },
}

impl<'a> Incoming<'a> {
    /// Understands the text of a message.
    pub(super) fn decode(text: &'a str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Kind {
            Request,
            Cancel,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Sent<'a> {
            #[serde(rename = "type")]
            kind: Kind,
            request_id: u64,
            #[serde(borrow)]
            service_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            payload: Option<&'a RawValue>,
        }
        let sent: Sent<'_> = serde_json::from_str(text)?;
        match (sent.kind, sent.service_id) {
            (Kind::Cancel, _) => Ok(Self::Cancel {
                request_id: sent.request_id,
            }),
            (Kind::Request, Some(service_id)) => Ok(Self::Request {
                service_id,
                request_id: sent.request_id,
                payload: sent.payload.map_or("null", RawValue::get),
            }),
            (Kind::Request, None) => Err(serde::de::Error::missing_field("serviceId")),
        }
    }
}

/// What a client gets.
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(super) enum Outgoing<T> {
    /// Answers; always a list.
    Next { request_id: u64, payload: T },
    /// There are no more answers.
    Complete { request_id: u64 },
    /// Why there are none; followed by the end.
    Error { request_id: u64, kind: Fault },
}

/// Why a request is not answered.
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(super) enum Fault {
    UnknownEndpoint {
        endpoint: String,
        valid_endpoints: &'static [&'static str],
    },
    BadRequest {
        message: String,
    },
    ServiceError {
        value: String,
    },
    InternalError,
}

impl<T: Serialize> Outgoing<T> {
    /// The text of the message; nothing if it cannot be written, which is told in the log.
    pub(super) fn encode(&self) -> Option<Utf8Bytes> {
        let text = serde_json::to_string(self);
        let text = text.inspect_err(|error| tracing::error!(%error, "an answer cannot be written"));
        text.ok().map(Utf8Bytes::from)
    }
}

impl Fault {
    pub(super) fn overloaded() -> Self {
        Self::ServiceError {
            value: OVERLOADED.into(),
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Overloaded => Self::overloaded(),
            Problem::ShuttingDown => Refusal::Closed.into(),
            _ => Self::InternalError,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let value = match refusal {
            Refusal::Invalid(why) | Refusal::TooLarge(why) => {
                shortened(format!("Invalid request. {why}"))
            }
            Refusal::Feature(error) => error.to_string(),
            Refusal::Overloaded => return Self::overloaded(),
            Refusal::NotPermitted(why) => why,
            Refusal::DiskFull => DISK_FULL.into(),
            Refusal::Closed => "The node was closed.".into(),
            Refusal::NotFound | Refusal::Internal => return Self::InternalError,
        };
        Self::ServiceError { value }
    }
}

/// What can be asked for.
pub(super) const ENDPOINTS: &[&str] = &[
    "offsets",
    "publish",
    "query",
    "subscribe",
    "subscribe_monotonic",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_fails_to_do_has_its_kind() {
        let service = |value: &str| format!(r#"{{"type":"serviceError","value":"{value}"}}"#);
        for (refusal, kind) in [
            (Refusal::Internal, r#"{"type":"internalError"}"#.to_owned()),
            (Refusal::NotFound, r#"{"type":"internalError"}"#.to_owned()),
            (Refusal::Overloaded, service(OVERLOADED)),
            (Refusal::DiskFull, service(DISK_FULL)),
            (Refusal::Closed, service("The node was closed.")),
        ] {
            let (request_id, kind_of) = (7, refusal.into());
            let frame: Outgoing<()> = Outgoing::Error {
                request_id,
                kind: kind_of,
            };
            let text = format!(r#"{{"type":"error","requestId":7,"kind":{kind}}}"#);
            assert_eq!(frame.encode().unwrap().as_str(), text);
        }
    }
}
