//! Simplification changes the form of a condition, never its meaning.

use proptest::prelude::*;

use super::{KeyPoint, Selection};
use crate::syntax::{AppId, AppRef, Comparison, Pipeline, Query, Source, StreamId, Tag};
use crate::syntax::{TagAtom, TagExpr, TimePoint};

/// What a condition can ask of an event; few values, so that conditions meet.
#[derive(Clone, Debug)]
struct Sample {
    tags: Vec<&'static str>,
    app: &'static str,
    is_local: bool,
    key: KeyPoint,
    time_us: i64,
}

const TAGS: [&str; 3] = ["a", "b", "c"];
const APPS: [&str; 2] = ["x", "me"];

fn stream(number: u64) -> StreamId {
    StreamId::new(&".".repeat(43), number).expect("the shape of a stream id")
}

fn sample() -> impl Strategy<Value = Sample> {
    (
        prop::sample::subsequence(TAGS.to_vec(), 0..=3),
        prop::sample::select(&APPS[..]),
        any::<bool>(),
        (0..4_u64, 0..2_u64),
        0..4_i64,
    )
        .prop_map(|(tags, app, is_local, (lamport, number), time_us)| Sample {
            tags,
            app,
            is_local,
            key: KeyPoint {
                lamport,
                stream: Some(stream(number)),
            },
            time_us,
        })
}

fn atom() -> impl Strategy<Value = TagAtom> {
    let by = || prop::sample::select(&Comparison::ALL[..]);
    let stream = prop::option::of((0..2_u64).prop_map(stream));
    let app = |name: &str| AppRef::Named(AppId::new(name).expect("an app id"));
    prop_oneof![
        Just(TagAtom::AllEvents),
        Just(TagAtom::IsLocal),
        prop::sample::select(&TAGS[..]).prop_map(|tag| TagAtom::Tag(Tag::new(tag).expect("a tag"))),
        prop_oneof![Just(AppRef::Me), Just(app("x"))].prop_map(TagAtom::App),
        (by(), 0..4_u64, stream)
            .prop_map(|(by, lamport, stream)| TagAtom::Key(by, KeyPoint { lamport, stream })),
        (by(), 0..4_i64).prop_map(|(by, time_us)| TagAtom::Time(by, TimePoint::At(time_us))),
    ]
}

fn tag_expr() -> impl Strategy<Value = TagExpr> {
    atom()
        .prop_map(TagExpr::Atom)
        .prop_recursive(4, 24, 4, |inner| {
            let terms = prop::collection::vec(inner, 2..5);
            prop_oneof![
                terms.clone().prop_map(TagExpr::And),
                terms.prop_map(TagExpr::Or)
            ]
        })
}

fn compares<T: Ord>(left: &T, by: Comparison, right: &T) -> bool {
    match by {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

fn meets(event: &Sample, expr: &TagExpr) -> bool {
    match expr {
        TagExpr::And(parts) => parts.iter().all(|part| meets(event, part)),
        TagExpr::Or(branches) => branches.iter().any(|branch| meets(event, branch)),
        TagExpr::Atom(atom) => match atom {
            TagAtom::AllEvents => true,
            TagAtom::IsLocal => event.is_local,
            TagAtom::Tag(tag) => event.tags.contains(&tag.as_str()),
            TagAtom::App(AppRef::Me) => event.app == "me",
            TagAtom::App(AppRef::Named(app)) => event.app == app.as_str(),
            TagAtom::Key(by, point) => compares(&event.key, *by, point),
            TagAtom::Time(by, TimePoint::At(time_us)) => compares(&event.time_us, *by, time_us),
            other => unreachable!("not generated: {other}"),
        },
    }
}

fn is_selected(event: &Sample, selection: &Selection) -> bool {
    match selection {
        Selection::All => true,
        Selection::Nothing => false,
        Selection::Tag(tag) => event.tags.contains(&tag.as_str()),
        Selection::App(app) => event.app == app.as_str(),
        Selection::Local => event.is_local,
        Selection::Key(by, point) => compares(&event.key, *by, point),
        Selection::Time(by, time_us) => compares(&event.time_us, *by, time_us),
        Selection::And(parts) => parts.iter().all(|part| is_selected(event, part)),
        Selection::Or(branches) => branches.iter().any(|branch| is_selected(event, branch)),
    }
}

/// What the documentation of `Selection` promises about its form.
fn is_simple(selection: &Selection) -> bool {
    let (members, is_alien): (_, fn(&Selection) -> bool) = match selection {
        Selection::And(members) => (members, |member| !matches!(member, Selection::And(_))),
        Selection::Or(members) => (members, |member| !matches!(member, Selection::Or(_))),
        _ => return true,
    };
    let is_constant = |member: &Selection| matches!(member, Selection::All | Selection::Nothing);
    members.len() >= 2
        && members.is_sorted_by(|left, right| left < right)
        && members
            .iter()
            .all(|member| is_alien(member) && !is_constant(member))
        && members.iter().all(is_simple)
}

proptest! {
    #[test]
    fn a_selection_means_what_the_expression_means(
        events in tag_expr(),
        samples in prop::collection::vec(sample(), 1..40),
    ) {
        let source = Source::Events { events: events.clone(), order: None };
        let pipeline = Pipeline { source, stages: Vec::new() };
        let query = Query { features: Default::default(), events: None, pipeline };
        let selection = query.plan(0, Some("me")).unwrap().selection;
        prop_assert!(is_simple(&selection), "{selection}");
        for event in samples {
            let is_wanted = meets(&event, &events);
            prop_assert_eq!(is_selected(&event, &selection), is_wanted, "{} {:?}", query, event);
        }
    }
}
