//! Payloads between JSON, which clients speak, and CBOR, which events hold.
//!
//! What came in as JSON goes out as the same value. Of what only CBOR knows, bytes become base64
//! text, infinities and not-a-number null, and keys that are no text their JSON text.

mod incoming;
mod outgoing;

pub(crate) use incoming::Incoming;
pub(crate) use outgoing::Outgoing;

#[cfg(test)]
mod tests;
