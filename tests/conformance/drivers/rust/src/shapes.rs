//! What the crate answers, in the notation of the protocol.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use swarmlet::{
    Error, EventKey, Explanation, Item, Metrics, Node, Offsets, OffsetsState, Order, Origin,
    Output, Published, Row, Severity, StreamId, StreamInfo, SwarmStatus, Timestamp,
};

use crate::trouble::Trouble;
use crate::values;

/// An error of an operation.
pub(crate) fn error(error: &Error, operation: &str) -> Value {
    let details: Map<String, Value> = error
        .context()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    json!({
        "code": error.kind().as_str(),
        "number": error.kind().number(),
        "advice": error.advice().as_str(),
        "operation": operation,
        "message": error.to_string(),
        "details": details,
    })
}

pub(crate) fn node(node: &Node) -> Value {
    json!({"id": node.id().to_string(), "app_id": node.app_id().as_str()})
}

pub(crate) fn offsets(offsets: &Offsets) -> Value {
    let offsets = offsets.iter();
    offsets
        .map(|(stream, last)| (stream.to_string(), json!(last.get())))
        .collect()
}

fn counts(counts: &BTreeMap<StreamId, u64>) -> Value {
    counts
        .iter()
        .map(|(stream, count)| (stream.to_string(), json!(count)))
        .collect()
}

pub(crate) fn offsets_state(state: &OffsetsState) -> Value {
    json!({"present": offsets(&state.present), "to_replicate": counts(&state.to_replicate)})
}

pub(crate) fn key(key: &EventKey) -> Value {
    json!({
        "lamport": key.lamport.get(),
        "stream": key.stream.to_string(),
        "offset": key.offset.get(),
    })
}

fn time(time: Timestamp) -> i64 {
    time.micros()
}

pub(crate) fn published(published: &Published) -> Value {
    json!({"key": key(&published.key), "timestamp": time(published.timestamp)})
}

fn row(row: &Row) -> Result<Value, Trouble> {
    let payload = values::written(&row.payload())?;
    Ok(match row.origin() {
        Origin::Event(event) => json!({
            "payload": payload,
            "origin": "event",
            "key": key(&event.key),
            "timestamp": time(event.timestamp),
            "app_id": event.app_id.as_str(),
            "tags": event.tags().iter().collect::<Vec<_>>(),
        }),
        Origin::Range(range) => json!({
            "payload": payload,
            "origin": "range",
            "key_range": [key(&range.from), key(&range.to)],
            "time_range": [time(range.from_time), time(range.to_time)],
        }),
        Origin::Synthetic => json!({"payload": payload, "origin": "synthetic"}),
    })
}

pub(crate) fn one_row(one: &Row) -> Result<Value, Trouble> {
    row(one)
}

pub(crate) fn rows(rows: &[Row]) -> Result<Value, Trouble> {
    rows.iter().map(row).collect()
}

pub(crate) fn outputs(outputs: &[Output]) -> Result<Value, Trouble> {
    outputs.iter().map(output).collect()
}

fn output(output: &Output) -> Result<Value, Trouble> {
    Ok(match &output.item {
        Item::Row(inner) => json!({"row": row(inner)?}),
        Item::AntiRow(inner) => json!({"anti_row": row(inner)?}),
        Item::Diagnostic(diagnostic) => {
            let severity = match diagnostic.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            json!({"diagnostic": {"severity": severity, "message": diagnostic.message}})
        }
        Item::CaughtUp(reached) => json!({"caught_up": offsets(reached)}),
        Item::TimeTravel(inner) => json!({"time_travel": key(inner)}),
        other => {
            return Err(Trouble::broken(format!(
                "an output of a new sort: {other:?}"
            )));
        }
    })
}

pub(crate) fn explanation(explanation: &Explanation) -> Value {
    let order = match explanation.order {
        Order::Ascending => "asc",
        Order::Descending => "desc",
        Order::Stream => "stream",
    };
    json!({
        "query": explanation.query,
        "selection": explanation.selection,
        "order": order,
        "stages": explanation.stages,
        "events_read": explanation.events_read,
        "rows": explanation.rows,
        "diagnostics": explanation.diagnostics,
    })
}

pub(crate) fn stream(info: &StreamInfo) -> Value {
    json!({
        "id": info.id.to_string(),
        "name": info.name.as_str(),
        "first": info.first.get(),
        "last": info.last.get(),
    })
}

pub(crate) fn metrics(metrics: &Metrics) -> Value {
    json!({
        "events_committed": metrics.log.events_committed,
        "events_stored": metrics.log.events_stored,
        "publishes": metrics.publish.count(),
        "publish_failures": metrics.publish_failures,
        "query_failures": metrics.query_failures,
        "results_open": metrics.results_open,
        "subscriptions_open": metrics.subscriptions_open,
    })
}

pub(crate) fn status(status: &SwarmStatus) -> Value {
    let peers = status.peers.iter().map(|peer| {
        json!({
            "node": peer.node.to_string(),
            "address": peer.address,
            "is_in_sync": peer.is_in_sync,
            "behind": peer.behind,
            "ahead": peer.ahead,
            "lag_s": peer.lag.as_secs(),
            "round_trip": peer.round_trip.map(|time| time.as_micros() as u64),
        })
    });
    json!({
        "listening": status.listening,
        "is_in_sync": status.is_in_sync(),
        "to_replicate": counts(&status.to_replicate),
        "refused": status.refused,
        "incidents": status.incidents,
        "peers": peers.collect::<Vec<_>>(),
    })
}
