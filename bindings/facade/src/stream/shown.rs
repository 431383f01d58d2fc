//! A state that shows something or not, and those who wait until it does. Knows no runtime.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::Result;

/// Names one watcher, to forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// What a look at a stream shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// There is at least one thing to take.
    Ready,
    /// There will be none any more.
    Ended,
    /// Nothing yet.
    Waiting,
}

/// What can be looked at.
pub trait Look {
    /// Whether there is something to take.
    fn has_something(&self) -> bool;

    /// Why nothing follows, once that is so.
    fn end(&self) -> Option<&Result<()>>;

    /// What there is to see. A failure comes after what was there before it.
    fn look(&self) -> Result<Readiness> {
        if self.has_something() {
            return Ok(Readiness::Ready);
        }
        match self.end() {
            None => Ok(Readiness::Waiting),
            Some(Ok(())) => Ok(Readiness::Ended),
            Some(Err(failure)) => Err(failure.clone()),
        }
    }
}

/// Where a task leaves what a stream takes.
pub trait Buffer: Send + Sync + 'static {
    /// What can be looked at and waited for.
    type State: Look;

    /// The same, shared.
    fn shown(&self) -> &Shown<Self::State>;

    /// Somebody is about to look or to take.
    fn begin(&self) {}

    /// Nothing follows: the end, or why it broke off. The first end counts.
    fn end(&self, result: Result<()>);

    /// Ends the stream and throws away what was not taken.
    fn cancel(&self);
}

pub(super) type Watcher = Box<dyn FnOnce() + Send>;

/// The state, shared by whoever fills it and whoever takes from it.
pub struct Shown<S> {
    inner: Mutex<Inner<S>>,
    arrived: Condvar,
}

struct Inner<S> {
    state: S,
    watchers: BTreeMap<Ticket, Watcher>,
    tickets: u64,
}

/// The state while it is locked.
pub(super) struct Locked<'a, S> {
    inner: MutexGuard<'a, Inner<S>>,
    arrived: &'a Condvar,
}

impl<S: Look> Shown<S> {
    pub(super) fn new(state: S) -> Self {
        Self {
            inner: Mutex::new(Inner {
                state,
                watchers: BTreeMap::new(),
                tickets: 0,
            }),
            arrived: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> Locked<'_, S> {
        Locked {
            inner: self.inner.lock().unwrap_or_else(PoisonError::into_inner),
            arrived: &self.arrived,
        }
    }

    /// Looks without waiting.
    pub(super) fn look(&self) -> Result<Readiness> {
        self.lock().look()
    }

    /// Looks, and waits at most `timeout` while there is nothing to see.
    pub(super) fn look_within(&self, timeout: Duration) -> Result<Readiness> {
        let deadline = Instant::now() + timeout;
        let mut locked = self.lock();
        while locked.is_waiting() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            locked = locked.wait(left);
        }
        locked.look()
    }

    /// Calls `watcher` once a look would show something, at once if it does already.
    pub(super) fn watch(&self, watcher: Watcher) -> Ticket {
        let mut locked = self.lock();
        locked.inner.tickets += 1;
        let ticket = Ticket(locked.inner.tickets);
        if locked.is_waiting() {
            locked.inner.watchers.insert(ticket, watcher);
        } else {
            drop(locked);
            watcher();
        }
        ticket
    }

    /// The watcher is not wanted any more.
    pub(super) fn forget(&self, ticket: Ticket) {
        let forgotten = self.lock().inner.watchers.remove(&ticket);
        drop(forgotten);
    }
}

impl<'a, S: Look> Locked<'a, S> {
    /// Lets go, and wakes everybody if there is something to see. Outside of the lock: watchers
    /// are code of the binding.
    pub(super) fn wake(mut self) {
        if self.is_waiting() {
            return;
        }
        let watchers = std::mem::take(&mut self.inner.watchers);
        let arrived = self.arrived;
        drop(self);
        arrived.notify_all();
        for watcher in watchers.into_values() {
            watcher();
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(self.inner.state.look(), Ok(Readiness::Waiting))
    }

    fn wait(self, timeout: Duration) -> Self {
        let waited = self.arrived.wait_timeout(self.inner, timeout);
        Self {
            inner: waited.unwrap_or_else(PoisonError::into_inner).0,
            arrived: self.arrived,
        }
    }
}

impl<S> Deref for Locked<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.inner.state
    }
}

impl<S> DerefMut for Locked<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.inner.state
    }
}
