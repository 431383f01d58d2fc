//! Whoever is not of the swarm, or not any more, gets nothing of it: not one byte of an event.
//!
//! What is on the wire is encrypted, so this is seen by how much it is. The log is megabytes of
//! random bytes, and grows while the intruder tries; what the kernel and a wiretap count at its
//! host is some kilobytes a try. The same counters at a member show the megabytes.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};

use super::intruder::{Entry, Intruder};
use crate::orders::{Flow, Opening, Order, Overheard};
use crate::stage::{Device, World, eventually};

pub(super) fn tell() -> Result<String> {
    let world = World::new()?;
    let lan = world.lan()?;
    let hosts: Result<Vec<_>> = (0..8).map(|_| world.host(&[&lan])).collect();
    let hosts = hosts?;
    let devices: Result<Vec<_>> = hosts.iter().map(|host| world.device(host)).collect();
    let mut devices = devices?.into_iter();
    let mut next = || devices.next().context("there are enough devices");
    let [mut expired, mut revoked] = [next()?, next()?];
    let mut honest = Honest::found([next()?, next()?], &mut expired, &mut revoked)?;
    let intruders = [
        Intruder::new(Entry::WithoutCertificate, next()?),
        Intruder::new(Entry::OtherSwarm, next()?),
        Intruder::new(Entry::Expired, expired),
        Intruder::new(Entry::Revoked, revoked),
        Intruder::new(Entry::CopiedCertificate, next()?),
        Intruder::new(Entry::StolenIdentity, next()?),
    ];
    let count = intruders.len();
    let mut most = Counted::default();
    for mut intruder in intruders {
        let counted = honest.refuse(&world, &mut intruder);
        most = most.or(&counted.context(intruder.entry.name())?);
    }
    let (log_bytes, member_bytes) = (honest.log_bytes(), honest.member.host().received_bytes()?);
    ensure!(
        member_bytes > log_bytes,
        "the counters do not even show what the member got: {member_bytes} bytes"
    );
    Ok(format!(
        "{count} intruders got nothing: at most {} bytes on the wire, {} in a TCP connection, {} \
         in a QUIC connection; a member got {member_bytes}",
        most.bytes, most.tcp, most.quic,
    ))
}

/// The two that are of the swarm.
struct Honest<'a> {
    founder: Device<'a>,
    member: Device<'a>,
    ids: [String; 2],
    /// How many large events there are.
    events: usize,
}

/// What came to the host of an intruder: in all, and in one connection of each kind.
#[derive(Default)]
struct Counted {
    bytes: u64,
    tcp: u64,
    quic: u64,
}

impl Counted {
    fn new(bytes: u64, connections: &[Flow]) -> Self {
        let most = |protocol: &str| {
            let flows = connections.iter().filter(|flow| flow.protocol == protocol);
            flows.map(|flow| flow.bytes).max().unwrap_or(0)
        };
        Self {
            bytes,
            tcp: most("tcp"),
            quic: most("udp"),
        }
    }

    fn or(&self, other: &Self) -> Self {
        Self {
            bytes: self.bytes.max(other.bytes),
            tcp: self.tcp.max(other.tcp),
            quic: self.quic.max(other.quic),
        }
    }
}

