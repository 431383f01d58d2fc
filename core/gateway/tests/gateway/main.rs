//! The gateway over real sockets: what the predecessor's clients rely on beside what their own
//! packages try, and what it does about those who mean no good.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod closing;
mod dashboard;
mod defences;
mod events;
mod exposition;
mod files;
mod harness;
mod http;
mod limits;
mod memory;
mod metrics;
mod metrics_swarm;
mod node;
mod noise;
mod page;
mod page_blobs;
mod page_swarm;
mod snapshots;
mod socket;
