//! What the user decides about the network.

use swarmlet_engine::membership::StreamPattern;
use swarmlet_engine::{Error, Result};
use swarmlet_net::Endpoint;
use swarmlet_net::limits::CONNECTIONS_MAX;

/// How a node reaches others. The default needs no configuration on a LAN: all networks, a free
/// port, TCP and QUIC, discovery by multicast DNS.
///
/// A node that is in no swarm uses no network at all.
#[derive(Clone, Debug)]
pub struct Network {
    listen: Option<Vec<String>>,
    announce: Vec<String>,
    peers: Vec<String>,
    holds: Vec<String>,
    has_discovery: bool,
    has_exchange: bool,
    connections_max: Option<usize>,
}

/// Options that were checked.
#[derive(Clone, Debug)]
pub(crate) struct NetworkSettings {
    pub(super) listen: Option<Vec<Endpoint>>,
    pub(super) announce: Vec<Endpoint>,
    pub(super) peers: Vec<Endpoint>,
    pub(super) holds: Vec<StreamPattern>,
    pub(super) has_discovery: bool,
    pub(super) has_exchange: bool,
    pub(super) connections_max: usize,
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Network {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            listen: None,
            announce: Vec::new(),
            peers: Vec::new(),
            holds: Vec::new(),
            has_discovery: true,
            has_exchange: true,
            connections_max: None,
        }
    }

    /// Listens at `address` and nowhere else: `tcp://127.0.0.1:4001`, `quic://[::]:4001`. Called
    /// again, at that one too. Port 0 is a free one.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.get_or_insert_default().push(address.into());
        self
    }

    /// Tells others this address instead of those it listens at.
    #[must_use]
    pub fn announce(mut self, address: impl Into<String>) -> Self {
        self.announce.push(address.into());
        self
    }

    /// Connects to this address, and again whenever the connection is lost.
    #[must_use]
    pub fn peer(mut self, address: impl Into<String>) -> Self {
        self.peers.push(address.into());
        self
    }

    /// Holds the streams of other nodes whose name matches, and no others: `sensors`, `line*`.
    /// Called again, those too. All unless set.
    #[must_use]
    pub fn hold(mut self, pattern: impl Into<String>) -> Self {
        self.holds.push(pattern.into());
        self
    }

    /// Whether other nodes are found, and this one announced, by multicast DNS; on unless set.
    #[must_use]
    pub fn discovery(mut self, is_on: bool) -> Self {
        self.has_discovery = is_on;
        self
    }

    /// Whether peers are told where this node and others are, and addresses that they tell are
    /// dialled; on unless set. With it one address that is known is enough.
    #[must_use]
    pub fn address_exchange(mut self, is_on: bool) -> Self {
        self.has_exchange = is_on;
        self
    }

    /// How many connections there may be, 2 or more: 12 unless set, for moments four more. Where
    /// there are more nodes, each is connected with some of them so that all hang together.
    #[must_use]
    pub fn connections_max(mut self, count: usize) -> Self {
        self.connections_max = Some(count);
        self
    }

    /// Checks everything at once.
    pub(crate) fn check(self) -> Result<NetworkSettings> {
        let holds = if self.holds.is_empty() {
            vec![StreamPattern::all()]
        } else {
            let patterns = self.holds.iter().map(|text| text.parse());
            patterns.collect::<Result<_>>()?
        };
        let connections_max = self.connections_max.unwrap_or(CONNECTIONS_MAX);
        if connections_max < CONNECTIONS_LEAST {
            let message = "with fewer than two connections each a swarm falls apart";
            return Err(Error::invalid(message).with("connections_max", connections_max));
        }
        Ok(NetworkSettings {
            listen: self.listen.as_deref().map(endpoints).transpose()?,
            announce: endpoints(&self.announce)?,
            peers: endpoints(&self.peers)?,
            holds,
            has_discovery: self.has_discovery,
            has_exchange: self.has_exchange,
            connections_max,
        })
    }
}

/// A ring takes two.
const CONNECTIONS_LEAST: usize = 2;

/// Reads addresses.
pub(super) fn endpoints(texts: &[String]) -> Result<Vec<Endpoint>> {
    let parse = |text: &String| {
        text.parse().map_err(|error: swarmlet_net::EndpointError| {
            Error::invalid("an address cannot be understood")
                .with("address", text)
                .because(error)
        })
    };
    texts.iter().map(parse).collect()
}
