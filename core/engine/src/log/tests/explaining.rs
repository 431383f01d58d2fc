//! What files know of a query before an event is read.

use super::bench::{Bench, everything, read, routed, tag};
use crate::event::{AppId, Content, Payload, Tags, Timestamp};
use crate::log::{Order, Publish, Query, SourceReport};
use crate::select::{Comparison, Selection};

/// Five events with the tag a and three with b among others, in sealed files and in an open one.
fn bench() -> Bench {
    let mut bench = Bench::new();
    for _ in 0..2 {
        bench.publish(&["a"], 10).unwrap();
        bench.publish(&["a", "b"], 10).unwrap();
        bench.fill_files(1);
    }
    bench.maintain();
    bench.publish(&["a", "b"], 10).unwrap();
    bench
}

fn explain(bench: &Bench, selection: &Selection) -> Vec<SourceReport> {
    let query = Query {
        selection: selection.clone(),
        ..everything()
    };
    let reports = bench.reader().explain(&query).unwrap();
    let candidates: u64 = reports.iter().map(|report| report.index.candidates).sum();
    let found = read(&bench.reader(), &query).unwrap().len() as u64;
    let is_exact = reports.iter().all(|report| !report.index.is_residual);
    assert!(
        candidates == found || (!is_exact && candidates > found),
        "{reports:?}"
    );
    reports
}

fn tagged(text: &str) -> Selection {
    Selection::Tag(tag(text))
}

#[test]
fn every_file_says_how_many_events_it_has_of_each_term() {
    let bench = bench();
    let selection = Selection::And(vec![tagged("a"), tagged("b")]);
    let reports = explain(&bench, &selection);
    assert!(reports.iter().any(|report| report.is_sealed));
    assert!(reports.iter().any(|report| !report.is_sealed));
    let sums = |at: usize| -> u64 { reports.iter().map(|report| report.index.terms[at].1).sum() };
    assert_eq!((sums(0), sums(1)), (5, 3));
    let found: u64 = reports.iter().map(|report| report.index.candidates).sum();
    assert_eq!(found, 0, "no event has both");
    assert_eq!(reports[0].index.terms[1].0, tagged("b"));
}

#[test]
fn what_nobody_has_leaves_no_candidates() {
    let bench = bench();
    let missing = [
        tagged("nothing"),
        Selection::App(AppId::new("com.example.nobody").unwrap()),
        Selection::Time(Comparison::Greater, Timestamp::from_micros(i64::MAX)),
        Selection::Nothing,
    ];
    for selection in missing {
        for report in explain(&bench, &selection) {
            assert_eq!(report.index.candidates, 0, "{selection:?}");
            assert!(!report.index.is_residual);
        }
    }
}

#[test]
fn unions_count_an_event_once() {
    let bench = bench();
    let app = bench.events()[0].app_id.clone();
    let published = Selection::And(vec![tagged("a"), Selection::App(app)]);
    let either = Selection::Or(vec![tagged("a"), tagged("b"), published]);
    let reports = explain(&bench, &either);
    let found: u64 = reports.iter().map(|report| report.index.candidates).sum();
    assert_eq!(found, 8);
}

#[test]
fn conditions_no_index_decides_leave_events_to_be_checked() {
    let bench = bench();
    let events = bench.events();
    let middle = events[events.len() / 2].timestamp;
    let since = Selection::Time(Comparison::AtLeast, middle);
    let reports = explain(&bench, &since);
    assert!(reports.iter().any(|report| report.index.is_residual));
}

/// A sealed and an open file, each with two events that have both tags and one with each alone.
fn bench_of_pairs() -> Bench {
    let mut bench = Bench::new();
    publish_pairs(&mut bench);
    bench.fill_files(1);
    bench.maintain();
    publish_pairs(&mut bench);
    bench
}

fn publish_pairs(bench: &mut Bench) {
    let payload = Payload::from_serde(&1).unwrap();
    let pairs = [&["a", "b"][..], &["a"], &["b"], &["b", "a"]];
    let tags = |tags: &[&str]| Tags::new(tags.iter().copied()).unwrap();
    let contents = pairs.map(|pair| Content::new(&tags(pair), &payload));
    let app_id = AppId::new("com.example").unwrap();
    let call = Publish::new(app_id, contents.into()).unwrap();
    bench.now += 1;
    let now = Timestamp::from_micros(bench.now);
    bench.log.commit(&[call], now).unwrap();
}

