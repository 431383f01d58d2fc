//! A subscriber that reads everything, and one that falls behind a writer further and further.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use swarmlet::{Node, Options, SubscribeOptions};
use swarmlet_bench::event::Pool;
use swarmlet_bench::store::encode;

/// How long the slow subscriber is watched. It reads one event in each second.
const SLOW_SECONDS: u64 = 20;
/// What the writer publishes meanwhile, in calls of so many events.
const EVENTS_PER_SECOND: u64 = 5_000;
const CALL_EVENTS: u64 = 50;

/// Reads all events by a subscription and says how long that took; then watches a subscriber that
/// reads one event a second while 5 000 a second are written. The caller reads the peak of memory.
pub(crate) fn read_all(folder: &Path, events: u64) -> Result<f64> {
    let node = Node::open_blocking(folder.join("swarmlet"), Options::default())?;
    let start = Instant::now();
    let mut all = node.subscribe("FROM allEvents", SubscribeOptions::default())?;
    let mut seen = 0;
    while seen < events {
        let Some(chunk) = all.next_chunk_blocking(256)? else {
            break;
        };
        seen += chunk.len() as u64;
    }
    let seconds = start.elapsed().as_secs_f64();
    ensure!(seen == events, "a subscriber saw {seen} of {events} events");
    drop(all);
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(&node));
        let reader = scope.spawn(|| read_slowly(&node));
        writer.join().expect("the writer does not panic")?;
        reader.join().expect("the reader does not panic")
    })?;
    Ok(seconds)
}

fn write(node: &Node) -> Result<()> {
    let pool = Pool::new();
    let start = Instant::now();
    for first in (0..EVENTS_PER_SECOND * SLOW_SECONDS).step_by(CALL_EVENTS as usize) {
        let due = Duration::from_secs_f64(first as f64 / EVENTS_PER_SECOND as f64);
        thread::sleep(due.saturating_sub(start.elapsed()));
        let call = (first..first + CALL_EVENTS).map(|index| encode(&pool.event(index)));
        node.publish_many_blocking(call.collect::<Result<_>>()?)?;
    }
    Ok(())
}

fn read_slowly(node: &Node) -> Result<()> {
    let mut slow = node.subscribe("FROM allEvents", SubscribeOptions::default())?;
    let mut last = None;
    for _ in 0..SLOW_SECONDS {
        let chunk = slow.next_chunk_blocking(1)?.unwrap_or_default();
        ensure!(
            chunk.len() == 1,
            "a slow subscriber got {} events",
            chunk.len()
        );
        let key = chunk[0].event().context("a row comes from no event")?.key;
        ensure!(
            last.is_none_or(|last| last < key),
            "events came out of order"
        );
        last = Some(key);
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}
