//! Which records of a dump are in the log already.
//!
//! They are looked for among what this device has published, beside each other: an import publishes
//! records in their order, so the next one is not far from the last that was found. Events that a
//! later dump has in the middle, since a device came back that had been away, are new, and what
//! follows them is still found. What is compared is all that an import keeps of an event.

use std::collections::{HashMap, VecDeque};

use swarmlet::{Item, NewEvent, Node, Origin, QueryOptions, Results, Timestamp};

use super::events::next;
use crate::failure::Result;
use crate::limits::RESUME_EVENTS;

/// The events of this device near the last one that was found.
pub(super) struct Resume {
    results: Results,
    /// Their prints, from the oldest on; also those that were found.
    near: VecDeque<Print>,
    /// How many events there were before those.
    passed: u64,
    /// Those that no record was found for yet.
    left: HashMap<Print, Left>,
    left_count: usize,
    is_read: bool,
    has_found: bool,
}

/// What stands for an event.
type Print = [u8; 16];

/// Events of one print.
struct Left {
    count: usize,
    /// Where the latest of them is.
    place: u64,
}

impl Resume {
    pub(super) fn begin(node: &Node) -> Result<Self> {
        Ok(Self {
            results: node.query("FROM isLocal", QueryOptions::default())?,
            near: VecDeque::new(),
            passed: 0,
            left: HashMap::new(),
            left_count: 0,
            is_read: false,
            has_found: false,
        })
    }

    /// Whether an event of a record is in. If so, it stands for this one record.
    pub(super) async fn has(
        &mut self,
        app: &str,
        event: &NewEvent,
        time: Timestamp,
    ) -> Result<bool> {
        let print = print(app, event, time);
        loop {
            if let Some(place) = self.take(&print) {
                self.has_found = true;
                self.forget_before(place.saturating_sub(RESUME_EVENTS as u64 / 2));
                return Ok(true);
            }
            // The first may be anywhere, behind what the device had published before.
            if self.is_read || (self.has_found && self.left_count >= RESUME_EVENTS) {
                return Ok(false);
            }
            self.read().await?;
        }
    }

    /// Reads some events further on.
    async fn read(&mut self) -> Result<()> {
        let Some(items) = next(&mut self.results).await? else {
            self.is_read = true;
            return Ok(());
        };
        for item in items {
            let Item::Row(row) = item else { continue };
            let Origin::Event(event) = row.origin() else {
                continue;
            };
            let place = self.passed + self.near.len() as u64;
            let given = NewEvent {
                tags: event.tags(),
                payload: event.payload(),
            };
            let print = print(event.app_id.as_str(), &given, event.timestamp);
            self.near.push_back(print);
            let left = self.left.entry(print).or_insert(Left { count: 0, place });
            *left = Left {
                count: left.count + 1,
                place,
            };
            self.left_count += 1;
        }
        if !self.has_found {
            let end = self.passed + self.near.len() as u64;
            self.forget_before(end.saturating_sub(RESUME_EVENTS as u64));
        }
        Ok(())
    }

    /// Takes an event out, and says where it was.
    fn take(&mut self, print: &Print) -> Option<u64> {
        let left = self.left.get_mut(print)?;
        let place = left.place;
        left.count -= 1;
        if left.count == 0 {
            self.left.remove(print);
        }
        self.left_count -= 1;
        Some(place)
    }

    fn forget_before(&mut self, place: u64) {
        while self.passed < place
            && let Some(print) = self.near.pop_front()
        {
            self.passed += 1;
            // One that was found is no longer there.
            let _ = self.take(&print);
        }
    }
}

/// What tells events apart of which an import keeps the same.
fn print(app: &str, event: &NewEvent, time: Timestamp) -> Print {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(&time.micros().to_le_bytes());
    part(app.as_bytes());
    part(event.payload.as_cbor());
    for tag in event.tags.iter() {
        part(tag.as_bytes());
    }
    let mut print = Print::default();
    hasher.finalize_xof().fill(&mut print);
    print
}
