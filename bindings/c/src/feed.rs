//! What cursors and changes have in common: something that brings things, to be pulled with a
//! timeout, watched through a descriptor, or heard of in callbacks.

use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use swarmlet::{Output, SwarmStatus};
use swarmlet_facade::{Buffer, Changes, Readiness, Result, Stream};

use crate::bell::Bell;
use crate::listening::Phase;
use crate::waiting::Deadline;

/// A stream, or what has one, in the hands of a feed.
pub(crate) trait Fed: Send + Sync + 'static {
    /// What the stream reads ahead into.
    type Buffer: Buffer;

    /// What is taken at once.
    type Taken: 'static;

    /// What is looked at.
    fn stream(&self) -> &Stream<Self::Buffer>;

    /// Takes what is there, at most `max` things if they come in numbers; never waits.
    fn take(&self, max: usize) -> Result<Option<Self::Taken>>;
}

/// A stream, of which the type of its buffer is asked: what results are read ahead into has no name
/// outside the facade.
pub(crate) trait Buffered {
    /// What it reads ahead into.
    type Buffer: Buffer;
}

impl<B: Buffer> Buffered for Stream<B> {
    type Buffer = B;
}

/// What a pull brought.
pub(crate) enum Pulled<T> {
    /// Something.
    Taken(T),
    /// Nothing will come any more.
    Ended,
    /// Nothing yet.
    Nothing,
}

/// A stream with its bell and its listener.
pub(crate) struct Feed<S: Fed> {
    pub(crate) source: S,
    bell: Mutex<Option<Bell>>,
    pub(crate) phase: Mutex<Phase<S::Taken>>,
    /// Told when a callback is over for which somebody waits.
    pub(crate) quiet: Condvar,
}

impl<S: Fed> Feed<S> {
    /// Without bell and listener.
    pub(crate) fn new(source: S) -> Arc<Self> {
        Arc::new(Self {
            source,
            bell: Mutex::default(),
            phase: Mutex::default(),
            quiet: Condvar::new(),
        })
    }

    /// What is looked at.
    pub(crate) fn stream(&self) -> &Stream<S::Buffer> {
        self.source.stream()
    }

    /// Takes what is there, and waits for it until the limit.
    pub(crate) fn pull(
        self: &Arc<Self>,
        max: usize,
        limit: Option<Duration>,
    ) -> Result<Pulled<S::Taken>> {
        let deadline = Deadline::after(limit);
        loop {
            match self.stream().ready_blocking(deadline.slice())? {
                // Another thread may have been quicker.
                Readiness::Ready => {
                    if let Some(taken) = self.source.take(max)? {
                        self.settle();
                        return Ok(Pulled::Taken(taken));
                    }
                }
                Readiness::Ended => return Ok(Pulled::Ended),
                Readiness::Waiting => {}
            }
            if deadline.has_passed() {
                self.settle();
                return Ok(Pulled::Nothing);
            }
        }
    }

    /// The descriptor that can be read while a pull would bring something, an end, or a failure.
    pub(crate) fn descriptor(self: &Arc<Self>) -> Result<RawFd> {
        // In another process it would take from the descriptor of this one.
        self.stream().check_own()?;
        let mut slot = self.bell();
        if let Some(bell) = &*slot {
            return Ok(bell.descriptor());
        }
        let descriptor = slot.insert(Bell::new()?).descriptor();
        drop(slot);
        self.await_next()?;
        Ok(descriptor)
    }

    /// Ends the stream and everything that hears of it. Another process than that which made it has
    /// nothing to end, and no thread of callbacks: there nobody is told, so nothing is dropped.
    pub(crate) fn close(self: Arc<Self>) {
        if self.stream().check_own().is_err() {
            return std::mem::forget(self);
        }
        self.stop_listening();
        // It fails in a forked child only.
        let _ = self.stream().cancel();
    }

    /// Silences the bell if there is nothing more to take.
    fn settle(self: &Arc<Self>) {
        let mut slot = self.bell();
        if let Some(bell) = &mut *slot
            && !bell.is_armed
            && matches!(self.stream().look(), Ok(Readiness::Waiting))
        {
            bell.silence();
            drop(slot);
            // It fails in a forked child only, where nobody waits.
            let _ = self.await_next();
        }
    }

    /// Has the bell rung when there is something, at once if it is there already.
    fn await_next(self: &Arc<Self>) -> Result<()> {
        let weak = Arc::downgrade(self);
        let watcher = Box::new(move || {
            if let Some(feed) = Weak::upgrade(&weak) {
                feed.ring();
            }
        });
        self.stream().watch(watcher).map(drop)
    }

    /// Rings, unless what came was taken in the meantime.
    fn ring(self: &Arc<Self>) {
        let mut slot = self.bell();
        let is_taken = matches!(self.stream().look(), Ok(Readiness::Waiting));
        match &mut *slot {
            Some(bell) if !is_taken => bell.ring(),
            _ => {
                drop(slot);
                // It fails in a forked child only, where nobody waits.
                let _ = self.await_next();
            }
        }
    }

    fn bell(&self) -> MutexGuard<'_, Option<Bell>> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fed for Stream {
    type Buffer = <Self as Buffered>::Buffer;
    type Taken = Vec<Output>;

    fn stream(&self) -> &Stream {
        self
    }

    fn take(&self, max: usize) -> Result<Option<Vec<Output>>> {
        let outputs = self.take(max)?;
        Ok(Some(outputs).filter(|outputs| !outputs.is_empty()))
    }
}

impl Fed for Changes {
    type Buffer = <Self as Buffered>::Buffer;
    type Taken = SwarmStatus;

    fn stream(&self) -> &Changes {
        self
    }

    fn take(&self, _: usize) -> Result<Option<SwarmStatus>> {
        self.take()
    }
}
