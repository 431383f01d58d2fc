//! Queries: made by chance, and written as text.

use swarmlet::Order;
use swarmlet_sim::random::Random;

use crate::expr::{Expr, one_of};
use crate::select::Select;
use crate::world::Known;

/// A function of many values.
#[derive(Clone, Debug)]
pub(crate) struct Aggregate {
    pub(crate) name: &'static str,
    pub(crate) of: Expr,
}

/// What is made of several functions of many values.
#[derive(Clone, Debug)]
pub(crate) enum Joined {
    /// An array of them.
    Array,
    /// Each by itself; after `AGGREGATE` there is only one then.
    Apart,
}

/// A step that values walk through.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Filter(Expr),
    Select(Vec<Expr>),
    /// `SELECT ...[one, two]`
    Spread(Expr, Expr),
    Let(&'static str, Expr),
    /// Three are written as a parameter.
    Limit(u64),
    Distinct,
    Aggregate(Vec<Aggregate>, Joined),
    /// With the key before the aggregates.
    Group(Expr, Vec<Aggregate>, Joined),
}

/// What values enter the first stage.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Events(Select, Option<Order>),
    Array(Vec<Expr>),
}

/// A query and what it is asked with.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) source: Source,
    pub(crate) requested: Order,
    pub(crate) stages: Vec<Stage>,
}

impl Ask {
    /// Any query; with queries for each value only where there are few of them.
    pub(crate) fn any(random: &mut Random, known: &[Known], is_large: bool) -> Self {
        let depth = random.below(4);
        let order = random.percent(30).then(|| any_order(random));
        let source = match random.percent(4) {
            true => Source::Array((0..random.below(6)).map(|_| written(random)).collect()),
            false => Source::Events(Select::any(random, depth, known), order),
        };
        let mut stages = stages(random, known);
        if !is_large && random.percent(8) {
            let at = random.below(stages.len() as u64 + 1) as usize;
            stages.insert(at, inner(random, known));
        }
        Self {
            source,
            requested: any_order(random),
            stages,
        }
    }

    /// Whether each result stands for one event, and depends on nothing but that.
    pub(crate) fn is_by_event(&self) -> bool {
        let is_plain = |stage: &Stage| match stage {
            Stage::Filter(expr) | Stage::Let(_, expr) => !expr.has_query(),
            Stage::Select(items) => !items.iter().any(Expr::has_query),
            Stage::Spread(..) => true,
            Stage::Limit(_) | Stage::Distinct | Stage::Aggregate(..) | Stage::Group(..) => false,
        };
        matches!(self.source, Source::Events(..)) && self.stages.iter().all(is_plain)
    }

    /// Whether `FIRST` and `LAST` are about values of events only. What comes from no event has no
    /// place among events, so which one is found depends on when it is looked for.
    pub(crate) fn picks_events(&self) -> bool {
        let mut is_made = false;
        for stage in &self.stages {
            match stage {
                Stage::Select(_) | Stage::Spread(..) => is_made = true,
                Stage::Aggregate(all, _) | Stage::Group(_, all, _) => {
                    return all
                        .iter()
                        .all(|one| !one.picks() || !is_made && one.of.is_path());
                }
                Stage::Filter(_) | Stage::Let(..) | Stage::Limit(_) | Stage::Distinct => {}
            }
        }
        !is_made
    }

    pub(crate) fn text(&self) -> String {
        let source = match &self.source {
            Source::Events(select, order) => format!("{}{}", select.text(), order_text(*order)),
            Source::Array(members) => format!("[{}]", list(members)),
        };
        let stages: Vec<String> = self.stages.iter().map(Stage::text).collect();
        format!("FROM {source} {}", stages.join(" "))
    }
}

