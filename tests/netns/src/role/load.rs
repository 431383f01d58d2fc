//! Publishing in the background, telling of each acknowledgement as it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use swarmlet::{NewEvent, Node};

use super::node::say;
use super::random::Random;
use crate::ack::{Ack, hash_of};
use crate::orders::Line;

/// A thread that publishes.
pub(super) struct Load {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl Load {
    pub(super) fn start(node: Node, pause: Duration) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || publish(&node, pause, &flag));
        Self { is_over, thread }
    }

    /// Ends it; how many events were acknowledged.
    pub(super) fn stop(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("a panic ends the process")
    }
}

fn publish(node: &Node, pause: Duration, is_over: &AtomicBool) -> Result<u64> {
    let mut random = Random::new()?;
    let mut acknowledged = 0;
    while !is_over.load(Ordering::Relaxed) {
        let count = 1 + random.below(EVENTS_MAX);
        let events: Result<Vec<NewEvent>> = (0..count)
            .map(|_| {
                let bytes = random.below(BYTES_MAX);
                random.event(usize::try_from(bytes)?)
            })
            .collect();
        let acks = publish_all(node, events?)?;
        acknowledged += acks.len() as u64;
        say(&Line::Acked(acks))?;
        std::thread::sleep(pause);
    }
    Ok(acknowledged)
}

/// Publishes events in one call; what was acknowledged.
pub(super) fn publish_all(node: &Node, events: Vec<NewEvent>) -> Result<Vec<Ack>> {
    let hashes: Vec<u64> = events
        .iter()
        .map(|event| hash_of(node.app_id(), event))
        .collect();
    let published = node.publish_many_blocking(events)?;
    let keys = published.iter().map(|published| published.key);
    Ok(keys
        .zip(hashes)
        .map(|(key, hash)| Ack::new(key, hash))
        .collect())
}

const EVENTS_MAX: u64 = 8;
const BYTES_MAX: u64 = 400;
