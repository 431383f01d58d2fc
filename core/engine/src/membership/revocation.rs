//! A revocation: the signed word of a root key or an issuer that a device is out.
//!
//! It carries its own proof, so that whether it counts does not depend on what a node has heard
//! before. Neither time nor other revocations matter: otherwise two parts of a swarm that revoke at
//! once could never agree. The byte map is in docs/format/membership.md.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::cbor::{Reader, Writer};
use super::certificate::{Certificate, Role};
use super::denial::Denial;
use super::limits::{CUT_STREAMS_MAX, REASON_BYTES_MAX, REVOCATION_BYTES_MAX};
use super::name::is_deceptive;
use super::root_set::RootSet;
use super::{capabilities::Right, signed, swarm_id::SwarmId};
use crate::error::{Error, Result};
use crate::event::codec::Malformed;
use crate::event::{NodeId, Offset, Signer, StreamNumber};

/// What a revocation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The swarm it is about.
    pub swarm: SwarmId,
    /// The device that is out, for good: its key is never accepted again.
    pub device: NodeId,
    /// Since when, in seconds since 1970-01-01 UTC: what the device issued from then on falls.
    pub revoked_at: u64,
    /// Why, for people; at most 128 bytes.
    pub reason: String,
    /// Last accepted offset of each of the device's streams, at most 256; of a stream that is not
    /// listed nothing is accepted.
    pub cut: BTreeMap<StreamNumber, Offset>,
    /// Who signs it.
    pub signer: NodeId,
}

impl Withdrawal {
    fn check(&self) -> Result<()> {
        if self.reason.len() > REASON_BYTES_MAX || self.reason.contains(is_deceptive) {
            let message = "a reason must have at most 128 bytes and no control characters";
            return Err(Error::invalid(message).with("bytes", self.reason.len()));
        }
        if self.cut.len() > CUT_STREAMS_MAX {
            let message = "a revocation must name at most 256 streams";
            return Err(Error::invalid(message).with("streams", self.cut.len()));
        }
        Ok(())
    }
}

/// A withdrawal, the proof that its signer may make it, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    withdrawal: Withdrawal,
    proof: Option<Certificate>,
    bytes: Bytes,
    hash: [u8; 32],
}

impl Revocation {
    /// Signs `withdrawal`. An issuer gives its certificate as `proof`; a root key needs none.
    pub fn issue(
        withdrawal: Withdrawal,
        proof: Option<&Certificate>,
        signer: &dyn Signer,
    ) -> Result<Self> {
        withdrawal.check()?;
        let is_own = proof.is_none_or(|proof| proof.claims().subject == withdrawal.signer);
        if signer.node_id() != withdrawal.signer || !is_own {
            let message = "a revocation must be signed by its signer, with its own certificate";
            return Err(Error::invalid(message).with("signer", withdrawal.signer));
        }
        let proof = proof.cloned();
        let bytes = signed::seal(encode(&withdrawal, proof.as_ref()), DOMAIN, signer);
        assert!(bytes.len() <= REVOCATION_BYTES_MAX, "its parts are bounded");
        Ok(Self::assembled(withdrawal, proof, bytes.into()))
    }

    /// Reads a revocation and checks its form and its signature.
    pub fn decode(bytes: &[u8]) -> Result<Self, Denial> {
        let opened = signed::open(bytes, DOMAIN, REVOCATION_BYTES_MAX)?;
        let (withdrawal, proof) = decode(&opened.payload)?;
        let is_own = |proof: &Certificate| proof.claims().subject == withdrawal.signer;
        if !opened.is_signed_by(withdrawal.signer) || !proof.as_ref().is_none_or(is_own) {
            return Err(Denial::BadSignature);
        }
        let bytes = Bytes::copy_from_slice(bytes);
        Ok(Self::assembled(withdrawal, proof, bytes))
    }

