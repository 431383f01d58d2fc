//! How long events take from one device to another: from the stamp of the author, before its disk
//! has them, to the subscription that shows them. All devices have the clock of this machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use swarmlet::{Clock as _, Item, Node, Origin, SubscribeOptions, SystemClock};

use crate::failure::Result;
use crate::limits::{DEMO_LATENCIES, ROWS_AT_ONCE};

/// The latest latencies, in microseconds.
#[derive(Clone, Default)]
pub(super) struct Latencies(Arc<Mutex<VecDeque<u64>>>);

impl Latencies {
    /// Watches what others publish, at a node, until it is dropped.
    pub(super) async fn watch(self, node: Node) -> Result<()> {
        let options = SubscribeOptions {
            from: node.offsets()?.present,
            ..SubscribeOptions::default()
        };
        let mut results = node.subscribe("FROM 'press'", options)?;
        while let Some(outputs) = results.next_outputs(ROWS_AT_ONCE).await? {
            let now = SystemClock.now().micros();
            for output in outputs {
                let Item::Row(row) = output.item else {
                    continue;
                };
                if let Origin::Event(event) = row.origin()
                    && event.key.stream.node != node.id()
                {
                    let micros = now.saturating_sub(event.timestamp.micros());
                    self.add(u64::try_from(micros).unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    fn add(&self, micros: u64) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == DEMO_LATENCIES {
            latest.pop_front();
        }
        latest.push_back(micros);
    }

    /// What the given part (0.0 to 1.0) of them was at most.
    pub(super) fn quantile(&self, part: f64) -> Option<u64> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<u64> = latest.iter().copied().collect();
        drop(latest);
        sorted.sort_unstable();
        let rank = (part * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_looked_at() {
        let latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), None);
        (1..=100).for_each(|micros| latencies.add(micros));
        let found = [0.0, 0.5, 0.99, 1.0].map(|part| latencies.quantile(part).unwrap());
        assert_eq!(found, [1, 50, 99, 100]);
        (0..DEMO_LATENCIES).for_each(|_| latencies.add(7));
        assert_eq!(latencies.quantile(1.0), Some(7));
    }
}
