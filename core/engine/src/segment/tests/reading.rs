//! Whatever was sealed is found again, in order, and nothing else is.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::sizes::Sizes;
use super::super::{Direction, SegmentQuery};
use super::model::{
    BatchPlan, Bench, EventPlan, Model, SMALL, STREAMS, batch_plans, direction, drain, find_in,
    local, offsets, selection, stream_id, tag,
};
use crate::event::{Offset, Offsets};
use crate::select::Selection;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_cursor_finds_what_the_model_finds(
        plans in batch_plans(),
        per_segment in 1usize..20,
        queries in prop::collection::vec(
            (selection(), offsets(), prop::option::of(offsets()), direction()), 8),
    ) {
        let model = Model::new(&plans, per_segment);
        let bench = Bench::new();
        let segments = bench.seal(&model, SMALL);
        for (selection, lower, upper, direction) in &queries {
            let upper = upper.clone().unwrap_or_else(|| model.upper());
            let query = SegmentQuery {
                selection, local: local(), lower, upper: &upper, direction: *direction,
            };
            prop_assert_eq!(find_in(&segments, &query), model.find(&query));
        }
    }

    #[test]
    fn batches_come_back_byte_for_byte(plans in batch_plans(), from in 0u64..60) {
        let model = Model::new(&plans, usize::MAX);
        let bench = Bench::new();
        let segment = &bench.seal(&model, SMALL)[0];
        for stream in (0..STREAMS).map(stream_id) {
            let mut pushed = model.batches_of(stream);
            pushed.retain(|batch| batch.header.last_offset().get() >= from);
            let read: Result<Vec<_>, _> =
                segment.batches(stream, Offset::new(from).unwrap()).unwrap().collect();
            let read = read.unwrap();
            prop_assert_eq!(read.len(), pushed.len());
            for (read, pushed) in read.iter().zip(&pushed) {
                prop_assert_eq!(&read.header, &pushed.header);
                prop_assert_eq!(&read.body, &pushed.body);
                prop_assert!(read.signature.is_none() || read.signature == pushed.signature);
            }
            prop_assert!(read.last().is_none_or(|last| last.signature.is_some()));
        }
        segment.verify().unwrap();
    }
}

/// Many events with little chance in them.
pub(super) fn many(batches: usize, events: usize) -> Vec<BatchPlan> {
    let event = |batch: usize, index: usize| EventPlan {
        lamport_step: 1 + (batch % 3) as u64,
        time: (batch * events + index) as i64,
        tags: if index == 0 && batch.is_multiple_of(50) {
            3
        } else {
            1
        },
        text: format!(
            "machine {batch} has counted {index} pieces of {}",
            batch * 31 % 77
        ),
    };
    let batch = |batch: usize| BatchPlan {
        stream: batch % STREAMS,
        app: (batch % 2) as u8,
        is_signed: true,
        events: (0..events).map(|index| event(batch, index)).collect(),
    };
    (0..batches).map(batch).collect()
}

#[test]
pub(super) fn many_pages_of_everything_are_read_like_few() {
    let model = Model::new(&many(1200, 12), usize::MAX);
    let bench = Bench::new();
    let sizes = Sizes {
        block_bytes: 200,
        waiting_bytes: 1 << 20,
        ..SMALL
    };
    let segment = Arc::clone(&bench.seal(&model, sizes)[0]);
    segment.verify().unwrap();
    let (lower, upper) = (Offsets::new(), model.upper());
    for selection in [Selection::All, Selection::Tag(tag(1)), Selection::Local] {
        for direction in [Direction::Forward, Direction::Backward] {
            let query = SegmentQuery {
                selection: &selection,
                local: local(),
                lower: &lower,
                upper: &upper,
                direction,
            };
            assert_eq!(drain(segment.cursor(&query).unwrap()), model.find(&query));
        }
    }
}

#[test]
fn a_lower_bound_deep_inside_reads_only_what_is_behind_it() {
    let model = Model::new(&many(1200, 12), usize::MAX);
    let bench = Bench::new();
    let segment = Arc::clone(
        &bench.seal(
            &model,
            Sizes {
                block_bytes: 1000,
                ..SMALL
            },
        )[0],
    );
    let upper = model.upper();
    let lower = upper
        .iter()
        .map(|(stream, last)| (stream, Offset::new(last.get() - 10).unwrap()))
        .collect();
    let query = SegmentQuery {
        selection: &Selection::All,
        local: local(),
        lower: &lower,
        upper: &upper,
        direction: Direction::Forward,
    };
    let before = bench.cache.misses();
    assert_eq!(drain(segment.cursor(&query).unwrap()), model.find(&query));
    assert!(bench.cache.misses() - before < 40);
}

#[test]
fn a_missing_term_reads_no_postings_and_no_table() {
    let model = Model::new(&many(1200, 12), usize::MAX);
    let bench = Bench::new();
    let segment = Arc::clone(&bench.seal(&model, SMALL)[0]);
    let (lower, upper) = (Offsets::new(), model.upper());
    let parts = vec![Selection::Tag(tag(0)), Selection::Tag(tag(5))];
    let query = SegmentQuery {
        selection: &Selection::And(parts),
        local: local(),
        lower: &lower,
        upper: &upper,
        direction: Direction::Forward,
    };
    let before = bench.cache.misses();
    let mut cursor = segment.cursor(&query).unwrap();
    assert_eq!(cursor.peek().unwrap(), None);
    assert!(bench.cache.misses() - before <= 4);
}
