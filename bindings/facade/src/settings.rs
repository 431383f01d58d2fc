//! What a node is opened with, as far as the caller says it; the node knows the rest.
//!
//! Plain data, so that a binding fills in fields and an option that one of them forgets does not
//! compile.

use std::time::Duration;

use swarmlet::{Durability, Network, Options, Retention};

/// What a node is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// In whose name it publishes.
    pub app_id: Option<String>,
    /// Streams of which not everything is kept, by name.
    pub streams: Vec<(String, Limits)>,
    /// Tags, and the name of the stream that events with them go into; the first that matches.
    pub routes: Vec<(String, String)>,
    /// When a publish is acknowledged.
    pub durability: Option<Durability>,
    /// Memory for blocks of the log that were read.
    pub cache_bytes: Option<u64>,
    /// How others of the swarm are reached.
    pub network: Option<Reach>,
    /// How much room blobs may have, and how often it is looked which of them are kept.
    pub blobs: Room,
}

/// How much room blobs may have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// Bytes at most.
    pub bytes_max: Option<u64>,
    /// How often it is looked which blobs no record keeps.
    pub sweep_period: Option<Duration>,
}

/// What is kept of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// At least so many of the newest events.
    pub events_max: Option<u64>,
    /// At least so many bytes of them.
    pub bytes_max: Option<u64>,
    /// At least what is no older.
    pub age_max: Option<Duration>,
}

/// How others of the swarm are reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Addresses to listen at.
    pub listen: Vec<String>,
    /// Addresses that others are told.
    pub announce: Vec<String>,
    /// Addresses of others.
    pub peers: Vec<String>,
    /// Patterns of names of streams that are held here.
    pub holds: Vec<String>,
    /// Whether others are found on the local network.
    pub discovery: Option<bool>,
    /// Whether addresses are exchanged with others.
    pub address_exchange: Option<bool>,
    /// How many connections there are at most.
    pub connections_max: Option<u64>,
}

impl Settings {
    /// The options; values are checked by the node.
    #[must_use]
    pub fn into_options(self) -> Options {
        let mut options = Options::new();
        if let Some(app_id) = self.app_id {
            options = options.app_id(app_id);
        }
        for (name, limits) in self.streams {
            options = options.stream(name, limits.to_retention());
        }
        for (tags, stream) in self.routes {
            options = options.route(tags, stream);
        }
        if let Some(durability) = self.durability {
            options = options.durability(durability);
        }
        if let Some(bytes) = self.cache_bytes {
            options = options.cache_bytes(bytes);
        }
        if let Some(reach) = self.network {
            options = options.network(reach.into_network());
        }
        if let Some(bytes) = self.blobs.bytes_max {
            options = options.blobs_bytes_max(bytes);
        }
        if let Some(period) = self.blobs.sweep_period {
            options = options.blobs_sweep_period(period);
        }
        options
    }
}

impl Limits {
    fn to_retention(self) -> Retention {
        let mut retention = Retention::keep_all();
        if let Some(events) = self.events_max {
            retention = retention.events(events);
        }
        if let Some(bytes) = self.bytes_max {
            retention = retention.bytes(bytes);
        }
        if let Some(age) = self.age_max {
            retention = retention.age(age);
        }
        retention
    }
}

impl Reach {
    fn into_network(self) -> Network {
        let mut network = Network::new();
        network = self.listen.iter().fold(network, Network::listen);
        network = self.announce.iter().fold(network, Network::announce);
        network = self.peers.iter().fold(network, Network::peer);
        network = self.holds.iter().fold(network, Network::hold);
        if let Some(is_on) = self.discovery {
            network = network.discovery(is_on);
        }
        if let Some(is_on) = self.address_exchange {
            network = network.address_exchange(is_on);
        }
        if let Some(connections) = self.connections_max {
            let connections = usize::try_from(connections).unwrap_or(usize::MAX);
            network = network.connections_max(connections);
        }
        network
    }
}
