//! The set of revocations: it only grows, and merging is the same in every order.
//!
//! So two parts of a swarm may revoke at once and still agree when they meet. Several revocations
//! of one device combine to the strictest: the smaller cut of each stream, the earliest time.

use std::collections::BTreeMap;

use super::cbor::{Reader, Writer};
use super::denial::Denial;
use super::limits::{
    REVOCATIONS_BY_ISSUERS_MAX, REVOCATIONS_BYTES_BY_ISSUERS_MAX, REVOCATIONS_BYTES_MAX,
    REVOCATIONS_MAX,
};
use super::revocation::{Revocation, Withdrawal};
use super::root_set::RootSet;
use crate::event::{NodeId, Offset, StreamId, StreamNumber};

/// How far a stream is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// Its author is not revoked: without limit.
    None,
    /// Not at all.
    Nothing,
    /// Up to this offset, which is the last one.
    UpTo(Offset),
}

impl Ceiling {
    /// Whether the event at `offset` is accepted.
    #[must_use]
    pub fn accepts(self, offset: Offset) -> bool {
        match self {
            Self::None => true,
            Self::Nothing => false,
            Self::UpTo(last) => offset <= last,
        }
    }
}

/// All revocations a node knows of, at most 1024 and 1 MiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    entries: BTreeMap<[u8; 32], Revocation>,
    devices: BTreeMap<NodeId, Fallen>,
    used: Usage,
    used_by_issuers: Usage,
}

/// What all revocations of one device come to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fallen {
    revoked_at: u64,
    cut: BTreeMap<StreamNumber, Offset>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Usage {
    entries: usize,
    bytes: usize,
}

impl Revocations {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `revocation` if it counts in the swarm of `roots`. Returns whether it is new.
    pub fn add(&mut self, revocation: Revocation, roots: &RootSet) -> Result<bool, Denial> {
        if self.entries.contains_key(revocation.hash()) {
            return Ok(false);
        }
        revocation.check(roots)?;
        self.take_room(&revocation)?;
        self.combine(revocation.withdrawal());
        self.entries.insert(*revocation.hash(), revocation);
        Ok(true)
    }

    /// Adds every revocation of an encoded set, or none if one of them does not count. Returns how
    /// many are new. If the bound is reached, those that fit were added.
    pub(super) fn merge_bytes(&mut self, bytes: &[u8], roots: &RootSet) -> Result<usize, Denial> {
        let mut news = Vec::new();
        for entry in split(bytes)? {
            if !self.entries.contains_key(blake3::hash(entry).as_bytes()) {
                let revocation = Revocation::decode(entry)?;
                revocation.check(roots)?;
                news.push(revocation);
            }
        }
        let count = news.len();
        for revocation in news {
            self.add(revocation, roots)?;
        }
        Ok(count)
    }

    /// Reads a set of the swarm of `roots`.
    pub fn decode(bytes: &[u8], roots: &RootSet) -> Result<Self, Denial> {
        let mut set = Self::new();
        set.merge_bytes(bytes, roots)?;
        Ok(set)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let entries: Vec<&[u8]> = self.iter().map(Revocation::as_bytes).collect();
        joined(&entries)
    }

    /// Stands for the set: two sets are equal exactly if their digests are.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for hash in self.entries.keys() {
            hasher.update(hash);
        }
        *hasher.finalize().as_bytes()
    }

    /// Number of revocations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was ever revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether `device` is out.
    #[must_use]
    pub fn is_revoked(&self, device: NodeId) -> bool {
        self.devices.contains_key(&device)
    }

    /// Since when `device` is out, if it is, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn revoked_at(&self, device: NodeId) -> Option<u64> {
        self.devices.get(&device).map(|fallen| fallen.revoked_at)
    }

    /// How far `stream` is accepted.
    #[must_use]
    pub fn ceiling(&self, stream: StreamId) -> Ceiling {
        match self.devices.get(&stream.node) {
            None => Ceiling::None,
            Some(fallen) => match fallen.cut.get(&stream.number) {
                None => Ceiling::Nothing,
                Some(last) => Ceiling::UpTo(*last),
            },
        }
    }

    /// Each revoked device with the last accepted offset of each of its streams.
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, &BTreeMap<StreamNumber, Offset>)> {
        self.devices
            .iter()
            .map(|(device, fallen)| (*device, &fallen.cut))
    }

    /// All revocations in the order of their hashes.
    pub fn iter(&self) -> impl Iterator<Item = &Revocation> {
        self.entries.values()
    }

    fn take_room(&mut self, revocation: &Revocation) -> Result<(), Denial> {
        let used = self.used.with(revocation);
        let mut used_by_issuers = self.used_by_issuers;
        if !revocation.is_by_root() {
            used_by_issuers = used_by_issuers.with(revocation);
        }
        let fits = used.is_within(REVOCATIONS_MAX, REVOCATIONS_BYTES_MAX)
            && used_by_issuers
                .is_within(REVOCATIONS_BY_ISSUERS_MAX, REVOCATIONS_BYTES_BY_ISSUERS_MAX);
        if !fits {
            return Err(Denial::Full);
        }
        (self.used, self.used_by_issuers) = (used, used_by_issuers);
        Ok(())
    }

    fn combine(&mut self, withdrawal: &Withdrawal) {
        let Some(fallen) = self.devices.get_mut(&withdrawal.device) else {
            let fallen = Fallen {
                revoked_at: withdrawal.revoked_at,
                cut: withdrawal.cut.clone(),
            };
            self.devices.insert(withdrawal.device, fallen);
            return;
        };
        fallen.revoked_at = fallen.revoked_at.min(withdrawal.revoked_at);
        fallen.cut.retain(|number, last| {
            let other = withdrawal.cut.get(number);
            *last = other.map_or(*last, |other| *other.min(last));
            other.is_some()
        });
    }
}

impl Usage {
    fn with(self, revocation: &Revocation) -> Self {
        Self {
            entries: self.entries + 1,
            bytes: self.bytes + revocation.as_bytes().len() + ENTRY_HEAD_BYTES_MAX,
        }
    }

    fn is_within(self, entries_max: usize, bytes_max: usize) -> bool {
        self.entries <= entries_max && self.bytes + ENTRY_HEAD_BYTES_MAX <= bytes_max
    }
}

/// The entries of an encoded set, in the order of their hashes and each once.
fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, Denial> {
    let mut reader = Reader::new(bytes, REVOCATIONS_BYTES_MAX)?;
    let mut entries = Vec::new();
    for _ in 0..reader.array(REVOCATIONS_MAX)? {
        entries.push(reader.bytes()?);
    }
    let mut hashes = entries.iter().map(|entry| *blake3::hash(entry).as_bytes());
    if !hashes.by_ref().is_sorted_by(|before, after| before < after) {
        return Err(Denial::Malformed);
    }
    reader.finish(&joined(&entries))?;
    Ok(entries)
}

fn joined(entries: &[&[u8]]) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(entries.len());
    for entry in entries {
        out.bytes(entry);
    }
    out.finish()
}

/// Bytes of the head of an array or byte string of legal length.
const ENTRY_HEAD_BYTES_MAX: usize = 3;
