//! What the node counts, as arguments of `swarmlet.Metrics`. Durations are seconds.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use swarmlet::{Histogram, LogStats, Metrics};

/// Counters by their names; histograms as `swarmlet.Histogram`.
pub(crate) fn metrics_dict<'py>(
    py: Python<'py>,
    metrics: &Metrics,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("log", log_stats(py, &metrics.log)?)?;
    dict.set_item("publish", histogram(py, &metrics.publish)?)?;
    dict.set_item("append", histogram(py, &metrics.append)?)?;
    dict.set_item("sync", histogram(py, &metrics.sync)?)?;
    dict.set_item("query", histogram(py, &metrics.query)?)?;
    dict.set_item("query_failures", metrics.query_failures)?;
    dict.set_item("publish_failures", metrics.publish_failures)?;
    dict.set_item("queue_bytes", metrics.queue_bytes)?;
    dict.set_item("results_open", metrics.results_open)?;
    dict.set_item("subscriptions_open", metrics.subscriptions_open)?;
    dict.set_item("maintenance_steps", metrics.maintenance_steps)?;
    dict.set_item("maintenance_failures", metrics.maintenance_failures)?;
    dict.set_item("maintenance_error", metrics.maintenance_error.as_deref())?;
    Ok(dict)
}

fn log_stats<'py>(py: Python<'py>, stats: &LogStats) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("events_committed", stats.events_committed)?;
    dict.set_item("bytes_committed", stats.bytes_committed)?;
    dict.set_item("groups_committed", stats.groups_committed)?;
    dict.set_item("events_stored", stats.events_stored)?;
    dict.set_item("log_bytes", stats.log_bytes)?;
    dict.set_item("log_files", stats.log_files)?;
    dict.set_item("segment_bytes", stats.segment_bytes)?;
    dict.set_item("segments", stats.segments)?;
    dict.set_item("seals", stats.seals)?;
    dict.set_item("merges", stats.merges)?;
    dict.set_item("drops", stats.drops)?;
    dict.set_item("bytes_set_aside", stats.bytes_set_aside)?;
    dict.set_item("cache_hits", stats.cache_hits)?;
    dict.set_item("cache_misses", stats.cache_misses)?;
    dict.set_item("cache_bytes", stats.cache_bytes)?;
    Ok(dict)
}

fn histogram<'py>(py: Python<'py>, histogram: &Histogram) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, "swarmlet._types", "Histogram")?;
    let bounds = Histogram::BOUNDS.iter().map(|bound| bound.as_secs_f64());
    let bounds: Vec<f64> = bounds.chain([f64::INFINITY]).collect();
    let buckets: Vec<(f64, u64)> = bounds
        .into_iter()
        .zip(histogram.counts().iter().copied())
        .collect();
    let sum = histogram.sum().as_secs_f64();
    class.call1((histogram.count(), sum, buckets))
}
