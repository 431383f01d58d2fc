//! What bindings hold of a stream.

use std::sync::Arc;
use std::time::Duration;

use swarmlet::{Offsets, Output, Results, SwarmStatus};
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

use super::latest::{Latest, follow};
use super::outputs::Outputs;
use super::pump::pump;
use super::queue::{Queue, Source, Weigh, fill};
use super::shown::{Buffer, Readiness, Ticket};
use crate::completion::Stop;
use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::runtime::Lease;

/// What comes out of a query or subscription, read ahead into a bounded buffer; or what else there
/// is to follow, see [`Changes`].
///
/// All methods may be called from any thread. Dropping it cancels it.
pub struct Stream<B: Buffer = Outputs>(OwnProcess<Reading<B>>);

/// How a node stands in its swarm: the status now, and then the newest whenever it has changed.
pub type Changes = Stream<Latest<SwarmStatus>>;

struct Reading<B: Buffer> {
    buffer: Arc<B>,
    task: AbortHandle,
    /// Keeps the runtime for as long as the stream can bring something.
    _lease: Arc<Lease>,
}

impl<B: Buffer> Reading<B> {
    /// In this order: a task that is dropped ends the stream with a failure, unless it has ended.
    fn cancel(&self) {
        self.buffer.cancel();
        self.task.abort();
    }
}

impl<B: Buffer> Drop for Reading<B> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Stream {
    /// Starts to read.
    pub(crate) fn start(operation: &'static str, results: Results, lease: Arc<Lease>) -> Self {
        let buffer = Arc::new(Outputs::new(operation, results.offsets().clone()));
        let task = pump(operation, results, buffer.clone());
        Self::spawn(task, buffer, lease)
    }

    /// From here on outputs of all sorts are shown: all of them, if nobody has looked or taken yet.
    /// Otherwise rows are, and a query that has ended with an error diagnostic or with time travel
    /// has failed.
    pub fn show_all(&self) -> Result<()> {
        self.buffer()?.show_all();
        Ok(())
    }

    /// Takes at most `max` outputs of those that are there. Never waits.
    pub fn take(&self, max: usize) -> Result<Vec<Output>> {
        Ok(self.begun()?.take(max))
    }

    /// Takes the next output if it is there. Never waits.
    pub fn take_one(&self) -> Result<Option<Output>> {
        Ok(self.begun()?.take_one())
    }

    /// How far what was taken reaches. A new stream from there brings what was not taken yet.
    pub fn offsets(&self) -> Result<Offsets> {
        Ok(self.buffer()?.offsets())
    }

    /// For streams whose start lies before what is still kept: the first offset that is.
    pub fn skipped(&self) -> Result<Offsets> {
        Ok(self.buffer()?.skipped())
    }
}

impl Changes {
    /// Starts to follow.
    pub(crate) fn follow(
        operation: &'static str,
        changes: watch::Receiver<SwarmStatus>,
        lease: Arc<Lease>,
    ) -> Self {
        let latest = Arc::new(Latest::new());
        let task = follow(operation, changes, latest.clone());
        Self::spawn(task, latest, lease)
    }

    /// Takes the newest status if it was not taken yet. Never waits.
    pub fn take(&self) -> Result<Option<SwarmStatus>> {
        Ok(self.buffer()?.take())
    }
}

impl<T: Weigh> Stream<Queue<T>> {
    /// Starts to read once somebody looks.
    pub(crate) fn read_ahead<S: Source<Item = T>>(
        operation: &'static str,
        source: S,
        lease: Arc<Lease>,
    ) -> Self {
        let queue = Arc::new(Queue::new());
        let task = fill(operation, source, queue.clone(), lease.clone());
        Self::spawn(task, queue, lease)
    }

    /// Takes at most `max` of what is there. Never waits.
    pub fn take(&self, max: usize) -> Result<Vec<T>> {
        Ok(self.begun()?.take(max))
    }

    /// Takes what comes next if it is there. Never waits.
    pub fn take_one(&self) -> Result<Option<T>> {
        Ok(self.take(1)?.pop())
    }

    /// How far what was taken reaches; 0 while nothing was.
    pub(crate) fn reached(&self) -> Result<u64> {
        Ok(self.buffer()?.reached())
    }

    /// Ends, when this is cancelled or dropped, what else is done with what is read.
    pub(crate) fn stop(&self) -> Result<Stop> {
        Ok(self.buffer()?.stop().clone())
    }

    /// Ends the stream: all of it was taken, by other means, and nobody waits for more.
    pub(crate) fn take_all(&self) -> Result<()> {
        let reading = self.0.value()?;
        reading.buffer.take_all();
        reading.task.abort();
        Ok(())
    }
}

