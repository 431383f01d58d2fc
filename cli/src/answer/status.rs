//! How the node stands: one row.

use std::time::Duration;

use serde::Serialize;
use swarmlet::{Node, SwarmStatus};

use super::host::{Host, Standing};
use crate::failure::Result;
use crate::wire::Link;

/// How a node stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusRow {
    node: String,
    folder: String,
    /// Whether it runs, or was opened for this command only.
    is_running: bool,
    swarm: Option<String>,
    /// Devices of the swarm, this one and those that were put out left aside.
    members: u64,
    /// Of these the connected ones.
    peers: u64,
    is_in_sync: bool,
    /// Events that others have and this node lacks.
    behind: u64,
    /// Events that this node has and a connected device lacks, the one that lacks most.
    ahead: u64,
    /// For how long one of the two was not zero, in seconds.
    lag_secs: u64,
    streams: u64,
    events: u64,
    listening: Vec<String>,
    refused: Vec<Refused>,
    incidents: Vec<String>,
    /// What work in the background failed with, if its last attempt did.
    fault: Option<String>,
}

/// A connection that was refused.
#[derive(Serialize)]
struct Refused {
    with: String,
    why: String,
}

/// Tells how the node stands, first waiting until it is in sync if that is wanted.
pub(super) async fn status(host: &Host, wait: Option<Duration>, link: &mut Link) -> Result<()> {
    let node = &host.node;
    if let Some(wait) = wait {
        node.swarm().wait_in_sync(wait).await?;
    }
    link.row(&row(host, node)?).await
}

fn row(host: &Host, node: &Node) -> Result<StatusRow> {
    let status = node.swarm().status();
    let is_in_sync = status.is_in_sync();
    let streams = node.streams()?;
    let present = |stream: &swarmlet::StreamInfo| stream.last.get() + 1 - stream.first.get();
    let peers = &status.peers;
    let lag = peers.iter().map(|peer| peer.lag).max();
    Ok(StatusRow {
        node: node.id().to_string(),
        folder: host.folder.display().to_string(),
        is_running: host.standing == Standing::Service,
        swarm: node.swarm().id().map(|swarm| swarm.to_string()),
        members: others(node),
        peers: peers.len() as u64,
        is_in_sync,
        behind: status.to_replicate.values().sum(),
        ahead: peers
            .iter()
            .map(|peer| peer.ahead)
            .max()
            .unwrap_or_default(),
        lag_secs: lag.unwrap_or_default().as_secs(),
        events: streams.iter().map(present).sum(),
        streams: streams.len() as u64,
        refused: refused(&status),
        listening: status.listening,
        incidents: status.incidents,
        fault: node.metrics().maintenance_error,
    })
}

/// Other members, as far as this node is one.
fn others(node: &Node) -> u64 {
    let members = node.swarm().members().unwrap_or_default();
    let is_other = |member: &&swarmlet::MemberInfo| member.node != node.id() && !member.is_revoked;
    members.iter().filter(is_other).count() as u64
}

fn refused(status: &SwarmStatus) -> Vec<Refused> {
    let refused = status.refused.iter();
    refused
        .map(|(with, why)| Refused {
            with: with.clone(),
            why: why.clone(),
        })
        .collect()
}

/// A connected device.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PeerRow {
    node: String,
    name: Option<String>,
    address: String,
    is_in_sync: bool,
    behind: u64,
    ahead: u64,
    lag_secs: u64,
    round_trip_micros: Option<u64>,
}

/// Gives a row for each connected device.
pub(super) async fn peers(host: &Host, link: &mut Link) -> Result<()> {
    let members = host.node.swarm().members().unwrap_or_default();
    let name_of = |node| {
        let member = members.iter().find(|member| member.node == node);
        member.map(|member| member.name.clone())
    };
    for peer in host.node.swarm().peers() {
        let micros = |trip: Duration| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
        link.row(&PeerRow {
            node: peer.node.to_string(),
            name: name_of(peer.node),
            address: peer.address,
            is_in_sync: peer.is_in_sync,
            behind: peer.behind,
            ahead: peer.ahead,
            lag_secs: peer.lag.as_secs(),
            round_trip_micros: peer.round_trip.map(micros),
        })
        .await?;
    }
    if host.standing == Standing::Command {
        link.note("no node runs here: who is opened for one command has met nobody yet")
            .await?;
    }
    Ok(())
}
