//! Reading everything back in every way, and comparing what the ways say.

use std::sync::Arc;

use swarmlet_engine::Result;
use swarmlet_engine::event::{Event, NodeId, Offsets};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::segment::{Direction, Segment, SegmentQuery, StreamEntry};
use swarmlet_engine::select::{Comparison, Selection};

/// All events of an open log, in the order of their keys.
///
/// # Panics
///
/// If orders, selections or offsets contradict each other.
pub fn log(reader: &LogReader) -> Result<Vec<Event>> {
    let events = read(reader, Selection::All, Order::Ascending)?;
    assert!(events.is_sorted_by(|left, right| left.key < right.key));
    let mut backward = read(reader, Selection::All, Order::Descending)?;
    backward.reverse();
    assert_eq!(backward, events);
    let by_stream = read(reader, Selection::All, Order::Stream)?;
    assert!(by_stream.is_sorted_by_key(|event| (event.key.stream, event.key.offset)));
    assert_eq!(by_stream.len(), events.len());
    let streams = reader.streams();
    let present = streams
        .iter()
        .map(|one| one.last.get() - one.first.get() + 1);
    assert_eq!(
        present.sum::<u64>(),
        events.len() as u64,
        "offsets have no gap"
    );
    for selection in selections(&events) {
        let selected = read(reader, selection.clone(), Order::Ascending)?;
        let local = NodeId::from_bytes([0; 32]);
        let expected = events
            .iter()
            .filter(|event| selection.matches(*event, local));
        assert!(expected.eq(&selected), "{selection:?}");
    }
    Ok(events)
}

fn read(reader: &LogReader, selection: Selection, order: Order) -> Result<Vec<Event>> {
    let query = Query {
        selection,
        lower: Offsets::new(),
        upper: None,
        order,
    };
    let mut cursor = reader.query(&query)?;
    let mut events = Vec::new();
    loop {
        let chunk = cursor.next_chunk(CHUNK_EVENTS, usize::MAX)?;
        if chunk.is_empty() {
            return Ok(events);
        }
        events.extend(chunk);
    }
}

/// All events of a segment, forward; the other ways are read as well, and may fail on their own.
pub fn segment(segment: &Arc<Segment>) -> Result<Vec<Event>> {
    let forward = read_segment(segment, &Selection::All, Direction::Forward);
    let backward = read_segment(segment, &Selection::All, Direction::Backward);
    if let (Ok(forward), Ok(backward)) = (&forward, &backward) {
        assert!(forward.iter().eq(backward.iter().rev()));
    }
    for selection in selections(forward.as_deref().unwrap_or_default()) {
        let _ = read_segment(segment, &selection, Direction::Forward);
    }
    for entry in segment.streams() {
        let _ = segment.checkpoints(entry.stream);
        let _ = batches(segment, entry);
    }
    forward
}

fn batches(segment: &Arc<Segment>, entry: &StreamEntry) -> Result<()> {
    let middle = entry
        .first
        .advanced((entry.last.get() - entry.first.get()) / 2)?;
    for from in [entry.first, middle] {
        for batch in segment.batches(entry.stream, from)? {
            let batch = batch?;
            assert!(batch.header.last_offset() >= from);
        }
    }
    Ok(())
}

fn read_segment(
    segment: &Arc<Segment>,
    selection: &Selection,
    direction: Direction,
) -> Result<Vec<Event>> {
    let ends = segment
        .streams()
        .iter()
        .map(|entry| (entry.stream, entry.last));
    let mut cursor = segment.cursor(&SegmentQuery {
        selection,
        local: NodeId::from_bytes([0; 32]),
        lower: &Offsets::new(),
        upper: &ends.collect(),
        direction,
    })?;
    let mut events = Vec::new();
    while let Some(key) = cursor.peek()? {
        let event = cursor.next_event()?.expect("there is what was seen");
        assert_eq!(event.key, key);
        events.push(event);
    }
    Ok(events)
}

/// Selections that some of `events` match.
fn selections(events: &[Event]) -> Vec<Selection> {
    let Some(event) = events.get(events.len() / 2) else {
        return vec![Selection::Nothing];
    };
    let app = Selection::App(event.app_id.clone());
    let time = Selection::Time(Comparison::AtMost, event.timestamp);
    let mut selections = vec![
        app.clone(),
        time.clone(),
        Selection::Or(vec![time, app.clone()]),
    ];
    if let Some(tag) = event.tags().iter().last() {
        let tag = Selection::Tag(crate::sample::tag(tag));
        selections.push(Selection::And(vec![tag.clone(), app]));
        selections.push(tag);
    }
    selections
}

const CHUNK_EVENTS: usize = 100;