    fn assembled(withdrawal: Withdrawal, proof: Option<Certificate>, bytes: Bytes) -> Self {
        let hash = *blake3::hash(&bytes).as_bytes();
        Self {
            withdrawal,
            proof,
            bytes,
            hash,
        }
    }

    /// Whether it counts in the swarm of `roots`: signed by a root key, or by an issuer that a
    /// root key gave the right to administer every stream.
    pub fn check(&self, roots: &RootSet) -> Result<(), Denial> {
        if self.withdrawal.swarm != roots.id() {
            return Err(Denial::WrongSwarm);
        }
        let Some(proof) = self.proof.as_ref().map(Certificate::claims) else {
            let is_root = roots.contains(self.withdrawal.signer);
            return is_root.then_some(()).ok_or(Denial::UnknownIssuer);
        };
        if proof.swarm != roots.id() || !roots.contains(proof.issuer) {
            return Err(Denial::UnknownIssuer);
        }
        let may_revoke = proof.capabilities.may_everywhere(Right::Admin);
        match proof.role == Role::Issuer && may_revoke {
            true => Ok(()),
            false => Err(Denial::BadChain),
        }
    }

    /// What it says.
    #[must_use]
    pub fn withdrawal(&self) -> &Withdrawal {
        &self.withdrawal
    }

    /// Whether a root key signed it, provided that it counts.
    #[must_use]
    pub fn is_by_root(&self) -> bool {
        self.proof.is_none()
    }

    /// Its bytes, exactly as they were signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// BLAKE3 of its bytes.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

fn encode(withdrawal: &Withdrawal, proof: Option<&Certificate>) -> Vec<u8> {
    let mut out = Writer::new();
    out.map(8).uint(1).uint(VERSION);
    out.uint(2).bytes(withdrawal.swarm.as_bytes());
    out.uint(3).bytes(withdrawal.device.as_bytes());
    out.uint(4).uint(withdrawal.revoked_at);
    out.uint(5).text(&withdrawal.reason);
    out.uint(6).map(withdrawal.cut.len());
    for (number, offset) in &withdrawal.cut {
        out.uint(number.get()).uint(offset.get());
    }
    out.uint(7).bytes(withdrawal.signer.as_bytes());
    out.uint(8).bytes(proof.map_or(&[], Certificate::as_bytes));
    out.finish()
}

fn decode(bytes: &[u8]) -> Result<(Withdrawal, Option<Certificate>), Denial> {
    let mut reader = Reader::new(bytes, REVOCATION_BYTES_MAX)?;
    reader.record(8)?;
    if reader.key(1)?.uint()? != VERSION {
        return Err(Denial::Malformed);
    }
    let withdrawal = Withdrawal {
        swarm: SwarmId::from_bytes(reader.key(2)?.fixed()?),
        device: NodeId::from_bytes(reader.key(3)?.fixed()?),
        revoked_at: reader.key(4)?.uint()?,
        reason: reader.key(5)?.text()?.into(),
        cut: read_cut(reader.key(6)?)?,
        signer: NodeId::from_bytes(reader.key(7)?.fixed()?),
    };
    reader.checked(withdrawal.check())?;
    let proof = match reader.key(8)?.bytes()? {
        [] => None,
        bytes => Some(Certificate::decode(bytes)?),
    };
    reader.finish(&encode(&withdrawal, proof.as_ref()))?;
    Ok((withdrawal, proof))
}

fn read_cut(reader: &mut Reader<'_>) -> Result<BTreeMap<StreamNumber, Offset>, Malformed> {
    let mut cut = BTreeMap::new();
    for _ in 0..reader.map(CUT_STREAMS_MAX)? {
        let number = StreamNumber::new(reader.uint()?);
        let number = reader.checked(number)?;
        let offset = Offset::new(reader.uint()?);
        cut.insert(number, reader.checked(offset)?);
    }
    Ok(cut)
}

const DOMAIN: &[u8] = b"swarmlet/revocation/1";
const VERSION: u64 = 1;
