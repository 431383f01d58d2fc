//! Whatever is done to a log in whatever order, it answers as the model does.

use proptest::prelude::*;

use super::bench::{Bench, call, read, routed, tag};
use super::model::Model;
use crate::event::{AppId, Lamport, Offset, Offsets, StreamName, Timestamp};
use crate::log::{Order, Query, Retention};
use crate::select::{Comparison, KeyPoint, Selection};

#[derive(Clone, Debug)]
enum Step {
    Publish(&'static str, Vec<&'static str>, usize),
    Query(Selection, Order, Vec<Option<u64>>, Option<Vec<Option<u64>>>),
    Maintain(u8),
    MarkIdle,
    Reopen,
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let app = || prop::sample::select(vec!["com.example", "org.other"]);
    let tags = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let bound = || prop::collection::vec(prop::option::of(0u64..400), 3);
    let order = prop::sample::select(vec![Order::Ascending, Order::Descending, Order::Stream]);
    let publish = (app(), prop::collection::vec(tags(), 0..12), 0usize..900)
        .prop_map(|(app, tags, bytes)| Step::Publish(app, tags, bytes));
    let query = (selection(), order, bound(), prop::option::of(bound()))
        .prop_map(|(selection, order, lower, upper)| Step::Query(selection, order, lower, upper));
    let step = prop_oneof![
        8 => publish,
        4 => query,
        4 => (1u8..6).prop_map(Step::Maintain),
        1 => Just(Step::MarkIdle),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..120)
}

fn selection() -> impl Strategy<Value = Selection> {
    let comparison = || {
        prop::sample::select(vec![
            Comparison::Less,
            Comparison::AtMost,
            Comparison::Greater,
            Comparison::AtLeast,
        ])
    };
    let point = |lamport| KeyPoint {
        lamport: Lamport::new(lamport).unwrap(),
        stream: None,
    };
    let leaf = prop_oneof![
        Just(Selection::All),
        Just(Selection::Local),
        Just(Selection::Nothing),
        prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(|text| Selection::Tag(tag(text))),
        prop::sample::select(vec!["com.example", "org.other"])
            .prop_map(|app| Selection::App(AppId::new(app).unwrap())),
        (comparison(), 0u64..600).prop_map(move |(how, at)| Selection::Key(how, point(at))),
        (comparison(), 1_000i64..1_120)
            .prop_map(|(how, at)| Selection::Time(how, Timestamp::from_micros(at))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Selection::And),
            prop::collection::vec(inner, 0..3).prop_map(Selection::Or),
        ]
    })
}

/// Offsets within what is present, for as many streams as there are.
fn within(present: &Offsets, wanted: &[Option<u64>]) -> Offsets {
    let chosen = present
        .iter()
        .zip(wanted)
        .filter_map(|((stream, last), offset)| {
            let offset = offset.map(|offset| offset % (last.get() + 1))?;
            Some((stream, Offset::new(offset).unwrap()))
        });
    chosen.collect()
}

fn run(mut bench: Bench, steps: Vec<Step>) {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Publish(app, tags, bytes) => {
                bench.now += 1;
                let now = Timestamp::from_micros(bench.now);
                let call = call(app, &tags, bytes);
                let published = bench.log.commit(std::slice::from_ref(&call), now).unwrap();
                model.commit(&call, &published[0], now);
            }
            Step::Query(selection, order, lower, upper) => {
                let present = bench.reader().present();
                let query = Query {
                    selection,
                    lower: within(&present, &lower),
                    upper: upper.map(|upper| within(&present, &upper)),
                    order,
                };
                let streams = bench.reader().streams();
                let floors = streams
                    .iter()
                    .map(|info| (info.id, info.first.get()))
                    .collect();
                let events = read(&bench.reader(), &query).unwrap();
                assert_eq!(events, model.answer(&query, &floors), "{query:?}");
            }
            Step::Maintain(count) => {
                for _ in 0..count {
                    bench.step().unwrap();
                }
            }
            Step::MarkIdle => bench.log.mark_idle().unwrap(),
            Step::Reopen => {
                let now = bench.now;
                bench = bench.reopen();
                bench.now = now;
            }
            Step::Kill => {
                let now = bench.now;
                bench = bench.kill();
                bench.now = now;
            }
        }
        assert_eq!(bench.reader().present(), model.offsets());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_log_answers_as_a_list_would(steps in steps()) {
        run(Bench::with(routed()), steps);
    }

    #[test]
    fn a_log_with_retention_answers_as_a_list_would(steps in steps(), kept in 1u64..40) {
        let mut options = routed();
        for name in ["alarms", "default"] {
            let retention = Retention {
                events_max: Some(kept),
                ..Retention::default()
            };
            options.streams.insert(StreamName::new(name).unwrap(), retention);
        }
        run(Bench::with(options), steps);
    }
}
