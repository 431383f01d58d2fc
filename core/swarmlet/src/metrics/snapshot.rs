//! Snapshots of what was counted: plain data.

use std::time::Duration;

use swarmlet_engine::event::{AppId, NodeId, Timestamp};
use swarmlet_engine::log::{Durability, LogStats};

use super::histogram::Histogram;

/// A snapshot of everything the node counts. All counters are since the node was opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// For how long the node is open, or was.
    pub uptime: Duration,
    /// When it was opened, by the clock of the device.
    pub opened: Timestamp,
    /// How long it took then to read back what the log has.
    pub recovery: Duration,
    /// When a publish is acknowledged.
    pub durability: Durability,
    /// Which incarnation of the device its events are published in; 0 unless it was cloned or
    /// restored.
    pub epoch: u64,
    /// How many incarnations of the device wrote streams that are here, this one among them.
    pub stream_epochs: u64,
    /// What the log counts: events, groups, files, cache.
    pub log: LogStats,
    /// From the call of `publish` to its acknowledgement.
    pub publish: Histogram,
    /// One commit group: stamping, signing, writing and syncing.
    pub append: Histogram,
    /// One sync of the disk by the log.
    pub sync: Histogram,
    /// One read of the log, for a query or a subscription.
    pub query: Histogram,
    /// Reads of the log that failed.
    pub query_failures: u64,
    /// Publish calls that failed after they were queued.
    pub publish_failures: u64,
    /// Bytes of events waiting to be written.
    pub queue_bytes: u64,
    /// Queries whose results are held now.
    pub results_open: u64,
    /// Subscriptions held now.
    pub subscriptions_open: u64,
    /// Whether nothing is written until the node is opened again, since a sync or a commit failed
    /// in a way that leaves unknown what is on the disk.
    pub is_read_only: bool,
    /// Times that something on the disk was found not to be what was written.
    pub corruptions: u64,
    /// Blobs that were found damaged and are whole again, from peers.
    pub repairs: u64,
    /// Pieces of background work done: sealing, merging, dropping.
    pub maintenance_steps: u64,
    /// How long each took.
    pub compaction: Histogram,
    /// Pieces of background work that failed; they are tried again.
    pub maintenance_failures: u64,
    /// What background work failed with, if the last attempt did: the node is not healthy.
    pub maintenance_error: Option<String>,
    /// By app: the first ones by name, the others together.
    pub apps: Vec<AppMetrics>,
    /// What was counted of other nodes.
    pub swarm: SwarmMetrics,
    /// What was counted of blobs.
    pub blobs: BlobMetrics,
}

impl Metrics {
    /// What keeps the node from working as it should, for people to read; nothing if all is well.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match self.is_read_only {
            true => Some(READ_ONLY.to_owned()),
            false => self.maintenance_error.clone(),
        }
    }
}

const READ_ONLY: &str = "the node writes nothing until it is opened again, as a write has failed";

/// What an app made a node do.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AppMetrics {
    /// Which one; nothing for all apps together that are not told of by name.
    pub app: Option<AppId>,
    /// Events that it published.
    pub events_published: u64,
    /// Their bytes: tags and payloads, as they are encoded.
    pub bytes_published: u64,
    /// One read of the log, for its queries and subscriptions.
    pub query: Histogram,
    /// Events that were read from the log for them, also to see that they do not match.
    pub events_read: u64,
    /// Its subscriptions that are held now.
    pub subscriptions: u64,
    /// Events that are here, and that the slowest of them has not taken or passed over yet.
    pub subscription_lag: u64,
}

/// What a node has counted of others.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SwarmMetrics {
    /// By peer: the first ones that were met by name, the others together.
    pub peers: Vec<PeerMetrics>,
    /// From the time of an event, by the clock of its author, until it could be read here, by the
    /// clock of this device: events that their author sent itself.
    pub delivery_direct: Histogram,
    /// The same of events that came over other nodes.
    pub delivery_relayed: Histogram,
    /// How admissions ended, by a word for it.
    pub handshakes: Vec<(&'static str, u64)>,
    /// What was denied to peers, by a word for it.
    pub denied: Vec<(&'static str, u64)>,
    /// Signatures that held: of runs of events, and of devices at the other end of a connection.
    pub signatures_verified: u64,
    /// Those that did not.
    pub signatures_failed: u64,
    /// Streams of which two branches were met.
    pub forks: u64,
    /// Revocations that are known: they only become more.
    pub revocations: u64,
    /// Devices that they put out.
    pub revoked_devices: u64,
    /// When the newest of them was made, in seconds since 1970-01-01 UTC.
    pub revoked_at: Option<u64>,
    /// Whether the clock of this device is behind a time that surely has passed, as certificates
    /// of the swarm say. Not known where the node is in no swarm.
    pub is_clock_suspect: Option<bool>,
}

/// What was exchanged with a peer.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PeerMetrics {
    /// Which one; nothing for all peers together that are not told of by name.
    pub node: Option<NodeId>,
    /// Events that came from it and were new.
    pub events_received: u64,
    /// Events that it was sent.
    pub events_sent: u64,
    /// Its connections, by what carries them.
    pub links: Vec<LinkMetrics>,
}

/// All connections with a peer that are carried by the same.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkMetrics {
    /// What carries the bytes: `tcp` or `quic`.
    pub transport: &'static str,
    /// How long they have been there, together.
    pub connected: Duration,
    /// How many were not the first one with the peer.
    pub reconnects: u64,
    /// What has come.
    pub received: Traffic,
    /// What was written.
    pub sent: Traffic,
}

/// Bytes of frames, without what the transport adds, by what they are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Events.
    pub events: u64,
    /// Blobs.
    pub blobs: u64,
    /// Everything else.
    pub control: u64,
}

/// What a node has counted of blobs.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BlobMetrics {
    /// Blobs that became whole here by what peers sent.
    pub fetched: u64,
    /// Blobs of which all was here, and that could not be kept.
    pub fetches_failed: u64,
    /// Bytes of pieces, with their proofs, that came and were kept.
    pub bytes_received: u64,
    /// Bytes of those that were no pieces of the blob.
    pub bytes_refused: u64,
    /// Bytes of pieces, with their proofs, that were read for peers.
    pub bytes_sent: u64,
    /// Blobs that are to be held here, and are not here yet, as far as was looked.
    pub missing: u64,
}
