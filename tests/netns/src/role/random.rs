//! Events with random payloads: nothing on the way can make them smaller.

use anyhow::{Context, Result};
use serde::{Serialize, Serializer};
use swarmlet::{NewEvent, Payload, Tags};

/// An endless source of random bytes, another one in each process.
pub(super) struct Random(blake3::OutputReader);

impl Random {
    pub(super) fn new() -> Result<Self> {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .context("the clock is before 1970")?;
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&since.as_nanos().to_le_bytes())
            .update(&std::process::id().to_le_bytes());
        Ok(Self(hasher.finalize_xof()))
    }

    /// An event with so many random bytes.
    pub(super) fn event(&mut self, bytes: usize) -> Result<NewEvent> {
        let filled = Bytes(self.bytes(bytes));
        Ok(NewEvent {
            tags: Tags::new(["random"])?,
            payload: Payload::from_serde(&filled)?,
        })
    }

    /// So many random bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut filled = vec![0; count];
        self.0.fill(&mut filled);
        filled
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let mut drawn = [0; 8];
        self.0.fill(&mut drawn);
        u64::from_le_bytes(drawn) % bound
    }

    pub(super) fn array(&mut self) -> [u8; 32] {
        let mut drawn = [0; 32];
        self.0.fill(&mut drawn);
        drawn
    }
}

/// Bytes that are bytes in CBOR too.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}