impl<'a> Honest<'a> {
    /// A swarm that was founded so long ago that the certificate of its first device has expired,
    /// and that has put another one out.
    fn found(
        [mut founder, mut member]: [Device<'a>; 2],
        expired: &mut Device<'_>,
        revoked: &mut Device<'_>,
    ) -> Result<Self> {
        let long_ago = Opening {
            clock_ahead_secs: -LONG_AGO_SECS,
            ..listening()
        };
        founder.open(long_ago.clone())?;
        founder.ask::<()>(&Order::Create)?;
        expired.open(long_ago)?;
        expired.join(&mut founder)?;
        expired.ask::<()>(&Order::Close)?;
        founder.ask::<()>(&Order::Close)?;
        let ids = [founder.open(listening())?, member.open(listening())?];
        member.join(&mut founder)?;
        let device = revoked.open(Opening::default())?;
        revoked.join(&mut founder)?;
        revoked.ask::<()>(&Order::Close)?;
        founder.ask::<()>(&Order::Revoke { device })?;
        let mut honest = Self {
            founder,
            member,
            ids,
            events: 0,
        };
        honest.publish(EVENTS)?;
        Ok(honest)
    }

    /// Publishes, and waits until both have it.
    fn publish(&mut self, events: usize) -> Result<()> {
        self.founder.publish(events, EVENT_BYTES)?;
        self.events += events;
        let present = self.founder.present()?;
        self.member.await_present(&present)
    }

    /// Lets the intruder try until both have refused it, and goes on publishing meanwhile.
    fn refuse(&mut self, world: &World, intruder: &mut Intruder<'_>) -> Result<Counted> {
        let host = intruder.device.host();
        let before = host.received_bytes()?;
        let mut tap = world.tap(host)?;
        let addresses = [&self.founder, &self.member].map(|device| device.host().address());
        intruder.enter(&addresses, self.member.folder())?;
        let reasons = intruder.entry.reasons();
        for (device, reasons) in [&mut self.founder, &mut self.member]
            .into_iter()
            .zip(reasons)
        {
            await_refusal(device, host.address(), reasons)?;
        }
        let tries = connections(&tap.overheard()?).len();
        self.publish(EVENTS_MEANWHILE)?;
        let overheard = eventually("it tries again", || {
            let overheard = tap.overheard()?;
            let has_tried = connections(&overheard).len() >= tries + TRIES_MEANWHILE;
            Ok(has_tried.then_some(overheard))
        })?;
        let bytes = host.received_bytes()? - before;
        intruder.check_empty(&self.ids)?;
        for device in [&mut self.founder, &mut self.member] {
            let peers = device.standing()?.peers;
            ensure!(peers.len() == 1, "somebody was let in: {peers:?}");
        }
        let counted = Counted::new(bytes, &connections(&overheard));
        let is_little = counted.bytes < self.log_bytes() / 8;
        let is_talk = counted.tcp < TCP_BYTES_MAX && counted.quic < QUIC_BYTES_MAX;
        ensure!(
            is_little && is_talk,
            "{bytes} bytes came to it: {overheard:?}"
        );
        let unseen = bytes.saturating_sub(overheard.frame_bytes);
        let is_seen = unseen < UNSEEN_BYTES_MAX;
        ensure!(is_seen, "the wiretap has missed {unseen} of {bytes} bytes");
        Ok(counted)
    }

    fn log_bytes(&self) -> u64 {
        (self.events * EVENT_BYTES) as u64
    }
}

/// What was said to the intruder, apart from what is said to everybody.
fn connections(overheard: &Overheard) -> Vec<Flow> {
    let flows = overheard.flows.iter();
    let connections = flows.filter(|flow| flow.to_port != MDNS_PORT);
    connections.cloned().collect()
}

fn listening() -> Opening {
    Opening {
        listen: endpoints(Ipv4Addr::UNSPECIFIED).into(),
        ..Opening::default()
    }
}

/// Where the two can be reached.
pub(super) fn endpoints(address: Ipv4Addr) -> [String; 2] {
    ["tcp", "quic"].map(|protocol| format!("{protocol}://{address}:4001"))
}

fn await_refusal(device: &mut Device<'_>, address: Ipv4Addr, reasons: &[&str]) -> Result<()> {
    // Whoever dialled is named by its host, whoever was dialled by the address.
    let (host, dialled) = (address.to_string(), format!("//{address}:"));
    let is_it = |whom: &str| whom == host || whom.contains(&dialled);
    let mut last = Vec::new();
    let reported = eventually("it is refused", || {
        last = device.standing()?.refused;
        let mut refused = last.iter();
        let is_one = |why: &str| reasons.iter().any(|reason| why.contains(reason));
        let is_reported = refused.any(|(whom, why)| is_it(whom) && is_one(why));
        Ok(is_reported.then_some(()))
    });
    reported.with_context(|| format!("no refusal of {address} for one of {reasons:?} in {last:?}"))
}

/// A certificate is good for 400 days, and accepted for 90 more.
const LONG_AGO_SECS: i64 = 500 * 24 * 3600;
/// More than may be said to an intruder in one connection: a single event would show.
const EVENT_BYTES: usize = 64_000;
const EVENTS: usize = 128;
const EVENTS_MEANWHILE: usize = 16;
const TRIES_MEANWHILE: usize = 2;
/// Keys, an introduction, a certificate, a refusal.
const TCP_BYTES_MAX: u64 = 4 * 1024;
/// The same in filled packets, some of them sent again.
const QUIC_BYTES_MAX: u64 = 32 * 1024;
/// Address resolution, and IPv6 that nobody asked for.
const UNSEEN_BYTES_MAX: u64 = 64 * 1024;
const MDNS_PORT: u16 = 5353;
