//! Printing and parsing are inverse to each other, on random trees.

use proptest::prelude::*;

use super::{
    Aggregator, AppId, AppRef, Call, Comparison, Count, Expr, Grouped, Item, KeyPoint, Literal,
    Metadata, NODE_ID_CHARS, Name, Operator, Order, Piece, Pipeline, Query, Source, Stage,
    StreamId, Tag, TagAtom, TagExpr, TimePoint, TimeUnit,
};
use crate::calendar::Civil;
use crate::limits::{INTEGER_MAX, INTEGER_MIN, SEQUENCE_MAX};
use crate::value::Finite;

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
        name().prop_map(TimePoint::Parameter),
    ]
}

fn atom() -> impl Strategy<Value = TagAtom> {
    prop_oneof![
        Just(TagAtom::AllEvents),
        Just(TagAtom::IsLocal),
        "['\"a-z -]{1,4}".prop_map(|text| TagAtom::Tag(Tag::new(&text).unwrap())),
        ".{1,6}".prop_map(|text| TagAtom::Tag(Tag::new(&text).unwrap())),
        name().prop_map(TagAtom::Parameter),
        pieces(Just(Expr::Literal(Literal::Null))).prop_map(TagAtom::Interpolation),
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

fn name() -> impl Strategy<Value = Name> {
    prop_oneof!["[a-z][a-zA-Z0-9_]{0,3}", "[A-Z][a-z][a-z0-9]{0,2}"]
        .prop_map(|text| Name::new(&text).unwrap())
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        (-9..9_i128).prop_map(Literal::Integer),
        (INTEGER_MIN..=INTEGER_MAX).prop_map(Literal::Integer),
        any::<f64>().prop_filter_map("finite", |number| Some(Literal::Decimal(Finite::new(
            number
        )?))),
        ".{0,4}".prop_map(|text| Literal::String(text.as_str().into())),
        name().prop_map(|name| Literal::String(name.as_str().into())),
    ]
}

fn pieces(value: impl Strategy<Value = Expr>) -> impl Strategy<Value = Vec<Piece>> {
    let text = "[a-z{}`U+' ]{1,5}".prop_map(|text| Piece::Text(text.as_str().into()));
    let piece = prop_oneof![value.prop_map(Piece::Value), text];
    prop::collection::vec(piece, 0..4).prop_map(|mut pieces| {
        pieces.dedup_by(|right, left| matches!((right, left), (Piece::Text(_), Piece::Text(_))));
        pieces
    })
}

fn leaf() -> impl Strategy<Value = Expr> {
    let metadata = prop::sample::select(&Metadata::ALL[..]);
    prop_oneof![
        literal().prop_map(Expr::Literal),
        name().prop_map(Expr::Variable),
        Just(Expr::Variable(Name::current())),
        name().prop_map(Expr::Parameter),
        (metadata, name()).prop_map(|(metadata, name)| Expr::Metadata(metadata, name)),
        key_point().prop_map(Expr::Key),
        (0..9_999_i64).prop_map(|seconds| Expr::Time(seconds * 999_999)),
    ]
}

fn item(inner: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Item> + Clone {
    (any::<bool>(), inner).prop_map(|(is_spread, expr)| Item { is_spread, expr })
}

fn expr() -> impl Strategy<Value = Expr> + Clone {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let pairs = |least| prop::collection::vec((inner.clone(), inner.clone()), least..4);
        let items = prop::collection::vec(item(inner.clone()), 0..4);
        let operator = prop::sample::select(&Operator::ALL[..]);
        let operands = prop::collection::vec((operator, inner.clone()), 1..5);
        let several = |least| prop::collection::vec(inner.clone(), least..4);
        prop_oneof![
            pieces(inner.clone()).prop_map(Expr::Interpolation),
            items.clone().prop_map(Expr::Array),
            pairs(0).prop_map(Expr::Object),
            pairs(1).prop_map(Expr::Cases),
            (boxed.clone(), several(1)).prop_map(|(head, path)| Expr::Index(head, path)),
            boxed.clone().prop_map(Expr::Not),
            (boxed, operands).prop_map(|(first, rest)| Expr::Operation(first, rest)),
            ("[A-Z][a-z]{1,3}", several(0))
                .prop_map(|(name, arguments)| Expr::Function(name.as_str().into(), arguments)),
            (items, prop::collection::vec(stage(inner.clone()), 0..3)).prop_map(
                |(items, stages)| {
                    let source = Source::Array(items);
                    Expr::SubQuery(Box::new(Pipeline { source, stages }))
                }
            ),
        ]
    })
}

/// An expression over all values, in which nothing stands for the current one.
fn aggregation(inner: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Expr> + Clone {
    let aggregator = prop::sample::select(&Aggregator::ALL[..]);
    let call = (aggregator, inner).prop_map(|(aggregator, argument)| {
        Expr::Aggregate(Box::new(Call {
            aggregator,
            argument,
        }))
    });
    (call, literal().boxed()).prop_map(|(call, literal)| {
        Expr::Operation(
            Box::new(call),
            vec![(Operator::Add, Expr::Literal(literal))],
        )
    })
}

fn stage(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Stage> {
    let items = prop::collection::vec(item(inner.clone()), 1..3);
    let aggregations = prop::collection::vec(item(aggregation(inner.clone())), 1..3);
    let one = aggregation(inner.clone()).prop_map(|expr| {
        let is_spread = false;
        Grouped::Aggregate([Item { is_spread, expr }])
    });
    let grouped = prop_oneof![aggregations.prop_map(Grouped::Select), one];
    prop_oneof![
        (1..=u64::MAX).prop_map(|count| Stage::Limit(Count::Number(count.try_into().unwrap()))),
        name().prop_map(|name| Stage::Limit(Count::Parameter(name))),
        inner.clone().prop_map(Stage::Filter),
        items.prop_map(Stage::Select),
        aggregation(inner.clone()).prop_map(Stage::Aggregate),
        (inner.clone(), grouped).prop_map(|(key, grouped)| Stage::Group(key, grouped)),
        Just(Stage::Distinct),
        (name(), inner).prop_map(|(name, expr)| Stage::Let(name, expr)),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let order = prop::option::of(prop::sample::select(&Order::ALL[..]));
    let log = (tag_expr(), order).prop_map(|(events, order)| Source::Events { events, order });
    let array = prop::collection::vec(item(expr()), 0..3).prop_map(Source::Array);
    (
        prop::collection::btree_set("[a-zA-Z0-9\u{f8}]{1,8}", 0..4),
        prop::option::of("[{}a-z]{1,4}(\n[{}a-z]{1,4}){0,2}"),
        prop_oneof![log, array],
        prop::collection::vec(stage(expr()), 0..3),
    )
        .prop_map(|(features, events, source, stages)| Query {
            features,
            events,
            pipeline: Pipeline { source, stages },
        })
}

proptest! {
    #[test]
    fn a_printed_query_parses_to_the_same_tree(query in query()) {
        let text = query.to_string();
        prop_assert_eq!(Query::parse(&text), Ok(query), "{}", text);
    }
}
