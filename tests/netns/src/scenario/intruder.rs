//! Who tries to get into the swarm, and how each of them does it.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Result, ensure};

use super::strangers::endpoints;
use crate::orders::{Guise, Loot, Opening, Order};
use crate::stage::Device;

/// A device that is not to get in.
pub(super) struct Intruder<'a> {
    pub(super) entry: Entry,
    pub(super) device: Device<'a>,
}

/// How it tries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Asks to be let in, and nobody approves.
    WithoutCertificate,
    /// Is a member of another swarm.
    OtherSwarm,
    /// Was a member, until its certificate had expired and the grace was over.
    Expired,
    /// Was a member, until it was revoked.
    Revoked,
    /// Shows the certificate of another device.
    CopiedCertificate,
    /// Says that it is that device.
    StolenIdentity,
}

impl Entry {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WithoutCertificate => "a device without a certificate",
            Self::OtherSwarm => "a device of another swarm",
            Self::Expired => "a device whose certificate has expired",
            Self::Revoked => "a revoked device",
            Self::CopiedCertificate => "a device with a copied certificate",
            Self::StolenIdentity => "a device with a stolen identity",
        }
    }

    /// What the founder and the member report; one of these.
    pub(super) fn reasons(self) -> [&'static [&'static str]; 2] {
        match self {
            // Once it waits for the founder it does not say a word to the member any more.
            Self::WithoutCertificate => [
                &["waiting for approval"],
                &["cannot let others in", "the peer refused without a reason"],
            ],
            Self::OtherSwarm => [&["belongs to another swarm"]; 2],
            Self::Expired => [&["the certificate has expired"]; 2],
            Self::Revoked => [&["the device was revoked"]; 2],
            Self::CopiedCertificate => [&["the certificate belongs to another device"]; 2],
            Self::StolenIdentity => [&["did not prove its identity"]; 2],
        }
    }
}

impl<'a> Intruder<'a> {
    pub(super) fn new(entry: Entry, device: Device<'a>) -> Self {
        Self { entry, device }
    }

    /// Begins to try, at the founder and the member; `victim` is the folder of the member.
    pub(super) fn enter(&mut self, addresses: &[Ipv4Addr; 2], victim: &Path) -> Result<()> {
        let peers: Vec<String> = addresses.iter().copied().flat_map(endpoints).collect();
        let opening = Opening {
            peers: peers.clone(),
            ..Opening::default()
        };
        let device = &mut self.device;
        match self.entry {
            Entry::WithoutCertificate => {
                device.open(opening)?;
                let [address, _] = endpoints(addresses[0]);
                device.ask::<u32>(&Order::Ask { address }).map(drop)
            }
            Entry::OtherSwarm => {
                device.open(opening)?;
                device.ask(&Order::Create)
            }
            Entry::Expired | Entry::Revoked => device.open(opening).map(drop),
            Entry::CopiedCertificate => steal(device, victim, peers, Guise::Oneself),
            Entry::StolenIdentity => steal(device, victim, peers, Guise::Owner),
        }
    }

    /// Checks that it has nothing that others wrote, and nobody to get it from.
    pub(super) fn check_empty(&mut self, honest: &[String; 2]) -> Result<()> {
        if matches!(self.entry, Entry::CopiedCertificate | Entry::StolenIdentity) {
            let loot: Loot = self.device.ask(&Order::Loot)?;
            ensure!(
                loot.admissions == 0 && loot.frames == 0,
                "it has got {loot:?}"
            );
            ensure!(!loot.refusals.is_empty(), "it was not refused");
            return Ok(());
        }
        let peers = self.device.standing()?.peers;
        ensure!(peers.is_empty(), "it is connected with {peers:?}");
        let events = self.device.events()?;
        let is_theirs = |stream: &str| honest.iter().any(|id| stream.starts_with(id.as_str()));
        let got = events
            .iter()
            .filter(|event| is_theirs(&event.stream))
            .count();
        ensure!(got == 0, "it has got {got} events");
        Ok(())
    }
}

fn steal(device: &mut Device<'_>, victim: &Path, peers: Vec<String>, guise: Guise) -> Result<()> {
    let folder = device.folder().to_owned();
    fs::create_dir(&folder)?;
    fs::copy(victim.join("local.redb"), folder.join("local.redb"))?;
    device.ask(&Order::Steal {
        folder,
        peers,
        guise,
    })
}
