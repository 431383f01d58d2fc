//! `state`: how the node stands, all of it, as a page shows it that asks again and again.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use swarmlet::report::{MemberReport, PeerReport, PendingReport, StandingReport, StreamReport};
use swarmlet::{BlobUsage, Metrics, Node, Result};

use super::measures::{self, Measures};
use super::person::Person;
use super::refusal::refused;
use crate::background::in_background;
use crate::desk::Desk;
use crate::limits::PAGE_ROWS_MAX;
use crate::negotiation::json;
use crate::problem::Problem;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeState {
    node: String,
    swarm: Option<String>,
    #[serde(flatten)]
    standing: StandingReport,
    members: Vec<MemberReport>,
    peers: Vec<PeerReport>,
    pending: Vec<PendingReport>,
    streams: Vec<StreamRow>,
    /// How many members there are, also where not all are told of.
    member_count: usize,
    /// The same of streams.
    stream_count: usize,
    storage: Storage,
    counters: Measures,
    gauges: Measures,
    uptime_secs: u64,
}

/// A stream, and how far it is here.
#[derive(Serialize)]
struct StreamRow {
    stream: String,
    name: Option<String>,
    node: String,
    first: Option<u64>,
    last: Option<u64>,
    behind: u64,
}

/// What is on the disk.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Storage {
    events_bytes: u64,
    /// Those are as of the last look, a minute ago or so, and nothing if there was none.
    blobs: Option<u64>,
    blobs_bytes: Option<u64>,
    blobs_bytes_max: Option<u64>,
}

pub(super) async fn state(
    State(desk): State<Arc<Desk>>,
    person: Person,
) -> std::result::Result<Response, Problem> {
    // Whoever changes the swarm may have the members to themselves while the disk writes.
    let looked = in_background(move || NodeState::of(&desk, &person.node)).await;
    json(&looked.map_err(refused)?)
}

impl NodeState {
    fn of(desk: &Desk, node: &Node) -> Result<Self> {
        let metrics = node.metrics();
        // Without a swarm there are none.
        let mut members = MemberReport::all_of(node).unwrap_or_default();
        members.sort_by_key(|member| (!member.is_own, member.is_revoked));
        let mut streams = StreamReport::all_of(node)?;
        let counters = measures::counters(desk, &metrics, &streams);
        streams.sort_by_key(|stream| Reverse(stream.behind));
        let (member_count, stream_count) = (members.len(), streams.len());
        members.truncate(PAGE_ROWS_MAX);
        streams.truncate(PAGE_ROWS_MAX);
        Ok(Self {
            node: node.id().to_string(),
            swarm: node.swarm().id().map(|swarm| swarm.to_string()),
            standing: StandingReport::of(node),
            members,
            peers: PeerReport::all_of(node),
            pending: PendingReport::all_of(node).unwrap_or_default(),
            streams: streams.into_iter().map(StreamRow::from).collect(),
            member_count,
            stream_count,
            storage: Storage::of(&metrics, desk.usage.known(node).as_ref()),
            counters,
            gauges: measures::gauges(desk, &metrics),
            uptime_secs: metrics.uptime.as_secs(),
        })
    }
}

impl From<StreamReport> for StreamRow {
    fn from(stream: StreamReport) -> Self {
        Self {
            stream: stream.id.to_string(),
            node: stream.id.node.to_string(),
            name: stream.name,
            first: stream.first,
            last: stream.last,
            behind: stream.behind,
        }
    }
}

impl Storage {
    fn of(metrics: &Metrics, usage: Option<&BlobUsage>) -> Self {
        Self {
            events_bytes: metrics.log.log_bytes + metrics.log.segment_bytes,
            blobs: usage.map(|usage| usage.blobs),
            blobs_bytes: usage.map(|usage| usage.bytes),
            blobs_bytes_max: usage.and_then(|usage| usage.bytes_max),
        }
    }
}
