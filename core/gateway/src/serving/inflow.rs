//! A bound on what was received and not dealt with yet, of all connections together.
//!
//! Each connection has a little for itself. Who sends more draws on what all share, waits when it
//! is used up, and gives it back when the request or message was dealt with.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{INFLOW_BYTES_MAX, INFLOW_STEP_BYTES};

/// What all connections share.
#[derive(Clone, Debug)]
pub(crate) struct Reservoir(Arc<Semaphore>);

/// What one connection has sent.
#[derive(Debug)]
pub(crate) struct Inflow {
    reservoir: Reservoir,
    /// Bytes that were received and not dealt with.
    pending: AtomicUsize,
    drawn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Reservoir {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(
            INFLOW_BYTES_MAX / INFLOW_STEP_BYTES,
        )))
    }

    /// Waits for another step.
    pub(super) async fn draw(self) -> Option<OwnedSemaphorePermit> {
        self.0.acquire_owned().await.ok()
    }
}

impl Inflow {
    pub(super) fn new(reservoir: Reservoir) -> Self {
        Self {
            reservoir,
            pending: AtomicUsize::new(0),
            drawn: Mutex::default(),
        }
    }

    /// Whatever came so far was dealt with.
    pub(crate) fn settle(&self) {
        self.pending.store(0, Relaxed);
        self.drawn().take();
    }

    pub(super) fn reservoir(&self) -> Reservoir {
        self.reservoir.clone()
    }

    /// Whether more may be received.
    pub(super) fn has_room(&self) -> bool {
        let steps = self
            .drawn()
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        self.pending.load(Relaxed) < (steps + 1) * INFLOW_STEP_BYTES
    }

    /// Whether something of what all share is held.
    pub(super) fn is_drawing(&self) -> bool {
        self.drawn().is_some()
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.pending.fetch_add(bytes, Relaxed);
    }

    pub(super) fn take_in(&self, step: OwnedSemaphorePermit) {
        let mut drawn = self.drawn();
        match drawn.as_mut() {
            Some(drawn) => drawn.merge(step),
            None => *drawn = Some(step),
        }
    }

    fn drawn(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn who_sends_much_draws_on_what_all_share_until_it_is_dealt_with() {
        let reservoir = Reservoir::new();
        let [one, other] = [(); 2].map(|()| Inflow::new(reservoir.clone()));
        one.receive(INFLOW_STEP_BYTES - 1);
        assert!(one.has_room() && !one.is_drawing());
        while let Some(Some(step)) = one.reservoir().draw().now_or_never() {
            one.receive(INFLOW_STEP_BYTES);
            one.take_in(step);
        }
        assert!(one.has_room() && one.is_drawing());
        other.receive(INFLOW_STEP_BYTES);
        assert!(!other.has_room());
        assert!(other.reservoir().draw().now_or_never().is_none());
        one.settle();
        assert!(one.has_room() && !one.is_drawing());
        other.take_in(other.reservoir().draw().now_or_never().flatten().unwrap());
        assert!(other.has_room());
    }
}
