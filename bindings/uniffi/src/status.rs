//! What the swarm tells, as plain data.

use std::collections::HashMap;
use std::time::Duration;

use swarmlet::{Founded, MemberInfo, Peer, PendingDevice, SwarmStatus};
use swarmlet_facade::code_text;

use crate::arguments::{OffsetMap, number};

/// How a node stands in its swarm.
#[derive(uniffi::Record)]
pub(crate) struct SwarmState {
    listening: Vec<String>,
    peers: Vec<ConnectedPeer>,
    to_replicate: OffsetMap,
    refused: Vec<Refusal>,
    incidents: Vec<String>,
    is_in_sync: bool,
}

/// A connected device.
#[derive(uniffi::Record)]
pub(crate) struct ConnectedPeer {
    node: String,
    address: String,
    is_in_sync: bool,
    behind: i64,
    ahead: i64,
    lag_micros: i64,
    round_trip_micros: Option<i64>,
}

/// A connection that was refused or closed.
#[derive(uniffi::Record)]
pub(crate) struct Refusal {
    with: String,
    reason: String,
}

/// A swarm that was founded.
#[derive(uniffi::Record)]
pub(crate) struct FoundedSwarm {
    swarm: String,
    root_key: String,
}

/// A device that waits for approval. Times are seconds since 1970-01-01 UTC.
#[derive(uniffi::Record)]
pub(crate) struct WaitingDevice {
    device: String,
    name: String,
    code: String,
    since: i64,
}

/// A device of the swarm.
#[derive(uniffi::Record)]
pub(crate) struct SwarmMember {
    node: String,
    name: String,
    capabilities: String,
    labels: HashMap<String, String>,
    is_issuer: bool,
    is_revoked: bool,
    not_after: i64,
}

impl From<SwarmStatus> for SwarmState {
    fn from(status: SwarmStatus) -> Self {
        let is_in_sync = status.is_in_sync();
        let to_replicate = status.to_replicate.into_iter();
        let refused = status.refused.into_iter();
        Self {
            listening: status.listening,
            peers: status.peers.into_iter().map(Into::into).collect(),
            to_replicate: to_replicate
                .map(|(stream, count)| (stream.to_string(), number(count)))
                .collect(),
            refused: refused
                .map(|(with, reason)| Refusal { with, reason })
                .collect(),
            incidents: status.incidents,
            is_in_sync,
        }
    }
}

impl From<Peer> for ConnectedPeer {
    fn from(peer: Peer) -> Self {
        Self {
            node: peer.node.to_string(),
            address: peer.address,
            is_in_sync: peer.is_in_sync,
            behind: number(peer.behind),
            ahead: number(peer.ahead),
            lag_micros: micros(peer.lag),
            round_trip_micros: peer.round_trip.map(micros),
        }
    }
}

impl From<Founded> for FoundedSwarm {
    fn from(founded: Founded) -> Self {
        Self {
            swarm: founded.swarm.to_string(),
            root_key: founded.root_key.to_string(),
        }
    }
}

impl From<PendingDevice> for WaitingDevice {
    fn from(pending: PendingDevice) -> Self {
        Self {
            device: pending.device.to_string(),
            name: pending.name.to_string(),
            code: code_text(pending.code),
            since: number(pending.since),
        }
    }
}

impl From<MemberInfo> for SwarmMember {
    fn from(member: MemberInfo) -> Self {
        Self {
            node: member.node.to_string(),
            name: member.name,
            capabilities: member.capabilities,
            labels: member.labels.into_iter().collect(),
            is_issuer: member.is_issuer,
            is_revoked: member.is_revoked,
            not_after: number(member.not_after),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
