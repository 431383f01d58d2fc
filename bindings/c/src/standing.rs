//! How a node stands in its swarm, and who is in it, as structs of C.

use swarmlet::{Founded, MemberInfo, PendingDevice, SwarmStatus};
use swarmlet_facade::code_text;

use crate::kept::{Kept, List, Shelf};
use crate::node::{StreamCount, stream_counts};
use crate::text::Text;

/// A connected device.
#[repr(C)]
pub struct Peer {
    /// Its identity.
    pub node: Text,
    /// Where it was reached, or where it came from; empty if not known.
    pub address: Text,
    /// Whether both have the same events, as far as both have said.
    pub is_in_sync: bool,
    /// Events that it has and this node lacks.
    pub behind: u64,
    /// Events that this node has and it lacks.
    pub ahead: u64,
    /// For how many milliseconds one of the two was not zero; in whole seconds.
    pub lag_ms: u64,
    /// How many microseconds a frame and its answer took last; below zero if not known.
    pub round_trip_us: i64,
}

/// A connection that was refused or closed.
#[repr(C)]
pub struct Refused {
    /// With whom: the address that was dialled, the host that dialled, or the device.
    pub whom: Text,
    /// Why.
    pub why: Text,
}

/// How a node stands in its swarm.
#[repr(C)]
pub struct Standing {
    /// Whether some peer is connected, and all of them have the same as this node.
    pub is_in_sync: bool,
    /// Where it listens.
    pub listening: *const Text,
    /// How many addresses that are.
    pub listening_count: usize,
    /// The connected devices.
    pub peers: *const Peer,
    /// How many there are.
    pub peer_count: usize,
    /// How many events of each stream some peer has and this node lacks.
    pub to_replicate: *const StreamCount,
    /// How many streams that are.
    pub to_replicate_count: usize,
    /// Connections that were refused or closed, the newest last; the last 32.
    pub refused: *const Refused,
    /// How many there are.
    pub refused_count: usize,
    /// What people should know of: forks, clones, refused events; the last 32.
    pub incidents: *const Text,
    /// How many there are.
    pub incident_count: usize,
}

/// One name and value that an operator said about a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Label {
    /// The name.
    pub name: Text,
    /// The value.
    pub value: Text,
}

/// A device of the swarm.
#[repr(C)]
pub struct Member {
    /// Its identity.
    pub node: Text,
    /// What it is called.
    pub name: Text,
    /// What it may do, like `rw:sensors*,r:*`.
    pub capabilities: Text,
    /// What the operator said about it.
    pub labels: *const Label,
    /// How many labels there are.
    pub label_count: usize,
    /// Whether it lets others in.
    pub is_issuer: bool,
    /// Whether it is out.
    pub is_revoked: bool,
    /// When its certificate ends, in seconds since 1970-01-01 UTC.
    pub not_after: u64,
}

/// Devices of the swarm, by identity.
#[repr(C)]
pub struct Members {
    /// The devices.
    pub items: *const Member,
    /// How many there are.
    pub count: usize,
}

/// A device that waits for approval.
#[repr(C)]
pub struct PendingOne {
    /// Its identity, with which it is approved or rejected.
    pub device: Text,
    /// What it calls itself.
    pub name: Text,
    /// Six digits. Approve the device if it shows the same.
    pub code: Text,
    /// When it asked, in seconds since 1970-01-01 UTC.
    pub since: u64,
}

/// Devices that wait for approval.
#[repr(C)]
pub struct PendingAll {
    /// The devices.
    pub items: *const PendingOne,
    /// How many there are.
    pub count: usize,
}

/// A swarm that was just founded.
#[repr(C)]
pub struct FoundedSwarm {
    /// The swarm.
    pub swarm: Text,
    /// The root key, a line of text. It is given out this once and kept nowhere: who has it can
    /// make issuers, so print it and put it into a safe.
    pub root_key: Text,
}

