//! Pause: how long something is left alone after it failed, twice as long each time.

use std::time::Duration;

/// A pause that doubles while what it follows fails again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    least: Duration,
    most: Duration,
    /// How long the next one takes.
    next: Duration,
    until: Duration,
}

impl Pause {
    /// None yet. The first takes `least`, and none longer than `most`.
    pub(super) const fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most,
            next: least,
            until: Duration::ZERO,
        }
    }

    /// It failed. What fails during a pause was begun before, and makes it no longer.
    pub(super) fn fail(&mut self, now: Duration) {
        if self.is_over(now) {
            self.until = now + self.next;
            self.next = self.most.min(self.next * 2);
        }
    }

    /// It did not fail: the next pause is a short one. One that runs does not end, as among several
    /// at once one may fail each time.
    pub(super) const fn succeed(&mut self) {
        self.next = self.least;
    }

    pub(super) fn is_over(&self, now: Duration) -> bool {
        now >= self.until
    }

    /// When it ends, or has ended.
    pub(super) const fn until(&self) -> Duration {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_pause_doubles_up_to_the_longest_until_something_succeeds() {
        let (mut pause, mut now) = (Pause::new(SECOND, 5 * SECOND), Duration::ZERO);
        let mut fail = |pause: &mut Pause| {
            assert!(pause.is_over(now));
            pause.fail(now);
            let length = pause.until() - now;
            now = pause.until();
            length
        };
        let lengths = [1, 2, 4, 5, 5].map(|_| fail(&mut pause));
        assert_eq!(lengths, [1, 2, 4, 5, 5].map(|seconds| seconds * SECOND));
        pause.succeed();
        assert_eq!(fail(&mut pause), SECOND);
    }

    #[test]
    fn what_was_begun_before_a_pause_neither_extends_nor_ends_it() {
        let mut pause = Pause::new(SECOND, 5 * SECOND);
        pause.fail(SECOND);
        pause.fail(SECOND);
        pause.succeed();
        assert_eq!(pause.until(), 2 * SECOND);
        assert!(!pause.is_over(2 * SECOND - Duration::from_nanos(1)));
        pause.fail(2 * SECOND);
        assert_eq!(pause.until(), 3 * SECOND);
    }
}
