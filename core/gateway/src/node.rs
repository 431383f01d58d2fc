//! Who this node is, and how it is: `/node/id` and `/node/info`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use swarmlet::{Node, Peer};

use crate::auth::Caller;
use crate::background::in_background;
use crate::desk::Desk;
use crate::negotiation::{self, JSON, TEXT};
use crate::problem::Problem;

/// The id, for everybody: clients see from it that they reach a node at all.
pub(crate) async fn id(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiation::check_accept(&headers, TEXT)?;
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, desk.node.id().to_string()).into_response())
}

/// How the node is, whom it is connected with, and who else is in the swarm.
pub(crate) async fn info(State(desk): State<Arc<Desk>>, _: Caller) -> Result<Response, Problem> {
    // Whoever changes the swarm may have the members to themselves while the disk writes.
    let info = in_background(move || Ok(info_of(&desk.node))).await;
    // It fails only if it is cut off.
    let info = info.map_err(|_| Problem::Internal)?;
    Ok(([(CONTENT_TYPE, JSON)], info).into_response())
}

fn info_of(node: &Node) -> String {
    let swarm = node.swarm();
    let (uptime, peers) = (node.metrics().uptime, swarm.peers());
    // A node that is in no swarm has no members.
    let others = swarm.members().unwrap_or_default().into_iter();
    let others = others.filter(|other| !other.is_revoked && other.node != node.id());
    let others = others.map(|other| (other.node.to_string(), Standing::NotWorking));
    let mut statuses: BTreeMap<String, Standing> = others.collect();
    statuses.extend(
        peers
            .iter()
            .map(|peer| (peer.node.to_string(), status(peer))),
    );
    json!({
        "connectedNodes": peers.len(),
        "uptime": { "secs": uptime.as_secs(), "nanos": uptime.subsec_nanos() },
        "version": version(),
        "swarmState": { "peersStatus": statuses },
    })
    .to_string()
}

/// How far behind a peer is, in the predecessor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Standing {
    LowLatency,
    HighLatency,
    PartiallyWorking,
    /// It is not connected.
    NotWorking,
}

fn status(peer: &Peer) -> Standing {
    match peer.lag {
        lag if peer.is_in_sync || lag < LOW_LATENCY => Standing::LowLatency,
        lag if lag < HIGH_LATENCY => Standing::HighLatency,
        _ => Standing::PartiallyWorking,
    }
}

/// The version that the predecessor would have: what clients may rely on they take from its
/// number. Ours stands behind it.
fn version() -> String {
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let own = env!("CARGO_PKG_VERSION");
    format!("2.18.2-swarmlet.{own}-{system}-{machine}-release")
}

/// Two and five of the predecessor's gossip intervals of ten seconds.
const LOW_LATENCY: Duration = Duration::from_secs(20);
const HIGH_LATENCY: Duration = Duration::from_secs(50);
