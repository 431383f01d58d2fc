//! Durations, counted in buckets fine enough for percentiles on a screen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Counts of durations. Buckets grow by an eighth, so a percentile is at most 13 % too high.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    counts: Vec<u64>,
}

/// What is shown of many durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    /// The middle one, and the one that 99 % do not exceed; nothing if there are none.
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; bucket(u64::MAX) + 1],
        }
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        Percentiles {
            p50: self.percentile(50),
            p99: self.percentile(99),
        }
    }

    /// The duration that `percent` of all do not exceed; nothing if there are none.
    fn percentile(&self, percent: u64) -> Option<Duration> {
        let all: u64 = self.counts.iter().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_micros(upper_bound(found)))
    }
}

/// Below 8 us a bucket for each microsecond, then eight for each power of two.
fn bucket(micros: u64) -> usize {
    if micros < 8 {
        return micros as usize;
    }
    let power = micros.ilog2() as usize;
    let eighth = (micros >> (power - 3)) as usize & 7;
    (power - 2) * 8 + eighth
}

/// The largest duration of a bucket.
fn upper_bound(bucket: usize) -> u64 {
    if bucket < 8 {
        return bucket as u64;
    }
    let power = bucket / 8 + 2;
    let eighth = (bucket % 8) as u64;
    let width = 1u64 << (power - 3);
    (8 + eighth) * width + (width - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_lies_in_its_bucket() {
        for micros in [0, 1, 7, 8, 9, 15, 16, 17, 1_000, 999_999, u64::MAX] {
            let index = bucket(micros);
            assert!(micros <= upper_bound(index), "{micros}");
            assert!(index == 0 || micros > upper_bound(index - 1), "{micros}");
        }
    }

    #[test]
    fn percentiles_are_at_most_an_eighth_too_high() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.percentile(50), None);
        for micros in 1..=1_000 {
            latencies.record(Duration::from_micros(micros));
        }
        for (percent, exact) in [(50, 500), (99, 990), (100, 1_000)] {
            let micros = latencies.percentile(percent).unwrap().as_micros();
            assert!((exact..exact + exact / 8).contains(&micros), "{micros}");
        }
    }
}
