//! Where this node and the others are: what it says of itself, and what it keeps of others so that
//! it finds them again after a restart.

use std::time::Duration;

use swarmlet_engine::event::codec::{Malformed, Reader};
use swarmlet_engine::sync::limits::CONTACT_PERIOD;
use swarmlet_engine::sync::{Address, Contact, Sync};
use swarmlet_engine::{Error, Result};
use swarmlet_net::Endpoint;

use super::gatehouse::Gatehouse;
use super::vault::Kept;
use crate::limits::{CONTACTS_KEPT_EVERY, KNOCKED_EVERY};

/// Contacts on their way to and from the vault.
#[derive(Debug)]
pub(super) struct Whereabouts {
    /// What this node said of itself last.
    own: Option<Contact>,
    /// When it said so, if it did since it was started.
    said: Option<Duration>,
    is_changed: bool,
    kept: Duration,
    /// Where this node asked to be let in, and when they were dialled last.
    doors: Vec<Endpoint>,
    knocked: Option<Duration>,
}

/// Keeps where this node asks to be let in. Until a member has told where it is, nothing else leads
/// back after a restart, and that may come a moment later.
pub(super) fn keep_doors(doors: &[Endpoint], house: &Gatehouse) -> Result<()> {
    let lines: Vec<String> = doors.iter().map(Endpoint::to_string).collect();
    house.keep_for_later(Kept::Doors, lines.join("\n").into_bytes())
}

/// This node founded a swarm of its own: where it asked before does not lead there.
pub(super) fn forget_doors(house: &Gatehouse) {
    if let Err(error) = keep_doors(&[], house) {
        // Another swarm refuses it, no more.
        tracing::warn!(%error, "where this node asked to be let in cannot be forgotten");
    }
}

impl Whereabouts {
    /// What was kept; the contacts of others are given to `machine`.
    pub(super) fn load(house: &Gatehouse, machine: &mut Sync) -> Self {
        let kept = house.recall(Kept::Contacts);
        // They can be learnt again, so that they cannot be read is no reason not to start.
        let contacts = kept
            .and_then(|bytes| decode(&bytes))
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "where others are has to be learnt anew");
                Vec::new()
            });
        let (own, others): (Vec<Contact>, Vec<Contact>) = contacts
            .into_iter()
            .partition(|contact| contact.node() == house.own);
        machine.remember(others);
        Self {
            own: own.into_iter().next(),
            said: None,
            is_changed: false,
            kept: Duration::ZERO,
            doors: doors(house),
            knocked: None,
        }
    }

    /// What is to be dialled now because no other node has said where it is; `now` is the time
    /// since the start.
    pub(super) fn knock(&mut self, machine: &Sync, now: Duration) -> &[Endpoint] {
        let is_just_done = self.knocked.is_some_and(|last| now < last + KNOCKED_EVERY);
        if is_just_done || machine.contacts().next().is_some() {
            return &[];
        }
        self.knocked = Some(now);
        &self.doors
    }

    /// What this node says of itself, when it can be reached there; `None` if it said that already,
    /// or something else just now. `now` is the time since the start.
    pub(super) fn announce(
        &mut self,
        at: &[Endpoint],
        house: &Gatehouse,
        now: Duration,
    ) -> Option<Contact> {
        if self.said.is_some_and(|said| now < said + CONTACT_PERIOD) {
            return None;
        }
        let is_local = |endpoint: &Endpoint| endpoint.address.ip().is_loopback();
        // On another device an address of the loopback leads to that device itself.
        let is_all_local = at.iter().all(is_local);
        let told = at.iter().filter(|one| is_all_local || !is_local(one));
        let addresses = told.filter_map(|one| Address::new(&one.to_string()));
        let addresses: Vec<Address> = addresses.collect();
        let is_same = |own: &Contact| own.addresses() == addresses;
        if self.said.is_some() && self.own.as_ref().is_some_and(is_same) {
            return None;
        }
        let before = self.own.as_ref().map_or(0, Contact::version);
        let version = house.wall_secs().saturating_mul(1_000_000);
        let version = version.max(before.saturating_add(1));
        let contact = Contact::sign(version, addresses, house.signer.0.as_ref());
        self.own = Some(contact.clone());
        (self.said, self.is_changed) = (Some(now), true);
        Some(contact)
    }

    /// There is something new.
    pub(super) fn note_changed(&mut self) {
        self.is_changed = true;
    }

    /// Keeps what is new, not too often; `now` is the time since the start.
    pub(super) fn keep_if_due(&mut self, machine: &Sync, house: &Gatehouse, now: Duration) {
        if self.is_changed && now >= self.kept + CONTACTS_KEPT_EVERY {
            self.kept = now;
            self.keep(machine, house);
        }
    }

    /// Keeps what is new.
    pub(super) fn keep(&mut self, machine: &Sync, house: &Gatehouse) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        let mut bytes = Vec::new();
        let contacts = self.own.iter().chain(machine.contacts());
        contacts.for_each(|contact| contact.encode(&mut bytes));
        if let Err(error) = house.keep_for_later(Kept::Contacts, bytes) {
            tracing::warn!(%error, "where others are cannot be kept");
        }
    }
}

/// What was kept; without it others may still be found.
fn doors(house: &Gatehouse) -> Vec<Endpoint> {
    let kept = house.recall(Kept::Doors).unwrap_or_else(|error| {
        tracing::warn!(%error, "where this node was let in cannot be read");
        Vec::new()
    });
    let text = String::from_utf8_lossy(&kept);
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

fn decode(bytes: &[u8]) -> Result<Vec<Contact>> {
    let damaged = |error: Malformed| Error::corrupt(error.what).with("at", error.at);
    let mut reader = Reader::new(bytes);
    let mut contacts = Vec::new();
    while !reader.is_at_end() {
        contacts.push(Contact::decode(&mut reader).map_err(damaged)?);
    }
    Ok(contacts)
}
