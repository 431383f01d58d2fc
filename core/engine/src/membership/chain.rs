//! Chains: a device's certificate with that of its issuer, all a stranger needs to judge it.

use super::cbor::{Reader, Writer};
use super::certificate::{Certificate, Claims, Role};
use super::denial::Denial;
use super::limits::CHAIN_BYTES_MAX;
use super::root_set::RootSet;
use crate::event::NodeId;

/// The certificate of a device and, unless a root key signed that, the one of its issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// What is said about the device.
    pub member: Certificate,
    /// By whom it is said; absent if the device is an issuer itself.
    pub issuer: Option<Certificate>,
}

impl Chain {
    /// The chain of a member.
    #[must_use]
    pub fn of_member(member: Certificate, issuer: Certificate) -> Self {
        let issuer = Some(issuer);
        Self { member, issuer }
    }

    /// The chain of an issuer.
    #[must_use]
    pub fn of_issuer(issuer: Certificate) -> Self {
        Self {
            member: issuer,
            issuer: None,
        }
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> NodeId {
        self.claims().subject
    }

    /// What is said about the device.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        self.member.claims()
    }

    /// The latest time at which one of its certificates begins: that much has surely passed.
    #[must_use]
    pub fn not_before(&self) -> u64 {
        let issuer = self.issuer.iter().map(|issuer| issuer.claims().not_before);
        issuer.fold(self.claims().not_before, u64::max)
    }

    /// Whether the swarm of `roots` has ever said this: all that does not depend on time and on
    /// revocations, so that every node finds the same.
    pub fn check(&self, roots: &RootSet) -> Result<(), Denial> {
        let member = self.claims();
        let top = self.issuer.as_ref().unwrap_or(&self.member).claims();
        if member.swarm != roots.id() || top.swarm != roots.id() {
            return Err(Denial::WrongSwarm);
        }
        if !roots.contains(top.issuer) {
            return Err(Denial::UnknownIssuer);
        }
        if top.role != Role::Issuer {
            return Err(Denial::BadChain);
        }
        match &self.issuer {
            Some(issuer) => may_issue(issuer.claims(), member),
            None => Ok(()),
        }
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(1 + usize::from(self.issuer.is_some()));
        out.bytes(self.member.as_bytes());
        if let Some(issuer) = &self.issuer {
            out.bytes(issuer.as_bytes());
        }
        out.finish()
    }

    /// Reads a chain and checks the form and the signature of each certificate.
    pub fn decode(bytes: &[u8]) -> Result<Self, Denial> {
        let mut reader = Reader::new(bytes, CHAIN_BYTES_MAX)?;
        let count = reader.array(2)?;
        let member = Certificate::decode(reader.bytes()?)?;
        let issuer = match count {
            2 => Some(Certificate::decode(reader.bytes()?)?),
            _ => None,
        };
        let chain = Self { member, issuer };
        reader.finish(&chain.encode())?;
        Ok(chain)
    }
}

/// Whether `issuer` was allowed to say `member` when it did. That its certificate ends before the
/// member's does no harm; that it had ended when it signed does.
fn may_issue(issuer: &Claims, member: &Claims) -> Result<(), Denial> {
    if member.issuer != issuer.subject {
        return Err(Denial::UnknownIssuer);
    }
    let was_valid = (issuer.not_before..=issuer.not_after).contains(&member.not_before);
    let is_narrower = issuer.capabilities.covers(&member.capabilities);
    match member.role == Role::Member && was_valid && is_narrower {
        true => Ok(()),
        false => Err(Denial::BadChain),
    }
}
