//! Waiting for answers on the thread of the caller.

use std::time::{Duration, Instant};

use swarmlet::ErrorKind;
use swarmlet_facade::{Completion, Failure, Pending, Result, Waiting};

/// How long a wait without limit is at a time: clocks of systems do not count to for ever.
const SLICE: Duration = Duration::from_secs(3600);

/// A limit in milliseconds; below zero there is none.
pub(crate) fn limit(timeout_ms: i64) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

/// Makes a call and waits for its outcome.
pub(crate) fn wait_for<T: Send + 'static>(call: impl FnOnce(Completion<T>)) -> Result<T> {
    let pending = Pending::start(call);
    loop {
        if let Some(outcome) = pending.wait(SLICE) {
            return outcome;
        }
    }
}

/// Makes a call that waits for other devices, and waits for its outcome.
pub(crate) fn wait_for_others<T: Send + 'static>(
    call: impl FnOnce(Completion<T>) -> Waiting,
) -> Result<T> {
    wait_for_others_within(None, call)
}

/// The same, at most for so long: then it is given up, and over when this returns.
pub(crate) fn wait_for_others_within<T: Send + 'static>(
    limit: Option<Duration>,
    call: impl FnOnce(Completion<T>) -> Waiting,
) -> Result<T> {
    let deadline = Deadline::after(limit);
    let mut waiting = None;
    let pending = Pending::start(|completion| waiting = Some(call(completion)));
    while !deadline.has_passed() {
        if let Some(outcome) = pending.wait(deadline.slice()) {
            return outcome;
        }
    }
    drop(waiting);
    loop {
        match pending.wait(SLICE) {
            None => {}
            Some(Err(failure)) if failure.kind == ErrorKind::Cancelled => {
                let message = "it was not done in time";
                return Err(Failure::new(ErrorKind::Timeout, failure.operation, message));
            }
            Some(outcome) => return outcome,
        }
    }
}

/// A moment until which something is waited for, or none.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// From now on; none where the limit is further away than clocks reach.
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        Self(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// How long to wait at once.
    pub(crate) fn slice(self) -> Duration {
        self.left().map_or(SLICE, |left| left.min(SLICE))
    }

    /// How much of the limit is left; none where there is no limit.
    pub(crate) fn left(self) -> Option<Duration> {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        self.0.map(left)
    }

    /// Whether it has passed.
    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }
}
