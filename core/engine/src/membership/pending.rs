//! Devices that ask to be let in and wait for a person.
//!
//! Both sides show six digits made of both keys and both nonces. The joiner commits to its nonce
//! before it sees the issuer's, so somebody in the middle has one guess in a million.

use std::collections::BTreeMap;

use super::denial::Denial;
use super::limits::{PENDING_MAX, PENDING_SECS};
use super::name::Name;
use super::proof::{self, Ends};
use crate::event::NodeId;

/// A device that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingDevice {
    /// Its key.
    pub device: NodeId,
    /// What it calls itself.
    pub name: Name,
    /// The number it shows, below 1 000 000; to be written with six digits.
    pub code: u32,
    /// When it asked, in seconds since 1970-01-01 UTC.
    pub since: u64,
}

#[derive(Clone, Debug)]
struct Request {
    name: Name,
    commitment: [u8; 32],
    nonce: [u8; 32],
    code: Option<u32>,
    is_rejected: bool,
    since: u64,
}

/// Requests by device, at most 64. They are not stored: who is forgotten asks anew.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(BTreeMap<NodeId, Request>);

impl Pending {
    /// Notes a request and chooses `nonce` for it. A request that shows its digits already stays
    /// as it is until it is decided or forgotten: the digits must not change under the person.
    pub(super) fn ask(
        &mut self,
        (device, name, commitment): (NodeId, Name, [u8; 32]),
        nonce: [u8; 32],
        now: u64,
    ) -> Result<[u8; 32], Denial> {
        self.expire(now);
        match self.0.get(&device) {
            Some(request) if request.is_rejected => return Err(Denial::Rejected),
            Some(request) if request.code.is_some() => {
                let is_same = request.commitment == commitment;
                return is_same.then_some(request.nonce).ok_or(Denial::Pending);
            }
            Some(_) => {}
            None => self.make_room()?,
        }
        let request = Request {
            name,
            commitment,
            nonce,
            code: None,
            is_rejected: false,
            since: now,
        };
        self.0.insert(device, request);
        Ok(nonce)
    }

    /// Requests that nobody has to decide, or nobody any more, make room for new ones.
    fn make_room(&mut self) -> Result<(), Denial> {
        if self.0.len() >= PENDING_MAX {
            let is_open = |request: &Request| request.code.is_some() && !request.is_rejected;
            self.0.retain(|_, request| is_open(request));
        }
        match self.0.len() < PENDING_MAX {
            true => Ok(()),
            false => Err(Denial::Full),
        }
    }

    /// Takes the nonce of a joiner, which must be the one it committed to. From now on the request
    /// is shown.
    pub(super) fn reveal(&mut self, ends: Ends, nonce: &[u8; 32]) -> Result<(), Denial> {
        let request = self.0.get_mut(&ends.joiner).ok_or(Denial::NotAsked)?;
        if !proof::is_same(&proof::commitment(nonce), &request.commitment) {
            return Err(Denial::BadProof);
        }
        request.code = Some(proof::code(ends, nonce, &request.nonce));
        Ok(())
    }

    /// How it stands with the request of `device`.
    pub(super) fn state(&self, device: NodeId) -> Denial {
        match self.0.get(&device) {
            Some(request) if request.is_rejected => Denial::Rejected,
            Some(request) if request.code.is_some() => Denial::Pending,
            _ => Denial::NotAsked,
        }
    }

    /// Ends a request that was approved.
    pub(super) fn remove(&mut self, device: NodeId) {
        self.0.remove(&device);
    }

    /// Notes that a person said no. Returns whether the request was shown.
    pub(super) fn reject(&mut self, device: NodeId) -> bool {
        let request = self.0.get_mut(&device);
        request.is_some_and(|request| {
            let is_shown = request.code.is_some() && !request.is_rejected;
            request.is_rejected |= is_shown;
            is_shown
        })
    }

    pub(super) fn expire(&mut self, now: u64) {
        self.0
            .retain(|_, request| now < request.since.saturating_add(PENDING_SECS));
    }

    /// The requests that a person can decide, in the order of their keys.
    pub(super) fn shown(&self) -> impl Iterator<Item = PendingDevice> {
        let undecided = self.0.iter().filter(|(_, request)| !request.is_rejected);
        undecided.filter_map(|(device, request)| {
            request.code.map(|code| PendingDevice {
                device: *device,
                name: request.name.clone(),
                code,
                since: request.since,
            })
        })
    }
}
