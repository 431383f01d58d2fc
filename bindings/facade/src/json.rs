//! Payloads as JSON text, for languages and callers to whom CBOR is foreign.

use swarmlet::{Payload, json};

use crate::failure::Result;

/// The payload of a JSON text; see [`json::payload_of`].
pub fn payload_of_json(text: &[u8]) -> Result<Payload> {
    Ok(json::payload_of(text)?)
}

/// The JSON text of a payload, on one line; see [`json::text_of`].
pub fn json_of_payload(payload: &Payload) -> Result<String> {
    Ok(json::text_of(payload)?)
}
