//! Blobs of a node: large bytes, stored by their hash, told of in the log, fetched from peers.
//!
//! The engine keeps files and decides who is asked for what; this connects both with the log, the
//! swarm and the user. From below: `rights` (what the swarm says of members), `room` (how many
//! bytes there may be), `claims` (what the log says of a blob), `moves` (what wakes whoever
//! waits), `keeper` (what is here, and who waits for what is not), `follower` (records in the
//! log), `holds` (whose turn it is), `syncer` (the thread that makes durable what was fetched),
//! `worker` (the one that reads, checks and writes; `serving` is what of it peers get, `opened`
//! what it keeps open for them, `counted` what it counts), `collector` (the one that removes),
//! `saving` (a file for a user), `reader`, `writer`, `changes`, `watch`, `handle`, `kept`,
//! `collection` and `collecting` (the door for users).

mod changes;
mod claims;
mod collecting;
mod collection;
mod collector;
mod counted;
mod follower;
mod handle;
mod holds;
mod info;
mod keeper;
mod kept;
mod moves;
mod opened;
mod reader;
mod rights;
mod room;
mod saving;
mod serving;
mod syncer;
mod watch;
mod worker;
mod writer;

pub use changes::{BlobChange, BlobChanges, BlobList};
pub use collecting::CollectionWriter;
pub use collection::{SavedFolder, folder_files, folder_place};
pub(crate) use collector::BlobCollector;
pub use handle::Blobs;
pub use info::{BlobInfo, BlobStat, BlobState, BlobUsage, PutOptions};
pub(crate) use keeper::BlobKeeper;
pub use reader::{BlobProgress, BlobReader};
pub(crate) use rights::Rights;
pub use watch::BlobWatch;
pub(crate) use worker::{BlobWorker, Job};
pub use writer::BlobWriter;
