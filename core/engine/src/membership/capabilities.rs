//! Capabilities: which rights a device has on which streams. Nothing is allowed by default.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::cbor::{Reader, Writer};
use super::limits::CAPABILITIES_MAX;
use super::pattern::StreamPattern;
use crate::error::{Error, Result};
use crate::event::StreamName;
use crate::event::codec::Malformed;

/// What may be done with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Receive its events.
    Read,
    /// Publish events in one's own stream of that name.
    Write,
    /// Manage the devices that have to do with it; on `*`, revoke devices.
    Admin,
}

impl Right {
    const ALL: [(Self, char); 3] = [(Self::Read, 'r'), (Self::Write, 'w'), (Self::Admin, 'a')];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The rights of a device: sets of rights on stream patterns, at most 32.
///
/// Text form `rw:sensors*,r:*`: the letters of the rights in the order r, w, a, and the pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeMap<StreamPattern, u8>);

impl Capabilities {
    /// No right at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every right on every stream: `rwa:*`.
    #[must_use]
    pub fn full() -> Self {
        Self(BTreeMap::from([(StreamPattern::all(), BITS_ALL)]))
    }

    /// What a plain member has: `rw:*`.
    #[must_use]
    pub fn member() -> Self {
        let bits = Right::Read.bit() | Right::Write.bit();
        Self(BTreeMap::from([(StreamPattern::all(), bits)]))
    }

    /// Adds `rights` on `pattern`; refuses a 33rd pattern.
    pub fn grant(&mut self, rights: &[Right], pattern: StreamPattern) -> Result<()> {
        if self.0.len() == CAPABILITIES_MAX && !self.0.contains_key(&pattern) {
            return Err(Error::invalid("capabilities must have at most 32 entries"));
        }
        if rights.is_empty() {
            return Err(Error::invalid("a capability must have a right").with("pattern", pattern));
        }
        let bits = rights.iter().fold(0, |bits, right| bits | right.bit());
        *self.0.entry(pattern).or_default() |= bits;
        Ok(())
    }

    /// Whether `right` on the stream `name` is granted.
    #[must_use]
    pub fn may(&self, right: Right, name: &StreamName) -> bool {
        let mut entries = self.0.iter();
        entries.any(|(pattern, bits)| bits & right.bit() != 0 && pattern.matches(name))
    }

    /// Whether `right` is granted on every stream by one entry.
    #[must_use]
    pub fn may_everywhere(&self, right: Right) -> bool {
        self.covers_one(right, &StreamPattern::all())
    }

    /// Whether every right of `other` is granted by one entry of `self`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(pattern, bits)| {
            let mut rights = Right::ALL
                .iter()
                .filter(|(right, _)| bits & right.bit() != 0);
            rights.all(|(right, _)| self.covers_one(*right, pattern))
        })
    }

    fn covers_one(&self, right: Right, other: &StreamPattern) -> bool {
        let mut entries = self.0.iter();
        entries.any(|(pattern, bits)| bits & right.bit() != 0 && pattern.covers(other))
    }

    /// Appends an array of alternating rights and patterns, sorted by pattern.
    pub(super) fn write(&self, out: &mut Writer) {
        out.array(self.0.len() * 2);
        for (pattern, bits) in &self.0 {
            out.uint(u64::from(*bits)).text(&pattern.to_string());
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut capabilities = Self::none();
        for _ in 0..reader.array(CAPABILITIES_MAX * 2)? / 2 {
            let bits = u8::try_from(reader.uint()?).ok();
            let bits = bits.filter(|bits| (1..=BITS_ALL).contains(bits));
            let bits = bits.ok_or_else(|| reader.malformed("unknown rights"))?;
            let pattern = reader.text()?.parse();
            capabilities.0.insert(reader.checked(pattern)?, bits);
        }
        Ok(capabilities)
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (pattern, bits)) in self.0.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { "," })?;
            for (right, letter) in Right::ALL {
                if bits & right.bit() != 0 {
                    write!(out, "{letter}")?;
                }
            }
            write!(out, ":{pattern}")?;
        }
        Ok(())
    }
}

impl FromStr for Capabilities {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut capabilities = Self::none();
        for entry in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
            let (letters, pattern) = entry.split_once(':').ok_or_else(|| bad(text))?;
            let known = Right::ALL.iter().filter(|(_, l)| letters.contains(*l));
            let rights: Vec<Right> = known.map(|(right, _)| *right).collect();
            if rights.len() != letters.len() {
                return Err(bad(text));
            }
            capabilities.grant(&rights, pattern.parse()?)?;
        }
        Ok(capabilities)
    }
}

fn bad(text: &str) -> Error {
    Error::invalid("not capabilities: they must be like rw:sensors*,r:*").with("text", text)
}

const BITS_ALL: u8 = Right::Read.bit() | Right::Write.bit() | Right::Admin.bit();

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Capabilities {
        text.parse().unwrap()
    }

    #[test]
    fn rights_are_granted_by_pattern() {
        let capabilities = parse("rw:sensors*,r:*");
        let [sensors, other] = ["sensors-1", "other"].map(|name| StreamName::new(name).unwrap());
        assert!(capabilities.may(Right::Write, &sensors));
        assert!(capabilities.may(Right::Read, &other));
        assert!(!capabilities.may(Right::Write, &other));
        assert!(!capabilities.may(Right::Admin, &sensors));
        assert!(!Capabilities::none().may(Right::Read, &other));
    }

    #[test]
    fn a_right_is_covered_by_one_entry() {
        for (wide, narrow, expected) in [
            ("rwa:*", "rw:a,a:b*", true),
            ("r:*,w:a*", "rw:ab", true),
            ("r:*,w:a*", "rw:b", false),
            ("rw:*", "a:x", false),
            ("rw:a,rw:b", "rw:a*", false),
            ("r:*", "", true),
            ("", "r:a", false),
        ] {
            assert_eq!(
                parse(wide).covers(&parse(narrow)),
                expected,
                "{wide} {narrow}"
            );
        }
        assert!(Capabilities::full().may_everywhere(Right::Admin));
        assert!(!parse("a:x*").may_everywhere(Right::Admin));
    }

    #[test]
    fn texts_round_trip_or_are_refused() {
        for text in ["", "rwa:*", "r:*,rw:sensors*", "r:a,w:b*"] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("wr:a, a:a").to_string(), "rwa:a");
        for text in ["r", "r:", ":a", "x:a", "rr:a", "r:a,", "r:a b"] {
            assert!(text.parse::<Capabilities>().is_err(), "{text}");
        }
    }

    #[test]
    fn entries_are_bounded() {
        let entries: Vec<_> = (0..33).map(|index| format!("r:s{index}")).collect();
        assert!(entries[..32].join(",").parse::<Capabilities>().is_ok());
        assert!(entries.join(",").parse::<Capabilities>().is_err());
    }
}
