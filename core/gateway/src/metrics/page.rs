//! What is measured, under which name. Names and labels are part of the interface.

use std::time::{SystemTime, UNIX_EPOCH};

use swarmlet::{BlobUsage, Metrics, Peer, SwarmStatus};

use super::process::Process;
use super::text::{Kind, Text, seconds};
use crate::desk::Desk;
use crate::limits::{PEERS_NAMED_MAX, SOCKETS_MAX};

use Kind::{Counter, Gauge};

/// All of it, as it is now.
pub(super) fn page(desk: &Desk, usage: Option<&BlobUsage>) -> String {
    let (metrics, status) = (desk.node.metrics(), desk.node.swarm().status());
    let mut text = Text::default();
    node(&mut text, desk);
    publishing(&mut text, &metrics);
    reading(&mut text, &metrics);
    storing(&mut text, &metrics, usage);
    upkeep(&mut text, &metrics);
    room(&mut text, desk);
    swarm(&mut text, &status);
    membership(&mut text, desk);
    gateway(&mut text, desk);
    process(&mut text);
    text.into_string()
}

fn node(text: &mut Text, desk: &Desk) {
    let (name, device) = ("swarmlet_node_info", desk.node.id().to_string());
    text.family(name, Gauge, "What runs here.");
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("os", std::env::consts::OS),
        ("arch", std::env::consts::ARCH),
        ("device", device.as_str()),
    ];
    text.sample(name, &labels, 1);
    let uptime = desk.uptime();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let help = "Since when the gateway serves the node, in seconds.";
    text.single("swarmlet_node_uptime_seconds", Gauge, help, seconds(uptime));
    let help = "When the gateway began to serve the node, in seconds since 1970.";
    let started = seconds(now.saturating_sub(uptime));
    text.single("swarmlet_node_start_time_seconds", Gauge, help, started);
}

fn publishing(text: &mut Text, metrics: &Metrics) {
    let log = &metrics.log;
    let help = "Events published by this node.";
    text.single(
        "swarmlet_events_appended_total",
        Counter,
        help,
        log.events_committed,
    );
    let help = "Bytes written to the log for them.";
    text.single(
        "swarmlet_event_bytes_appended_total",
        Counter,
        help,
        log.bytes_committed,
    );
    let help = "Groups of events, each written and synced as one.";
    text.single(
        "swarmlet_commit_groups_total",
        Counter,
        help,
        log.groups_committed,
    );
    let help = "From publishing to the acknowledgement.";
    text.histogram("swarmlet_append_duration_seconds", help, &metrics.publish);
    let help = "Stamping, signing, writing and syncing of one group.";
    text.histogram("swarmlet_commit_duration_seconds", help, &metrics.append);
    let help = "One sync of the disk.";
    text.histogram("swarmlet_fsync_duration_seconds", help, &metrics.sync);
    let help = "Publish calls that failed.";
    text.single(
        "swarmlet_publish_failures_total",
        Counter,
        help,
        metrics.publish_failures,
    );
}

fn reading(text: &mut Text, metrics: &Metrics) {
    let help = "One read of the log for a query or a subscription.";
    text.histogram("swarmlet_query_duration_seconds", help, &metrics.query);
    let help = "Reads of the log that failed.";
    text.single(
        "swarmlet_query_failures_total",
        Counter,
        help,
        metrics.query_failures,
    );
    let help = "Queries whose results are being read.";
    text.single("swarmlet_queries", Gauge, help, metrics.results_open);
    let help = "Subscriptions that are held.";
    text.single(
        "swarmlet_subscriptions",
        Gauge,
        help,
        metrics.subscriptions_open,
    );
    let name = "swarmlet_cache_requests_total";
    text.family(name, Counter, "Blocks that were asked of the cache.");
    text.sample(name, &[("result", "hit")], metrics.log.cache_hits);
    text.sample(name, &[("result", "miss")], metrics.log.cache_misses);
}

fn storing(text: &mut Text, metrics: &Metrics, usage: Option<&BlobUsage>) {
    let log = &metrics.log;
    let name = "swarmlet_store_bytes";
    text.family(name, Gauge, "Bytes on the disk.");
    text.sample(name, &[("kind", "log")], log.log_bytes);
    text.sample(name, &[("kind", "segments")], log.segment_bytes);
    if let Some(usage) = usage {
        text.sample(name, &[("kind", "blobs")], usage.bytes);
        text.single(
            "swarmlet_blobs",
            Gauge,
            "Blobs on this device.",
            usage.blobs,
        );
    }
    let help = "Events on this device, of all nodes.";
    text.single("swarmlet_store_events", Gauge, help, log.events_stored);
    let help = "Sealed files of events.";
    text.single("swarmlet_store_segments", Gauge, help, log.segments);
    let help = "Bytes of torn writes that were set aside when the node was opened.";
    text.single(
        "swarmlet_store_set_aside_bytes",
        Gauge,
        help,
        log.bytes_set_aside,
    );
    let name = "swarmlet_memory_accounted_bytes";
    text.family(name, Gauge, "Bytes in memory.");
    text.sample(name, &[("part", "cache")], log.cache_bytes);
    text.sample(name, &[("part", "queues")], metrics.queue_bytes);
}

fn upkeep(text: &mut Text, metrics: &Metrics) {
    let name = "swarmlet_compactions_total";
    text.family(
        name,
        Counter,
        "Files that were sealed, merged, or rewritten by retention.",
    );
    text.sample(name, &[("kind", "seal")], metrics.log.seals);
    text.sample(name, &[("kind", "merge")], metrics.log.merges);
    text.sample(name, &[("kind", "drop")], metrics.log.drops);
    let help = "Pieces of background work that failed; they are tried again.";
    let failures = metrics.maintenance_failures;
    text.single(
        "swarmlet_maintenance_failures_total",
        Counter,
        help,
        failures,
    );
    let help = "Whether the last piece of background work failed.";
    let is_failing = u8::from(metrics.maintenance_error.is_some());
    text.single("swarmlet_maintenance_failing", Gauge, help, is_failing);
}

