//! Reading events back to publish them again: what is here of one stream and nowhere else.

use super::publish::Publish;
use super::query::{Order, Query};
use super::reader::LogReader;
use crate::error::Result;
use crate::event::{Event, Offset, Offsets, StreamId, Timestamp};
use crate::limits::{GROUP_BYTES_MAX, GROUP_EVENTS_MAX};
use crate::select::Selection;

impl LogReader {
    /// The events of `stream` from `from` to `last`, as many as fit one commit and are of one app,
    /// to be published again with the times that they had; and the offset of the last of them.
    /// `None` if none is left.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if `last` is not present; `corrupt` with file and position; `storage`.
    pub fn read_again(
        &self,
        stream: StreamId,
        from: Offset,
        last: Offset,
    ) -> Result<Option<(Publish, Offset)>> {
        let before = from.get().checked_sub(1).map(Offset::new).transpose()?;
        let upper: Offsets = [(stream, last)].into_iter().collect();
        let mut cursor = self.query(&Query {
            selection: Selection::All,
            lower: before.map(|before| (stream, before)).into_iter().collect(),
            upper: Some(upper),
            order: Order::Stream,
        })?;
        let events = cursor.next_chunk(GROUP_EVENTS_MAX, GROUP_BYTES_MAX)?;
        let Some(first) = events.first() else {
            return Ok(None);
        };
        let app_id = first.app_id.clone();
        let is_of_app = |event: &&Event| event.app_id == app_id;
        let events: Vec<&Event> = events.iter().take_while(is_of_app).collect();
        let times: Vec<Timestamp> = events.iter().map(|event| event.timestamp).collect();
        let last = events.last().map_or(last, |event| event.key.offset);
        let contents = events.iter().map(|event| event.content().clone());
        let publish = Publish::new(app_id, contents.collect())?;
        Ok(Some((publish.stamped(times), last)))
    }
}
