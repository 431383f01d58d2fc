//! What the node counts, as JSON in the words of JavaScript. Durations are seconds.

use serde_json::{Value, json};
use swarmlet::{Histogram, LogStats, Metrics};

use crate::json;

/// Counters by their names; histograms as count, sum and buckets.
pub(crate) fn metrics_text(metrics: &Metrics) -> String {
    json::text(&json!({
        "log": log_stats(&metrics.log),
        "publish": histogram(&metrics.publish),
        "append": histogram(&metrics.append),
        "sync": histogram(&metrics.sync),
        "query": histogram(&metrics.query),
        "queryFailures": metrics.query_failures,
        "publishFailures": metrics.publish_failures,
        "queueBytes": metrics.queue_bytes,
        "resultsOpen": metrics.results_open,
        "subscriptionsOpen": metrics.subscriptions_open,
        "maintenanceSteps": metrics.maintenance_steps,
        "maintenanceFailures": metrics.maintenance_failures,
        "maintenanceError": metrics.maintenance_error,
    }))
}

fn log_stats(stats: &LogStats) -> Value {
    json!({
        "eventsCommitted": stats.events_committed,
        "bytesCommitted": stats.bytes_committed,
        "groupsCommitted": stats.groups_committed,
        "eventsStored": stats.events_stored,
        "logBytes": stats.log_bytes,
        "logFiles": stats.log_files,
        "segmentBytes": stats.segment_bytes,
        "segments": stats.segments,
        "seals": stats.seals,
        "merges": stats.merges,
        "drops": stats.drops,
        "bytesSetAside": stats.bytes_set_aside,
        "cacheHits": stats.cache_hits,
        "cacheMisses": stats.cache_misses,
        "cacheBytes": stats.cache_bytes,
    })
}

/// The bound of the last bucket, which has none, is null.
fn histogram(histogram: &Histogram) -> Value {
    let bounds = Histogram::BOUNDS.iter();
    let bounds = bounds.map(|bound| Some(bound.as_secs_f64())).chain([None]);
    let buckets: Vec<_> = bounds.zip(histogram.counts()).collect();
    json!({
        "count": histogram.count(),
        "sumSeconds": histogram.sum().as_secs_f64(),
        "buckets": buckets,
    })
}
