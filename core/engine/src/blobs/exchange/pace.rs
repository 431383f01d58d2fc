//! Pace: how many pieces one peer is asked for at a time.
//!
//! A congestion control by delay, as in LEDBAT (RFC 6817): while pieces come hardly later than the
//! fastest of them, one more is asked for; when they come late, something waits on the way, and
//! half as many are. So a transfer fills a link that nobody else needs, and leaves it to live
//! events otherwise.

use std::time::Duration;

use super::limits::{DELAY_PERIOD, DELAY_TARGET, LATE_MAX, LATE_MIN, WINDOW_MAX, WINDOW_START};

/// How fast one peer answers, and how much it is asked for.
#[derive(Debug)]
pub(super) struct Pace {
    window: u32,
    /// Pieces that came quickly since the window changed.
    quick: u32,
    /// When the window was halved last. Pieces asked for before do not change it once more.
    halved: Option<Duration>,
    /// The shortest time that a piece took, in this period and the one before.
    shortest: [Option<Duration>; 2],
    period: Duration,
    smoothed: Option<Duration>,
}

impl Pace {
    pub(super) const fn new(now: Duration) -> Self {
        Self {
            window: WINDOW_START,
            quick: 0,
            halved: None,
            shortest: [None; 2],
            period: now,
            smoothed: None,
        }
    }

    /// How many pieces may be asked for without an answer.
    pub(super) const fn window(&self) -> usize {
        self.window as usize
    }

    /// The shortest time that a piece took lately, if one came: how near the peer is.
    pub(super) fn distance(&self) -> Option<Duration> {
        self.shortest.into_iter().flatten().min()
    }

    /// After so long a piece is late.
    pub(super) fn patience(&self) -> Duration {
        let patience = self.smoothed.map_or(LATE_MIN, |smoothed| smoothed * 4);
        patience.clamp(LATE_MIN, LATE_MAX)
    }

    /// A piece came that was asked for at `asked`. `is_full`: as many were asked for as may be.
    pub(super) fn answered(&mut self, asked: Duration, is_full: bool, now: Duration) {
        let delay = now.saturating_sub(asked);
        let smoothed = self.smoothed.unwrap_or(delay);
        self.smoothed = Some((smoothed * 7 + delay) / 8);
        let shortest = self.measure(delay, now);
        if self.halved.is_some_and(|halved| asked < halved) {
            return;
        }
        if delay > shortest + DELAY_TARGET {
            self.set(self.window / 2);
            self.halved = Some(now);
        } else if is_full {
            self.grow();
        }
    }

    /// A piece is late: nothing more is asked for until what was asked for is answered.
    pub(super) fn late(&mut self, now: Duration) {
        self.set(1);
        self.halved = Some(now);
    }

    /// Faster until it was too much once, then by one in the time that a whole window takes.
    fn grow(&mut self) {
        self.quick += 1;
        if self.halved.is_none() || self.quick >= self.window {
            self.set(self.window + 1);
        }
    }

    fn set(&mut self, window: u32) {
        self.window = window.clamp(1, WINDOW_MAX);
        self.quick = 0;
    }

    fn measure(&mut self, delay: Duration, now: Duration) -> Duration {
        if now >= self.period + DELAY_PERIOD {
            self.shortest = [None, self.shortest[0]];
            self.period = now;
        }
        let least = self.shortest[0].map_or(delay, |least| least.min(delay));
        self.shortest[0] = Some(least);
        self.distance().unwrap_or(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: Duration = Duration::from_millis(4);

    /// A pace after so many pieces, each of which took `delay`; and the time by then.
    fn after(pieces: u32, delay: Duration) -> (Pace, Duration) {
        let mut pace = Pace::new(Duration::ZERO);
        let mut now = Duration::ZERO;
        for _ in 0..pieces {
            pace.answered(now, true, now + delay);
            now += delay;
        }
        (pace, now)
    }

    #[test]
    fn the_window_grows_by_one_while_pieces_come_quickly() {
        for pieces in 0..=WINDOW_MAX - WINDOW_START {
            assert_eq!(after(pieces, NEAR).0.window, WINDOW_START + pieces);
        }
        assert_eq!(after(WINDOW_MAX, NEAR).0.window, WINDOW_MAX);
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut pace = Pace::new(Duration::ZERO);
        (0..9).for_each(|_| pace.answered(Duration::ZERO, false, NEAR));
        assert_eq!(pace.window, WINDOW_START);
    }

    #[test]
    fn the_window_halves_once_for_all_that_waited_behind_each_other() {
        let (mut pace, now) = after(14, NEAR);
        assert_eq!(pace.window, 16);
        let just = NEAR + DELAY_TARGET;
        pace.answered(now, false, now + just);
        assert_eq!(pace.window, 16);
        let late = just + Duration::from_millis(1);
        (0..5).for_each(|_| pace.answered(now, true, now + late));
        assert_eq!(pace.window, 8);
        let again = now + late;
        pace.answered(again, true, again + late);
        assert_eq!(pace.window, 4);
        // From now on it takes a whole window of them to grow.
        let then = again + late;
        (0..3).for_each(|_| pace.answered(then, true, then + NEAR));
        assert_eq!(pace.window, 4);
        pace.answered(then, true, then + NEAR);
        assert_eq!(pace.window, 5);
    }

    #[test]
    fn one_that_is_late_gets_the_least_and_no_window_is_smaller() {
        let (mut pace, mut now) = after(9, NEAR);
        pace.late(now);
        assert_eq!(pace.window, 1);
        now += LATE_MIN;
        pace.answered(now, true, now + LATE_MIN);
        assert_eq!(pace.window, 1);
    }

    #[test]
    fn a_path_that_became_longer_is_measured_anew() {
        let (mut pace, mut now) = after(9, NEAR);
        let far = NEAR + 2 * DELAY_TARGET;
        for _ in 0..3 {
            assert_eq!(pace.distance(), Some(NEAR));
            pace.answered(now, true, now + far);
            now += DELAY_PERIOD;
        }
        assert_eq!(pace.distance(), Some(far));
    }

    #[test]
    fn patience_follows_the_peer_within_its_bounds() {
        assert_eq!(Pace::new(NEAR).patience(), LATE_MIN);
        assert_eq!(after(9, NEAR).0.patience(), LATE_MIN);
        let slow = Duration::from_secs(1);
        assert_eq!(after(1, slow).0.patience(), slow * 4);
        assert_eq!(after(1, 9 * slow).0.patience(), LATE_MAX);
    }
}
