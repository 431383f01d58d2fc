//! A clock that is wrong by a constant.

use swarmlet::{Clock, SystemClock, Timestamp};

/// The system's clock, ahead by so many seconds, or behind.
#[derive(Debug)]
pub(super) struct AheadClock(pub(super) i64);

impl Clock for AheadClock {
    fn now(&self) -> Timestamp {
        let ahead = self.0.saturating_mul(1_000_000);
        Timestamp::from_micros(SystemClock.now().micros().saturating_add(ahead))
    }
}
