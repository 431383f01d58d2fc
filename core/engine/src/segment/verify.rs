//! Checking a whole segment: everything is read, and everything that is said twice is compared.

use std::sync::Arc;

use super::cursor::{Direction, SegmentQuery};
use super::open::Segment;
use crate::error::{Error, Result};
use crate::event::{NodeId, Offsets};
use crate::select::Selection;

/// Checks `segment`; damage is an error of kind `Corrupt`.
pub(super) fn verify(segment: &Arc<Segment>) -> Result<()> {
    let terms_of_events = check_events(segment)?;
    check_terms(segment, terms_of_events)?;
    for number in 0..segment.streams().len() {
        check_stream(segment, number)?;
    }
    Ok(())
}

/// Compares the table with the blocks. Returns how many terms all events have together.
fn check_events(segment: &Arc<Segment>) -> Result<u64> {
    let upper = segment
        .streams()
        .iter()
        .map(|entry| (entry.stream, entry.last))
        .collect();
    let mut cursor = segment.cursor(&SegmentQuery {
        selection: &Selection::All,
        local: NodeId::from_bytes([0; 32]),
        lower: &Offsets::new(),
        upper: &upper,
        direction: Direction::Forward,
    })?;
    let (mut count, mut terms) = (0u32, 0u64);
    let mut before = None;
    while let Some(event) = cursor.next_event()? {
        if before.is_some_and(|before| before >= event.key) {
            return Err(segment.file().contradiction("event table is out of order"));
        }
        before = Some(event.key);
        count += 1;
        terms += 1 + event.tags().len() as u64;
    }
    if count != segment.events_count() {
        return Err(segment.file().contradiction("event table lacks events"));
    }
    Ok(terms)
}

fn check_terms(segment: &Segment, expected: u64) -> Result<()> {
    let terms = segment.terms();
    let mut found = 0;
    for number in 0..terms.pages.len() {
        for term in terms.page(number)? {
            found += terms.positions(&term, false)?.len();
        }
    }
    if found != expected {
        return Err(segment
            .file()
            .contradiction("postings differ from the events"));
    }
    Ok(())
}

/// Follows the chain of hashes from end to end, and checks the signatures on it.
fn check_stream(segment: &Arc<Segment>, number: usize) -> Result<()> {
    let entry = &segment.streams()[number];
    for batch in segment.batches(entry.stream, entry.first)? {
        batch?;
    }
    for point in &segment.directory().parts[number].checkpoints {
        if !point.hash.is_signed(entry.stream.node, &point.signature) {
            return Err(
                Error::corrupt("signature of a checkpoint is not the author's")
                    .with("file", segment.name().file_name())
                    .with("stream", entry.stream)
                    .with("next offset", point.next_offset),
            );
        }
    }
    Ok(())
}
