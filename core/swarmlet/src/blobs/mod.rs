//! Blobs of a node: large bytes, stored by their hash, told of in the log, fetched from peers.
//!
//! The engine keeps files and decides who is asked for what; this connects both with the log, the
//! swarm and the user. From below: `keeper` (what is here, and who waits for what is not),
//! `follower` (records in the log), `holds` (whose turn it is), `worker` (the thread that reads,
//! checks and writes for peers), `reader`, `writer`, `handle` (the door for users).

mod follower;
mod handle;
mod holds;
mod info;
mod keeper;
mod reader;
mod worker;
mod writer;

pub use handle::Blobs;
pub use info::{BlobChanges, BlobInfo, BlobState, PutOptions};
pub(crate) use keeper::BlobKeeper;
pub use reader::{BlobProgress, BlobReader};
pub(crate) use worker::{BlobWorker, Job};
pub use writer::BlobWriter;
