//! Swarmlet for C and C++: convert, call, convert back.
//!
//! `c-include/swarmlet.h` is made from this crate by `cargo xtask gen`: what is documented here for
//! functions and types is what users read there, so it is written in the words of C. Handles are
//! opaque and may be used from any thread; results are plain structs that the library owns and one
//! function frees. `feed` is what cursors, changes and readers share: pull with a timeout, a
//! descriptor to poll, or callbacks on the one thread of `callbacks`.
//!
//! It decides nothing: no behaviour, no defaults, no retries. One exception is kept here for now:
//! the bound of publishes that are not answered yet, in `node`. No panic leaves it:
//! `failure::entry` and `failure::quiet` stand around every function that does more than to count
//! or to name.
//! References in the signatures of exported functions are pointers to C; NULL is `None`.

#![deny(clippy::undocumented_unsafe_blocks)]
#![expect(
    unreachable_pub,
    reason = "C reaches functions by their names, and cbindgen shows what is public"
)]

mod batch;
mod bell;
mod blob;
mod blob_folders;
mod blob_reader;
mod blob_records;
mod blob_watch;
mod blob_writer;
mod blobs;
mod callbacks;
mod changes;
mod condition;
mod cursor;
mod event;
mod explain;
mod extensible;
mod failure;
mod feed;
mod kept;
mod listening;
mod logs;
mod metrics;
mod node;
mod offsets;
mod options;
mod pictures;
mod query;
mod standing;
mod status;
mod swarm;
mod text;
mod users;
mod version;
mod waiting;
