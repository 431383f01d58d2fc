//! What is counted for each peer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use swarmlet_engine::event::NodeId;
use swarmlet_engine::sync::Concern;
use swarmlet_net::Protocol;

use super::named::Named;
use super::snapshot::{LinkMetrics, PeerMetrics, Traffic};
use crate::clock::Stopwatch;
use crate::limits::PEERS_NAMED_MAX;

/// All peers: the first ones that were met by name, the others together.
#[derive(Debug)]
pub(crate) struct Peers {
    counted: Named<NodeId, PeerRecorder>,
    /// All that were met. Only members are, and their number is bounded.
    met: Mutex<BTreeSet<NodeId>>,
}

/// What is counted of a peer.
#[derive(Debug, Default)]
pub(crate) struct PeerRecorder {
    pub(crate) events_received: AtomicU64,
    events_sent: AtomicU64,
    tcp: Arc<LinkRecorder>,
    quic: Arc<LinkRecorder>,
}

/// What is counted of the connections with a peer that are carried by the same.
#[derive(Debug, Default)]
pub(crate) struct LinkRecorder {
    time: Mutex<Time>,
    reconnects: AtomicU64,
    received: Bytes,
    sent: Bytes,
}

#[derive(Debug, Default)]
struct Time {
    /// Of connections that ended.
    ended: Duration,
    open: BTreeMap<u64, Stopwatch>,
}

/// Bytes of frames by what they are about.
#[derive(Debug, Default)]
struct Bytes {
    events: AtomicU64,
    blobs: AtomicU64,
    control: AtomicU64,
}

/// A connection, counted as one that is there until this is dropped.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) peer: Arc<PeerRecorder>,
    pub(crate) link: Arc<LinkRecorder>,
    number: u64,
}

impl Default for Peers {
    fn default() -> Self {
        Self {
            counted: Named::new(PEERS_NAMED_MAX),
            met: Mutex::default(),
        }
    }
}

impl Peers {
    /// Connection `number`, which no other one has, is there, with a member.
    pub(crate) fn connect(&self, node: NodeId, protocol: Protocol, number: u64) -> Connected {
        let peer = self.counted.of(&node);
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = met.insert(node);
        drop(met);
        let link = match protocol {
            Protocol::Tcp => peer.tcp.clone(),
            Protocol::Quic => peer.quic.clone(),
        };
        if !is_first {
            link.reconnects.fetch_add(1, Relaxed);
        }
        link.time().open.insert(number, Stopwatch::start());
        Connected { peer, link, number }
    }

    /// How many events were sent to each so far.
    pub(crate) fn set_sent(&self, sent: &BTreeMap<NodeId, u64>) {
        let mut others = 0;
        for (node, events) in sent {
            match self.counted.known(node) {
                Some(peer) => peer.events_sent.store(*events, Relaxed),
                None => others += events,
            }
        }
        self.counted.others().events_sent.store(others, Relaxed);
    }

    pub(super) fn snapshot(&self) -> Vec<PeerMetrics> {
        self.counted.snapshot(|node, peer| PeerMetrics {
            node: node.copied(),
            ..peer.snapshot()
        })
    }
}

impl PeerRecorder {
    fn snapshot(&self) -> PeerMetrics {
        let links = [("tcp", &self.tcp), ("quic", &self.quic)];
        let links = links.map(|(transport, link)| link.snapshot(transport));
        PeerMetrics {
            node: None,
            events_received: self.events_received.load(Relaxed),
            events_sent: self.events_sent.load(Relaxed),
            // What never was there has nothing to tell.
            links: links
                .into_iter()
                .filter(|link| link.connected > Duration::ZERO)
                .collect(),
        }
    }
}

impl LinkRecorder {
    pub(crate) fn note_received(&self, frame: &[u8]) {
        self.received.add(frame);
    }

    pub(crate) fn note_sent(&self, frame: &[u8]) {
        self.sent.add(frame);
    }

    fn snapshot(&self, transport: &'static str) -> LinkMetrics {
        let time = self.time();
        let open = time.open.values().map(|since| since.elapsed());
        LinkMetrics {
            transport,
            connected: time.ended + open.sum::<Duration>(),
            reconnects: self.reconnects.load(Relaxed),
            received: self.received.snapshot(),
            sent: self.sent.snapshot(),
        }
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bytes {
    fn add(&self, frame: &[u8]) {
        let counter = match Concern::of(frame) {
            Concern::Events => &self.events,
            Concern::Blobs => &self.blobs,
            Concern::Control => &self.control,
        };
        counter.fetch_add(frame.len() as u64, Relaxed);
    }

    fn snapshot(&self) -> Traffic {
        Traffic {
            events: self.events.load(Relaxed),
            blobs: self.blobs.load(Relaxed),
            control: self.control.load(Relaxed),
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut time = self.link.time();
        if let Some(since) = time.open.remove(&self.number) {
            time.ended += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: usize) -> NodeId {
        NodeId::from_bytes([number as u8; 32])
    }

    #[test]
    fn one_peer_too_many_is_counted_with_the_others() {
        let peers = Peers::default();
        for number in 0..PEERS_NAMED_MAX + 2 {
            let met = peers.connect(node(number), Protocol::Tcp, number as u64);
            met.peer.events_received.fetch_add(1, Relaxed);
        }
        let sent = (0..PEERS_NAMED_MAX + 2).map(|number| (node(number), 1));
        peers.set_sent(&sent.collect());
        let told = peers.snapshot();
        assert_eq!(told.len(), PEERS_NAMED_MAX + 1);
        let others = told.last().unwrap();
        assert_eq!(others.node, None);
        assert_eq!((others.events_received, others.events_sent), (2, 2));
        assert_eq!(others.links[0].reconnects, 0, "each was met once");
    }

    #[test]
    fn a_connection_counts_as_long_as_it_is_there() {
        let peers = Peers::default();
        let link = |transport| {
            let peer = peers.snapshot().remove(0);
            let mut links = peer.links.into_iter();
            links.find(|link| link.transport == transport)
        };
        let first = peers.connect(node(1), Protocol::Tcp, 1);
        let before = link("tcp").unwrap().connected;
        assert!(link("tcp").unwrap().connected > before);
        assert_eq!(link("tcp").unwrap().reconnects, 0);
        drop(first);
        let after = link("tcp").unwrap().connected;
        assert_eq!(link("tcp").unwrap().connected, after);
        assert!(link("quic").is_none());
        let again = peers.connect(node(1), Protocol::Quic, 2);
        again.link.note_sent(&[0; 9]);
        assert_eq!(link("quic").unwrap().reconnects, 1);
        assert_eq!(link("quic").unwrap().sent.control, 9);
        assert_eq!(link("tcp").unwrap().connected, after);
    }
}
