//! The task that reads ahead: one per stream, waiting either for room or for the node.

use std::sync::Arc;

use swarmlet::{Event, Offsets, Results, Subscription};

use super::buffer::Buffer;
use crate::failure::{Failure, Result};
use crate::guard::within;

/// Events read at once: a chunk crosses into another language in one go.
const CHUNK_EVENTS: usize = 256;

/// Where the events come from.
pub(crate) trait Source: Send + 'static {
    /// The next events, `None` at the end.
    fn next_chunk(
        &mut self,
        max: usize,
    ) -> impl Future<Output = swarmlet::Result<Option<Vec<Event>>>> + Send;

    /// How far it is.
    fn offsets(&self) -> &Offsets;

    /// Where it began instead of what is not kept any more.
    fn skipped(&self) -> &Offsets;
}

impl Source for Results {
    async fn next_chunk(&mut self, max: usize) -> swarmlet::Result<Option<Vec<Event>>> {
        Results::next_chunk(self, max).await
    }

    fn offsets(&self) -> &Offsets {
        Results::offsets(self)
    }

    fn skipped(&self) -> &Offsets {
        Results::skipped(self)
    }
}

impl Source for Subscription {
    async fn next_chunk(&mut self, max: usize) -> swarmlet::Result<Option<Vec<Event>>> {
        Subscription::next_chunk(self, max).await
    }

    fn offsets(&self) -> &Offsets {
        Subscription::offsets(self)
    }

    fn skipped(&self) -> &Offsets {
        Subscription::skipped(self)
    }
}

/// Reads until the end, a failure, or until the task is dropped with its runtime.
pub(super) async fn pump(operation: &'static str, mut source: impl Source, buffer: Arc<Buffer>) {
    let ending = Ending { operation, buffer };
    let buffer = &ending.buffer;
    let result = within(operation, async {
        loop {
            buffer.room().await;
            let events = source.next_chunk(CHUNK_EVENTS).await?;
            let is_end = events.is_none();
            let reached = source.offsets().clone();
            buffer.push(events.unwrap_or_default(), reached, source.skipped());
            if is_end {
                return Ok(());
            }
        }
    });
    let result: Result<()> = result.await;
    buffer.end(result);
}

/// Ends the stream even if the task never comes to its end.
struct Ending {
    operation: &'static str,
    buffer: Arc<Buffer>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.buffer.end(Err(Failure::closed(self.operation)));
    }
}
