//! Merging changes nothing but the number of files; floors drop what is below them, only.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Direction, Floor, Floors, Segment, SegmentQuery};
use super::model::{
    Bench, Model, SMALL, STREAMS, batch_plans, drain, find_in, local, offsets, selection, stream_id,
};
use crate::event::{Offset, Offsets};
use crate::select::Selection;

/// For some streams the checkpoint of that number, counted over all segments.
fn floors_at(segments: &[Arc<Segment>], picks: &[Option<usize>]) -> Floors {
    let mut floors = Floors::new();
    for (stream, pick) in picks.iter().enumerate() {
        let stream = stream_id(stream);
        let points: Vec<_> = segments
            .iter()
            .flat_map(|segment| segment.checkpoints(stream).unwrap())
            .collect();
        if let Some(point) = pick.and_then(|pick| points.get(pick)) {
            floors.raise(
                stream,
                Floor {
                    first: point.next_offset,
                    previous: point.hash,
                },
            );
        }
    }
    floors
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_merge_holds_what_its_sources_held(
        plans in batch_plans(),
        per_segment in 1usize..10,
        queries in prop::collection::vec((selection(), offsets()), 4),
    ) {
        let model = Model::new(&plans, per_segment);
        let bench = Bench::new();
        let segments = bench.seal(&model, SMALL);
        let half = segments.len().div_ceil(2);
        let left = bench.merge(&segments[..half], &Floors::new(), SMALL);
        let merged = match &segments[half..] {
            [] => left,
            rest => {
                let all: Vec<_> = std::iter::once(left).chain(rest.iter().cloned()).collect();
                bench.merge(&all, &Floors::new(), SMALL)
            }
        };
        merged.verify().unwrap();
        prop_assert_eq!(merged.events_count(), model.events.len() as u32);
        let upper = model.upper();
        for (selection, lower) in &queries {
            let direction = Direction::Forward;
            let query = SegmentQuery { selection, local: local(), lower, upper: &upper, direction };
            prop_assert_eq!(drain(merged.cursor(&query).unwrap()), model.find(&query));
        }
    }

    #[test]
    fn floors_drop_what_is_below_and_nothing_else(
        plans in batch_plans(),
        per_segment in 1usize..10,
        picks in prop::collection::vec(prop::option::of(0usize..6), STREAMS),
        selection in selection(),
    ) {
        let model = Model::new(&plans, per_segment);
        let bench = Bench::new();
        let segments = bench.seal(&model, SMALL);
        let floors = floors_at(&segments, &picks);
        let merged = bench.merge(&segments, &floors, SMALL);
        merged.verify().unwrap();
        prop_assert_eq!(merged.floors(), &floors);
        // Floors are checkpoints of the sources, so cuts are exact.
        let floor = |stream| floors.of(stream).map_or(Offset::ZERO, |floor| floor.first);
        let kept = model.events.iter().filter(|event| event.key.offset >= floor(event.key.stream));
        prop_assert_eq!(merged.events_count(), kept.count() as u32);
        let lower: Offsets = floors.iter().filter_map(|(stream, floor)| {
            Some((stream, Offset::new(floor.first.get().checked_sub(1)?).ok()?))
        }).collect();
        let upper = model.upper();
        let query = SegmentQuery {
            selection: &selection,
            local: local(),
            lower: &lower,
            upper: &upper,
            direction: Direction::Forward,
        };
        let everything = SegmentQuery { lower: &Offsets::new(), ..query };
        prop_assert_eq!(drain(merged.cursor(&everything).unwrap()), model.find(&query));
        // Cutting one by one and merging afterwards gives the same.
        let rewritten: Vec<_> = segments.iter()
            .map(|segment| bench.merge(std::slice::from_ref(segment), &floors, SMALL))
            .collect();
        prop_assert_eq!(find_in(&rewritten, &everything), model.find(&query));
        if rewritten.len() > 1 {
            let again = bench.merge(&rewritten, &Floors::new(), SMALL);
            again.verify().unwrap();
            prop_assert_eq!(again.floors(), &floors);
            prop_assert_eq!(again.events_count(), merged.events_count());
        }
    }

    #[test]
    fn a_segment_of_nothing_keeps_its_floors(plans in batch_plans()) {
        let model = Model::new(&plans, usize::MAX);
        let bench = Bench::new();
        let segments = bench.seal(&model, SMALL);
        let mut floors = Floors::new();
        for entry in segments[0].streams() {
            let first = entry.last.advanced(1).unwrap();
            floors.raise(entry.stream, Floor { first, previous: entry.end });
        }
        let empty = bench.merge(&segments, &floors, SMALL);
        empty.verify().unwrap();
        prop_assert_eq!(empty.events_count(), 0);
        prop_assert!(empty.streams().is_empty());
        prop_assert_eq!(empty.floors(), &floors);
        let upper = model.upper();
        let query = SegmentQuery {
            selection: &Selection::All,
            local: local(),
            lower: &Offsets::new(),
            upper: &upper,
            direction: Direction::Backward,
        };
        prop_assert_eq!(drain(empty.cursor(&query).unwrap()), Vec::new());
        let again = bench.merge(&[empty], &Floors::new(), SMALL);
        prop_assert_eq!(again.floors(), &floors);
    }
}

#[test]
fn only_adjacent_segments_are_merged() {
    let plans = super::reading::many(40, 3);
    let bench = Bench::new();
    let segments = bench.seal(&Model::new(&plans, 10), SMALL);
    let apart = [Arc::clone(&segments[0]), Arc::clone(&segments[2])];
    let name = super::super::SegmentName {
        first: 1,
        last: 3,
        revision: 0,
    };
    let disk = Arc::clone(&bench.disk);
    let outcome = super::super::merge(disk, &apart, name, &Floors::new(), &bench.cache);
    assert_eq!(
        outcome.unwrap_err().kind(),
        crate::error::ErrorKind::InvalidArgument
    );
}
