//! What a node tells people of itself and of its swarm: plain data, in the spelling of JSON.
//!
//! The command prints it, and the gateway's page shows it, so that both say the same. It looks at
//! the node by its public interface and decides nothing.
//!
//! Streams alone have no spelling here: the command and the page show different columns of them,
//! and each makes its own rows of a [`StreamReport`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use swarmlet_engine::Result;
use swarmlet_engine::event::StreamId;

use crate::blobs::BlobState;
use crate::node::Node;

/// How a node stands with the others.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StandingReport {
    /// Whether some device is connected, and all that are have the same events as this node.
    pub is_in_sync: bool,
    /// Events that others have and this node lacks.
    pub behind: u64,
    /// Events that this node has and a connected device lacks, the one that lacks most.
    pub ahead: u64,
    /// For how long one of the two was not zero, in seconds.
    pub lag_secs: u64,
    /// Where the node listens.
    pub listening: Vec<String>,
    /// Connections that were refused; the newest last.
    pub refused: Vec<RefusedReport>,
    /// What people should know of: forks, clones, refused events.
    pub incidents: Vec<String>,
    /// What keeps the node from working as it should: that nothing is written any more, or what
    /// work in the background failed with, if its last attempt did.
    pub fault: Option<String>,
}

/// How much is on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PresentReport {
    /// Streams of which events are here.
    pub streams: u64,
    /// Events that can be read.
    pub events: u64,
}

/// A connection that was refused.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RefusedReport {
    /// With whom: an address, a host, or a device.
    pub with: String,
    /// Why.
    pub why: String,
}

/// A connected device.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PeerReport {
    /// Its identity.
    pub node: String,
    /// What it is called, if that is known.
    pub name: Option<String>,
    /// Where it was reached, or where it came from.
    pub address: String,
    /// Whether both have the same events.
    pub is_in_sync: bool,
    /// Events that it has and this node lacks.
    pub behind: u64,
    /// Events that this node has and it lacks.
    pub ahead: u64,
    /// For how long one of the two was not zero, in seconds.
    pub lag_secs: u64,
    /// How long a frame and its answer took last.
    pub round_trip_micros: Option<u64>,
}

/// A device of the swarm.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MemberReport {
    /// Its identity.
    pub node: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub rights: String,
    /// What the operator said about it.
    pub labels: BTreeMap<String, String>,
    /// Whether it lets others in.
    pub is_issuer: bool,
    /// Whether it is out.
    pub is_revoked: bool,
    /// Whether it is this device.
    pub is_own: bool,
    /// When its certificate ends, in seconds since 1970.
    pub not_after: u64,
}

/// A device that waits to be let in.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PendingReport {
    /// Its identity.
    pub device: String,
    /// The digits that it shows.
    pub code: String,
    /// What it calls itself.
    pub name: String,
}

/// A stream, and how far it is here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamReport {
    /// Which one.
    pub id: StreamId,
    /// What it is called; nothing while no event of it is here.
    pub name: Option<String>,
    /// The first event that can be read.
    pub first: Option<u64>,
    /// The last event that can be read.
    pub last: Option<u64>,
    /// How many events more others have.
    pub behind: u64,
}

impl StandingReport {
    /// How a node stands now.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        let status = node.swarm().status();
        let ahead = status.peers.iter().map(|peer| peer.ahead).max();
        let lag = status.peers.iter().map(|peer| peer.lag).max();
        let refused = status.refused.iter().cloned();
        Self {
            is_in_sync: status.is_in_sync(),
            behind: status.to_replicate.values().sum(),
            ahead: ahead.unwrap_or_default(),
            lag_secs: lag.unwrap_or_default().as_secs(),
            refused: refused
                .map(|(with, why)| RefusedReport { with, why })
                .collect(),
            listening: status.listening,
            incidents: status.incidents,
            fault: node.metrics().fault(),
        }
    }
}

impl PresentReport {
    /// How much is here now.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn of(node: &Node) -> Result<Self> {
        let streams = node.streams()?;
        let events = streams
            .iter()
            .map(|stream| stream.last.get() + 1 - stream.first.get());
        Ok(Self {
            streams: streams.len() as u64,
            events: events.sum(),
        })
    }
}

impl PeerReport {
    /// All devices that a node is connected with.
    #[must_use]
    pub fn all_of(node: &Node) -> Vec<Self> {
        let members = node.swarm().members().unwrap_or_default();
        let name_of = |device| {
            let member = members.iter().find(|member| member.node == device);
            member.map(|member| member.name.clone())
        };
        let micros = |trip: Duration| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
        let peers = node.swarm().peers().into_iter();
        peers
            .map(|peer| Self {
                node: peer.node.to_string(),
                name: name_of(peer.node),
                address: peer.address,
                is_in_sync: peer.is_in_sync,
                behind: peer.behind,
                ahead: peer.ahead,
                lag_secs: peer.lag.as_secs(),
                round_trip_micros: peer.round_trip.map(micros),
            })
            .collect()
    }
}

impl MemberReport {
    /// All devices that a node knows of in its swarm.
    ///
    /// # Errors
    ///
    /// `unavailable` if the node is in no swarm.
    pub fn all_of(node: &Node) -> Result<Vec<Self>> {
        let members = node.swarm().members()?.into_iter();
        let report = |member: crate::MemberInfo| Self {
            is_own: member.node == node.id(),
            node: member.node.to_string(),
            name: member.name,
            rights: member.capabilities,
            labels: member.labels,
            is_issuer: member.is_issuer,
            is_revoked: member.is_revoked,
            not_after: member.not_after,
        };
        Ok(members.map(report).collect())
    }
}

impl PendingReport {
    /// All devices that wait for approval by a node.
    ///
    /// # Errors
    ///
    /// `unavailable` if the node is in no swarm.
    pub fn all_of(node: &Node) -> Result<Vec<Self>> {
        let pending = node.swarm().pending()?.into_iter();
        Ok(pending
            .map(|device| Self {
                device: device.device.to_string(),
                code: code_text(device.code),
                name: device.name.to_string(),
            })
            .collect())
    }
}

impl StreamReport {
    /// All streams that are here, or that others have; by their ids.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn all_of(node: &Node) -> Result<Vec<Self>> {
        let unknown = |id| Self {
            id,
            name: None,
            first: None,
            last: None,
            behind: 0,
        };
        let missing = node.offsets()?.to_replicate;
        let here = node.streams()?.into_iter().map(|stream| {
            let report = Self {
                name: Some(stream.name.to_string()),
                first: Some(stream.first.get()),
                last: Some(stream.last.get()),
                ..unknown(stream.id)
            };
            (stream.id, report)
        });
        let mut reports: BTreeMap<StreamId, Self> = here.collect();
        for (id, behind) in missing {
            reports.entry(id).or_insert_with(|| unknown(id)).behind = behind;
        }
        Ok(reports.into_values().collect())
    }
}

/// The six digits that people compare when a device asks to be let in.
#[must_use]
pub fn code_text(code: u32) -> String {
    format!("{code:06}")
}

/// How much of a blob is on this device, in a word: `all`, `part` or `nothing`.
#[must_use]
pub const fn here_text(state: BlobState) -> &'static str {
    match state {
        BlobState::Here { .. } => "all",
        BlobState::Part { .. } => "part",
        BlobState::Absent => "nothing",
    }
}
