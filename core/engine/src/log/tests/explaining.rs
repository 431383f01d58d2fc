//! What files know of a query before an event is read.

use super::bench::{Bench, everything, read, tag};
use crate::event::{AppId, Timestamp};
use crate::log::{Query, SourceReport};
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
