//! Floors: what retention keeps of each stream, remembered after the events below are gone.

use std::collections::BTreeMap;

use crate::event::{BatchHash, Offset, StreamId};

/// Where the kept part of a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The first offset that retention keeps; always the first of a batch.
    pub first: Offset,
    /// Hash of the batch header before it.
    pub previous: BatchHash,
}

/// The floor of every stream that has one. Floors only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floors(BTreeMap<StreamId, Floor>);

impl Floors {
    /// No floors: everything is kept.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The floor of `stream`, if it has one.
    #[must_use]
    pub fn of(&self, stream: StreamId) -> Option<&Floor> {
        self.0.get(&stream)
    }

    /// Raises the floor of `stream`; a lower one changes nothing.
    pub fn raise(&mut self, stream: StreamId, floor: Floor) {
        let entry = self.0.entry(stream).or_insert(floor);
        if floor.first > entry.first {
            *entry = floor;
        }
    }

    /// Raises every floor to that of `other`.
    pub fn raise_all(&mut self, other: &Self) {
        for (stream, floor) in other.iter() {
            self.raise(stream, *floor);
        }
    }

    /// Each stream with its floor, in stream order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (StreamId, &Floor)> {
        self.0.iter().map(|(stream, floor)| (*stream, floor))
    }

    /// How many streams have a floor.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no stream has a floor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
