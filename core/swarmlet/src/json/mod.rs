//! Payloads as JSON, for languages, clients and people to whom CBOR is foreign.
//!
//! What came from JSON becomes the same value again. Both ways nothing is kept in between: a value
//! in memory would take many times what its text does. The command, the gateway and the bindings
//! have this in common; it knows the event's payload, and nothing of a node.

mod depth;
mod incoming;
mod outgoing;
mod text;

pub use depth::parse;
pub use incoming::FromJson;
pub use outgoing::ToJson;
pub(crate) use outgoing::has_more;
pub use text::{payload_of, text_of};

#[cfg(test)]
mod tests;
