//! What the node counts and measures, cheap enough to be always on.
//!
//! Counters are relaxed atomics; histograms have fixed buckets, so that a snapshot maps one to one
//! to what monitoring systems read. Nothing here decides anything.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use swarmlet_engine::log::LogStats;

/// A snapshot of everything the node counts. All counters are since the node was opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// What the log counts: events, groups, files, cache.
    pub log: LogStats,
    /// From the call of `publish` to its acknowledgement.
    pub publish: Histogram,
    /// One commit group: stamping, signing, writing and syncing.
    pub append: Histogram,
    /// One sync of the disk by the log.
    pub sync: Histogram,
    /// One read of the log, for a query or a subscription.
    pub query: Histogram,
    /// Reads of the log that failed.
    pub query_failures: u64,
    /// Publish calls that failed after they were queued.
    pub publish_failures: u64,
    /// Bytes of events waiting to be written.
    pub queue_bytes: u64,
    /// Queries whose results are held now.
    pub results_open: u64,
    /// Subscriptions held now.
    pub subscriptions_open: u64,
    /// Pieces of background work done: sealing, merging, dropping.
    pub maintenance_steps: u64,
    /// Pieces of background work that failed; they are tried again.
    pub maintenance_failures: u64,
    /// What background work failed with, if the last attempt did: the node is not healthy.
    pub maintenance_error: Option<String>,
}

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

/// What threads add to while the node runs.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    pub(crate) publish: Recorder,
    pub(crate) append: Recorder,
    pub(crate) sync: Recorder,
    pub(crate) query: Recorder,
    pub(crate) query_failures: AtomicU64,
    pub(crate) publish_failures: AtomicU64,
    pub(crate) results_open: AtomicU64,
    pub(crate) subscriptions_open: AtomicU64,
}

impl Recorders {
    /// Everything recorded here; the caller adds what others know.
    pub(crate) fn snapshot(&self) -> Metrics {
        Metrics {
            publish: self.publish.snapshot(),
            append: self.append.snapshot(),
            sync: self.sync.snapshot(),
            query: self.query.snapshot(),
            query_failures: self.query_failures.load(Relaxed),
            publish_failures: self.publish_failures.load(Relaxed),
            results_open: self.results_open.load(Relaxed),
            subscriptions_open: self.subscriptions_open.load(Relaxed),
            ..Metrics::default()
        }
    }
}

/// Adds one to a counter.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// Takes one from a counter.
pub(crate) fn discount(counter: &AtomicU64) {
    counter.fetch_sub(1, Relaxed);
}

/// A histogram that threads add to.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    counts: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

impl Recorder {
    pub(crate) fn record(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|bound| *bound < duration);
        self.counts[bucket].fetch_add(1, Relaxed);
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.sum_micros.fetch_add(micros, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Histogram {
        Histogram {
            counts: std::array::from_fn(|index| self.counts[index].load(Relaxed)),
            sum_micros: self.sum_micros.load(Relaxed),
        }
    }
}

/// 100 us is the fastest sync seen, 5 s is when people call it broken; between them about three
/// steps a decade.
const BOUNDS: [Duration; 15] = [
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
];
const BUCKETS: usize = BOUNDS.len() + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_bucket_that_bounds_them() {
        let recorder = Recorder::default();
        for micros in [1, 100, 101, 5_000_000, 5_000_001] {
            recorder.record(Duration::from_micros(micros));
        }
        let histogram = recorder.snapshot();
        assert_eq!(histogram.counts()[..2], [2, 1]);
        assert_eq!(histogram.counts()[14..], [1, 1]);
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.sum(), Duration::from_micros(10_000_203));
    }

    #[test]
    fn quantiles_are_bounds_of_buckets() {
        let recorder = Recorder::default();
        assert_eq!(recorder.snapshot().quantile(0.5), None);
        for _ in 0..99 {
            recorder.record(Duration::from_micros(150));
        }
        recorder.record(Duration::from_secs(9));
        let histogram = recorder.snapshot();
        assert_eq!(histogram.quantile(0.5), Some(Duration::from_micros(200)));
        assert_eq!(histogram.quantile(0.99), Some(Duration::from_micros(200)));
        assert_eq!(histogram.quantile(1.0), None);
    }
}
