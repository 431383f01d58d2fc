//! The authority: who is a member, judged offline from root keys, revocations and the time floor.
//!
//! It holds everything the judgement depends on, and nothing else: the same authority gives the
//! same judgement on every node. It never calls a clock; the wall clock is passed in and counts
//! only as far as it is later than what surely has passed.

use super::chain::Chain;
use super::denial::Denial;
use super::limits::{EARLY_SECS_MAX, GRACE_SECS};
use super::revocation::Revocation;
use super::revocations::Revocations;
use super::root_set::RootSet;
use super::swarm_id::SwarmId;
use super::time_floor::TimeFloor;
use crate::event::NodeId;

/// A device that was judged to be a member. Only [`Authority::judge`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    chain: Chain,
    is_in_grace: bool,
}

impl Member {
    /// The device.
    #[must_use]
    pub fn device(&self) -> NodeId {
        self.chain.device()
    }

    /// By what it is a member.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether its certificate has expired and is accepted for a while: warn the operator.
    #[must_use]
    pub fn is_in_grace(&self) -> bool {
        self.is_in_grace
    }
}

/// Judges devices for one swarm.
#[derive(Clone, Debug)]
pub struct Authority {
    roots: RootSet,
    revocations: Revocations,
    floor: TimeFloor,
}

impl Authority {
    /// The authority of the swarm of `roots`; the swarm was founded, so its date has passed.
    #[must_use]
    pub fn new(roots: RootSet, revocations: Revocations, mut floor: TimeFloor) -> Self {
        floor.observe(roots.created_secs());
        Self {
            roots,
            revocations,
            floor,
        }
    }

    /// Learns that `secs` has passed; see [`Chain::not_before`]. Returns whether the floor rose.
    pub fn observe(&mut self, secs: u64) -> bool {
        self.floor.observe(secs)
    }

    /// Takes a revocation that counts. Returns whether it is new.
    pub fn revoke(&mut self, revocation: Revocation) -> Result<bool, Denial> {
        self.revocations.add(revocation, &self.roots)
    }

    /// Whether the device with the connection key `key` is a member by `chain` when the clock says
    /// `wall_secs`.
    pub fn judge(&self, chain: &Chain, key: NodeId, wall_secs: u64) -> Result<Member, Denial> {
        let claims = chain.claims();
        if claims.swarm != self.roots.id() {
            return Err(Denial::WrongSwarm);
        }
        if claims.subject != key {
            return Err(Denial::WrongKey);
        }
        chain.check(&self.roots)?;
        if self.revocations.is_revoked(key) {
            return Err(Denial::Revoked);
        }
        self.recognise(chain)?;
        let now = self.floor.judge(wall_secs);
        if chain.not_before() > now.saturating_add(EARLY_SECS_MAX) {
            return Err(Denial::NotYetValid);
        }
        if now > claims.not_after.saturating_add(GRACE_SECS) {
            return Err(Denial::Expired);
        }
        Ok(Member {
            chain: chain.clone(),
            is_in_grace: now > claims.not_after,
        })
    }

    /// Whether `chain` was ever good: what its device wrote while it was a member stays good after
    /// it has expired or was revoked, so neither time nor its own revocation matters here.
    pub fn recognise(&self, chain: &Chain) -> Result<(), Denial> {
        chain.check(&self.roots)?;
        let fell_at = self.revocations.revoked_at(chain.claims().issuer);
        match fell_at.is_some_and(|fell_at| chain.claims().not_before >= fell_at) {
            true => Err(Denial::IssuerRevoked),
            false => Ok(()),
        }
    }

    /// The swarm.
    #[must_use]
    pub fn swarm(&self) -> SwarmId {
        self.roots.id()
    }

    /// The root keys.
    #[must_use]
    pub fn root_set(&self) -> &RootSet {
        &self.roots
    }

    /// The revocations known.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// The time floor, to be stored when it rises.
    #[must_use]
    pub fn floor(&self) -> TimeFloor {
        self.floor
    }
}
