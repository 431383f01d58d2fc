//! What is known so far: the tasks add to it, the screen reads it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use swarmlet::AppId;

use crate::latency::Latencies;
use crate::machine::STATIONS;

/// All numbers of a run.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Events that the node has acknowledged as durable.
    pub(crate) acknowledged: u64,
    /// Events that the dashboard was given.
    pub(crate) delivered: u64,
    /// For each station, parts and rejects that the dashboard was told of.
    pub(crate) machines: [Tally; STATIONS.len()],
    /// Packed parts that the line app was told of.
    pub(crate) packed: u64,
    /// Boxes that the line app has published.
    pub(crate) boxes: u64,
    /// From the call of publish until the events are durable.
    pub(crate) publish: Latencies,
    /// From the timestamp of an event until the dashboard holds it.
    pub(crate) delivery: Latencies,
}

/// The parts of one machine.
#[derive(Clone, Copy, Debug, Default)]
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
            delivery: Latencies::new(),
        }))
    }

    /// A publish of `count` events was acknowledged.
    pub(crate) fn acknowledged(&self, count: usize, after: Duration) {
        let mut figures = self.lock();
        figures.acknowledged += count as u64;
        figures.publish.record(after);
    }

    /// For as long as it takes to add to the figures.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> Figures {
        self.lock().clone()
    }
}

impl Figures {
    /// The tally of the machine that publishes as `app_id`.
    pub(crate) fn machine(&mut self, app_id: &AppId) -> Option<&mut Tally> {
        let mut stations = STATIONS.iter();
        let index = stations.position(|station| station.app_id == app_id.as_str())?;
        Some(&mut self.machines[index])
    }

    /// Whether every acknowledged event has come out again, at both subscribers.
    pub(crate) fn is_settled(&self) -> bool {
        let packing = STATIONS.len() - 1;
        self.delivered == self.acknowledged && self.packed == self.machines[packing].parts
    }
}
