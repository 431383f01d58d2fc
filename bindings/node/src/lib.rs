//! The native half of the npm package `swarmlet`: converts, calls, converts back.
//!
//! Values cross in few and large pieces: what is published as CBOR, in which nothing of JavaScript
//! is lost; what comes back as one text of JSON for many rows or answers, which `JSON.parse` reads
//! faster than objects can be made one by one. Threads of Rust never touch the engine: they put
//! texts into the queue of a `Port`, and ring. What users see is typed JavaScript in `node/src`;
//! nothing here is public by itself.

mod arguments;
mod blobs;
mod diagnostics;
mod failure;
mod json;
mod metrics;
mod node;
mod options;
mod output;
mod payload;
mod port;
mod qr;
mod records;
mod status;
mod stream;
mod swarm;

// What the addon offers. The registration of napi is left out where clippy looks at tests.
pub use blobs::{BlobReader, BlobWriter, Blobs, Reading};
pub use diagnostics::{start_diagnostics, take_diagnostics};
pub use node::{Node, open, version};
pub use port::Port;
pub use qr::{qr_svg, qr_terminal};
pub use records::BlobStream;
pub use status::Changes;
pub use stream::Stream;
pub use swarm::{Swarm, Waiting};
