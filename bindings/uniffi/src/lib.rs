//! The native half of Swarmlet for the languages that uniffi writes code for, Kotlin and Swift:
//! converts, calls, converts back.
//!
//! It knows neither of them. What is exported here is plain data, objects and asynchronous
//! functions, from which `bindings/uniffi-bindgen` writes sources that stay internal to each
//! package; what users see is written by hand above those. Payloads cross as CBOR, results a chunk
//! at a time. Threads of the node never run code of users.

mod arguments;
mod blob_values;
mod blobs;
mod call;
mod diagnostics;
mod explanation;
mod failure;
mod metrics;
mod node;
mod output;
mod qr;
mod row;
mod scaffolding;
mod status;
mod stream;
mod swarm;

// What the macros of uniffi name by the root of the crate.
pub(crate) use scaffolding::UniFfiTag;
