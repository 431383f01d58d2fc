//! What bindings hold of a stream.

use std::sync::Arc;
use std::time::Duration;

use swarmlet::{Offsets, Output, Results};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::buffer::{Buffer, Readiness, Ticket};
use super::pump::pump;
use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::runtime::Lease;

/// What comes out of a query or subscription, read ahead into a bounded buffer.
///
/// All methods may be called from any thread. Dropping it cancels it.
pub struct Stream(OwnProcess<Reading>);

struct Reading {
    buffer: Arc<Buffer>,
    task: AbortHandle,
    /// Keeps the runtime for as long as the stream can bring something.
    _lease: Arc<Lease>,
}

impl Reading {
    /// In this order: a task that is dropped ends the stream with a failure, unless it has ended.
    fn cancel(&self) {
        self.buffer.cancel();
        self.task.abort();
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Stream {
    /// Starts to read.
    pub(crate) fn start(operation: &'static str, results: Results, lease: Arc<Lease>) -> Self {
        let buffer = Arc::new(Buffer::new(results.offsets().clone()));
        let task = lease
            .handle()
            .spawn(pump(operation, results, buffer.clone()))
            .abort_handle();
        Self(OwnProcess::new(Reading {
            buffer,
            task,
            _lease: lease,
        }))
    }

    /// Waits until there is something to take (`true`) or nothing will come any more (`false`).
    ///
    /// Cancel-safe: it takes nothing, so dropping the wait loses nothing.
    pub async fn ready(&self) -> Result<bool> {
        loop {
            match self.look()? {
                Readiness::Ready => return Ok(true),
                Readiness::Ended => return Ok(false),
                Readiness::Waiting => self.change().await?,
            }
        }
    }

    /// From here on outputs of all sorts are shown. Before, rows are, and a query that has ended
    /// with an error diagnostic or with time travel has failed.
    pub fn show_all(&self) -> Result<()> {
        self.buffer()?.show_all();
        Ok(())
    }

    /// Looks without waiting. A failure shows after what was read before it, and stays.
    pub fn look(&self) -> Result<Readiness> {
        self.buffer()?.look()
    }

    /// Looks, and waits at most `timeout` while there is nothing to see. Takes nothing.
    pub fn ready_blocking(&self, timeout: Duration) -> Result<Readiness> {
        self.buffer()?.look_within(timeout)
    }

    /// Calls `watcher` once, on any thread, when a look shows something; at once if it does now.
    ///
    /// The watcher must not block. Forget the ticket when nobody waits any more.
    pub fn watch(&self, watcher: Box<dyn FnOnce() + Send>) -> Result<Ticket> {
        Ok(self.buffer()?.watch(watcher))
    }

    /// Drops a watcher that was not called yet.
    pub fn forget(&self, ticket: Ticket) -> Result<()> {
        self.buffer()?.forget(ticket);
        Ok(())
    }

    /// Takes at most `max` outputs of those that are there. Never waits.
    pub fn take(&self, max: usize) -> Result<Vec<Output>> {
        Ok(self.buffer()?.take(max))
    }

    /// Takes the next output if it is there. Never waits.
    pub fn take_one(&self) -> Result<Option<Output>> {
        Ok(self.buffer()?.take_one())
    }

    /// Ends the stream for everybody who waits for it. Never waits; later calls change nothing.
    pub fn cancel(&self) -> Result<()> {
        self.0.value()?.cancel();
        Ok(())
    }

    /// How far what was taken reaches. A new stream from there brings what was not taken yet.
    pub fn offsets(&self) -> Result<Offsets> {
        Ok(self.buffer()?.offsets())
    }

    /// For streams whose start lies before what is still kept: the first offset that is.
    pub fn skipped(&self) -> Result<Offsets> {
        Ok(self.buffer()?.skipped())
    }

    /// Waits for one change that a look can show.
    async fn change(&self) -> Result<()> {
        let (tx, rx) = oneshot::channel();
        let watcher = Box::new(move || {
            // The wait was given up at the same moment.
            let _ = tx.send(());
        });
        let watching = Watching {
            stream: self,
            ticket: self.watch(watcher)?,
        };
        rx.await.map_err(|_| Failure::closed("ready"))?;
        drop(watching);
        Ok(())
    }

    fn buffer(&self) -> Result<&Buffer> {
        Ok(&self.0.value()?.buffer)
    }
}

/// Forgets the watcher when the wait is over or dropped.
struct Watching<'a> {
    stream: &'a Stream,
    ticket: Ticket,
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        // Another process has nothing to forget.
        let _ = self.stream.forget(self.ticket);
    }
}
