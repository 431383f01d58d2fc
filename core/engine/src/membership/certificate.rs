//! Certificates: what an issuer says about a device, signed, in one encoding, checked offline.
//!
//! A certificate keeps the bytes it was read from and is forwarded as such. The byte map is in
//! docs/format/membership.md.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::capabilities::Capabilities;
use super::cbor::{Reader, Writer};
use super::denial::Denial;
use super::limits::{CERTIFICATE_BYTES_MAX, LABELS_MAX};
use super::name::Name;
use super::signed;
use super::swarm_id::SwarmId;
use crate::error::{Error, Result};
use crate::event::codec::Malformed;
use crate::event::{NodeId, Signer};

/// What a device is in the swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Lets others in and may act as a member too; named by a root key.
    Issuer,
    /// Reads and publishes; let in by an issuer.
    Member,
}

impl Role {
    const fn number(self) -> u64 {
        match self {
            Self::Issuer => 1,
            Self::Member => 2,
        }
    }
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The swarm it is about.
    pub swarm: SwarmId,
    /// Random, so that two certificates are never the same.
    pub serial: [u8; 16],
    /// The device it is about; the key of its connections and signatures.
    pub subject: NodeId,
    /// What people call the device; shown, never compared.
    pub name: Name,
    /// What the device is.
    pub role: Role,
    /// What the device may do.
    pub capabilities: Capabilities,
    /// What the operator says about the device, at most 16.
    pub labels: BTreeMap<Name, Name>,
    /// From when on it is valid, in seconds since 1970-01-01 UTC.
    pub not_before: u64,
    /// Until when it is valid; a grace follows.
    pub not_after: u64,
    /// Who signs it.
    pub issuer: NodeId,
}

impl Claims {
    fn check(&self) -> Result<()> {
        if self.labels.len() > LABELS_MAX {
            let message = "a device must have at most 16 labels";
            return Err(Error::invalid(message).with("labels", self.labels.len()));
        }
        if self.not_before > self.not_after {
            return Err(
                Error::invalid("a certificate must not end before it begins")
                    .with("not_before", self.not_before)
                    .with("not_after", self.not_after),
            );
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(11).uint(1).uint(VERSION);
        out.uint(2).bytes(self.swarm.as_bytes());
        out.uint(3).bytes(&self.serial);
        out.uint(4).bytes(self.subject.as_bytes());
        out.uint(5).text(self.name.as_str());
        out.uint(6).uint(self.role.number());
        self.capabilities.write(out.uint(7));
        write_labels(&self.labels, out.uint(8));
        out.uint(9).uint(self.not_before);
        out.uint(10).uint(self.not_after);
        out.uint(11).bytes(self.issuer.as_bytes());
        out.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes, CERTIFICATE_BYTES_MAX)?;
        reader.record(11)?;
        if reader.key(1)?.uint()? != VERSION {
            return Err(reader.malformed("unknown version of a certificate"));
        }
        let claims = Self {
            swarm: SwarmId::from_bytes(reader.key(2)?.fixed()?),
            serial: reader.key(3)?.fixed()?,
            subject: NodeId::from_bytes(reader.key(4)?.fixed()?),
            name: read_name(reader.key(5)?)?,
            role: match reader.key(6)?.uint()? {
                1 => Role::Issuer,
                2 => Role::Member,
                _ => return Err(reader.malformed("unknown role")),
            },
            capabilities: Capabilities::read(reader.key(7)?)?,
            labels: read_labels(reader.key(8)?)?,
            not_before: reader.key(9)?.uint()?,
            not_after: reader.key(10)?.uint()?,
            issuer: NodeId::from_bytes(reader.key(11)?.fixed()?),
        };
        reader.checked(claims.check())?;
        reader.finish(&claims.encode())?;
        Ok(claims)
    }
}

/// Claims and the signature of their issuer.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    claims: Claims,
    bytes: Bytes,
}

impl Certificate {
    /// Signs `claims`; whether the swarm accepts that is judged by its authority.
    pub fn issue(claims: Claims, signer: &dyn Signer) -> Result<Self> {
        claims.check()?;
        if signer.node_id() != claims.issuer {
            return Err(Error::invalid("a certificate must be signed by its issuer")
                .with("issuer", claims.issuer)
                .with("signer", signer.node_id()));
        }
        let bytes = signed::seal(claims.encode(), DOMAIN, signer);
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            let message = "a certificate must have at most 2048 bytes: shorten labels and rights";
            return Err(Error::invalid(message).with("bytes", bytes.len()));
        }
        Ok(Self {
            claims,
            bytes: bytes.into(),
        })
    }

    /// Reads a certificate and checks its form and that its issuer signed it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Denial> {
        let opened = signed::open(bytes, DOMAIN, CERTIFICATE_BYTES_MAX)?;
        let claims = Claims::decode(&opened.payload)?;
        if !opened.is_signed_by(claims.issuer) {
            return Err(Denial::BadSignature);
        }
        Ok(Self {
            claims,
            bytes: Bytes::copy_from_slice(bytes),
        })
    }

    /// What it says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Its bytes, exactly as they were signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Certificate").field(&self.claims).finish()
    }
}

/// Deterministic CBOR sorts keys as encoded: shorter texts first.
pub(super) fn write_labels(labels: &BTreeMap<Name, Name>, out: &mut Writer) {
    let mut sorted: Vec<(&str, &Name)> = labels.iter().map(|(k, v)| (k.as_str(), v)).collect();
    sorted.sort_unstable_by_key(|(key, _)| (key.len(), *key));
    out.map(sorted.len());
    for (key, value) in sorted {
        out.text(key).text(value.as_str());
    }
}

pub(super) fn read_labels(reader: &mut Reader<'_>) -> Result<BTreeMap<Name, Name>, Malformed> {
    let mut labels = BTreeMap::new();
    for _ in 0..reader.map(LABELS_MAX)? {
        labels.insert(read_name(reader)?, read_name(reader)?);
    }
    Ok(labels)
}

pub(super) fn read_name(reader: &mut Reader<'_>) -> Result<Name, Malformed> {
    let name = Name::new(reader.text()?);
    reader.checked(name)
}

const DOMAIN: &[u8] = b"swarmlet/cert/1";
const VERSION: u64 = 1;
