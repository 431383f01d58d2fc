//! Announces this node on the local networks and hears of others.
//!
//! A label is announced, which is the gate's and tells strangers nothing, with addresses and the
//! ports of each protocol. Whose label is not ours is not even remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use swarm_discovery::{Discoverer, DropGuard, Peer};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::driver::Command;
use crate::endpoint::{Endpoint, Protocol};
use crate::error::NetError;
use crate::gate::Gate;
use crate::limits;

/// The name of the service: `_swarmlet._udp.local`.
const SERVICE: &str = "swarmlet";

/// The attributes that say which ports speak what, as decimal numbers between commas.
const ATTRIBUTES: [(&str, Protocol); 2] = [("tcp", Protocol::Tcp), ("quic", Protocol::Quic)];

/// The service of one node. Ends when dropped.
pub(crate) struct Discovery {
    label: String,
    gate: Arc<dyn Gate>,
    commands: mpsc::UnboundedSender<Command>,
    announced: BTreeSet<Endpoint>,
    interfaces: BTreeSet<Ipv4Addr>,
    /// Whether anything was heard of late, be it our own announcement.
    is_heard: Arc<AtomicBool>,
    service: DropGuard,
}

impl Discovery {
    /// Starts to look for others; nothing is announced yet.
    pub(crate) fn start(
        gate: Arc<dyn Gate>,
        commands: mpsc::UnboundedSender<Command>,
    ) -> Result<Self, NetError> {
        let label = gate.label();
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if label.is_empty() || label.len() > 63 || !label.bytes().all(is_allowed) {
            return Err(NetError::Options {
                reason: format!("{label:?} cannot be a label"),
            });
        }
        let is_heard = Arc::new(AtomicBool::new(true));
        let service = spawn(&label, Watch::new(&label, &gate, &commands, &is_heard))?;
        Ok(Self {
            label,
            gate,
            commands,
            announced: BTreeSet::new(),
            interfaces: BTreeSet::new(),
            is_heard,
            service,
        })
    }

    /// Announces these addresses and no others, on the networks that they belong to.
    ///
    /// Addresses of the machine itself are announced only if there are no others, as they mean
    /// something else to everybody else.
    pub(crate) fn announce(&mut self, endpoints: &[Endpoint]) {
        let is_local = |endpoint: &&Endpoint| endpoint.address.ip().is_loopback();
        let mut wanted: BTreeSet<Endpoint> = endpoints
            .iter()
            .filter(|endpoint| !is_local(endpoint))
            .copied()
            .collect();
        if wanted.is_empty() {
            wanted = endpoints.iter().copied().collect();
        }
        if wanted == self.announced {
            return;
        }
        self.announced = wanted;
        self.tell();
    }

    /// Starts anew, since sockets do not survive all changes of a network.
    pub(crate) fn restart(&mut self) {
        self.is_heard.store(true, Ordering::Relaxed);
        let watch = Watch::new(&self.label, &self.gate, &self.commands, &self.is_heard);
        match spawn(&self.label, watch) {
            Ok(service) => {
                self.service = service;
                self.interfaces.clear();
                self.tell();
            }
            Err(error) => tracing::warn!(%error, "discovery could not be started again"),
        }
    }

    /// Starts anew if not even our own announcement was heard since the last check: the service
    /// ends silently when one of its sockets fails.
    pub(crate) fn check(&mut self) {
        if !self.is_heard.swap(false, Ordering::Relaxed) && !self.announced.is_empty() {
            tracing::debug!("nothing was heard, discovery starts again");
            self.restart();
        }
    }

