//! Offsets: for each stream the last offset, as a bound or a position of progress.

use std::collections::BTreeMap;

use super::sequence::Offset;
use super::stream::StreamId;

/// A map from stream to the last offset included; an absent stream means nothing of it.
///
/// As a lower bound it is exclusive, as an upper bound inclusive, so that the offsets reached by
/// one read are the lower bound of the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets(BTreeMap<StreamId, Offset>);

impl Offsets {
    /// Nothing of any stream.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The last offset of `stream`, if anything of it is included.
    #[must_use]
    pub fn last(&self, stream: StreamId) -> Option<Offset> {
        self.0.get(&stream).copied()
    }

    /// The first offset of `stream` that is not included: 0 if nothing is.
    #[must_use]
    pub fn next(&self, stream: StreamId) -> u64 {
        self.last(stream).map_or(0, |offset| offset.get() + 1)
    }

    /// Whether the event at `offset` of `stream` is included.
    #[must_use]
    pub fn contains(&self, stream: StreamId, offset: Offset) -> bool {
        self.last(stream).is_some_and(|last| offset <= last)
    }

    /// Sets the last offset of `stream`.
    pub fn set(&mut self, stream: StreamId, last: Offset) {
        self.0.insert(stream, last);
    }

    /// Moves `stream` forward to `last`; never back.
    pub fn advance(&mut self, stream: StreamId, last: Offset) {
        let entry = self.0.entry(stream).or_insert(last);
        *entry = last.max(*entry);
    }

    /// Each stream with its last offset, in stream order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (StreamId, Offset)> {
        self.0.iter().map(|(stream, offset)| (*stream, *offset))
    }

    /// How many streams are included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no stream is included.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(StreamId, Offset)> for Offsets {
    fn from_iter<I: IntoIterator<Item = (StreamId, Offset)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}
