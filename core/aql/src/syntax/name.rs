//! Names of variables, tags, apps and streams as they appear in a query: checked for shape, not
//! for existence.

use std::fmt;
use std::sync::{Arc, LazyLock};

use unicode_normalization::UnicodeNormalization;

use crate::error::is_word;

/// The name of a variable, a parameter or a property: `_`, or letters, digits and `_` of which the
/// first is a lower-case letter, or an upper-case letter that a lower-case one follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Arc<str>);

impl Name {
    /// The name, normalised unless that gives no name; nothing if the text is none.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if !Self::is_name(text) {
            return None;
        }
        let normal: String = text.nfc().collect();
        let is_name = Self::is_name(&normal);
        Some(Self(if is_name { normal.into() } else { text.into() }))
    }

    /// The current value.
    pub(crate) fn current() -> Self {
        static CURRENT: LazyLock<Arc<str>> = LazyLock::new(|| Name::CURRENT.into());
        Self(CURRENT.clone())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_current(&self) -> bool {
        &*self.0 == Self::CURRENT
    }

    /// Whether the text has the shape of a name.
    pub(crate) fn is_name(text: &str) -> bool {
        text == Self::CURRENT || Self::starts_like_a_name(text) && text.chars().all(is_word)
    }

    fn starts_like_a_name(text: &str) -> bool {
        let mut letters = text.chars();
        match letters.next() {
            Some(first) if first.is_lowercase() => true,
            Some(first) if first.is_uppercase() => letters.next().is_some_and(char::is_lowercase),
            _ => false,
        }
    }

    const CURRENT: &'static str = "_";
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

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
    node: Arc<str>,
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
            node: node.into(),
            number,
        })
    }

    /// The text of the node id.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The bytes that the text of the node id stands for: six bits per character, the last two of
    /// which are padding.
    pub(crate) fn node_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (index, character) in self.node.bytes().enumerate() {
            let six = Self::six_bits(character);
            for bit in 0..6 {
                let at = index * 6 + bit;
                if at < 256 && six & (0x20 >> bit) != 0 {
                    bytes[at / 8] |= 0x80 >> (at % 8);
                }
            }
        }
        bytes
    }

    fn six_bits(character: u8) -> u8 {
        match character {
            b'.' => 0,
            b'/' => 1,
            b'0'..=b'9' => character - b'0' + 2,
            b'A'..=b'Z' => character - b'A' + 12,
            _ => character.wrapping_sub(b'a') + 38,
        }
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
