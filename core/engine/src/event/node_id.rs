//! Node ids: an ed25519 public key, and its text form.
//!
//! Text is 43 characters of base64 with the alphabet of crypt(3), `./0-9A-Za-z`, which is in ASCII
//! order: comparing texts and comparing bytes give the same order.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The identity of a device: its ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 32]);

impl NodeId {
    /// Characters of the text form.
    pub const TEXT_LEN: usize = 43;

    /// From the 32 bytes of the public key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; NodeId::TEXT_LEN];
        for (index, character) in text.iter_mut().enumerate() {
            *character = ALPHABET[usize::from(sextet(&self.0, index))];
        }
        out.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::invalid(format!("not a node id: {why}")).with("text", text);
        if text.len() != Self::TEXT_LEN {
            return Err(bad("it must have 43 characters"));
        }
        let mut bytes = [0u8; 33];
        for (index, character) in text.bytes().enumerate() {
            let value = ALPHABET
                .binary_search(&character)
                .map_err(|_| bad("characters must be of ./0-9A-Za-z"))?;
            let bit = index * 6;
            let pair = (value as u16) << (10 - bit % 8);
            bytes[bit / 8] |= (pair >> 8) as u8;
            bytes[bit / 8 + 1] |= pair as u8;
        }
        let [head @ .., rest] = bytes;
        if rest != 0 {
            return Err(bad("the last character must be a multiple of 4"));
        }
        Ok(Self(head))
    }
}

/// The six bits at character `index`; two zero bits follow the last byte.
fn sextet(bytes: &[u8; 32], index: usize) -> u8 {
    let bit = index * 6;
    let high = u16::from(bytes[bit / 8]) << 8;
    let low = bytes.get(bit / 8 + 1).copied().map_or(0, u16::from);
    (((high | low) >> (10 - bit % 8)) & 0x3f) as u8
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zero_is_all_dots() {
        let text = NodeId::from_bytes([0; 32]).to_string();
        assert_eq!(text, ".".repeat(43));
    }

    #[test]
    fn bad_texts_are_refused() {
        let long = ".".repeat(44);
        let strange = format!("{}*", ".".repeat(42));
        let loose = format!("{}/", ".".repeat(42));
        for text in ["", "abc", &long, &strange, &loose] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips_and_keeps_the_order(left: [u8; 32], right: [u8; 32]) {
            let (left, right) = (NodeId::from_bytes(left), NodeId::from_bytes(right));
            prop_assert_eq!(left.to_string().parse::<NodeId>().unwrap(), left);
            prop_assert_eq!(left.cmp(&right), left.to_string().cmp(&right.to_string()));
        }
    }
}
