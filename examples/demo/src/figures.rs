//! What a process knows so far: its tasks add to it, its reports are made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarmlet::{AppId, BlobId, NodeId};

use crate::latency::Latencies;
use crate::machine::STATIONS;

/// All numbers of a run, in one process.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Events that the node has acknowledged as durable.
    pub(crate) acknowledged: u64,
    /// Events that the subscription was given.
    pub(crate) delivered: u64,
    /// For each station, parts and rejects that the subscription was given.
    pub(crate) machines: [Tally; STATIONS.len()],
    /// Packed parts that the line app was told of.
    pub(crate) packed: u64,
    /// Boxes that the line app has published.
    pub(crate) boxes: u64,
    /// From the call of publish until the events are durable.
    pub(crate) publish: Latencies,
    /// From the timestamp of an event until the subscription has it, by the author.
    pub(crate) heard: BTreeMap<NodeId, Latencies>,
    /// Whose events are not measured, since they come from behind a cut.
    pub(crate) disregarded: BTreeSet<String>,
    /// Nor are those that were stamped before, since the last of them came from behind it too.
    pub(crate) measured_from: i64,
    /// Since when some peer is connected.
    pub(crate) connected_at: Option<i64>,
    /// When the events that were asked for had all arrived.
    pub(crate) reached_at: Option<i64>,
    /// The newest picture that was told of.
    pub(crate) picture: Option<Picture>,
}

/// A picture of the floor that somebody stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    pub(crate) id: BlobId,
    /// When all of it was here, in microseconds since 1970.
    pub(crate) whole_at: Option<i64>,
}

/// The parts of one machine.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) parts: u64,
    pub(crate) rejects: u64,
}

/// The figures, shared.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Figures>);

impl Board {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Figures {
            acknowledged: 0,
            delivered: 0,
            machines: Default::default(),
            packed: 0,
            boxes: 0,
            publish: Latencies::new(),
            heard: BTreeMap::new(),
            disregarded: BTreeSet::new(),
            measured_from: 0,
            connected_at: None,
            reached_at: None,
            picture: None,
        }))
    }

    /// A publish of `count` events was acknowledged.
    pub(crate) fn acknowledged(&self, count: usize, after: Duration) {
        let mut figures = self.lock();
        figures.acknowledged += count as u64;
        figures.publish.record(after);
    }

    /// Some peer is connected now, or none.
    pub(crate) fn connected(&self, is_connected: bool, now: i64) {
        let mut figures = self.lock();
        let since = figures.connected_at.unwrap_or(now);
        figures.connected_at = is_connected.then_some(since);
    }

    /// For as long as it takes to add to the figures.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Picture {
    /// One that was told of.
    pub(crate) fn of(id: BlobId) -> Self {
        Self { id, whole_at: None }
    }
}

impl Figures {
    /// The tally of the machine that publishes as `app_id`.
    pub(crate) fn machine(&mut self, app_id: &AppId) -> Option<&mut Tally> {
        let mut stations = STATIONS.iter();
        let index = stations.position(|station| station.app_id == app_id.as_str())?;
        Some(&mut self.machines[index])
    }

    /// An event of `author` has come, stamped at one time and taken at another.
    pub(crate) fn heard(&mut self, author: NodeId, stamped: i64, now: i64) {
        let is_beyond = self.disregarded.contains(&author.to_string());
        if is_beyond || stamped < self.measured_from {
            return;
        }
        let age = u64::try_from(now.saturating_sub(stamped)).unwrap_or(0);
        let heard = self.heard.entry(author).or_insert_with(Latencies::new);
        heard.record(Duration::from_micros(age));
    }
}
