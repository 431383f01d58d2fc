//! What threads add to while the node runs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use swarmlet_engine::event::{Incarnation, Timestamp};
use swarmlet_engine::log::Durability;

use super::apps::Apps;
use super::blobs::BlobRecorder;
use super::histogram::Recorder;
use super::peers::Peers;
use super::snapshot::{Metrics, SwarmMetrics};
use super::swarm::SwarmRecorder;
use crate::clock::Stopwatch;

/// All that is counted in the node, in one place.
#[derive(Debug)]
pub(crate) struct Recorders {
    opened: (Stopwatch, Timestamp),
    durability: Durability,
    recovery_micros: AtomicU64,
    epoch: AtomicU64,
    pub(crate) publish: Recorder,
    pub(crate) append: Recorder,
    pub(crate) sync: Recorder,
    pub(crate) compaction: Recorder,
    pub(crate) query_failures: AtomicU64,
    pub(crate) publish_failures: AtomicU64,
    pub(crate) results_open: AtomicU64,
    pub(crate) corruptions: AtomicU64,
    pub(crate) repairs: AtomicU64,
    pub(crate) apps: Apps,
    pub(crate) peers: Peers,
    pub(crate) swarm: SwarmRecorder,
    pub(crate) blobs: BlobRecorder,
}

impl Recorders {
    /// Those of a node that is opened at `now`.
    pub(crate) fn new(now: Timestamp, durability: Durability) -> Self {
        Self {
            opened: (Stopwatch::start(), now),
            durability,
            recovery_micros: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            publish: Recorder::default(),
            append: Recorder::default(),
            sync: Recorder::default(),
            compaction: Recorder::default(),
            query_failures: AtomicU64::new(0),
            publish_failures: AtomicU64::new(0),
            results_open: AtomicU64::new(0),
            corruptions: AtomicU64::new(0),
            repairs: AtomicU64::new(0),
            apps: Apps::default(),
            peers: Peers::default(),
            swarm: SwarmRecorder::default(),
            blobs: BlobRecorder::default(),
        }
    }

    pub(crate) fn note_recovered(&self, taken: Duration) {
        let micros = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        self.recovery_micros.store(micros, Relaxed);
    }

    /// Events are published in this incarnation from here on.
    pub(crate) fn note_epoch(&self, incarnation: Incarnation) {
        self.epoch.store(incarnation.get(), Relaxed);
    }

    /// Everything recorded here, where readers see the log up to `position`; the caller adds what
    /// others know.
    pub(crate) fn snapshot(&self, position: u64) -> Metrics {
        let (since, opened) = self.opened;
        let apps = self.apps.snapshot(position);
        Metrics {
            uptime: since.elapsed(),
            opened,
            recovery: Duration::from_micros(self.recovery_micros.load(Relaxed)),
            durability: self.durability,
            epoch: self.epoch.load(Relaxed),
            publish: self.publish.snapshot(),
            append: self.append.snapshot(),
            sync: self.sync.snapshot(),
            query: apps.iter().map(|app| app.query).sum(),
            compaction: self.compaction.snapshot(),
            query_failures: self.query_failures.load(Relaxed),
            publish_failures: self.publish_failures.load(Relaxed),
            results_open: self.results_open.load(Relaxed),
            subscriptions_open: apps.iter().map(|app| app.subscriptions).sum(),
            corruptions: self.corruptions.load(Relaxed),
            repairs: self.repairs.load(Relaxed),
            apps,
            swarm: SwarmMetrics {
                peers: self.peers.snapshot(),
                ..self.swarm.snapshot()
            },
            blobs: self.blobs.snapshot(),
            ..Metrics::default()
        }
    }
}

/// Adds one to a counter.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// Takes one from a counter.
pub(crate) fn discount(counter: &AtomicU64) {
    counter.fetch_sub(1, Relaxed);
}
