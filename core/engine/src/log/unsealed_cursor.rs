//! Reading a log file that is not sealed yet, in event-key order.
//!
//! Matching events are found once, from the index, as numbers; contents are read one by one.

use std::cmp::Reverse;
use std::sync::Arc;

use super::unsealed::{Index, Unsealed};
use crate::error::Result;
use crate::event::{Event, EventKey};
use crate::segment::{Direction, SegmentQuery};
use crate::select::Selection;

/// The matching events of one unsealed file, not yet delivered.
#[derive(Debug)]
pub(super) struct UnsealedCursor {
    file: Arc<Unsealed>,
    /// Numbers of the matching events; the next one is the last.
    numbers: Vec<u32>,
    events_read: u64,
}

impl UnsealedCursor {
    /// Finds the matching events.
    pub(super) fn new(file: Arc<Unsealed>, wanted: &SegmentQuery<'_>) -> Self {
        let numbers = find(&file.index(), wanted);
        Self {
            file,
            numbers,
            events_read: 0,
        }
    }

    /// How many events are left.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// How many events were read from the file so far.
    pub(super) fn events_read(&self) -> u64 {
        self.events_read
    }

    /// The key of the next event.
    pub(super) fn peek(&self) -> Option<EventKey> {
        self.numbers
            .last()
            .map(|number| self.file.index().key(*number))
    }

    /// The next event.
    pub(super) fn next_event(&mut self) -> Result<Option<Event>> {
        let Some(number) = self.numbers.last() else {
            return Ok(None);
        };
        let place = self.file.index().place(*number);
        let event = self.file.read_event(&place)?;
        self.numbers.pop();
        self.events_read += 1;
        Ok(Some(event))
    }
}

/// The numbers of matching events, in the reverse of the order in which they are delivered.
fn find(index: &Index, wanted: &SegmentQuery<'_>) -> Vec<u32> {
    let ranges = wanted_ranges(index, wanted);
    let in_range: usize = ranges.iter().map(|range| range.len()).sum();
    // A subscriber who is up to date asks for few: then the postings are not even looked at.
    let narrowed = candidates_max(index, wanted.selection).filter(|max| *max < in_range);
    let mut numbers = match narrowed.and_then(|_| candidates(index, wanted.selection)) {
        Some(candidates) => {
            let is_in_range = |number: &u32| {
                let key = index.key(*number);
                !wanted.lower.contains(key.stream, key.offset)
                    && wanted.upper.contains(key.stream, key.offset)
            };
            candidates.into_iter().filter(is_in_range).collect()
        }
        None => ranges.concat(),
    };
    let matches = |number: &u32| wanted.selection.matches(&index.view(*number), wanted.local);
    numbers.retain(matches);
    sort(&mut numbers, index, wanted.direction);
    numbers
}

/// For each stream the numbers of its events within the bounds.
fn wanted_ranges<'a>(index: &'a Index, wanted: &SegmentQuery<'_>) -> Vec<&'a [u32]> {
    let range = |part: &'a super::unsealed::StreamPart| {
        let first = part.first.get();
        let rank = |offset: u64| (offset.saturating_sub(first) as usize).min(part.events.len());
        let from = rank(wanted.lower.next(part.id));
        let to = rank(wanted.upper.next(part.id));
        part.events.get(from..to).unwrap_or(&[])
    };
    index
        .streams()
        .iter()
        .map(range)
        .filter(|range| !range.is_empty())
        .collect()
}

/// How many events [`candidates`] gives at most, told without reading postings.
fn candidates_max(index: &Index, selection: &Selection) -> Option<usize> {
    let max = |part| candidates_max(index, part);
    match selection {
        Selection::Nothing => Some(0),
        Selection::Tag(tag) => Some(index.with_tag(tag).len()),
        Selection::App(app_id) => Some(index.of_app(app_id).len()),
        Selection::And(parts) => parts.iter().filter_map(max).min(),
        Selection::Or(parts) => parts.iter().map(max).sum(),
        Selection::All | Selection::Local | Selection::Key(..) | Selection::Time(..) => None,
    }
}

/// A superset of the matching events that the postings give, or `None` if they do not narrow.
fn candidates(index: &Index, selection: &Selection) -> Option<Vec<u32>> {
    match selection {
        Selection::Nothing => Some(Vec::new()),
        Selection::Tag(tag) => Some(index.with_tag(tag).to_vec()),
        Selection::App(app_id) => Some(index.of_app(app_id).to_vec()),
        Selection::And(parts) => parts
            .iter()
            .filter_map(|part| candidates_max(index, part).map(|max| (max, part)))
            .min_by_key(|(max, _)| *max)
            .and_then(|(_, part)| candidates(index, part)),
        Selection::Or(parts) => {
            let parts = parts.iter().map(|part| candidates(index, part));
            let mut union = parts.collect::<Option<Vec<_>>>()?.concat();
            union.sort_unstable();
            union.dedup();
            Some(union)
        }
        Selection::All | Selection::Local | Selection::Key(..) | Selection::Time(..) => None,
    }
}

fn sort(numbers: &mut [u32], index: &Index, direction: Direction) {
    match (direction, index.is_sorted()) {
        (Direction::Forward, true) => numbers.sort_unstable_by_key(|number| Reverse(*number)),
        (Direction::Backward, true) => numbers.sort_unstable(),
        (Direction::Forward, false) => {
            numbers.sort_unstable_by_key(|number| Reverse(index.key(*number)));
        }
        (Direction::Backward, false) => numbers.sort_unstable_by_key(|number| index.key(*number)),
    }
}
