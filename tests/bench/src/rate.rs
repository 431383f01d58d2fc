//! How many events per second a store takes, each call answered only when its events are durable.

use crate::event::{Event, Pool};
use crate::store::Store;
use anyhow::{Result, anyhow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How the store is loaded, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Threads that each wait for one call at a time.
    pub in_flight: usize,
    /// Events per call.
    pub batch: usize,
    /// No call is started after this.
    pub duration: Duration,
}

/// Events per second. `next` is the index of the first event not yet given to the store, and is
/// moved on, so that the same store can be measured again.
///
/// # Errors
///
/// The first error of the store ends the measurement.
pub fn measure(store: &dyn Store, load: Load, pool: &Pool, next: &AtomicU64) -> Result<f64> {
    let start = Instant::now();
    let first = next.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let publish = || publish(store, load, pool, next, start);
        let threads: Vec<_> = (0..load.in_flight).map(|_| scope.spawn(publish)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| anyhow!("a publishing thread panicked"))?
        })
    })?;
    let events = next.load(Ordering::Relaxed) - first;
    Ok(events as f64 / start.elapsed().as_secs_f64())
}

fn publish(
    store: &dyn Store,
    load: Load,
    pool: &Pool,
    next: &AtomicU64,
    start: Instant,
) -> Result<()> {
    while start.elapsed() < load.duration {
        let first = next.fetch_add(load.batch as u64, Ordering::Relaxed);
        let batch = (first..).take(load.batch).map(|index| pool.event(index));
        let batch: Vec<Event> = batch.collect();
        store.append(&batch)?;
    }
    Ok(())
}
