//! What the node counts. Durations are seconds.

use crate::kept::{Kept, Shelf};
use crate::text::Text;

/// Durations of one size.
#[repr(C)]
pub struct Bucket {
    /// The upper bound in seconds; that of the last one is infinite.
    pub bound_seconds: f64,
    /// How many durations fell into it.
    pub count: u64,
}

/// Durations, counted by their size.
#[repr(C)]
pub struct Histogram {
    /// How many there were.
    pub count: u64,
    /// All of them together.
    pub sum_seconds: f64,
    /// The buckets, by their bounds.
    pub buckets: *const Bucket,
    /// How many there are.
    pub bucket_count: usize,
}

/// What the log counts.
#[repr(C)]
pub struct LogStats {
    /// Events committed by this node.
    pub events_committed: u64,
    /// Bytes of commit groups appended to the log.
    pub bytes_committed: u64,
    /// Commit groups, each with one sync.
    pub groups_committed: u64,
    /// Events in the store, dropped ones not counted.
    pub events_stored: u64,
    /// Bytes of log files, including preallocated space.
    pub log_bytes: u64,
    /// Log files that are not sealed yet.
    pub log_files: u64,
    /// Bytes of sealed segments.
    pub segment_bytes: u64,
    /// Sealed segments.
    pub segments: u64,
    /// Log files sealed.
    pub seals: u64,
    /// Merges of segments.
    pub merges: u64,
    /// Segments rewritten without what retention gave up.
    pub drops: u64,
    /// Bytes of torn writes set aside at opening.
    pub bytes_set_aside: u64,
    /// Blocks found in the cache.
    pub cache_hits: u64,
    /// Blocks read from disk.
    pub cache_misses: u64,
    /// Bytes in the cache.
    pub cache_bytes: u64,
}

/// What a node has counted and measured since it was opened.
#[repr(C)]
pub struct Metrics {
    /// What the log counts.
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
    /// What background work failed with if the last attempt did: the node is not healthy. NULL if
    /// it did not.
    pub maintenance_error: Text,
}

/// Metrics that belong to whoever frees them.
pub(crate) fn metrics(metrics: &swarmlet::Metrics) -> *mut Metrics {
    let mut shelf = Shelf::default();
    let public = Metrics {
        log: log_stats(&metrics.log),
        publish: histogram(&metrics.publish, &mut shelf),
        append: histogram(&metrics.append, &mut shelf),
        sync: histogram(&metrics.sync, &mut shelf),
        query: histogram(&metrics.query, &mut shelf),
        query_failures: metrics.query_failures,
        publish_failures: metrics.publish_failures,
        queue_bytes: metrics.queue_bytes,
        results_open: metrics.results_open,
        subscriptions_open: metrics.subscriptions_open,
        maintenance_steps: metrics.maintenance_steps,
        maintenance_failures: metrics.maintenance_failures,
        maintenance_error: shelf.text_if_any(metrics.maintenance_error.as_deref()),
    };
    Kept::give(public, shelf)
}

fn log_stats(stats: &swarmlet::LogStats) -> LogStats {
    LogStats {
        events_committed: stats.events_committed,
        bytes_committed: stats.bytes_committed,
        groups_committed: stats.groups_committed,
        events_stored: stats.events_stored,
        log_bytes: stats.log_bytes,
        log_files: stats.log_files,
        segment_bytes: stats.segment_bytes,
        segments: stats.segments,
        seals: stats.seals,
        merges: stats.merges,
        drops: stats.drops,
        bytes_set_aside: stats.bytes_set_aside,
        cache_hits: stats.cache_hits,
        cache_misses: stats.cache_misses,
        cache_bytes: stats.cache_bytes,
    }
}

fn histogram(histogram: &swarmlet::Histogram, shelf: &mut Shelf) -> Histogram {
    let bounds = swarmlet::Histogram::BOUNDS.iter();
    let bounds = bounds
        .map(|bound| bound.as_secs_f64())
        .chain([f64::INFINITY]);
    let buckets = bounds.zip(histogram.counts().iter().copied());
    let buckets = buckets.map(|(bound_seconds, count)| Bucket {
        bound_seconds,
        count,
    });
    let buckets = shelf.list(buckets.collect());
    Histogram {
        count: histogram.count(),
        sum_seconds: histogram.sum().as_secs_f64(),
        buckets: buckets.data,
        bucket_count: buckets.len,
    }
}

/// Frees metrics. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_metrics_free(metrics: *mut Metrics) {
    // SAFETY: they come from `metrics`, and the caller gives them back once.
    unsafe { Kept::free(metrics) };
}
