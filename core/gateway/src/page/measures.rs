//! The numbers that the page draws.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmlet::report::StreamReport;
use swarmlet::{Histogram, Metrics, Node};

use crate::desk::Desk;
use crate::limits::SOCKETS_MAX;
use crate::metrics::Process;

/// Numbers by their names.
pub(super) type Measures = BTreeMap<&'static str, Option<u64>>;

/// What only grows, since the node was opened or from before that.
pub(super) fn counters(desk: &Desk, metrics: &Metrics, streams: &[StreamReport]) -> Measures {
    let log = &metrics.log;
    let requests = desk.tally.counts().map(|(_, count)| count).sum();
    Measures::from([
        ("published", Some(log.events_committed)),
        ("publishedBytes", Some(log.bytes_committed)),
        ("publishFailures", Some(metrics.publish_failures)),
        ("commits", Some(log.groups_committed)),
        ("received", Some(received(&desk.node, streams))),
        ("reads", Some(metrics.query.count())),
        ("readFailures", Some(metrics.query_failures)),
        ("cacheHits", Some(log.cache_hits)),
        ("cacheMisses", Some(log.cache_misses)),
        ("seals", Some(log.seals)),
        ("merges", Some(log.merges)),
        ("drops", Some(log.drops)),
        ("upkeepFailures", Some(metrics.maintenance_failures)),
        ("requests", Some(requests)),
    ])
}

/// What is so now; times are those of the node's whole life, and nothing while there was none.
pub(super) fn gauges(desk: &Desk, metrics: &Metrics) -> Measures {
    let log = &metrics.log;
    let sockets = SOCKETS_MAX - desk.sockets.available_permits();
    let median = |times: &Histogram| times.quantile(0.5).map(micros);
    let late = |times: &Histogram| times.quantile(0.99).map(micros);
    Measures::from([
        ("publishP50Micros", median(&metrics.publish)),
        ("publishP99Micros", late(&metrics.publish)),
        ("syncP50Micros", median(&metrics.sync)),
        ("syncP99Micros", late(&metrics.sync)),
        ("readP50Micros", median(&metrics.query)),
        ("readP99Micros", late(&metrics.query)),
        ("eventsStored", Some(log.events_stored)),
        ("segments", Some(log.segments)),
        ("queueBytes", Some(metrics.queue_bytes)),
        ("cacheBytes", Some(log.cache_bytes)),
        ("resultsOpen", Some(metrics.results_open)),
        ("subscriptionsOpen", Some(metrics.subscriptions_open)),
        ("connections", Some(desk.seats.count() as u64)),
        ("sockets", Some(sockets as u64)),
        ("memoryBytes", Process::look().map(|own| own.resident_bytes)),
    ])
}

/// Events of others that have been here: offsets are never given back.
fn received(node: &Node, streams: &[StreamReport]) -> u64 {
    let of_others = streams.iter().filter(|stream| stream.id.node != node.id());
    let counts = of_others.map(|stream| stream.last.map_or(0, |last| last + 1));
    counts.sum()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
