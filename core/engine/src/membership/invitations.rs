//! Invitations: what one issuer has handed out, and how often each may still be used.
//!
//! An invite is good at its issuer only, so counting its uses is exact. A device that has used one
//! may come again, because the answer to it may have been lost; that counts once.

use std::collections::{BTreeMap, BTreeSet};

use super::cbor::{Reader, Writer};
use super::denial::Denial;
use super::grant::Grant;
use super::invite::{InviteId, Secret};
use super::limits::{INVITE_REMEMBERED_SECS, INVITE_USES_MAX, INVITES_MAX};
use crate::error::{Error, Result};
use crate::event::NodeId;
use crate::event::codec::Malformed;

/// What an invite gives, to how many devices, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteTerms {
    /// What each device gets.
    pub grant: Grant,
    /// How many devices may use it: 1 to 256.
    pub uses: usize,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub expires_at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Invitation {
    secret: Secret,
    terms: InviteTerms,
    used_by: BTreeSet<NodeId>,
}

/// The invites of one issuer, at most 64, with those that have expired within a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitations(BTreeMap<InviteId, Invitation>);

impl Invitations {
    /// No invites.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the id and the secret of a new invite from `random` bytes, which must never be used
    /// for anything else.
    pub(super) fn create(
        &mut self,
        terms: InviteTerms,
        random: [u8; 24],
        now: u64,
    ) -> Result<(InviteId, Secret)> {
        if terms.uses == 0 || terms.uses > INVITE_USES_MAX {
            let message = "an invite must be good for 1 to 256 devices";
            return Err(Error::invalid(message).with("uses", terms.uses));
        }
        if terms.expires_at <= now {
            let message = "an invite must not have expired when it is made";
            return Err(Error::invalid(message).with("expires_at", terms.expires_at));
        }
        self.make_room(now)?;
        let (mut id, mut secret) = ([0; 8], [0; 16]);
        id.copy_from_slice(&random[..8]);
        secret.copy_from_slice(&random[8..]);
        let (id, secret) = (InviteId(id), Secret(secret));
        let invitation = Invitation {
            secret: secret.clone(),
            terms,
            used_by: BTreeSet::new(),
        };
        self.0.insert(id, invitation);
        Ok((id, secret))
    }

    /// The secret of an invite, against which a proof is checked before anything is answered.
    pub(super) fn secret(&self, id: InviteId) -> Option<&Secret> {
        self.0.get(&id).map(|invitation| &invitation.secret)
    }

    /// Uses invite `id` for `device`, which has proved that it knows the secret.
    pub fn redeem(&mut self, id: InviteId, device: NodeId, now: u64) -> Result<Grant, Denial> {
        let invitation = self.0.get_mut(&id).ok_or(Denial::InviteUnknown)?;
        if now >= invitation.terms.expires_at {
            return Err(Denial::InviteExpired);
        }
        if !invitation.used_by.contains(&device) {
            if invitation.is_used_up() {
                return Err(Denial::InviteUsed);
            }
            invitation.used_by.insert(device);
        }
        Ok(invitation.terms.grant.clone())
    }

    /// Takes an invite back. Returns whether anybody could still have used it; one that was used,
    /// or has expired, stays to say so.
    pub fn withdraw(&mut self, id: InviteId, now: u64) -> bool {
        let is_good =
            |invitation: &Invitation| !invitation.is_used_up() && now < invitation.terms.expires_at;
        let was_good = self.0.get(&id).is_some_and(is_good);
        if was_good {
            self.0.remove(&id);
        }
        was_good
    }

    /// Forgets what has expired a day ago. Returns whether anything had.
    pub fn expire(&mut self, now: u64) -> bool {
        self.forget(now.saturating_sub(INVITE_REMEMBERED_SECS))
    }

    /// Forgets what had expired by then. Returns whether anything had.
    fn forget(&mut self, then: u64) -> bool {
        let before = self.0.len();
        self.0
            .retain(|_, invitation| then < invitation.terms.expires_at);
        self.0.len() != before
    }

    /// All invites with their terms and how many devices have used each.
    pub fn iter(&self) -> impl Iterator<Item = (InviteId, &InviteTerms, usize)> {
        let entries = self.0.iter();
        entries.map(|(id, invitation)| (*id, &invitation.terms, invitation.used_by.len()))
    }

    /// Invites that are over are kept to say why, but make room for new ones.
    fn make_room(&mut self, now: u64) -> Result<()> {
        if self.0.len() >= INVITES_MAX {
            self.forget(now);
        }
        if self.0.len() >= INVITES_MAX {
            self.0.retain(|_, invitation| !invitation.is_used_up());
        }
        match self.0.len() < INVITES_MAX {
            true => Ok(()),
            false => Err(Error::invalid("64 invites are open: withdraw one first")),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.array(self.0.len());
        for (id, invitation) in &self.0 {
            out.array(6).bytes(&id.0).bytes(&invitation.secret.0);
            invitation.terms.grant.write(out);
            out.uint(invitation.terms.uses as u64);
            out.uint(invitation.terms.expires_at);
            out.array(invitation.used_by.len());
            for device in &invitation.used_by {
                out.bytes(device.as_bytes());
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut all = Self::new();
        for _ in 0..reader.array(INVITES_MAX)? {
            reader.array(6)?;
            let id = InviteId(reader.fixed()?);
            let secret = Secret(reader.fixed()?);
            let terms = InviteTerms {
                grant: Grant::read(reader)?,
                uses: usize::try_from(reader.uint()?).unwrap_or(usize::MAX),
                expires_at: reader.uint()?,
            };
            let mut used_by = BTreeSet::new();
            for _ in 0..reader.array(INVITE_USES_MAX)? {
                used_by.insert(NodeId::from_bytes(reader.fixed()?));
            }
            if terms.uses > INVITE_USES_MAX || used_by.len() > terms.uses {
                return Err(reader.malformed("an invite was used too often"));
            }
            let invitation = Invitation {
                secret,
                terms,
                used_by,
            };
            all.0.insert(id, invitation);
        }
        Ok(all)
    }
}

impl Invitation {
    fn is_used_up(&self) -> bool {
        self.used_by.len() >= self.terms.uses
    }
}
