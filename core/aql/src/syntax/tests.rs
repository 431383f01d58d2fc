//! Printing and parsing are inverse to each other, on random trees.

use proptest::prelude::*;

use super::calendar::Civil;
use super::{
    AppId, AppRef, Comparison, KeyPoint, NODE_ID_CHARS, Order, Query, Source, Stage, StreamId, Tag,
    TagAtom, TagExpr, TimePoint, TimeUnit,
};
use crate::limits::SEQUENCE_MAX;

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(&Comparison::ALL[..])
}

fn app() -> impl Strategy<Value = AppRef> {
    let named = "[a-z0-9-]{1,5}(\\.[a-z0-9-]{1,5}){1,3}";
    prop_oneof![
        Just(AppRef::Me),
        named.prop_map(|text| AppRef::Named(AppId::new(&text).unwrap())),
    ]
}

fn key_point() -> impl Strategy<Value = KeyPoint> {
    let node = prop::string::string_regex(&format!("[./0-9A-Za-z]{{{NODE_ID_CHARS}}}")).unwrap();
    let stream =
        (node, 0..=SEQUENCE_MAX).prop_map(|(node, number)| StreamId::new(&node, number).unwrap());
    (0..=SEQUENCE_MAX, prop::option::of(stream))
        .prop_map(|(lamport, stream)| KeyPoint { lamport, stream })
}

fn time_point() -> impl Strategy<Value = TimePoint> {
    let date = |year| {
        Civil {
            year,
            month: 1,
            day: 1,
            clock: Default::default(),
        }
        .to_us(0)
        .unwrap()
    };
    let any_time = date(0)..date(9999);
    prop_oneof![
        any_time.clone().prop_map(TimePoint::At),
        any_time.prop_map(|time_us| TimePoint::At(time_us / 86_400_000_000 * 86_400_000_000)),
        (any::<u64>(), prop::sample::select(&TimeUnit::ALL[..]))
            .prop_map(|(amount, unit)| TimePoint::Ago { amount, unit }),
    ]
}

fn atom() -> impl Strategy<Value = TagAtom> {
    prop_oneof![
        Just(TagAtom::AllEvents),
        Just(TagAtom::IsLocal),
        "['\"a-z -]{1,4}".prop_map(|text| TagAtom::Tag(Tag::new(&text).unwrap())),
        ".{1,6}".prop_map(|text| TagAtom::Tag(Tag::new(&text).unwrap())),
        app().prop_map(TagAtom::App),
        (comparison(), key_point()).prop_map(|(by, point)| TagAtom::Key(by, point)),
        (comparison(), time_point()).prop_map(|(by, point)| TagAtom::Time(by, point)),
    ]
}

fn tag_expr() -> impl Strategy<Value = TagExpr> {
    atom()
        .prop_map(TagExpr::Atom)
        .prop_recursive(6, 40, 4, |inner| {
            let terms = prop::collection::vec(inner, 2..5);
            prop_oneof![
                terms.clone().prop_map(TagExpr::And),
                terms.prop_map(TagExpr::Or)
            ]
        })
}

fn query() -> impl Strategy<Value = Query> {
    let order = prop::option::of(prop::sample::select(&Order::ALL[..]));
    let stage = (1..=u64::MAX).prop_map(|count| Stage::Limit(count.try_into().unwrap()));
    (
        prop::collection::btree_set("[a-zA-Z0-9\u{f8}]{1,8}", 0..4),
        tag_expr(),
        order,
        prop::collection::vec(stage, 0..3),
    )
        .prop_map(|(features, events, order, stages)| Query {
            features,
            source: Source { events, order },
            stages,
        })
}

proptest! {
    #[test]
    fn a_printed_query_parses_to_the_same_tree(query in query()) {
        let text = query.to_string();
        prop_assert_eq!(Query::parse(&text), Ok(query), "{}", text);
    }
}
