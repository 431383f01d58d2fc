//! What the node counts, as plain data.

use swarmlet::{Histogram, LogStats, Metrics};

use crate::arguments::number;

/// What a node has counted and measured.
#[derive(uniffi::Record)]
pub(crate) struct NodeMetrics {
    log: LogCounts,
    publish: Durations,
    append: Durations,
    sync: Durations,
    query: Durations,
    query_failures: i64,
    publish_failures: i64,
    queue_bytes: i64,
    results_open: i64,
    subscriptions_open: i64,
    maintenance_steps: i64,
    maintenance_failures: i64,
    maintenance_error: Option<String>,
}

/// What the log counts.
#[derive(uniffi::Record)]
pub(crate) struct LogCounts {
    events_committed: i64,
    bytes_committed: i64,
    groups_committed: i64,
    events_stored: i64,
    log_bytes: i64,
    log_files: i64,
    segment_bytes: i64,
    segments: i64,
    seals: i64,
    merges: i64,
    drops: i64,
    bytes_set_aside: i64,
    cache_hits: i64,
    cache_misses: i64,
    cache_bytes: i64,
}

/// Durations, counted by their size.
#[derive(uniffi::Record)]
pub(crate) struct Durations {
    count: i64,
    sum_micros: i64,
    /// Upper bounds of the buckets; one more bucket takes everything above.
    bounds_micros: Vec<i64>,
    counts: Vec<i64>,
}

impl From<&Metrics> for NodeMetrics {
    fn from(metrics: &Metrics) -> Self {
        Self {
            log: (&metrics.log).into(),
            publish: (&metrics.publish).into(),
            append: (&metrics.append).into(),
            sync: (&metrics.sync).into(),
            query: (&metrics.query).into(),
            query_failures: number(metrics.query_failures),
            publish_failures: number(metrics.publish_failures),
            queue_bytes: number(metrics.queue_bytes),
            results_open: number(metrics.results_open),
            subscriptions_open: number(metrics.subscriptions_open),
            maintenance_steps: number(metrics.maintenance_steps),
            maintenance_failures: number(metrics.maintenance_failures),
            maintenance_error: metrics.maintenance_error.clone(),
        }
    }
}

impl From<&LogStats> for LogCounts {
    fn from(stats: &LogStats) -> Self {
        Self {
            events_committed: number(stats.events_committed),
            bytes_committed: number(stats.bytes_committed),
            groups_committed: number(stats.groups_committed),
            events_stored: number(stats.events_stored),
            log_bytes: number(stats.log_bytes),
            log_files: number(stats.log_files),
            segment_bytes: number(stats.segment_bytes),
            segments: number(stats.segments),
            seals: number(stats.seals),
            merges: number(stats.merges),
            drops: number(stats.drops),
            bytes_set_aside: number(stats.bytes_set_aside),
            cache_hits: number(stats.cache_hits),
            cache_misses: number(stats.cache_misses),
            cache_bytes: number(stats.cache_bytes),
        }
    }
}

impl From<&Histogram> for Durations {
    fn from(histogram: &Histogram) -> Self {
        let bounds = Histogram::BOUNDS.iter();
        let counts = histogram.counts().iter();
        Self {
            count: number(histogram.count()),
            sum_micros: i64::try_from(histogram.sum().as_micros()).unwrap_or(i64::MAX),
            bounds_micros: bounds
                .map(|bound| i64::try_from(bound.as_micros()).unwrap_or(i64::MAX))
                .collect(),
            counts: counts.copied().map(number).collect(),
        }
    }
}
