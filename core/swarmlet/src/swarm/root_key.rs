//! The root key as people keep it: a line of text that is shown once.

use std::fmt;
use std::str::FromStr;

use swarmlet_engine::event::DeviceKey;
use swarmlet_engine::{Error, Result};
use zeroize::Zeroizing;

use super::entropy::random;

/// The key that founds a swarm and makes its issuers; erased when dropped.
///
/// Its `Display` text is the key itself, `swarmlet-root:` and 64 hexadecimal digits, and is read
/// back by `FromStr`. `Debug` shows nothing of it.
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    pub(super) fn generate() -> Result<Self> {
        random().map(|seed| Self(Zeroizing::new(seed)))
    }

    pub(super) fn signer(&self) -> DeviceKey {
        DeviceKey::from_seed(&self.0)
    }
}

impl fmt::Display for RootKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RootKey(..)")
    }
}

impl FromStr for RootKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::invalid("not a root key: it is swarmlet-root: and 64 hex digits");
        let digits = text.trim().strip_prefix(PREFIX).ok_or_else(bad)?;
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut seed = Zeroizing::new([0; 32]);
        for (index, byte) in seed.iter_mut().enumerate() {
            let pair = &digits[2 * index..2 * index + 2];
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(seed))
    }
}

const PREFIX: &str = "swarmlet-root:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_key_round_trips_as_text_and_shows_nothing_of_itself() {
        let key = RootKey::generate().unwrap();
        let text = key.to_string();
        let again: RootKey = format!(" {text}\n").parse().unwrap();
        assert_eq!(again.to_string(), text);
        assert_eq!(format!("{key:?}"), "RootKey(..)");
    }

    #[test]
    fn what_is_no_root_key_is_refused() {
        let digits = "ab".repeat(32);
        for text in [
            String::new(),
            digits.clone(),
            format!("swarmlet-root:{}", &digits[1..]),
            format!("swarmlet-root:{digits}0"),
            format!("swarmlet-root:{}zz", &digits[2..]),
            format!("swarmlet-root:+{}", &digits[1..]),
        ] {
            assert!(text.parse::<RootKey>().is_err(), "{text}");
        }
    }
}