/// What the disk has left, where the system tells.
fn room(text: &mut Text, desk: &Desk) {
    #[cfg(unix)]
    if let Ok(room) = rustix::fs::statvfs(desk.node.folder()) {
        let help = "Bytes that are free for the node, on the disk of its folder.";
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        text.single("swarmlet_disk_free_bytes", Gauge, help, free);
    }
    #[cfg(not(unix))]
    let _ = (text, desk);
}

fn swarm(text: &mut Text, status: &SwarmStatus) {
    let name = "swarmlet_peers";
    text.family(name, Gauge, "Other nodes of the swarm.");
    text.sample(name, &[("state", "connected")], status.peers.len());
    let help = "Events that peers have and this node lacks.";
    let missing: u64 = status.to_replicate.values().sum();
    text.single("swarmlet_events_to_replicate", Gauge, help, missing);
    let peers = named(&status.peers);
    let name = "swarmlet_replication_lag_events";
    text.family(name, Gauge, "Events that one side has and the other lacks.");
    for (peer, standing) in &peers {
        text.sample(
            name,
            &[("peer", peer), ("direction", "in")],
            standing.behind,
        );
        text.sample(
            name,
            &[("peer", peer), ("direction", "out")],
            standing.ahead,
        );
    }
    let name = "swarmlet_replication_lag_seconds";
    text.family(name, Gauge, "For how long that has been so.");
    for (peer, standing) in &peers {
        text.sample(name, &[("peer", peer)], standing.lag_secs);
    }
    let name = "swarmlet_peer_rtt_seconds";
    text.family(name, Gauge, "How long a frame and its answer took last.");
    for (peer, standing) in &peers {
        if let Some(round_trip) = standing.round_trip_secs {
            text.sample(name, &[("peer", peer)], round_trip);
        }
    }
}

/// What the swarm is, as far as this node is in one.
fn membership(text: &mut Text, desk: &Desk) {
    let members = desk.node.swarm().members().unwrap_or_default();
    if members.is_empty() {
        return;
    }
    let valid = members.iter().filter(|member| !member.is_revoked);
    let help = "Nodes of the swarm, this one among them.";
    text.single("swarmlet_members", Gauge, help, valid.count());
    let own = members.iter().find(|member| member.node == desk.node.id());
    if let Some(own) = own {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let left = own.not_after as f64 - now.map_or(0.0, seconds);
        let help = "How long the certificate of this node is good, in seconds.";
        text.single("swarmlet_certificate_expiry_seconds", Gauge, help, left);
    }
}

fn process(text: &mut Text) {
    let Some(process) = Process::look() else {
        return;
    };
    let help = "Time on processors, in seconds.";
    let cpu = seconds(process.cpu);
    text.single("process_cpu_seconds_total", Counter, help, cpu);
    let help = "Bytes of memory of the process.";
    let resident = process.resident_bytes;
    text.single("process_resident_memory_bytes", Gauge, help, resident);
    let help = "When the process began, in seconds since 1970.";
    let started = seconds(process.started);
    text.single("process_start_time_seconds", Gauge, help, started);
    let help = "Descriptors that are open.";
    text.single("process_open_fds", Gauge, help, process.descriptors);
    if let Some(most) = process.descriptors_max {
        let help = "How many descriptors may be open.";
        text.single("process_max_fds", Gauge, help, most);
    }
}

fn gateway(text: &mut Text, desk: &Desk) {
    let help = "Connections of apps.";
    text.single(
        "swarmlet_gateway_connections",
        Gauge,
        help,
        desk.seats.count(),
    );
    let help = "WebSockets of apps.";
    let sockets = SOCKETS_MAX - desk.sockets.available_permits();
    text.single("swarmlet_gateway_sockets", Gauge, help, sockets);
    let name = "swarmlet_gateway_requests_total";
    text.family(
        name,
        Counter,
        "Requests of apps, by the class of the answer.",
    );
    for (class, count) in desk.tally.counts() {
        text.sample(name, &[("status", class)], count);
    }
}

/// What is told of a peer, or of all those together that are not told by name.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    behind: u64,
    ahead: u64,
    lag_secs: u64,
    round_trip_secs: Option<f64>,
}

/// Peers by the beginning of their id, the first ones; so that a large swarm does not make as many
/// names as it has nodes.
fn named(peers: &[Peer]) -> Vec<(String, Standing)> {
    let (first, others) = peers.split_at(peers.len().min(PEERS_NAMED_MAX));
    let mut named: Vec<_> = first
        .iter()
        .map(|peer| {
            let standing = Standing {
                behind: peer.behind,
                ahead: peer.ahead,
                lag_secs: peer.lag.as_secs(),
                round_trip_secs: peer.round_trip.map(seconds),
            };
            (
                peer.node.to_string().chars().take(PEER_CHARS).collect(),
                standing,
            )
        })
        .collect();
    let all = others.iter().fold(None, |all: Option<Standing>, peer| {
        let all = all.unwrap_or_default();
        Some(Standing {
            behind: all.behind + peer.behind,
            ahead: all.ahead + peer.ahead,
            lag_secs: all.lag_secs.max(peer.lag.as_secs()),
            round_trip_secs: None,
        })
    });
    named.extend(all.map(|standing| ("other".to_owned(), standing)));
    named
}

/// Enough to tell the nodes of a swarm apart.
const PEER_CHARS: usize = 8;
