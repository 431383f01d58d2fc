//! The time floor: the latest time that surely has passed, for devices whose clocks are wrong.

use crate::event::codec::{Malformed, Reader};

/// A time that never goes back, in seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeFloor(u64);

impl TimeFloor {
    /// Bytes of its encoding.
    pub const BYTES: usize = 9;

    /// A floor at `secs`: the time of the build, or of whatever is known.
    #[must_use]
    pub const fn new(secs: u64) -> Self {
        Self(secs)
    }

    /// The time that has passed.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// Learns that `secs` has passed. Returns whether that is news, to be stored.
    pub fn observe(&mut self, secs: u64) -> bool {
        let is_news = secs > self.0;
        self.0 = self.0.max(secs);
        is_news
    }

    /// What time to judge by when the clock of this device says `wall_secs`.
    #[must_use]
    pub fn judge(self, wall_secs: u64) -> u64 {
        self.0.max(wall_secs)
    }

    /// Its one encoding: a version and the time.
    #[must_use]
    pub fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = [VERSION; Self::BYTES];
        bytes[1..].copy_from_slice(&self.0.to_le_bytes());
        bytes
    }

    /// Reads a floor.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != VERSION {
            return Err(reader.malformed("unknown version of a time floor"));
        }
        let floor = Self(reader.u64()?);
        reader.finish()?;
        Ok(floor)
    }
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_floor_only_rises() {
        let mut floor = TimeFloor::new(100);
        assert!(!floor.observe(99));
        assert!(floor.observe(101));
        assert_eq!(floor.judge(5), 101);
        assert_eq!(floor.judge(500), 500);
        assert_eq!(TimeFloor::decode(&floor.encode()).unwrap(), floor);
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail_and_what_decodes_is_canonical(bytes: Vec<u8>) {
            if let Ok(floor) = TimeFloor::decode(&bytes) {
                prop_assert_eq!(&floor.encode()[..], &bytes[..]);
            }
        }
    }
}
