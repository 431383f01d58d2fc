//! How a node is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::endpoint::{Endpoint, Protocol};
use crate::error::NetError;
use crate::limits;

/// How a node is started.
#[derive(Clone)]
pub struct Options {
    /// The secret ed25519 seed of this device.
    pub seed: [u8; 32],
    /// Where to listen; port 0 is any free one, an unspecified address every network.
    pub listen: Vec<Endpoint>,
    /// Whether TCP is used, for listening and for dialling.
    pub tcp: bool,
    /// Whether QUIC is used, for listening and for dialling.
    pub quic: bool,
    /// Whether this node announces itself and looks for others by multicast DNS.
    pub mdns: bool,
    /// Told to peers in place of the listen addresses, unless empty.
    pub announce: Vec<Endpoint>,
    /// Addresses of nodes, redialled for ever.
    pub peers: Vec<Endpoint>,
    /// A connection on which nothing arrived for so long is dropped with an error. Should be the
    /// same on all nodes: each sends a heartbeat three times within its own value.
    pub dead_after: Duration,
    /// Connections in all. Static addresses are dialled even beyond it, once each.
    pub connections_max: usize,
    /// The largest frame sent or accepted.
    pub frame_bytes_max: usize,
}

impl Options {
    /// The defaults: all protocols built in, on any free port of every IPv4 network, mDNS, no
    /// static peers.
    pub fn new(seed: [u8; 32]) -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let mut listen = vec![Endpoint::tcp(anywhere)];
        if cfg!(feature = "quic") {
            listen.push(Endpoint::quic(anywhere));
        }
        Self {
            seed,
            listen,
            tcp: true,
            quic: cfg!(feature = "quic"),
            mdns: true,
            announce: Vec::new(),
            peers: Vec::new(),
            dead_after: limits::DEAD_AFTER,
            connections_max: limits::CONNECTIONS_MAX,
            frame_bytes_max: limits::FRAME_BYTES_MAX,
        }
    }

    pub(crate) fn is_enabled(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => self.tcp,
            Protocol::Quic => self.quic,
        }
    }

    /// Time between two heartbeats.
    pub(crate) fn pulse_every(&self) -> Duration {
        self.dead_after / limits::PULSES_PER_DEAD_TIME
    }

    pub(crate) fn check(&self) -> Result<(), NetError> {
        let wrong = |reason: String| Err(NetError::Options { reason });
        if self.quic && !cfg!(feature = "quic") {
            return wrong("quic is enabled, but was left out when this was built".to_owned());
        }
        if !self.tcp && !self.quic {
            return wrong("neither tcp nor quic is enabled".to_owned());
        }
        if let Some(endpoint) = self.listen.iter().find(|e| !self.is_enabled(e.protocol)) {
            return wrong(format!(
                "listening on {endpoint}, whose protocol is not enabled"
            ));
        }
        if self.peers.len() > limits::BOOK_ENDPOINTS_MAX {
            return wrong(format!(
                "more than {} static peers",
                limits::BOOK_ENDPOINTS_MAX
            ));
        }
        if let Some(endpoint) = self
            .peers
            .iter()
            .chain(&self.announce)
            .find(|e| !e.is_dialable())
        {
            return wrong(format!("{endpoint} cannot be dialled"));
        }
        if self.dead_after < Duration::from_millis(50) || self.dead_after.as_secs() > 3_600 {
            return wrong("dead_after is not between 50 ms and an hour".to_owned());
        }
        if self.frame_bytes_max == 0 || self.frame_bytes_max > limits::FRAME_BYTES_HIGHEST {
            return wrong(format!(
                "frame_bytes_max is not 1 to {}",
                limits::FRAME_BYTES_HIGHEST
            ));
        }
        Ok(())
    }
}
