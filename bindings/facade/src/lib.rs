//! What the bindings of every language share, so that they differ only in how they convert.
//!
//! One tokio runtime per process, a guard that turns panics into errors, errors as plain data, the
//! one way to stream events (look, then take: nothing is lost when a wait is cancelled), and
//! payloads item by item. Calls that take time are told a [`Completion`], which runs on a thread
//! of the runtime, so a binding needs no async Rust; those that wait for other devices can be
//! given up by their [`Waiting`].
//!
//! It knows no language. It sits between `core/swarmlet` and `bindings/*`. Concrete types only;
//! handles may be used from any thread, and say so when they are used in a forked child.

#![forbid(unsafe_code)]

mod blobs;
mod completion;
mod diagnostics;
mod failure;
mod fork;
mod guard;
mod json;
mod node;
mod offsets;
mod payload;
mod qr;
mod runtime;
mod settings;
mod stream;
mod swarm;

pub use blobs::{
    BlobInfos, BlobOptions, BlobReader, BlobSayings, BlobStates, BlobWriter, Blobs, FolderFile,
    Piece, Pieces, hold_of_json, json_of_policy, keep_of_json,
};
pub use completion::{Completion, Pending, Waiting};
pub use diagnostics::{Diagnostic, Severity, collect_diagnostics, take_diagnostics};
pub use failure::{Failure, Result};
pub use guard::{guarded, within};
pub use json::{json_of_payload, payload_of_json};
pub use node::{Follow, Node, open};
pub use offsets::{offsets_map, offsets_of};
pub use payload::{Item, PayloadReader, PayloadWriter};
pub use qr::{qr_svg, qr_terminal};
pub use settings::{Limits, Reach, Room, Settings};
pub use stream::{Buffer, Changes, Queue, Readiness, Stream, Taken, Ticket, Weigh};
pub use swarm::{Swarm, Terms, code_text};
