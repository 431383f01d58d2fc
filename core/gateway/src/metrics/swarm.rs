//! What is measured of the swarm: how far everybody is, connections, and who is trusted.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use swarmlet::{LinkMetrics, MemberInfo, Metrics, NodeId, Peer, PeerMetrics, SwarmMetrics};

use super::text::{Kind, Text, seconds};
use crate::desk::Desk;

use Kind::{Counter, Gauge};

/// Who has what.
pub(super) fn syncing(text: &mut Text, desk: &Desk, metrics: &Metrics, members: &[MemberInfo]) {
    let (swarm, status) = (&metrics.swarm, desk.node.swarm().status());
    let own = desk.node.id();
    let others = members.iter().filter(|member| member.node != own);
    peers(text, others, swarm, &status.peers);
    let help = "Events that peers have and this node lacks.";
    let missing: u64 = status.to_replicate.values().sum();
    text.single("swarmlet_events_to_replicate", Gauge, help, missing);
    let standings = standings(&status.peers, swarm);
    let name = "swarmlet_replication_lag_events";
    text.family(name, Gauge, "Events that one side has and the other lacks.");
    for (peer, standing) in &standings {
        text.sample(name, &labels(peer, "in"), standing.behind);
        text.sample(name, &labels(peer, "out"), standing.ahead);
    }
    let name = "swarmlet_replication_lag_seconds";
    text.family(name, Gauge, "For how long that has been so.");
    for (peer, standing) in &standings {
        text.sample(name, &labels(peer, "in"), standing.behind_for.as_secs());
        text.sample(name, &labels(peer, "out"), standing.ahead_for.as_secs());
    }
    let name = "swarmlet_events_received_total";
    text.family(name, Counter, "Events that came from peers and were new.");
    for peer in &swarm.peers {
        text.sample(name, &[("peer", &named(peer))], peer.events_received);
    }
    let name = "swarmlet_events_sent_total";
    text.family(name, Counter, "Events that peers were sent.");
    for peer in &swarm.peers {
        text.sample(name, &[("peer", &named(peer))], peer.events_sent);
    }
    let name = "swarmlet_event_delivery_latency_seconds";
    let help =
        "From the time of an event to when it could be read here, by both clocks as they are.";
    let paths = [
        (&[("path", "direct")][..], &swarm.delivery_direct),
        (&[("path", "relayed")][..], &swarm.delivery_relayed),
    ];
    text.histograms(name, help, paths);
}

/// How peers are connected.
pub(super) fn connecting(text: &mut Text, swarm: &SwarmMetrics) {
    let links = |value: &mut dyn FnMut(&str, &LinkMetrics)| {
        for peer in &swarm.peers {
            let name = named(peer);
            peer.links.iter().for_each(|link| value(&name, link));
        }
    };
    let name = "swarmlet_peer_connected_seconds_total";
    text.family(name, Counter, "How long peers were connected, in seconds.");
    links(&mut |peer, link| {
        let labels = [("peer", peer), ("transport", link.transport)];
        text.sample(name, &labels, seconds(link.connected));
    });
    let name = "swarmlet_peer_reconnects_total";
    text.family(name, Counter, "Connections with peers that had one before.");
    links(&mut |peer, link| {
        let labels = [("peer", peer), ("transport", link.transport)];
        text.sample(name, &labels, link.reconnects);
    });
    let name = "swarmlet_network_io_bytes_total";
    let help = "Bytes of frames to and from peers, without what the transport adds.";
    text.family(name, Counter, help);
    links(&mut |peer, link| {
        for (direction, traffic) in [("in", link.received), ("out", link.sent)] {
            for (kind, bytes) in [
                ("events", traffic.events),
                ("blobs", traffic.blobs),
                ("control", traffic.control),
            ] {
                let labels = [
                    ("direction", direction),
                    ("peer", peer),
                    ("transport", link.transport),
                    ("kind", kind),
                ];
                text.sample(name, &labels, bytes);
            }
        }
    });
}

/// What was let in, what was denied, and what was found out.
pub(super) fn judging(text: &mut Text, metrics: &Metrics) {
    let swarm = &metrics.swarm;
    let name = "swarmlet_handshakes_total";
    text.family(
        name,
        Counter,
        "Admissions of connections, by how they ended.",
    );
    for (result, count) in &swarm.handshakes {
        text.sample(name, &[("result", result)], count);
    }
    let name = "swarmlet_denied_total";
    let help = "What peers asked for or sent, and was denied or refused.";
    text.family(name, Counter, help);
    for (reason, count) in &swarm.denied {
        text.sample(name, &[("reason", reason)], count);
    }
    let name = "swarmlet_signature_verifications_total";
    let help = "Signatures that were checked: of events, and of devices at connections.";
    let (verified, failed) = (swarm.signatures_verified, swarm.signatures_failed);
    text.single(name, Counter, help, verified + failed);
    let help = "Those that did not hold.";
    text.single("swarmlet_signature_failures_total", Counter, help, failed);
    let help = "Streams of which two branches were met.";
    text.single("swarmlet_forks_total", Counter, help, swarm.forks);
    let help = "Events that are here and not shown, as their authors were revoked before.";
    let quarantined = metrics.log.events_quarantined;
    text.single("swarmlet_quarantined_events", Gauge, help, quarantined);
    let help = "Incarnations of this device whose streams are here; more than one after a clone.";
    let epochs = metrics.stream_epochs;
    text.single("swarmlet_stream_epochs", Gauge, help, epochs);
}