impl<B: Buffer> Stream<B> {
    fn spawn(
        task: impl Future<Output = ()> + Send + 'static,
        buffer: Arc<B>,
        lease: Arc<Lease>,
    ) -> Self {
        let task = lease.handle().spawn(task).abort_handle();
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

    /// Looks without waiting. A failure shows after what was read before it, and stays.
    pub fn look(&self) -> Result<Readiness> {
        self.begun()?.shown().look()
    }

    /// Looks, and waits at most `timeout` while there is nothing to see. Takes nothing.
    pub fn ready_blocking(&self, timeout: Duration) -> Result<Readiness> {
        self.begun()?.shown().look_within(timeout)
    }

    /// Calls `watcher` once, on any thread, when a look shows something; at once if it does now.
    ///
    /// The watcher must not block. Forget the ticket when nobody waits any more.
    pub fn watch(&self, watcher: Box<dyn FnOnce() + Send>) -> Result<Ticket> {
        Ok(self.begun()?.shown().watch(watcher))
    }

    /// Drops a watcher that was not called yet.
    pub fn forget(&self, ticket: Ticket) -> Result<()> {
        self.buffer()?.shown().forget(ticket);
        Ok(())
    }

    /// Ends the stream for everybody who waits for it. Never waits; later calls change nothing.
    pub fn cancel(&self) -> Result<()> {
        self.0.value()?.cancel();
        Ok(())
    }

    /// Whether this process may use it: `Forked` in another one than that which made it. Asking
    /// changes nothing, other than a look.
    pub fn check_own(&self) -> Result<()> {
        self.0.value().map(drop)
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

    /// The buffer for somebody who looks or takes.
    fn begun(&self) -> Result<&B> {
        let buffer = self.buffer()?;
        buffer.begin();
        Ok(buffer)
    }

    fn buffer(&self) -> Result<&B> {
        Ok(&self.0.value()?.buffer)
    }
}

/// Forgets the watcher when the wait is over or dropped.
struct Watching<'a, B: Buffer> {
    stream: &'a Stream<B>,
    ticket: Ticket,
}

impl<B: Buffer> Drop for Watching<'_, B> {
    fn drop(&mut self) {
        // Another process has nothing to forget.
        let _ = self.stream.forget(self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use swarmlet::ErrorKind;

    use super::*;

    /// Nothing here takes longer unless it hangs.
    const LIMIT: Duration = Duration::from_secs(60);

    struct Byte;

    impl Weigh for Byte {
        fn bytes(&self) -> usize {
            1
        }
    }

    /// Brings one thing, and then what it is told to.
    struct Once {
        is_over: bool,
        then: Option<ErrorKind>,
        _held: Arc<()>,
    }

    impl Source for Once {
        type Item = Byte;

        async fn next(&mut self) -> Result<Option<Vec<Byte>>> {
            if !std::mem::replace(&mut self.is_over, true) {
                return Ok(Some(vec![Byte]));
            }
            match self.then {
                Some(kind) => Err(Failure::new(kind, "", "cut off")),
                None => std::future::pending().await,
            }
        }
    }

    fn read(then: Option<ErrorKind>, lease: &Arc<Lease>) -> (Stream<Queue<Byte>>, Arc<()>) {
        let held = Arc::new(());
        let source = Once {
            is_over: false,
            then,
            _held: held.clone(),
        };
        let stream = Stream::read_ahead("read", source, lease.clone());
        assert_eq!(stream.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
        (stream, held)
    }

    #[test]
    fn nothing_is_read_any_more_when_all_was_taken() {
        let lease = Arc::new(Lease::take().unwrap());
        let (stream, held) = read(None, &lease);
        stream.take_all().unwrap();
        assert_eq!(stream.look().unwrap(), Readiness::Ended);
        let deadline = Instant::now() + LIMIT;
        while Arc::strong_count(&held) > 1 {
            assert!(Instant::now() < deadline, "the source is still held");
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_is_cut_off_by_the_end_of_its_node_is_closed() {
        let other = Lease::take().unwrap();
        let fails = |is_closed: bool| {
            let lease = Arc::new(Lease::take().unwrap());
            if is_closed {
                lease.release();
            }
            let (stream, _) = read(Some(ErrorKind::Internal), &lease);
            stream.take_one().unwrap();
            stream.ready_blocking(LIMIT).unwrap_err().kind
        };
        assert_eq!(fails(false), ErrorKind::Internal);
        assert_eq!(fails(true), ErrorKind::Closed);
        drop(other);
    }
}
