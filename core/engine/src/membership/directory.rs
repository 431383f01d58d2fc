//! The directory: the newest chain of every device, from which rights on streams are read.
//!
//! Entries outlive expiry and revocation: they say what the author of old events was allowed to
//! write. How far a revoked author is accepted is the matter of the revocations.

use std::collections::BTreeMap;

use super::authority::Authority;
use super::capabilities::Right;
use super::cbor::{Reader, Writer};
use super::chain::Chain;
use super::denial::Denial;
use super::limits::{DIRECTORY_BYTES_MAX, DIRECTORY_MAX};
use crate::event::{NodeId, StreamName};

/// Known chains by device, at most 4096.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory(BTreeMap<NodeId, Chain>);

impl Directory {
    /// The empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `chain` if the authority recognises it and it is newer than the one known. Returns
    /// whether the directory changed.
    pub fn insert(&mut self, chain: Chain, authority: &Authority) -> Result<bool, Denial> {
        authority.recognise(&chain)?;
        let device = chain.device();
        let known = self.0.get(&device);
        if known.is_some_and(|known| age(known) >= age(&chain)) {
            return Ok(false);
        }
        if known.is_none() && self.0.len() == DIRECTORY_MAX {
            return Err(Denial::Full);
        }
        self.0.insert(device, chain);
        Ok(true)
    }

    /// Drops what the authority no longer recognises; for after new revocations. Returns whether
    /// the directory changed.
    pub fn prune(&mut self, authority: &Authority) -> bool {
        let before = self.0.len();
        self.0.retain(|_, chain| authority.recognise(chain).is_ok());
        self.0.len() != before
    }

    /// The chain of `device`.
    #[must_use]
    pub fn of(&self, device: NodeId) -> Option<&Chain> {
        self.0.get(&device)
    }

    /// Whether `author` has `right` on the stream `name`; who is not known has none.
    #[must_use]
    pub fn may(&self, author: NodeId, right: Right, name: &StreamName) -> bool {
        let chain = self.of(author);
        chain.is_some_and(|chain| chain.claims().capabilities.may(right, name))
    }

    /// Stands for the directory: two are equal exactly if their digests are.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for chain in self.iter() {
            hasher.update(blake3::hash(&chain.encode()).as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// Number of devices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no device is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All chains in the order of their devices.
    pub fn iter(&self) -> impl Iterator<Item = &Chain> {
        self.0.values()
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(self.0.len());
        for chain in self.iter() {
            out.bytes(&chain.encode());
        }
        out.finish()
    }

    /// Reads a directory and leaves out what `authority` does not recognise.
    pub fn decode(bytes: &[u8], authority: &Authority) -> Result<Self, Denial> {
        let mut reader = Reader::new(bytes, DIRECTORY_BYTES_MAX)?;
        let mut all = Self::new();
        for _ in 0..reader.array(DIRECTORY_MAX)? {
            let chain = Chain::decode(reader.bytes()?)?;
            all.0.insert(chain.device(), chain);
        }
        reader.finish(&all.encode())?;
        all.prune(authority);
        Ok(all)
    }
}

/// What decides which of two chains of a device is the newer one, equally on every node.
fn age(chain: &Chain) -> (u64, [u8; 16], &[u8]) {
    let claims = chain.claims();
    let issuer = chain.issuer.as_ref();
    let issuer = issuer.map_or(&[][..], |issuer| issuer.as_bytes());
    (claims.not_before, claims.serial, issuer)
}
