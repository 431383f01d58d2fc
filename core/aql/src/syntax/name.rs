//! Tags, app ids and stream ids as they appear in a query: checked for shape, not for existence.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A tag: not empty, in Unicode normal form C.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// The tag, normalised; nothing if the text is empty.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.nfc().collect()))
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints the tag as it is written in a query: in single quotes, those inside doubled.
impl fmt::Display for Tag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}'", self.0.replace('\'', "''"))
    }
}

/// An app id: labels of `a-z 0-9 -`, separated by dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(String);

impl AppId {
    /// The app id; nothing if a label is empty or has another character.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_label = |label: &str| !label.is_empty() && label.chars().all(Self::is_label_part);
        let is_legal = text.split('.').all(is_label);
        is_legal.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a label of an app id can contain the character.
    pub(crate) fn is_label_part(character: char) -> bool {
        matches!(character, 'a'..='z' | '0'..='9' | '-')
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The argument of `appId(...)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AppRef {
    /// The app that asks.
    Me,
    /// A given app, never the one called `me`.
    Named(AppId),
}

impl fmt::Display for AppRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => out.write_str("me"),
            Self::Named(app) => app.fmt(out),
        }
    }
}

/// A stream id: 43 characters of `./0-9A-Za-z` for the node, and a number.
///
/// The order is that of the node ids' bytes, then of the numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    node: String,
    number: u64,
}

/// Characters of a node id's text.
pub(crate) const NODE_ID_CHARS: usize = 43;

impl StreamId {
    /// The stream `number` of `node`; nothing if the text cannot be that of a node id.
    #[must_use]
    pub fn new(node: &str, number: u64) -> Option<Self> {
        let is_legal = node.len() == NODE_ID_CHARS && node.chars().all(Self::is_node_part);
        is_legal.then(|| Self {
            node: node.to_owned(),
            number,
        })
    }

    /// The text of the node id.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Which of the node's streams; below 2^53 when it comes from a query.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether a node id can contain the character.
    pub(crate) fn is_node_part(character: char) -> bool {
        matches!(character, '.' | '/' | '0'..='9' | 'A'..='Z' | 'a'..='z')
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.node, self.number)
    }
}