/// A member of an array, mostly one that can have a value there.
fn written(random: &mut Random) -> Expr {
    match random.below(6) {
        0 => Expr::any(random, 1),
        1 => Expr::Object(vec![
            ("n", Expr::constant(random)),
            ("s", Expr::constant(random)),
        ]),
        _ => Expr::constant(random),
    }
}

fn any_order(random: &mut Random) -> Order {
    *random.pick(&[Order::Ascending, Order::Descending, Order::Stream])
}

fn order_text(order: Option<Order>) -> &'static str {
    match order {
        None => "",
        Some(Order::Ascending) => " ORDER ASC",
        Some(Order::Descending) => " ORDER DESC",
        Some(Order::Stream) => " ORDER STREAM",
    }
}

fn list(exprs: &[Expr]) -> String {
    let texts: Vec<String> = exprs.iter().map(Expr::text).collect();
    texts.join(", ")
}

impl Stage {
    /// One of the values, as they are.
    pub(crate) fn one_of_all(name: &'static str) -> Self {
        let of = Expr::Path("_", Vec::new());
        Self::Aggregate(vec![Aggregate { name, of }], Joined::Apart)
    }

    fn text(&self) -> String {
        match self {
            Self::Filter(condition) => format!("FILTER {}", condition.text()),
            Self::Select(items) => format!("SELECT {}", list(items)),
            Self::Spread(one, two) => format!("SELECT ...[{}, {}]", one.text(), two.text()),
            Self::Let(name, expr) => format!("LET {name} := {}", expr.text()),
            Self::Limit(3) => "LIMIT $three".to_owned(),
            Self::Limit(count) => format!("LIMIT {count}"),
            Self::Distinct => "DISTINCT".to_owned(),
            Self::Aggregate(all, Joined::Array) => format!("AGGREGATE [{}]", texts(all)),
            Self::Aggregate(one, Joined::Apart) => format!("AGGREGATE {}", texts(one)),
            Self::Group(key, all, Joined::Array) => {
                format!("GROUP BY {} AGGREGATE [group, {}]", key.text(), texts(all))
            }
            Self::Group(key, all, Joined::Apart) => {
                format!("GROUP BY {} SELECT group, {}", key.text(), texts(all))
            }
        }
    }
}

fn texts(aggregates: &[Aggregate]) -> String {
    let texts: Vec<String> = aggregates.iter().map(Aggregate::text).collect();
    texts.join(", ")
}

impl Aggregate {
    fn any(random: &mut Random) -> Self {
        let of = match random.below(10) {
            0..=2 => Expr::number(random),
            3 => Expr::Path("_", Vec::new()),
            4 => Expr::any(random, 2),
            _ => Expr::field(one_of(random, &["n", "half", "s", "flag", "mixed", "sign"])),
        };
        // Products of other things leave the range in which the scan computes.
        match one_of(random, &AGGREGATORS) {
            "PRODUCT" => Self {
                name: "PRODUCT",
                of: Expr::field(one_of(random, &["sign", "sign", "flag"])),
            },
            name => Self { name, of },
        }
    }

    /// Whether it is one of the values because of its place.
    fn picks(&self) -> bool {
        matches!(self.name, "FIRST" | "LAST")
    }

    pub(crate) fn text(&self) -> String {
        format!("{}({})", self.name, self.of.text())
    }
}

/// Some stages that keep the fields of the payload, and at the end perhaps some that do not.
fn stages(random: &mut Random, known: &[Known]) -> Vec<Stage> {
    let mut stages = Vec::new();
    for _ in 0..random.below(3) {
        stages.push(match random.below(8) {
            0..=1 => Stage::Let("x", Expr::any(random, 2)),
            2 => Stage::Limit(random.up_to(30)),
            3 => Stage::Filter(Expr::time(random, known)),
            _ => Stage::Filter(Expr::condition(random, 2)),
        });
    }
    match random.below(9) {
        0..=1 => aggregate(random, &mut stages),
        2..=3 => group(random, &mut stages),
        4 => {
            let items = (0..random.up_to(3)).map(|_| Expr::any(random, 3)).collect();
            stages.push(Stage::Select(items));
        }
        5 => stages.push(Stage::Spread(Expr::any(random, 2), Expr::any(random, 2))),
        6 => {
            stages.push(Stage::Select(vec![Expr::any(random, 1)]));
            stages.push(Stage::Distinct);
        }
        _ => {}
    }
    if random.percent(15) {
        stages.push(Stage::Limit(random.up_to(10)));
    }
    if random.percent(3) {
        stages.push(Stage::Aggregate(
            vec![Aggregate::any(random)],
            Joined::Apart,
        ));
    }
    stages
}

