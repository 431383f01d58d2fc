//! Ceilings: how far the streams of revoked authors are shown.
//!
//! What lies above stays in the files, counts as not there for every reader, and so is the same on
//! every node that knows the revocation, whatever each had received before.

use std::collections::BTreeMap;

use crate::event::{NodeId, Offset, StreamId, StreamNumber};

/// For each revoked author the last offset that is shown of each stream; of streams that are not
/// named nothing is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceilings(BTreeMap<NodeId, BTreeMap<StreamNumber, Offset>>);

impl Ceilings {
    /// Sets the cut of an author.
    pub fn set(&mut self, author: NodeId, cut: BTreeMap<StreamNumber, Offset>) {
        self.0.insert(author, cut);
    }

    /// `last`, or how far `stream` is shown if that is less.
    pub(super) fn clamp(&self, stream: StreamId, last: Offset) -> Option<Offset> {
        match self.0.get(&stream.node) {
            None => Some(last),
            Some(cut) => cut.get(&stream.number).map(|ceiling| last.min(*ceiling)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
