//! The node through its public interface, on a real disk: what it promises, and every way in which
//! a call or a folder can be wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blobs;
mod blobs_folders;
mod blobs_kept;
mod blobs_referred;
mod clones;
mod close;
mod guide;
mod harness;
mod inspect;
mod language;
mod limits;
mod live;
mod many;
mod meeting;
mod metrics;
mod network;
mod open;
mod publish;
mod query;
mod released;
mod restart;
mod resume;
mod retained;
mod streams;
mod subscribe;
mod swarm;
