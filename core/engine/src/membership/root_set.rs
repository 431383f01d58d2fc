//! The root set: the keys that may name issuers. Its hash is the id of the swarm.
//!
//! It never changes; another root set is another swarm. The byte map is in
//! docs/format/membership.md.

use super::cbor::{Reader, Writer};
use super::limits::{ROOT_KEYS_MAX, ROOT_SET_BYTES_MAX};
use super::name::Name;
use super::swarm_id::SwarmId;
use crate::error::{Error, Result};
use crate::event::NodeId;
use crate::event::codec::Malformed;

/// Who founded the swarm and may name its issuers; each root key may alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootSet {
    name: Name,
    created_secs: u64,
    keys: Vec<NodeId>,
    id: SwarmId,
}

impl RootSet {
    /// The root set of 1 to 16 different `keys`, whose order does not matter.
    pub fn new(name: Name, created_secs: u64, mut keys: Vec<NodeId>) -> Result<Self> {
        keys.sort_unstable();
        let is_distinct = keys.windows(2).all(|pair| pair[0] != pair[1]);
        if keys.is_empty() || keys.len() > ROOT_KEYS_MAX || !is_distinct {
            let message = "a root set must have 1 to 16 different keys";
            return Err(Error::invalid(message).with("keys", keys.len()));
        }
        let mut set = Self {
            name,
            created_secs,
            keys,
            id: SwarmId::from_bytes([0; 32]),
        };
        set.id = SwarmId::from_bytes(*blake3::hash(&set.encode()).as_bytes());
        Ok(set)
    }

    /// The id of the swarm.
    #[must_use]
    pub fn id(&self) -> SwarmId {
        self.id
    }

    /// What its founders call it.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// When it was founded, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn created_secs(&self) -> u64 {
        self.created_secs
    }

    /// The root keys in the order of their bytes.
    #[must_use]
    pub fn keys(&self) -> &[NodeId] {
        &self.keys
    }

    /// Whether `key` is a root key.
    #[must_use]
    pub fn contains(&self, key: NodeId) -> bool {
        self.keys.binary_search(&key).is_ok()
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(4).uint(1).uint(VERSION);
        out.uint(2).text(self.name.as_str());
        out.uint(3).uint(self.created_secs);
        out.uint(4).array(self.keys.len());
        for key in &self.keys {
            out.bytes(key.as_bytes());
        }
        out.finish()
    }

    /// Reads a root set; only its one encoding is accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes, ROOT_SET_BYTES_MAX)?;
        reader.record(4)?;
        if reader.key(1)?.uint()? != VERSION {
            return Err(reader.malformed("unknown version of a root set"));
        }
        let name = Name::new(reader.key(2)?.text()?);
        let name = reader.checked(name)?;
        let created_secs = reader.key(3)?.uint()?;
        let mut keys = Vec::new();
        for _ in 0..reader.key(4)?.array(ROOT_KEYS_MAX)? {
            keys.push(NodeId::from_bytes(reader.fixed()?));
        }
        let set = reader.checked(Self::new(name, created_secs, keys))?;
        reader.finish(&set.encode())?;
        Ok(set)
    }
}

const VERSION: u64 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(keys: impl IntoIterator<Item = u8>) -> Result<RootSet> {
        let keys = keys.into_iter().map(|byte| NodeId::from_bytes([byte; 32]));
        RootSet::new(Name::new("plant").unwrap(), 1_700_000_000, keys.collect())
    }

    #[test]
    fn the_id_depends_on_the_keys_and_not_on_their_order() {
        assert_eq!(set([1, 2]).unwrap().id(), set([2, 1]).unwrap().id());
        assert_ne!(set([1, 2]).unwrap().id(), set([1, 3]).unwrap().id());
    }

    #[test]
    fn keys_are_bounded_and_differ() {
        assert!(set(0..16).is_ok());
        for keys in [vec![], vec![1, 1], (0..17).collect()] {
            assert!(set(keys).is_err());
        }
    }

    #[test]
    fn another_order_of_keys_is_not_canonical() {
        let bytes = set([1, 2]).unwrap().encode();
        assert_eq!(RootSet::decode(&bytes).unwrap(), set([1, 2]).unwrap());
        let at = bytes.len() - 68;
        let swapped = [&bytes[..at], &bytes[at + 34..], &bytes[at..at + 34]].concat();
        let error = RootSet::decode(&swapped).unwrap_err();
        assert_eq!(error.what, "bytes are not in their canonical form");
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail(bytes: Vec<u8>) {
            let _ = RootSet::decode(&bytes);
        }

        #[test]
        fn a_changed_byte_is_refused_or_another_swarm(at in 0usize..80, change in 1u8..) {
            let good = set([1, 2]).unwrap();
            let mut bytes = good.encode();
            bytes[at] ^= change;
            if let Ok(other) = RootSet::decode(&bytes) {
                prop_assert_ne!(other.id(), good.id());
                prop_assert_eq!(other.encode(), bytes);
            }
        }
    }
}