    fn tell(&mut self) {
        let interfaces = self
            .announced
            .iter()
            .filter_map(|endpoint| match endpoint.address.ip() {
                IpAddr::V4(ip) => Some(ip),
                IpAddr::V6(_) => None,
            });
        let before = std::mem::replace(&mut self.interfaces, interfaces.collect());
        for gone in before.difference(&self.interfaces) {
            self.service.remove_interface_v4(*gone);
        }
        for new in self.interfaces.difference(&before) {
            self.service.add_interface_v4(*new);
        }
        self.service.remove_all();
        for endpoint in &self.announced {
            let Endpoint { address, .. } = endpoint;
            self.service.add(address.port(), vec![address.ip()]);
        }
        for (attribute, protocol) in ATTRIBUTES {
            let ports: BTreeSet<u16> = self
                .announced
                .iter()
                .filter(|endpoint| endpoint.protocol == protocol)
                .map(|endpoint| endpoint.address.port())
                .collect();
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            if ports.is_empty() {
                self.service.remove_txt_attribute(attribute.to_owned());
            } else if let Err(error) = self
                .service
                .set_txt_attribute(attribute.to_owned(), Some(ports.join(",")))
            {
                tracing::warn!(%error, attribute, "ports are not announced");
            }
        }
    }
}

fn spawn(label: &str, mut watch: Watch) -> Result<DropGuard, NetError> {
    Discoverer::new(SERVICE.to_owned(), label.to_owned())
        .with_cadence(limits::DISCOVERY_TAU)
        .with_response_rate(limits::DISCOVERY_PHI)
        .with_callback(move |label, peer| watch.on_sighting(label, peer))
        .spawn(&Handle::current())
        .map_err(|error| NetError::Discovery {
            source: error.into(),
        })
}

/// What happens on each announcement, on a task of the service.
struct Watch {
    own: String,
    gate: Arc<dyn Gate>,
    commands: mpsc::UnboundedSender<Command>,
    is_heard: Arc<AtomicBool>,
    seen: BTreeMap<String, (Instant, Vec<Endpoint>)>,
}

impl Watch {
    fn new(
        own: &str,
        gate: &Arc<dyn Gate>,
        commands: &mpsc::UnboundedSender<Command>,
        is_heard: &Arc<AtomicBool>,
    ) -> Self {
        Self {
            own: own.to_owned(),
            gate: Arc::clone(gate),
            commands: commands.clone(),
            is_heard: Arc::clone(is_heard),
            seen: BTreeMap::new(),
        }
    }

    fn on_sighting(&mut self, label: &str, peer: &Peer) {
        self.is_heard.store(true, Ordering::Relaxed);
        if label == self.own || peer.is_expiry() || !self.gate.is_ours(label) {
            return;
        }
        let endpoints = endpoints_of(peer);
        let now = Instant::now();
        // Announcements come twice a second from each node, and from an attacker more often.
        let is_old = self.seen.get(label).is_some_and(|(since, seen)| {
            *seen == endpoints && now - *since < limits::DISCOVERY_REPEAT
        });
        if is_old {
            return;
        }
        self.seen
            .retain(|_, (since, _)| now - *since < limits::DISCOVERY_REPEAT);
        if self.seen.len() >= limits::DISCOVERY_LABELS_MAX {
            return;
        }
        self.seen.insert(label.to_owned(), (now, endpoints.clone()));
        // Two nodes see each other at the same time: one of them waits for the other to dial.
        let wait = match *self.own < *label {
            true => Duration::ZERO,
            false => limits::DISCOVERY_YIELD,
        };
        // Without a driver the service ends in a moment.
        let _ = self.commands.send(Command::Sighted { endpoints, wait });
    }
}

fn endpoints_of(peer: &Peer) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (attribute, protocol) in ATTRIBUTES {
        let Some(Some(ports)) = peer.txt_attribute(attribute) else {
            continue;
        };
        for (ip, port) in peer.addrs() {
            let is_meant = ports.split(',').any(|text| text.parse() == Ok(*port));
            let endpoint = Endpoint {
                protocol,
                address: SocketAddr::new(*ip, *port),
            };
            if is_meant && !is_link_local(*ip) && endpoint.is_dialable() {
                endpoints.push(endpoint);
            }
        }
    }
    endpoints.truncate(limits::DISCOVERY_ADDRESSES_MAX);
    endpoints
}

/// Addresses that mean nothing without the name of an interface, which is not announced.
fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}
