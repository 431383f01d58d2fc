//! Streams: who writes, which of the writer's logs, and what it is called.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::node_id::NodeId;
use crate::error::{Error, Result};
use crate::limits::{OWN_STREAMS_MAX, SEQUENCE_MAX, STREAM_NAME_BYTES_MAX};

/// Which of a node's streams; `default` is 0, further ones are numbered on first use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamNumber(u64);

impl StreamNumber {
    /// The stream called `default`.
    pub const DEFAULT: Self = Self(0);

    /// Takes a number below 2^53.
    pub fn new(number: u64) -> Result<Self> {
        if number > SEQUENCE_MAX {
            return Err(Error::invalid("stream number must be below 2^53").with("number", number));
        }
        Ok(Self(number))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A life of a device. One that finds itself cloned, or behind what others have of it, begins
/// another one: it writes on in streams of new numbers, and never in the old ones.
///
/// Each incarnation has 1 024 stream numbers: the first one 0 to 1023, number n those from 1 024 n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(u64);

impl Incarnation {
    /// That of a new device.
    pub const FIRST: Self = Self(0);

    /// One that nobody else has chosen, from random bits.
    #[must_use]
    pub const fn from_random(random: u64) -> Self {
        Self(random % LAST_INCARNATION + 1)
    }

    /// Takes a number below 2^43.
    pub fn new(number: u64) -> Result<Self> {
        if number > LAST_INCARNATION {
            let error = Error::invalid("incarnation must be below 2^43");
            return Err(error.with("number", number));
        }
        Ok(Self(number))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Its stream `index`, which is below 1 024.
    #[must_use]
    pub fn stream(self, index: u64) -> StreamNumber {
        debug_assert!(index < OWN_STREAMS_MAX);
        StreamNumber(self.0 * OWN_STREAMS_MAX + index)
    }

    /// The one that a stream is of.
    #[must_use]
    pub const fn of(number: StreamNumber) -> Self {
        Self(number.0 / OWN_STREAMS_MAX)
    }

    /// Whether a stream is one of its own.
    #[must_use]
    pub const fn has(self, number: StreamNumber) -> bool {
        number.0 / OWN_STREAMS_MAX == self.0
    }
}

const LAST_INCARNATION: u64 = SEQUENCE_MAX / OWN_STREAMS_MAX;

/// A single-writer append-only log: the node that writes it and its number there.
///
/// Text form `<node id>-<number>`. The order is that of (node id bytes, number).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The author.
    pub node: NodeId,
    /// Which of the author's streams.
    pub number: StreamNumber,
}

impl StreamId {
    /// The stream `number` of `node`.
    #[must_use]
    pub const fn new(node: NodeId, number: StreamNumber) -> Self {
        Self { node, number }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.node, self.number.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StreamId({self})")
    }
}

impl FromStr for StreamId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad =
            || Error::invalid("not a stream id: it must be <node id>-<number>").with("text", text);
        let (node, number) = text.rsplit_once('-').ok_or_else(bad)?;
        let canonical = number == "0" || !number.starts_with(['0', '+']);
        let number = number.parse().ok().filter(|_| canonical).ok_or_else(bad)?;
        Ok(Self::new(node.parse()?, StreamNumber::new(number)?))
    }
}

/// The name of a stream, the same on every node that writes one: `default`, `sensors`, ...
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The name; 1 to 64 characters of `A-Z a-z 0-9 _ -`.
    pub fn new(name: &str) -> Result<Self> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > STREAM_NAME_BYTES_MAX || !name.bytes().all(is_legal) {
            return Err(Error::invalid(
                "a stream name must have 1 to 64 characters of A-Z a-z 0-9 _ -",
            )
            .with("name", name));
        }
        Ok(Self(name.into()))
    }

    /// The name every node has without asking: `default`.
    #[must_use]
    pub fn default_name() -> Self {
        Self("default".into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_ids_round_trip() {
        let text = format!("{}-17", ".".repeat(43));
        assert_eq!(text.parse::<StreamId>().unwrap().to_string(), text);
    }

    #[test]
    fn incarnations_share_no_stream() {
        for number in [0, 1, LAST_INCARNATION] {
            let own = Incarnation::new(number).unwrap();
            for index in [0, OWN_STREAMS_MAX - 1] {
                let stream = own.stream(index);
                assert!(StreamNumber::new(stream.get()).is_ok());
                assert!(own.has(stream));
                assert!(!Incarnation::from_random(7).has(stream));
            }
        }
        assert_eq!(Incarnation::FIRST.stream(0), StreamNumber::DEFAULT);
        assert!(Incarnation::new(LAST_INCARNATION + 1).is_err());
        assert!(Incarnation::new(Incarnation::from_random(u64::MAX).get()).is_ok());
        assert_ne!(Incarnation::from_random(0), Incarnation::FIRST);
    }

    #[test]
    fn bad_stream_ids_are_refused() {
        let node = ".".repeat(43);
        for tail in ["", "-", "-x", "-01", "-+1", "--1", "-9007199254740992"] {
            assert!(
                format!("{node}{tail}").parse::<StreamId>().is_err(),
                "{tail}"
            );
        }
    }

    #[test]
    fn stream_names_have_a_small_alphabet() {
        assert!(StreamName::new(&"x".repeat(64)).is_ok());
        for name in ["", "a b", "a/b", "\u{e4}", &"x".repeat(65)] {
            assert!(StreamName::new(name).is_err(), "{name}");
        }
    }
}
