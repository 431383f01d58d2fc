//! How far a dump is in the log already.
//!
//! An import publishes records in their order, so those that are in are the first, in this order
//! among what this device has published. To find them, its events are read once, from the oldest
//! on, beside the records. What is compared is all that an import keeps of an event.

use std::collections::VecDeque;

use swarmlet::{Item, NewEvent, Node, Origin, QueryOptions, Results, Timestamp};

use super::events::next;
use crate::failure::Result;

/// The events of this device that no record was found for yet.
pub(super) struct Resume {
    results: Results,
    read: VecDeque<Item>,
    /// Whether a record was not found: what comes after it is not in either.
    is_over: bool,
}

impl Resume {
    pub(super) fn begin(node: &Node) -> Result<Self> {
        Ok(Self {
            results: node.query("FROM isLocal", QueryOptions::default())?,
            read: VecDeque::new(),
            is_over: false,
        })
    }

    /// Whether a record is in, of which all before were.
    pub(super) async fn has(
        &mut self,
        app: &str,
        event: &NewEvent,
        time: Timestamp,
    ) -> Result<bool> {
        while !self.is_over {
            match self.read.pop_front() {
                Some(item) if is_same(&item, app, event, time) => return Ok(true),
                Some(_) => {}
                None => match next(&mut self.results).await? {
                    Some(items) => self.read = items.into(),
                    None => self.is_over = true,
                },
            }
        }
        Ok(false)
    }
}

fn is_same(item: &Item, app: &str, given: &NewEvent, time: Timestamp) -> bool {
    let Item::Row(row) = item else {
        return false;
    };
    let Origin::Event(event) = row.origin() else {
        return false;
    };
    event.timestamp == time
        && event.app_id.as_str() == app
        && event.tags() == given.tags
        && event.payload() == given.payload
}
