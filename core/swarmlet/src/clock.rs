//! The one place where the node asks for the time.
//!
//! Wall clock for the timestamps of events, which order nothing; a stopwatch for metrics. Nothing
//! else in the workspace reads a clock on behalf of the node.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use swarmlet_engine::event::Timestamp;

/// Tells the time that events are stamped with and that retention by age looks at.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Microseconds since 1970-01-01 UTC.
    fn now(&self) -> Timestamp;
}

/// The wall clock of the operating system; the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = match since {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros)
            }
        };
        Timestamp::from_micros(micros)
    }
}

/// Measures how long something takes; monotonic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