/// What the swarm is, as far as this node is in one.
pub(super) fn membership(
    text: &mut Text,
    desk: &Desk,
    swarm: &SwarmMetrics,
    members: &[MemberInfo],
) {
    if members.is_empty() {
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0.0, seconds);
    let valid = members.iter().filter(|member| !member.is_revoked);
    let help = "Nodes of the swarm, this one among them.";
    text.single("swarmlet_members", Gauge, help, valid.count());
    let own = members.iter().find(|member| member.node == desk.node.id());
    if let Some(own) = own {
        let help = "How long the certificate of this node is good, in seconds.";
        let left = own.not_after as f64 - now;
        text.single("swarmlet_certificate_expiry_seconds", Gauge, help, left);
    }
    let help = "Revocations that are known; they only become more.";
    let revocations = swarm.revocations;
    text.single("swarmlet_revocation_sequence", Gauge, help, revocations);
    let name = "swarmlet_revocation_age_seconds";
    text.family(name, Gauge, "How long ago the newest of them was made.");
    if let Some(at) = swarm.revoked_at {
        text.sample(name, &[], (now - at as f64).max(0.0));
    }
    let help = "Whether the clock is behind a time that surely has passed.";
    let is_suspect = u8::from(swarm.is_clock_suspect.unwrap_or_default());
    text.single("swarmlet_clock_suspect", Gauge, help, is_suspect);
}

/// Other nodes: connected, known and not connected, put out.
fn peers<'a>(
    text: &mut Text,
    others: impl Iterator<Item = &'a MemberInfo>,
    swarm: &SwarmMetrics,
    connected: &[Peer],
) {
    let name = "swarmlet_peers";
    text.family(name, Gauge, "Other nodes of the swarm, each in one state.");
    let is_connected = |node: NodeId| connected.iter().any(|peer| peer.node == node);
    let known = others.filter(|member| !member.is_revoked && !is_connected(member.node));
    text.sample(name, &[("state", "connected")], connected.len());
    text.sample(name, &[("state", "known")], known.count());
    text.sample(name, &[("state", "denied")], swarm.revoked_devices);
    let name = "swarmlet_peer_rtt_seconds";
    text.family(name, Gauge, "How long a frame and its answer took last.");
    for peer in connected.iter().filter(|peer| is_named(peer.node, swarm)) {
        if let Some(round_trip) = peer.round_trip {
            let transport = peer.address.split("://").next().unwrap_or_default();
            let labels = [("peer", &*short(peer.node)), ("transport", transport)];
            text.sample(name, &labels, seconds(round_trip));
        }
    }
}

/// What is told of a peer, or of all those together that are not told by name.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    behind: u64,
    ahead: u64,
    behind_for: Duration,
    ahead_for: Duration,
}

fn standings(peers: &[Peer], swarm: &SwarmMetrics) -> BTreeMap<String, Standing> {
    let mut standings = BTreeMap::<String, Standing>::new();
    for peer in peers {
        let name = match is_named(peer.node, swarm) {
            true => short(peer.node),
            false => OTHERS.to_owned(),
        };
        let standing = standings.entry(name).or_default();
        standing.behind += peer.behind;
        standing.ahead += peer.ahead;
        standing.behind_for = standing.behind_for.max(peer.behind_for);
        standing.ahead_for = standing.ahead_for.max(peer.ahead_for);
    }
    standings
}

fn labels<'a>(peer: &'a str, direction: &'a str) -> [(&'a str, &'a str); 2] {
    [("peer", peer), ("direction", direction)]
}

/// Whether the node counts a peer by name, so that a large swarm does not make as many series as it
/// has nodes.
fn is_named(node: NodeId, swarm: &SwarmMetrics) -> bool {
    swarm.peers.iter().any(|peer| peer.node == Some(node))
}

fn named(peer: &PeerMetrics) -> String {
    peer.node.map_or_else(|| OTHERS.to_owned(), short)
}

/// The beginning of an id.
fn short(node: NodeId) -> String {
    node.to_string().chars().take(PEER_CHARS).collect()
}

const OTHERS: &str = "other";

/// Enough to tell the nodes of a swarm apart.
const PEER_CHARS: usize = 8;
