//! What cursors and changes have in common: something that brings things, to be pulled with a
//! timeout, watched through a descriptor, or heard of in callbacks.

use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use swarmlet::{Output, SwarmStatus};
use swarmlet_facade::{Changes, Readiness, Result, Stream};

use crate::bell::Bell;
use crate::listening::Phase;
use crate::waiting::Deadline;

/// A stream of the facade, whatever it brings.
pub(crate) trait Source: Send + Sync + 'static {
    /// What is taken at once.
    type Taken: 'static;

    /// Looks without waiting.
    fn look(&self) -> Result<Readiness>;
    /// Looks, and waits while there is nothing to see.
    fn wait(&self, timeout: Duration) -> Result<Readiness>;
    /// Calls once a look would show something.
    fn watch(&self, watcher: Box<dyn FnOnce() + Send>) -> Result<()>;
    /// Takes what is there, at most `max` things if they come in numbers; never waits.
    fn take(&self, max: usize) -> Result<Option<Self::Taken>>;
    /// Ends it.
    fn cancel(&self) -> Result<()>;
    /// Fails in another process than that which made it.
    fn check_own(&self) -> Result<()>;
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

/// A source with its bell and its listener.
pub(crate) struct Feed<S: Source> {
    pub(crate) source: S,
    bell: Mutex<Option<Bell>>,
    pub(crate) phase: Mutex<Phase<S::Taken>>,
    /// Told when a callback is over for which somebody waits.
    pub(crate) quiet: Condvar,
}

impl<S: Source> Feed<S> {
    /// Without bell and listener.
    pub(crate) fn new(source: S) -> Arc<Self> {
        Arc::new(Self {
            source,
            bell: Mutex::default(),
            phase: Mutex::default(),
            quiet: Condvar::new(),
        })
    }

    /// Takes what is there, and waits for it until the limit.
    pub(crate) fn pull(
        self: &Arc<Self>,
        max: usize,
        limit: Option<Duration>,
    ) -> Result<Pulled<S::Taken>> {
        let deadline = Deadline::after(limit);
        loop {
            match self.source.wait(deadline.slice())? {
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
        self.source.check_own()?;
        let mut slot = self.bell();
        if let Some(bell) = &*slot {
            return Ok(bell.descriptor());
        }
        let descriptor = slot.insert(Bell::new()?).descriptor();
        drop(slot);
        self.await_next()?;
        Ok(descriptor)
    }

    /// Silences the bell if there is nothing more to take.
    fn settle(self: &Arc<Self>) {
        let mut slot = self.bell();
        if let Some(bell) = &mut *slot
            && !bell.is_armed
            && matches!(self.source.look(), Ok(Readiness::Waiting))
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
        self.source.watch(Box::new(move || {
            if let Some(feed) = Weak::upgrade(&weak) {
                feed.ring();
            }
        }))
    }

    /// Rings, unless what came was taken in the meantime.
    fn ring(self: &Arc<Self>) {
        let mut slot = self.bell();
        let is_taken = matches!(self.source.look(), Ok(Readiness::Waiting));
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

impl Source for Stream {
    type Taken = Vec<Output>;

    fn look(&self) -> Result<Readiness> {
        self.look()
    }

    fn wait(&self, timeout: Duration) -> Result<Readiness> {
        self.ready_blocking(timeout)
    }

    fn watch(&self, watcher: Box<dyn FnOnce() + Send>) -> Result<()> {
        self.watch(watcher).map(drop)
    }

    fn take(&self, max: usize) -> Result<Option<Vec<Output>>> {
        let outputs = self.take(max)?;
        Ok(Some(outputs).filter(|outputs| !outputs.is_empty()))
    }

    fn cancel(&self) -> Result<()> {
        self.cancel()
    }

    fn check_own(&self) -> Result<()> {
        self.check_own()
    }
}

impl Source for Changes {
    type Taken = SwarmStatus;

    fn look(&self) -> Result<Readiness> {
        self.look()
    }

    fn wait(&self, timeout: Duration) -> Result<Readiness> {
        self.ready_blocking(timeout)
    }

    fn watch(&self, watcher: Box<dyn FnOnce() + Send>) -> Result<()> {
        self.watch(watcher).map(drop)
    }

    fn take(&self, _: usize) -> Result<Option<SwarmStatus>> {
        self.take()
    }

    fn cancel(&self) -> Result<()> {
        self.cancel()
    }

    fn check_own(&self) -> Result<()> {
        self.check_own()
    }
}
