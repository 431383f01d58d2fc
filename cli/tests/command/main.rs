//! The real program, in real processes, on real folders: each command, with and without a node that
//! runs, and two nodes in one swarm.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blobs;
mod carry;
mod demo;
mod dump;
mod events;
mod gateway;
mod harness;
mod inspect;
mod page;
mod service;
mod settings;
mod subscribe;
mod swarm;
mod terminal;
mod words;
