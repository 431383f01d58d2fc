//! Which records of a dump are in the log already.
//!
//! They are looked for in groups, each among what this device has published with the times of its
//! records: an import keeps these, and the log finds events by them. So it does not matter where in
//! the log they are, how many others are between them, or which of them are missing. What is
//! compared is all that an import keeps of an event.

use std::cmp::Reverse;
use std::collections::HashMap;

use swarmlet::{Item, NewEvent, Node, Offsets, Order, Origin, Parameters, QueryOptions, Timestamp};

use super::events::next;
use super::records::Stamped;
use crate::failure::Result;
use crate::limits::RESUME_SPANS;

/// What this device had published before an import began.
pub(super) struct Resume {
    node: Node,
    until: Offsets,
    /// How many events stand for records, of those prints that the last group has: what is there
    /// twice may be in two groups.
    taken: HashMap<Print, u64>,
}

/// What stands for an event.
type Print = [u8; 16];

impl Resume {
    pub(super) fn begin(node: &Node) -> Result<Self> {
        Ok(Self {
            node: node.clone(),
            until: node.offsets()?.present,
            taken: HashMap::new(),
        })
    }

    /// Of each record of a group, the next of the dump, whether an event of it is in. If so, that
    /// event stands for this one record.
    pub(super) async fn find(&mut self, group: &[Stamped]) -> Result<Vec<bool>> {
        let prints = group
            .iter()
            .map(|record| print(record.app.as_str(), &record.event, record.time));
        let prints: Vec<Print> = prints.collect();
        let mut here = prints.iter().map(|print| (*print, 0)).collect();
        for span in spans(group.iter().map(|record| record.time.micros()).collect()) {
            self.count(span, &mut here).await?;
        }
        let before = std::mem::take(&mut self.taken);
        let found = prints.iter().map(|print| {
            let earlier = || before.get(print).copied().unwrap_or_default();
            let taken = self.taken.entry(*print).or_insert_with(earlier);
            let is_in = *taken < here[print];
            *taken += u64::from(is_in);
            is_in
        });
        Ok(found.collect())
    }

    /// Counts the events of some times that have one of these prints.
    async fn count(&self, span: Span, here: &mut HashMap<Print, u64>) -> Result<()> {
        let options = QueryOptions {
            upper: Some(self.until.clone()),
            order: Order::Stream,
            parameters: Parameters::new()
                .with_time("first", Timestamp::from_micros(span.first))
                .with_time("last", Timestamp::from_micros(span.last)),
            ..QueryOptions::default()
        };
        let aql = "FROM isLocal & TIME >= $first & TIME <= $last";
        let mut results = self.node.query(aql, options)?;
        while let Some(items) = next(&mut results).await? {
            for item in items {
                if let Some(error) = item.to_error() {
                    return Err(error.into());
                }
                let Item::Row(row) = item else { continue };
                let Origin::Event(event) = row.origin() else {
                    continue;
                };
                let given = NewEvent {
                    tags: event.tags(),
                    payload: event.payload(),
                };
                let print = print(event.app_id.as_str(), &given, event.timestamp);
                if let Some(count) = here.get_mut(&print) {
                    *count += 1;
                }
            }
        }
        Ok(())
    }
}

/// Times in microseconds, both of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: i64,
    last: i64,
}

/// Few spans with all these times in them, and without the widest gaps: a clock that was wrong, or
/// a device that came back, does not have everything read that was published in between.
fn spans(mut times: Vec<i64>) -> Vec<Span> {
    times.sort_unstable();
    // No time is in two spans.
    times.dedup();
    let mut cuts: Vec<usize> = (1..times.len()).collect();
    cuts.sort_by_key(|cut| Reverse(times[*cut].abs_diff(times[*cut - 1])));
    cuts.truncate(RESUME_SPANS - 1);
    cuts.sort_unstable();
    let mut spans = Vec::new();
    let mut rest = &times[..];
    for cut in cuts.into_iter().rev() {
        let (before, part) = rest.split_at(cut);
        spans.extend(Span::of(part));
        rest = before;
    }
    spans.extend(Span::of(rest));
    spans
}

impl Span {
    /// From the first to the last of these times.
    fn of(times: &[i64]) -> Option<Self> {
        let (first, last) = (*times.first()?, *times.last()?);
        Some(Self { first, last })
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

#[cfg(test)]
mod tests;
