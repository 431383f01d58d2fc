//! Follows the log: which blobs this node is to hold, as records say.

use swarmlet_engine::Result;
use swarmlet_engine::blobs::{BlobId, BlobRecord, Hold};
use swarmlet_engine::event::{Offsets, Tag};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::select::Selection;

use crate::limits::{BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX};

/// How far the log was looked at.
#[derive(Debug, Default)]
pub(super) struct Follower {
    seen: Offsets,
    /// The position of the log when all of it had been seen.
    looked_at: Option<u64>,
}

impl Follower {
    /// The blobs that records ask for that came since the last look, of a bounded number of
    /// records; `None` when all were seen.
    pub(super) fn look(&mut self, log: &LogReader) -> Result<Option<Vec<BlobId>>> {
        let position = log.position();
        if self.looked_at == Some(position) {
            return Ok(None);
        }
        let upper = log.present();
        let mut cursor = log.query(&Query {
            selection: Selection::Tag(Tag::new(BlobRecord::TAG)?),
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
        let mut wanted = Vec::new();
        for event in &events {
            self.seen.advance(event.key.stream, event.key.offset);
            let record = BlobRecord::of(event);
            let wants = |record: &BlobRecord| record.hold == Hold::Everyone;
            wanted.extend(record.filter(wants).map(|record| record.id));
        }
        Ok(Some(wanted))
    }
}
