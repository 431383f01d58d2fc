//! What the node counts and measures, cheap enough to be always on.
//!
//! Counters are relaxed atomics, one struct for each concern, all of them in `recorders`: `apps`
//! and `peers` for what has names, in tables of `named`, `swarm` and `blobs` for the rest,
//! `histogram` for durations. `snapshot` is what of it is read. Nothing here decides anything.

mod apps;
mod blobs;
mod histogram;
mod named;
mod peers;
mod recorders;
mod snapshot;
mod swarm;

pub(crate) use apps::{AppRecorder, Following};
pub use histogram::Histogram;
pub(crate) use peers::{Connected, LinkRecorder, PeerRecorder};
pub(crate) use recorders::{Recorders, count, discount};
pub use snapshot::{
    AppMetrics, BlobMetrics, LinkMetrics, Metrics, PeerMetrics, SwarmMetrics, Traffic,
};
pub(crate) use swarm::{Denied, Greeting};
