//! What a node is opened with.

use std::time::Duration;

use swarmlet::Durability;
use swarmlet_facade::{Failure, Limits, Reach, Result, Room, Settings};

use crate::event::texts;
use crate::extensible::{Extensible, options};
use crate::text::{Text, slice};

/// When a publish is done.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurabilityChoice {
    /// After the disk confirmed it: survives power loss.
    Synced = 0,
    /// After it was handed to the operating system: survives the end of the process.
    Buffered = 1,
}

/// Whether something is on.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// As the library has it.
    Unset = 0,
    /// On.
    On = 1,
    /// Off.
    Off = 2,
}

/// A stream, and how much of it is kept; a limit of zero is none.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct StreamLimits {
    /// The name of the stream.
    pub name: Text,
    /// Keep at least so many of the newest events.
    pub events_max: u64,
    /// Keep at least so many stored bytes of the newest events.
    pub bytes_max: u64,
    /// Keep at least the events of so many milliseconds.
    pub age_max_ms: u64,
}

/// Where events go that match.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Route {
    /// A tag expression, as behind `FROM` in a query.
    pub tags: Text,
    /// The name of the stream.
    pub stream: Text,
}

/// How a node reaches the others of its swarm. All zeros need no configuration on a LAN: all
/// networks, free ports, TCP and QUIC, discovery by multicast DNS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NetworkOptions {
    /// `sizeof(swarmlet_network)`.
    pub size: usize,
    /// Addresses to listen at, and nowhere else: `tcp://127.0.0.1:4001`, `quic://[::]:4001`. Port 0
    /// is a free one.
    pub listen: *const Text,
    /// How many there are.
    pub listen_count: usize,
    /// Addresses to tell others instead of those it listens at.
    pub announce: *const Text,
    /// How many there are.
    pub announce_count: usize,
    /// Addresses to connect to, and again whenever the connection is lost.
    pub peers: *const Text,
    /// How many there are.
    pub peer_count: usize,
    /// Patterns of the names of streams of others that are held here; all of them if none is given.
    pub holds: *const Text,
    /// How many there are.
    pub hold_count: usize,
    /// A `swarmlet_switch`: whether others are found, and this node is announced, by multicast DNS.
    pub discovery: u32,
    /// A `swarmlet_switch`: whether peers are told where this node and others are, and addresses
    /// that they tell are dialled.
    pub address_exchange: u32,
    /// How many connections there may be, 2 or more; zero says nothing.
    pub connections_max: usize,
}

/// What a node is opened with. `swarmlet_options_init()` says nothing, which is right for most.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NodeOptions {
    /// `sizeof(swarmlet_options)`.
    pub size: usize,
    /// The app that publishes, a reverse DNS name.
    pub app_id: Text,
    /// Further streams, or limits of `default`.
    pub streams: *const StreamLimits,
    /// How many there are.
    pub stream_count: usize,
    /// Where events go; the first route that matches decides, everything else goes to `default`.
    pub routes: *const Route,
    /// How many there are.
    pub route_count: usize,
    /// A `swarmlet_durability`.
    pub durability: u32,
    /// Memory for blocks of the log that were read; zero says nothing.
    pub cache_bytes: u64,
    /// How others of the swarm are reached; NULL says nothing.
    pub network: *const NetworkOptions,
    /// How many bytes blobs may take; what need not be here gives way then. Zero says nothing.
    pub blobs_bytes_max: u64,
    /// How often it is looked which blobs no record keeps, in milliseconds; zero says nothing.
    pub blobs_sweep_period_ms: u64,
}

// SAFETY: a `usize` first, then integers, pointers and structs of them.
unsafe impl Extensible for NetworkOptions {
    const NAME: &'static str = "swarmlet_network";
}

// SAFETY: a `usize` first, then integers, pointers and structs of them.
unsafe impl Extensible for NodeOptions {
    const NAME: &'static str = "swarmlet_options";
}

