//! Durations in buckets: what threads add to, and a snapshot of it.
//!
//! The buckets are fixed, so that a snapshot maps one to one to what monitoring systems read.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Durations in fixed buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    sum_micros: u64,
}

impl Histogram {
    /// Upper bounds of the buckets, inclusive; one more bucket takes everything above.
    pub const BOUNDS: &'static [Duration] = &BOUNDS;

    /// How many durations fell into each bucket, one more than [`Histogram::BOUNDS`].
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many durations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All durations together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }

    /// The upper bound of the bucket that holds the given part (0.0 to 1.0) of all durations;
    /// nothing if there are none or if it lies above all bounds.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let rank = (part.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        BOUNDS.get(bucket).copied()
    }
}

/// All durations of several histograms.
impl Sum for Histogram {
    fn sum<I: Iterator<Item = Self>>(histograms: I) -> Self {
        histograms.fold(Self::default(), |all, other| Self {
            counts: std::array::from_fn(|index| all.counts[index] + other.counts[index]),
            sum_micros: all.sum_micros.saturating_add(other.sum_micros),
        })
    }
}

/// A histogram that threads add to.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    counts: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

impl Recorder {
    pub(crate) fn record(&self, duration: Duration) {
        self.record_many(duration, 1);
    }

    /// So many things took as long.
    pub(crate) fn record_many(&self, duration: Duration, times: u64) {
        let bucket = BOUNDS.partition_point(|bound| *bound < duration);
        self.counts[bucket].fetch_add(times, Relaxed);
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let micros = micros.saturating_mul(times);
        // A peer says when its events were made, so a single one can be as much as fits.
        let add = |sum: u64| Some(sum.saturating_add(micros));
        let _ = self.sum_micros.fetch_update(Relaxed, Relaxed, add);
    }

    pub(crate) fn snapshot(&self) -> Histogram {
        Histogram {
            counts: std::array::from_fn(|index| self.counts[index].load(Relaxed)),
            sum_micros: self.sum_micros.load(Relaxed),
        }
    }
}

/// 100 us is the fastest sync seen, 5 s is when people call a call broken; between them about three
/// steps a decade. Above are things that nobody waits for, in few steps, as each is a series for
/// each histogram: merging and retention of large segments take minutes, and events of a device
/// that was away come after hours.
const BOUNDS: [Duration; 20] = [
    Duration::from_micros(100),
    Duration::from_micros(200),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(60 * 60),
];
const BUCKETS: usize = BOUNDS.len() + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_bucket_that_bounds_them() {
        let recorder = Recorder::default();
        for micros in [1, 100, 101, 5_000_000, 5_000_001, 3_600_000_001] {
            recorder.record(Duration::from_micros(micros));
        }
        let histogram = recorder.snapshot();
        assert_eq!(histogram.counts()[..2], [2, 1]);
        assert_eq!(histogram.counts()[14..], [1, 1, 0, 0, 0, 0, 1]);
        assert_eq!(histogram.count(), 6);
        assert_eq!(histogram.sum(), Duration::from_micros(3_610_000_204));
    }

    #[test]
    fn quantiles_are_bounds_of_buckets() {
        let recorder = Recorder::default();
        assert_eq!(recorder.snapshot().quantile(0.5), None);
        for _ in 0..99 {
            recorder.record(Duration::from_micros(150));
        }
        recorder.record(Duration::from_secs(2 * 60 * 60));
        let histogram = recorder.snapshot();
        assert_eq!(histogram.quantile(0.5), Some(Duration::from_micros(200)));
        assert_eq!(histogram.quantile(0.99), Some(Duration::from_micros(200)));
        assert_eq!(histogram.quantile(1.0), None);
    }

    #[test]
    fn several_histograms_add_up() {
        let recorders = [Recorder::default(), Recorder::default()];
        recorders[0].record(Duration::from_micros(50));
        recorders[1].record_many(Duration::from_micros(60), 2);
        recorders[1].record(Duration::from_secs(1));
        let all: Histogram = recorders.iter().map(Recorder::snapshot).sum();
        assert_eq!((all.count(), all.counts()[0]), (4, 3));
        assert_eq!(all.sum(), Duration::from_micros(1_000_170));
    }
}
