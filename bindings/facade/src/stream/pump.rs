//! The task that reads ahead: one per stream, waiting either for room or for the node.

use std::sync::Arc;

use swarmlet::Results;

use super::outputs::Outputs;
use super::shown::Buffer;
use crate::failure::{Failure, Result};
use crate::guard::within;

/// Outputs read at once: a chunk crosses into another language in one go.
const CHUNK_OUTPUTS: usize = 256;

/// Reads until the end, a failure, or until the task is dropped with its runtime, which may be
/// before it has begun.
pub(super) fn pump(
    operation: &'static str,
    results: Results,
    buffer: Arc<Outputs>,
) -> impl Future<Output = ()> + Send {
    let ending = Ending::new(operation, buffer);
    read(operation, results, ending)
}

async fn read(operation: &'static str, mut results: Results, ending: Ending<Outputs>) {
    let buffer = &ending.buffer;
    let result = within(operation, async {
        loop {
            buffer.room().await;
            let outputs = results.next_outputs(CHUNK_OUTPUTS).await?;
            let is_end = outputs.is_none();
            let reached = results.offsets().clone();
            buffer.push(outputs.unwrap_or_default(), reached, results.skipped());
            if is_end {
                return Ok(());
            }
        }
    });
    let result: Result<()> = result.await;
    buffer.end(result);
}

/// Ends the stream even if the task never comes to its end.
pub(super) struct Ending<B: Buffer> {
    operation: &'static str,
    pub(super) buffer: Arc<B>,
}

impl<B: Buffer> Ending<B> {
    pub(super) fn new(operation: &'static str, buffer: Arc<B>) -> Self {
        Self { operation, buffer }
    }
}

impl<B: Buffer> Drop for Ending<B> {
    fn drop(&mut self) {
        self.buffer.end(Err(Failure::closed(self.operation)));
    }
}