/// The options as the node takes them; values are checked by the node.
///
/// # Safety
///
/// As for [`crate::extensible::options`], and the same holds for what the options point to.
pub(crate) unsafe fn node_options(given: *const NodeOptions) -> Result<swarmlet::Options> {
    // SAFETY: what this function asks for.
    let given = unsafe { options(given)? };
    let mut settings = Settings {
        // SAFETY: what this function asks for.
        app_id: unsafe { given.app_id.read_if_given("app_id")? }.map(str::to_owned),
        streams: Vec::new(),
        routes: Vec::new(),
        durability: Some(durability(given.durability)?),
        cache_bytes: said(given.cache_bytes),
        network: None,
        blobs: Room {
            bytes_max: said(given.blobs_bytes_max),
            sweep_period: said(given.blobs_sweep_period_ms).map(Duration::from_millis),
        },
    };
    // SAFETY: what this function asks for.
    for stream in unsafe { slice(given.streams, given.stream_count, "streams")? } {
        // SAFETY: what this function asks for.
        let name = unsafe { stream.name.read("name")? };
        settings.streams.push((name.to_owned(), stream.limits()));
    }
    // SAFETY: what this function asks for.
    for route in unsafe { slice(given.routes, given.route_count, "routes")? } {
        // SAFETY: what this function asks for.
        let (tags, stream) = unsafe { (route.tags.read("tags")?, route.stream.read("stream")?) };
        settings.routes.push((tags.to_owned(), stream.to_owned()));
    }
    if !given.network.is_null() {
        // SAFETY: what this function asks for.
        settings.network = Some(unsafe { reach(given.network)? });
    }
    Ok(settings.into_options())
}

/// # Safety
///
/// As for [`node_options`].
unsafe fn reach(given: *const NetworkOptions) -> Result<Reach> {
    // SAFETY: what this function asks for.
    let given = unsafe { options(given)? };
    // SAFETY: what this function asks for.
    let (listen, announce, peers, holds) = unsafe {
        (
            texts(given.listen, given.listen_count, "listen")?,
            texts(given.announce, given.announce_count, "announce")?,
            texts(given.peers, given.peer_count, "peers")?,
            texts(given.holds, given.hold_count, "holds")?,
        )
    };
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    Ok(Reach {
        listen: owned(listen),
        announce: owned(announce),
        peers: owned(peers),
        holds: owned(holds),
        discovery: switch("discovery", given.discovery)?,
        address_exchange: switch("address_exchange", given.address_exchange)?,
        connections_max: said(given.connections_max as u64),
    })
}

impl StreamLimits {
    fn limits(&self) -> Limits {
        Limits {
            events_max: said(self.events_max),
            bytes_max: said(self.bytes_max),
            age_max: said(self.age_max_ms).map(Duration::from_millis),
        }
    }
}

/// Zero says nothing.
fn said(number: u64) -> Option<u64> {
    (number > 0).then_some(number)
}

fn durability(number: u32) -> Result<Durability> {
    const SYNCED: u32 = DurabilityChoice::Synced as u32;
    const BUFFERED: u32 = DurabilityChoice::Buffered as u32;
    match number {
        SYNCED => Ok(Durability::Synced),
        BUFFERED => Ok(Durability::Buffered),
        other => Err(unknown("durability", "swarmlet_durability", other)),
    }
}

/// What a `swarmlet_switch` says, if it says something.
pub(crate) fn switch(name: &str, number: u32) -> Result<Option<bool>> {
    const UNSET: u32 = Switch::Unset as u32;
    const ON: u32 = Switch::On as u32;
    const OFF: u32 = Switch::Off as u32;
    match number {
        UNSET => Ok(None),
        ON => Ok(Some(true)),
        OFF => Ok(Some(false)),
        other => Err(unknown(name, "swarmlet_switch", other)),
    }
}

/// A number that is none of an enumeration.
pub(crate) fn unknown(name: &str, enumeration: &str, number: u32) -> Failure {
    let message = format!("{name} must be one of {enumeration}");
    Failure::invalid("", message).with("given", number.to_string())
}
