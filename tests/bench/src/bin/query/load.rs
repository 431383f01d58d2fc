//! Fills both stores with the same events.

use anyhow::Result;
use std::path::Path;
use swarmlet_bench::event::{self, Event};
use swarmlet_bench::store::candidate;

/// Events per call.
const BATCH: u64 = 1_000;

/// Publishes so many events to each store, and closes it.
pub(crate) fn run(folder: &Path, events: u64) -> Result<()> {
    let stores = ["swarmlet", "sqlite"].map(|name| candidate(name).map(|found| found.open));
    for open in stores {
        let store = open?(folder)?;
        for first in (0..events).step_by(BATCH as usize) {
            let last = events.min(first + BATCH);
            let batch: Vec<Event> = (first..last).map(event::event).collect();
            store.append(&batch)?;
        }
    }
    Ok(())
}