/// A status that belongs to whoever frees it.
pub(crate) fn standing(status: &SwarmStatus) -> *mut Standing {
    let mut shelf = Shelf::default();
    let listening = shelf.texts(status.listening.iter().map(String::as_str));
    let incidents = shelf.texts(status.incidents.iter().map(String::as_str));
    let peers = peers(status, &mut shelf);
    let counts = stream_counts(&status.to_replicate, &mut shelf);
    let refused = status.refused.iter().map(|(whom, why)| Refused {
        whom: shelf.text(whom),
        why: shelf.text(why),
    });
    let refused = refused.collect();
    let refused = shelf.list(refused);
    let public = Standing {
        is_in_sync: status.is_in_sync(),
        listening: listening.data,
        listening_count: listening.len,
        peers: peers.data,
        peer_count: peers.len,
        to_replicate: counts.data,
        to_replicate_count: counts.len,
        refused: refused.data,
        refused_count: refused.len,
        incidents: incidents.data,
        incident_count: incidents.len,
    };
    Kept::give(public, shelf)
}

fn peers(status: &SwarmStatus, shelf: &mut Shelf) -> List<Peer> {
    let peers = status.peers.iter().map(|peer| Peer {
        node: shelf.text(&peer.node.to_string()),
        address: shelf.text(&peer.address),
        is_in_sync: peer.is_in_sync,
        behind: peer.behind,
        ahead: peer.ahead,
        lag_ms: u64::try_from(peer.lag.as_millis()).unwrap_or(u64::MAX),
        round_trip_us: peer.round_trip.map_or(-1, |round_trip| {
            i64::try_from(round_trip.as_micros()).unwrap_or(i64::MAX)
        }),
    });
    let peers = peers.collect();
    shelf.list(peers)
}

/// Members that belong to whoever frees them.
pub(crate) fn members(members: &[MemberInfo]) -> *mut Members {
    let mut shelf = Shelf::default();
    let items = members
        .iter()
        .map(|info| member(info, &mut shelf))
        .collect();
    let items = shelf.list(items);
    let public = Members {
        items: items.data,
        count: items.len,
    };
    Kept::give(public, shelf)
}

fn member(info: &MemberInfo, shelf: &mut Shelf) -> Member {
    let labels = info.labels.iter().map(|(name, value)| Label {
        name: shelf.text(name),
        value: shelf.text(value),
    });
    let labels = labels.collect();
    let labels = shelf.list(labels);
    Member {
        node: shelf.text(&info.node.to_string()),
        name: shelf.text(&info.name),
        capabilities: shelf.text(&info.capabilities),
        labels: labels.data,
        label_count: labels.len,
        is_issuer: info.is_issuer,
        is_revoked: info.is_revoked,
        not_after: info.not_after,
    }
}

/// Waiting devices that belong to whoever frees them.
pub(crate) fn pending(pending: &[PendingDevice]) -> *mut PendingAll {
    let mut shelf = Shelf::default();
    let items = pending.iter().map(|each| PendingOne {
        device: shelf.text(&each.device.to_string()),
        name: shelf.text(&each.name.to_string()),
        code: shelf.text(&code_text(each.code)),
        since: each.since,
    });
    let items = items.collect();
    let items = shelf.list(items);
    let public = PendingAll {
        items: items.data,
        count: items.len,
    };
    Kept::give(public, shelf)
}

/// A founded swarm that belongs to whoever frees it.
pub(crate) fn founded(founded: &Founded) -> *mut FoundedSwarm {
    let mut shelf = Shelf::default();
    let public = FoundedSwarm {
        swarm: shelf.text(&founded.swarm.to_string()),
        root_key: shelf.text(&founded.root_key.to_string()),
    };
    Kept::give(public, shelf)
}

/// Frees a status. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_status_free(status: *mut Standing) {
    // SAFETY: it comes from `standing`, and the caller gives it back once.
    unsafe { Kept::free(status) };
}

/// Frees members. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_members_free(members: *mut Members) {
    // SAFETY: they come from `members`, and the caller gives them back once.
    unsafe { Kept::free(members) };
}

/// Frees waiting devices. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_pending_free(pending: *mut PendingAll) {
    // SAFETY: they come from `pending`, and the caller gives them back once.
    unsafe { Kept::free(pending) };
}

/// Frees what `swarmlet_swarm_create` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_founded_free(founded: *mut FoundedSwarm) {
    // SAFETY: it comes from `founded`, and the caller gives it back once.
    unsafe { Kept::free(founded) };
}
