//! What a node tells of the swarm: who is connected, and how far everybody is.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmlet_engine::event::{NodeId, StreamId};
use swarmlet_engine::sync::PeerStatus;

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its identity.
    pub node: NodeId,
    /// Where it was reached, or where it came from; empty if not known.
    pub address: String,
    /// Whether both have the same events, as far as both have said.
    pub is_in_sync: bool,
    /// Events that it has and this node lacks.
    pub behind: u64,
    /// Events that this node has and it lacks.
    pub ahead: u64,
    /// The longer of `behind_for` and `ahead_for`.
    pub lag: Duration,
    /// For how long `behind` was not zero, in whole seconds. Until the peer has said all that it
    /// has, since it was connected: it may have something that this node lacks.
    pub behind_for: Duration,
    /// For how long `ahead` was not zero, likewise.
    pub ahead_for: Duration,
    /// How long a frame and its answer took last.
    pub round_trip: Option<Duration>,
}

/// How this node stands in the swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwarmStatus {
    /// Where this node listens.
    pub listening: Vec<String>,
    /// The connected peers.
    pub peers: Vec<Peer>,
    /// How many events of each stream some peer has and this node lacks.
    pub to_replicate: BTreeMap<StreamId, u64>,
    /// Connections that were refused or closed: with whom, that is the address that was dialled,
    /// the host that dialled, or the device, and why. The newest last; the last 32.
    pub refused: Vec<(String, String)>,
    /// What people should know of: forks, clones, refused events; the last 32.
    pub incidents: Vec<String>,
}

impl Peer {
    pub(super) fn new(status: &PeerStatus, address: String) -> Self {
        let whole = |lag: Duration| Duration::from_secs(lag.as_secs());
        Self {
            node: status.node,
            address,
            is_in_sync: status.is_in_sync(),
            behind: status.behind,
            ahead: status.ahead,
            lag: whole(status.lag()),
            behind_for: whole(status.behind_for),
            ahead_for: whole(status.ahead_for),
            round_trip: status.round_trip,
        }
    }
}

impl SwarmStatus {
    /// Whether some peer is connected, and all of them have the same as this node.
    #[must_use]
    pub fn is_in_sync(&self) -> bool {
        !self.peers.is_empty() && self.peers.iter().all(|peer| peer.is_in_sync)
    }

    pub(super) fn note_refused(&mut self, whom: String, why: String) -> bool {
        keep(&mut self.refused, (whom, why))
    }

    pub(super) fn note_incident(&mut self, incident: String) -> bool {
        keep(&mut self.incidents, incident)
    }
}

/// Adds an item as the newest; the oldest goes when there are too many. Says whether it was not
/// there.
fn keep<T: PartialEq>(list: &mut Vec<T>, item: T) -> bool {
    let before = list.len();
    list.retain(|known| *known != item);
    let is_new = list.len() == before;
    if list.len() == KEPT {
        list.remove(0);
    }
    list.push(item);
    is_new
}

const KEPT: usize = 32;
