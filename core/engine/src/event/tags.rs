//! Tags: the labels by which events are found.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::codec::{Malformed, Reader, put_bytes, put_varint};
use crate::error::{Error, Result};
use crate::limits::{TAG_BYTES_MAX, TAGS_PER_EVENT_MAX};

/// One label, `name` or `name:id`: non-empty text in Unicode normal form C.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Arc<str>);

impl Tag {
    /// Normalises `text`; refuses an empty one and one over 1 KiB.
    pub fn new(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid("a tag must not be empty"));
        }
        let normal: Arc<str> = if is_nfc(text) {
            text.into()
        } else {
            text.nfc().collect::<String>().into()
        };
        if normal.len() > TAG_BYTES_MAX {
            return Err(Error::invalid("a tag must have at most 1024 bytes")
                .with("bytes", normal.len())
                .with("tag starts with", text.chars().take(32).collect::<String>()));
        }
        Ok(Self(normal))
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag orders and compares as its text, so a map of tags can be asked with a text.
impl std::borrow::Borrow<str> for Tag {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The tags of an event: a set, in text order, kept in its encoded form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tags(Bytes);

impl Tags {
    /// The set of `tags`; at most 256.
    pub fn new<'a>(tags: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let tags: Vec<Tag> = tags.into_iter().map(Tag::new).collect::<Result<_>>()?;
        Self::from_tags(tags)
    }

    /// The set of already normalised `tags`; at most 256.
    pub fn from_tags(mut tags: Vec<Tag>) -> Result<Self> {
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > TAGS_PER_EVENT_MAX {
            return Err(
                Error::invalid("an event must have at most 256 tags").with("tags", tags.len())
            );
        }
        let mut out = Vec::with_capacity(1 + tags.iter().map(|tag| tag.0.len() + 1).sum::<usize>());
        put_varint(&mut out, tags.len() as u64);
        for tag in &tags {
            put_bytes(&mut out, tag.as_str().as_bytes());
        }
        Ok(Self(out.into()))
    }

    /// Wraps bytes that [`Tags::skip`] has accepted.
    pub(super) fn from_encoded(encoded: Bytes) -> Self {
        Self(encoded)
    }

    /// The tags, in text order.
    pub fn iter(&self) -> TagsIter<'_> {
        TagsIter::new(&self.0)
    }

    /// Whether the set has a tag with exactly this (normalised) text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.iter().any(|tag| tag == text)
    }

    /// How many tags there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().remaining
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The encoded form: a varint count, then each tag with its length as varint.
    #[must_use]
    pub fn as_encoded(&self) -> &[u8] {
        &self.0
    }

    /// Reads past an encoded set and checks everything [`Tags::new`] promises.
    pub(super) fn skip(reader: &mut Reader<'_>) -> std::result::Result<(), Malformed> {
        let count = reader.len(TAGS_PER_EVENT_MAX, "too many tags")?;
        let mut previous = "";
        for _ in 0..count {
            let len = reader.len(TAG_BYTES_MAX, "tag is too long")?;
            let text = std::str::from_utf8(reader.take(len)?)
                .map_err(|_| reader.malformed("tag is not UTF-8"))?;
            if text <= previous {
                return Err(reader.malformed("tags are empty, repeated or out of order"));
            }
            if !is_nfc(text) {
                return Err(reader.malformed("tag is not in normal form C"));
            }
            previous = text;
        }
        Ok(())
    }
}

impl Default for Tags {
    fn default() -> Self {
        Self(Bytes::from_static(&[0]))
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a str;
    type IntoIter = TagsIter<'a>;

    fn into_iter(self) -> TagsIter<'a> {
        self.iter()
    }
}

/// Iterates over the tags of a checked encoding.
#[derive(Clone, Debug)]
pub struct TagsIter<'a> {
    reader: Reader<'a>,
    remaining: usize,
}

impl<'a> TagsIter<'a> {
    /// Over bytes that begin with a set of tags that was checked before.
    pub(super) fn new(encoded: &'a [u8]) -> Self {
        let mut reader = Reader::new(encoded);
        let remaining = reader.varint().map_or(0, |count| count as usize);
        Self { reader, remaining }
    }
}

impl<'a> Iterator for TagsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.remaining = self.remaining.checked_sub(1)?;
        let len = self.reader.varint().ok()?;
        std::str::from_utf8(self.reader.take(len as usize).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_a_sorted_normalised_set() {
        let tags = Tags::new(["b:1", "a", "b:1", "e\u{301}"]).unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["a", "b:1", "\u{e9}"]);
        assert!(tags.contains("\u{e9}"));
        assert!(Tags::default().is_empty());
    }

    #[test]
    fn bounds_hold_and_one_past_them_is_refused() {
        assert!(Tag::new("").is_err());
        assert!(Tag::new(&"x".repeat(TAG_BYTES_MAX)).is_ok());
        assert!(Tag::new(&"x".repeat(TAG_BYTES_MAX + 1)).is_err());
        let names: Vec<String> = (0..=TAGS_PER_EVENT_MAX).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(Tags::new(names[1..].iter().copied()).is_ok());
        assert!(Tags::new(names).is_err());
    }
}
