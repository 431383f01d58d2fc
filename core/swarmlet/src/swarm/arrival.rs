//! Events on their way from a peer into the log, to say how long they took.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use swarmlet_engine::event::{Run, Timestamp};
use swarmlet_engine::log::Received;

use crate::metrics::{PeerRecorder, Recorders};
use crate::writer::Landed;

/// A run that a peer sent.
pub(super) struct Arrival {
    recorders: Arc<Recorders>,
    /// Whose connection it came over, if that is there still.
    peer: Option<Arc<PeerRecorder>>,
    /// Whether that is its author.
    is_direct: bool,
    /// The time of each of its batches, and how many events it has.
    batches: Vec<(Timestamp, u64)>,
}

impl Arrival {
    pub(super) fn new(
        run: &Run,
        peer: Option<Arc<PeerRecorder>>,
        is_direct: bool,
        recorders: Arc<Recorders>,
    ) -> Self {
        let headers = run.batches().iter().map(|batch| &batch.header);
        Self {
            recorders,
            peer,
            is_direct,
            batches: headers
                .map(|header| (header.time, u64::from(header.count)))
                .collect(),
        }
    }

    /// It is in the log, or was there before.
    pub(super) fn note(&self, landed: &Landed) {
        let Received::Taken(events) = landed.received else {
            return;
        };
        if let Some(peer) = &self.peer {
            peer.events_received.fetch_add(events, Relaxed);
        }
        let swarm = &self.recorders.swarm;
        let recorder = match self.is_direct {
            true => &swarm.delivery_direct,
            false => &swarm.delivery_relayed,
        };
        let mut left = events;
        // What of it was known is at its beginning.
        for (time, count) in self.batches.iter().rev() {
            let new = left.min(*count);
            if new == 0 {
                return;
            }
            left -= new;
            recorder.record_many(between(*time, landed.shown), new);
        }
    }
}

/// Nothing comes before it was sent: then one of the two clocks is wrong.
fn between(before: Timestamp, after: Timestamp) -> Duration {
    let micros = after.micros().saturating_sub(before.micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use swarmlet_engine::log::Durability;

    use super::*;

    #[test]
    fn events_of_the_earliest_time_do_not_make_the_sum_of_delays_small() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let recorders = Arc::new(Recorders::new(now, Durability::Synced));
        let arrival = Arrival {
            recorders: recorders.clone(),
            peer: None,
            is_direct: true,
            batches: vec![(Timestamp::from_micros(i64::MIN), 3)],
        };
        let landed = Landed {
            received: Received::Taken(3),
            shown: now,
        };
        for times in 1..=2 {
            arrival.note(&landed);
            let delays = recorders.snapshot(0).swarm.delivery_direct;
            assert_eq!(delays.count(), 3 * times);
            assert_eq!(delays.sum(), Duration::from_micros(u64::MAX));
        }
    }
}
