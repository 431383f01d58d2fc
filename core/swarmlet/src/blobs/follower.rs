//! Follows the log: the events with one tag, from the first, and then those that come.

use swarmlet_engine::Result;
use swarmlet_engine::event::{Event, Offsets, Tag};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::select::Selection;

use crate::limits::{BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX};

/// How far the log was looked at.
#[derive(Debug)]
pub(super) struct Follower {
    tag: Tag,
    seen: Offsets,
    /// The position of the log when all of it had been seen.
    looked_at: Option<u64>,
}

impl Follower {
    pub(super) fn new(tag: Tag) -> Self {
        Self {
            tag,
            seen: Offsets::default(),
            looked_at: None,
        }
    }

    /// Begins again with the first event.
    pub(super) fn begin_again(&mut self) {
        self.seen = Offsets::default();
        self.looked_at = None;
    }

    /// The next events, a bounded number of them; `None` when all were seen.
    pub(super) fn look(&mut self, log: &LogReader) -> Result<Option<Vec<Event>>> {
        let position = log.position();
        if self.looked_at == Some(position) {
            return Ok(None);
        }
        let upper = log.present();
        let mut cursor = log.query(&Query {
            selection: Selection::Tag(self.tag.clone()),
            lower: self.seen.clone(),
            upper: Some(upper.clone()),
            order: Order::Ascending,
        })?;
        let events = cursor.next_chunk(BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX)?;
        if events.is_empty() {
            self.seen = upper;
            self.looked_at = Some(position);
            return Ok(None);
        }
        for event in &events {
            self.seen.advance(event.key.stream, event.key.offset);
        }
        Ok(Some(events))
    }
}
