//! Swarm ids: the hash of the root set, written like a node id.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::event::NodeId;

/// Which swarm: BLAKE3 of its root set, so it cannot be claimed by another set of root keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwarmId([u8; 32]);

impl SwarmId {
    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SwarmId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        NodeId::from_bytes(self.0).fmt(out)
    }
}

impl fmt::Debug for SwarmId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SwarmId({self})")
    }
}

impl FromStr for SwarmId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |_| Error::invalid("not a swarm id: it must be 43 characters of ./0-9A-Za-z");
        let bytes = text.parse::<NodeId>();
        bytes
            .map(|bytes| Self(*bytes.as_bytes()))
            .map_err(bad)
            .map_err(|error| error.with("text", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let id = SwarmId::from_bytes([7; 32]);
        assert_eq!(id.to_string().parse::<SwarmId>().unwrap(), id);
        assert_eq!(id.to_string().len(), 43);
        assert!("swarm".parse::<SwarmId>().is_err());
    }
}