fn aggregate(random: &mut Random, stages: &mut Vec<Stage>) {
    if random.percent(60) {
        stages.push(Stage::Aggregate(
            vec![Aggregate::any(random)],
            Joined::Apart,
        ));
        if random.percent(30) {
            let value = Box::new(Expr::Path("_", Vec::new()));
            let other = Box::new(Expr::leaf(random));
            let compared = Expr::Binary(one_of(random, &["<", ">=", "="]), value, other);
            stages.push(match random.percent(50) {
                true => Stage::Filter(compared),
                false => Stage::Select(vec![compared, Expr::any(random, 1)]),
            });
        }
        return;
    }
    let some = (0..random.up_to(3)).map(|_| Aggregate::any(random));
    stages.push(Stage::Aggregate(some.collect(), Joined::Array));
    if random.percent(30) {
        stages.push(Stage::Select(vec![member(0), member(1)]));
    }
}

fn group(random: &mut Random, stages: &mut Vec<Stage>) {
    let key = match random.below(10) {
        0..=5 => Expr::field(one_of(random, &["n", "s", "flag", "mixed", "half"])),
        6 => Expr::Array(vec![Expr::field("flag"), Expr::field("s")]),
        _ => Expr::any(random, 2),
    };
    let some = (0..random.up_to(3)).map(|_| Aggregate::any(random));
    let some: Vec<_> = some.collect();
    if random.percent(40) {
        stages.push(Stage::Group(key, some, Joined::Apart));
        return;
    }
    stages.push(Stage::Group(key, some, Joined::Array));
    if random.percent(30) {
        let least = Box::new(Expr::leaf(random));
        stages.push(Stage::Filter(Expr::Binary(">", Box::new(member(1)), least)));
    }
    if random.percent(10) {
        let all = Aggregate::any(random);
        stages.push(Stage::Aggregate(vec![all], Joined::Apart));
    }
}

fn member(index: usize) -> Expr {
    Expr::Member(Box::new(Expr::Path("_", Vec::new())), index)
}

/// A stage with a query for each value, which may depend on the value.
fn inner(random: &mut Random, known: &[Known]) -> Stage {
    let mut ask = Ask::any(random, known, true);
    ask.requested = Order::Ascending;
    if random.percent(50) {
        let number = Expr::field(one_of(random, &["n", "sign"]));
        let tag = Select::Interpolated(number);
        ask.source = match ask.source {
            Source::Events(select, order) if random.percent(50) => {
                Source::Events(Select::Or(Box::new(select), Box::new(tag)), order)
            }
            _ => Source::Events(tag, None),
        };
    }
    let query = Expr::Query(Box::new(ask));
    match random.below(3) {
        0 => Stage::Let("x", query),
        1 => Stage::Select(vec![Expr::Array(vec![Expr::field("n"), query])]),
        _ => {
            let first = Box::new(Expr::Member(Box::new(query), 0));
            let other = Box::new(Expr::leaf(random));
            Stage::Filter(Expr::Binary(one_of(random, &["<", ">", "="]), first, other))
        }
    }
}

const AGGREGATORS: [&str; 8] = [
    "SUM", "PRODUCT", "AVG", "COUNT", "MIN", "MAX", "FIRST", "LAST",
];
