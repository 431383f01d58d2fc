//! Networks and the hosts in them.
//!
//! A network is a bridge, in a namespace of its own: the machine's own networks, and its rules for
//! them, have nothing to do with it. A host is a namespace with a pair of virtual Ethernet devices
//! for each network that it is in: one end is its own, the other a port of the bridge.

use std::cell::Cell;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use serde_json::Value;

use super::namespace::Namespace;

/// A network that every host in it reaches every other over.
pub(crate) struct Lan {
    bridge: Namespace,
    number: u8,
    hosts: Cell<u8>,
}

impl Lan {
    pub(super) fn new(number: u8) -> Result<Self> {
        let bridge = Namespace::new()?;
        bridge.ip("link add lan type bridge")?;
        bridge.ip("link set lan up")?;
        Ok(Self {
            bridge,
            number,
            hosts: Cell::new(0),
        })
    }
}

/// A host in one network, or in several.
pub(crate) struct Host<'a> {
    namespace: Namespace,
    ends: Vec<End<'a>>,
}

/// Where a host is in a network.
struct End<'a> {
    lan: &'a Lan,
    port: String,
    address: Ipv4Addr,
}

impl<'a> Host<'a> {
    pub(super) fn new(lans: &[&'a Lan]) -> Result<Self> {
        let namespace = Namespace::new()?;
        let mut ends = Vec::new();
        for (index, lan) in lans.iter().enumerate() {
            let number = lan.hosts.get() + 1;
            lan.hosts.set(number);
            let end = End {
                lan,
                port: format!("port{number}"),
                address: Ipv4Addr::new(10, lan.number, 0, number),
            };
            end.connect(&namespace, index)?;
            ends.push(end);
        }
        Ok(Self { namespace, ends })
    }

    /// Its address in the first of its networks.
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.ends[0].address
    }

    /// The name of its namespace, to start processes in it.
    pub(super) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Takes its link down: the host knows that it has no network.
    pub(crate) fn take_link_down(&self) -> Result<()> {
        self.namespace.ip("link set eth0 down").map(drop)
    }

    /// Takes it up again.
    pub(crate) fn take_link_up(&self) -> Result<()> {
        self.namespace.ip("link set eth0 up").map(drop)
    }

    /// From here on packets get lost in the network, in both directions, and nobody is told.
    pub(crate) fn lose_packets(&self) -> Result<()> {
        let End { lan, port, .. } = &self.ends[0];
        lan.bridge
            .ip(&format!("link set {port} nomaster"))
            .map(drop)
    }

    /// They get through again.
    pub(crate) fn pass_packets(&self) -> Result<()> {
        let End { lan, port, .. } = &self.ends[0];
        lan.bridge
            .ip(&format!("link set {port} master lan"))
            .map(drop)
    }

    /// From here on packets to `other` get lost, and those that come from it do not.
    pub(crate) fn lose_packets_to(&self, other: &Host<'_>) -> Result<()> {
        let line = format!(
            "neighbour replace {} lladdr {NOBODY} nud permanent dev eth0",
            other.address()
        );
        self.namespace.ip(&line).map(drop)
    }

    /// They get through again.
    pub(crate) fn pass_packets_to(&self, other: &Host<'_>) -> Result<()> {
        let line = format!("neighbour delete {} dev eth0", other.address());
        self.namespace.ip(&line).map(drop)
    }

    /// Bytes that came in over its first link, by the counters of the kernel: everything that was
    /// on the wire.
    pub(crate) fn received_bytes(&self) -> Result<u64> {
        let text = self.namespace.ip("-s -j link show eth0")?;
        let shown: Value = serde_json::from_str(&text)?;
        let bytes = shown.pointer("/0/stats64/rx/bytes").and_then(Value::as_u64);
        bytes.context("`ip` does not tell how much was received")
    }
}

impl End<'_> {
    fn connect(&self, namespace: &Namespace, index: usize) -> Result<()> {
        let Self { lan, port, address } = self;
        let (bridge, host) = (&lan.bridge, namespace.name());
        bridge.ip(&format!(
            "link add {port} type veth peer name eth{index} netns {host}"
        ))?;
        bridge.ip(&format!("link set {port} master lan up"))?;
        namespace.ip(&format!("address add {address}/24 dev eth{index}"))?;
        namespace.ip(&format!("link set eth{index} up"))?;
        Ok(())
    }
}

/// A hardware address that no device has.
const NOBODY: &str = "02:00:00:00:00:01";
