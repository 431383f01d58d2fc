//! What all connections share of a bound, in one direction.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::FLOW_STEP_BYTES;

/// Bytes that are drawn by whoever has no room of its own, and given back.
#[derive(Clone, Debug)]
pub(crate) struct Reservoir {
    steps: Arc<Semaphore>,
    bytes_max: usize,
}

impl Reservoir {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            steps: Arc::new(Semaphore::new(bytes_max / FLOW_STEP_BYTES)),
            bytes_max,
        }
    }

    /// Waits for room for so many bytes, at most all there is; whoever came first gets it first.
    pub(super) async fn draw(self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let steps = bytes.min(self.bytes_max).div_ceil(FLOW_STEP_BYTES);
        self.steps.acquire_many_owned(steps as u32).await.ok()
    }
}