/// How many events a read delivers, and how many it reads for that.
fn delivered_and_read(bench: &Bench, query: &Query) -> (u64, u64) {
    let mut cursor = bench.reader().query(query).unwrap();
    let mut delivered = 0;
    loop {
        let chunk = cursor.next_chunk(3, usize::MAX).unwrap();
        delivered += chunk.len() as u64;
        if chunk.is_empty() {
            return (delivered, cursor.events_read());
        }
    }
}

#[test]
fn intersections_leave_the_events_that_have_both() {
    let bench = bench_of_pairs();
    let both = Selection::And(vec![tagged("a"), tagged("b")]);
    let reports = explain(&bench, &both);
    let with_a: Vec<_> = reports
        .iter()
        .filter(|report| report.index.terms[0].1 > 0)
        .map(|report| {
            let index = &report.index;
            let counts = (index.terms[0].1, index.terms[1].1);
            (report.is_sealed, counts, index.candidates)
        })
        .collect();
    assert_eq!(with_a, [(true, (3, 3), 2), (false, (3, 3), 2)]);
    assert!(reports.iter().all(|report| !report.index.is_residual));
}

#[test]
fn files_outside_of_time_and_bounds_have_terms_but_no_candidates() {
    let bench = bench_of_pairs();
    let last = Timestamp::from_micros(bench.now);
    let late = Selection::Time(Comparison::AtLeast, last);
    let reports = explain(&bench, &Selection::And(vec![tagged("a"), late]));
    let sealed: Vec<_> = reports.iter().filter(|report| report.is_sealed).collect();
    assert!(!sealed.is_empty());
    assert!(sealed.iter().all(|report| report.index.candidates == 0));
    assert!(sealed.iter().all(|report| !report.index.is_residual));
    assert_eq!(sealed[0].index.terms, [(tagged("a"), 3)]);
    assert_eq!(reports.last().unwrap().index.candidates, 3);

    let query = Query {
        lower: bench.reader().present(),
        ..everything()
    };
    for report in bench.reader().explain(&query).unwrap() {
        assert!(report.events > 0);
        assert_eq!(report.index.candidates, 0);
    }
}

#[test]
fn a_read_that_indexes_decide_reads_what_it_delivers() {
    let bench = bench_of_pairs();
    for order in [Order::Ascending, Order::Descending, Order::Stream] {
        let query = Query {
            selection: Selection::And(vec![tagged("a"), tagged("b")]),
            order,
            ..everything()
        };
        let mut cursor = bench.reader().query(&query).unwrap();
        assert_eq!(cursor.events_read(), 0, "{order:?}");
        assert_eq!(cursor.next_chunk(1, usize::MAX).unwrap().len(), 1);
        assert_eq!(cursor.events_read(), 1, "{order:?}");
        assert_eq!(delivered_and_read(&bench, &query), (4, 4), "{order:?}");
    }
}

#[test]
fn events_that_were_read_and_refused_are_counted() {
    let mut bench = Bench::with(routed());
    bench.publish(&["a", "b", "c"], 10).unwrap();
    let middle = bench.now;
    bench.publish(&["b", "c", "a"], 10).unwrap();
    bench.fill_files(1);
    bench.maintain();
    bench.publish(&["a", "c"], 10).unwrap();
    let time = |comparison, micros| Selection::Time(comparison, Timestamp::from_micros(micros));
    let between = Selection::And(vec![
        time(Comparison::Greater, middle - 1),
        time(Comparison::Less, middle + 1),
    ]);
    // No event has such a time, but a window knows the least and the greatest only.
    let either = Selection::Or(vec![
        time(Comparison::Less, middle),
        time(Comparison::Greater, bench.now),
    ]);
    for (selection, delivered) in [(between, 3), (either, 0)] {
        let reports = explain(&bench, &selection);
        let candidates: u64 = reports.iter().map(|report| report.index.candidates).sum();
        for order in [Order::Ascending, Order::Descending, Order::Stream] {
            let query = Query {
                selection: selection.clone(),
                order,
                ..everything()
            };
            let expected = (delivered, candidates);
            assert_eq!(delivered_and_read(&bench, &query), expected, "{order:?}");
        }
        assert!(candidates > delivered, "{reports:?}");
    }
}
