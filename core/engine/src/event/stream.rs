//! Streams: who writes, which of the writer's logs, and what it is called.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::node_id::NodeId;
use crate::error::{Error, Result};
use crate::limits::{SEQUENCE_MAX, STREAM_NAME_BYTES_MAX};

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
