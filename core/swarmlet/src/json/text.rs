//! A payload and a text of its own.

use serde_json::error::Category;
use swarmlet_engine::event::Payload;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::depth::{depth, read};
use super::incoming::Item;
use super::outgoing::ToJson;
use swarmlet_engine::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};

/// The payload of a JSON text; see [`FromJson`](super::FromJson).
///
/// # Errors
///
/// `invalid_argument` for what is no JSON, too large or too deep. What is too large tells in its
/// `bytes` how much was read until that was known.
pub fn payload_of(text: &[u8]) -> Result<Payload> {
    let refused = |message| Error::new(ErrorKind::InvalidArgument, message);
    if depth(text) > PAYLOAD_DEPTH_MAX {
        let message = format!("the payload is nested deeper than {PAYLOAD_DEPTH_MAX}");
        return Err(refused(message));
    }
    let mut cbor = Vec::new();
    match read(text, Item(&mut cbor)) {
        // The payload itself says best that it is too large.
        Err(error) if cbor.len() <= PAYLOAD_BYTES_MAX => Err(match error.classify() {
            Category::Data => refused(error.to_string()),
            _ => refused(format!("the payload is not JSON: {error}")),
        }),
        _ => Payload::from_cbor(cbor),
    }
}

/// The JSON text of a payload, on one line; see [`ToJson`].
///
/// # Errors
///
/// `corrupt` for a payload that cannot be read.
pub fn text_of(payload: &Payload) -> Result<String> {
    serde_json::to_string(&ToJson(payload)).map_err(|error| {
        Error::new(ErrorKind::Corrupt, "the payload cannot be read").because(error)
    })
}
