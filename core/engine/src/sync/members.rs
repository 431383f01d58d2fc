//! Who may do what, as sessions need to know it, and how members and revocations travel.
//!
//! Both sets only grow by what their signers allow, so merging them in any order ends the same.

use bytes::Bytes;

use super::limits::CHUNK_BYTES_MAX;
use crate::event::codec::{Malformed, Reader, put_bytes};
use crate::event::{NodeId, Offset, StreamId, StreamName};
use crate::log::Ceilings;
use crate::membership::limits::{CHAIN_BYTES_MAX, REVOCATION_BYTES_MAX};
use crate::membership::{Authority, Ceiling, Chain, Denial, Directory, Revocation, Right};

/// The certificates and revocations of a swarm.
#[derive(Clone, Debug)]
pub struct Members {
    authority: Authority,
    directory: Directory,
}

impl Members {
    /// What one node knows of its swarm.
    #[must_use]
    pub fn new(authority: Authority, directory: Directory) -> Self {
        Self {
            authority,
            directory,
        }
    }

    /// The root keys, the revocations and the time floor.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The certificates.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Takes a certificate. Returns whether it is news.
    pub fn admit(&mut self, chain: Chain) -> Result<bool, Denial> {
        let not_before = chain.not_before();
        let is_new = self.directory.insert(chain, &self.authority)?;
        // A certificate that was recognised was signed by somebody who is trusted with the time.
        self.authority.observe(not_before);
        Ok(is_new)
    }

    /// Takes a revocation. Returns whether it is news.
    pub fn revoke(&mut self, revocation: Revocation) -> Result<bool, Denial> {
        let is_new = self.authority.revoke(revocation)?;
        if is_new {
            self.directory.prune(&self.authority);
        }
        Ok(is_new)
    }

    /// Takes everything that `other` knows of the same swarm. Returns whether something is news.
    pub fn absorb(&mut self, other: &Self) -> bool {
        let mut is_new = false;
        for revocation in other.authority.revocations().iter() {
            is_new |= self.revoke(revocation.clone()).unwrap_or(false);
        }
        for chain in other.directory.iter() {
            is_new |= self.admit(chain.clone()).unwrap_or(false);
        }
        is_new
    }

    pub(super) fn revocations_digest(&self) -> [u8; 32] {
        self.authority.revocations().digest()
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.directory.digest()
    }

    /// All revocations, as the contents of as many frames as it takes.
    pub(super) fn revocation_frames(&self) -> Vec<Bytes> {
        let revocations = self.authority.revocations();
        let entries = revocations.iter().map(Revocation::as_bytes);
        packed(entries.map(<[u8]>::to_vec))
    }

    /// All certificates, likewise.
    pub(super) fn frames(&self) -> Vec<Bytes> {
        packed(self.directory.iter().map(Chain::encode))
    }

    /// Takes the revocations of one frame. Returns whether something is news.
    pub(super) fn merge_revocations(&mut self, bytes: &Bytes) -> Result<bool, Malformed> {
        let mut is_new = false;
        for entry in unpacked(bytes, REVOCATION_BYTES_MAX)? {
            let revocation = Revocation::decode(entry).map_err(refused)?;
            is_new |= match self.revoke(revocation) {
                Ok(is_new) => is_new,
                // There is no room; those that fit are known.
                Err(Denial::Full) => false,
                Err(denial) => return Err(refused(denial)),
            };
        }
        Ok(is_new)
    }

    /// Takes the certificates of one frame. Returns whether something is news.
    pub(super) fn merge(&mut self, bytes: &Bytes) -> Result<bool, Malformed> {
        let mut is_new = false;
        for entry in unpacked(bytes, CHAIN_BYTES_MAX)? {
            let chain = Chain::decode(entry).map_err(refused)?;
            is_new |= match self.admit(chain) {
                Ok(is_new) => is_new,
                // The peer may not know yet that the issuer was revoked.
                Err(Denial::Full | Denial::IssuerRevoked) => false,
                Err(denial) => return Err(refused(denial)),
            };
        }
        Ok(is_new)
    }

    /// Whether `node` may read streams of this name.
    #[must_use]
    pub fn may_read(&self, node: NodeId, name: &StreamName) -> bool {
        self.directory.may(node, Right::Read, name)
    }

    /// Whether `author` may write streams of this name.
    pub(super) fn may_write(&self, author: NodeId, name: &StreamName) -> bool {
        self.directory.may(author, Right::Write, name)
    }

    /// Whether the event at `offset` of `stream` was written before its author was revoked.
    pub(super) fn accepts(&self, stream: StreamId, offset: Offset) -> bool {
        self.authority.revocations().ceiling(stream).accepts(offset)
    }

    /// `last`, or how far the stream is accepted if that is less.
    pub(super) fn clamp(&self, stream: StreamId, last: Offset) -> Option<Offset> {
        match self.authority.revocations().ceiling(stream) {
            Ceiling::None => Some(last),
            Ceiling::Nothing => None,
            Ceiling::UpTo(ceiling) => Some(last.min(ceiling)),
        }
    }

    /// How far the streams of revoked devices are shown.
    pub(super) fn ceilings(&self) -> Ceilings {
        let mut ceilings = Ceilings::default();
        for (device, cut) in self.authority.revocations().cuts() {
            ceilings.set(device, cut.clone());
        }
        ceilings
    }

    pub(super) fn is_revoked(&self, node: NodeId) -> bool {
        self.authority.revocations().is_revoked(node)
    }
}

/// Packs entries into frames, each with its length before it.
fn packed(entries: impl Iterator<Item = Vec<u8>>) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut frame = Vec::new();
    for entry in entries {
        if !frame.is_empty() && frame.len() + entry.len() + 3 > CHUNK_BYTES_MAX {
            frames.push(std::mem::take(&mut frame).into());
        }
        put_bytes(&mut frame, &entry);
    }
    if !frame.is_empty() {
        frames.push(frame.into());
    }
    frames
}

fn unpacked(bytes: &Bytes, entry_bytes_max: usize) -> Result<Vec<&[u8]>, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    while !reader.is_at_end() {
        let len = reader.len(entry_bytes_max, "a certificate is too long")?;
        entries.push(reader.take(len)?);
    }
    Ok(entries)
}

fn refused(denial: Denial) -> Malformed {
    let what = denial.text();
    Malformed { what, at: 0 }
}
