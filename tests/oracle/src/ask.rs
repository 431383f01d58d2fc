//! Queries: made by chance, and written as text.

use swarmlet::{EventKey, Order};
use swarmlet_sim::random::Random;

use crate::expr::{Expr, one_of};
use crate::world::{APPS, Known, NOW_US, TAGS};

/// Which events.
#[derive(Clone, Debug)]
pub(crate) enum Select {
    All,
    Local,
    Tag(&'static str),
    /// The tag `d:1`, written with a parameter.
    Interpolated,
    /// The last of the tags, as a parameter.
    Parameter,
    App(&'static str),
    Me,
    Key(&'static str, EventKey, bool),
    Time(&'static str, i64),
    And(Box<Select>, Box<Select>),
    Or(Box<Select>, Box<Select>),
}

/// A function of many values.
#[derive(Clone, Debug)]
pub(crate) struct Aggregate {
    pub(crate) name: &'static str,
    pub(crate) of: Expr,
}

/// A step that values walk through.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Filter(Expr),
    Select(Vec<Expr>),
    /// `SELECT ...[one, two]`
    Spread(Expr, Expr),
    Let(&'static str, Expr),
    Limit(u64),
    Distinct,
    Aggregate(Aggregate),
    /// Key and aggregates; the result is an array of the key and them.
    Group(Expr, Vec<Aggregate>),
}

/// A query and what it is asked with.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) select: Select,
    pub(crate) order: Option<Order>,
    pub(crate) requested: Order,
    pub(crate) stages: Vec<Stage>,
}

impl Ask {
    pub(crate) fn any(random: &mut Random, known: &[Known]) -> Self {
        let depth = random.below(4);
        let orders = [Order::Ascending, Order::Descending, Order::Stream];
        Self {
            select: Select::any(random, depth, known),
            order: random.percent(30).then(|| *random.pick(&orders)),
            requested: *random.pick(&orders),
            stages: stages(random),
        }
    }

    /// Whether each result stands for one event, and none depends on those before it.
    pub(crate) fn is_by_event(&self) -> bool {
        let is_plain = |stage: &Stage| {
            matches!(
                stage,
                Stage::Filter(_) | Stage::Select(_) | Stage::Spread(..) | Stage::Let(..)
            )
        };
        self.stages.iter().all(is_plain)
    }

    pub(crate) fn text(&self) -> String {
        let order = match self.order {
            None => "",
            Some(Order::Ascending) => " ORDER ASC",
            Some(Order::Descending) => " ORDER DESC",
            Some(Order::Stream) => " ORDER STREAM",
        };
        let stages: Vec<String> = self.stages.iter().map(Stage::text).collect();
        format!("FROM {}{order} {}", self.select.text(), stages.join(" "))
    }
}

impl Select {
    fn any(random: &mut Random, depth: u64, known: &[Known]) -> Self {
        if depth > 0 {
            let left = Box::new(Self::any(random, depth - 1, known));
            let right = Box::new(Self::any(random, random.clone().below(depth), known));
            return match random.percent(50) {
                true => Self::And(left, right),
                false => Self::Or(left, right),
            };
        }
        let comparison = one_of(random, &["<", "<=", ">", ">="]);
        match random.below(12) {
            0 => Self::All,
            1 => Self::Local,
            2 => Self::App(one_of(random, &APPS)),
            3 => Self::Me,
            4 => Self::Interpolated,
            5 => Self::Parameter,
            6 => match known {
                [] => Self::All,
                known => Self::Key(comparison, random.pick(known).key, random.percent(50)),
            },
            7 => match known {
                [] => Self::Time(comparison, NOW_US),
                // Texts have whole milliseconds.
                known => Self::Time(comparison, random.pick(known).time_us / 1000 * 1000),
            },
            _ => Self::Tag(one_of(random, &TAGS)),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::All => "allEvents".to_owned(),
            Self::Local => "isLocal".to_owned(),
            Self::Tag(tag) => format!("'{}'", tag.replace('\'', "''")),
            Self::Interpolated => "`d:{$id}`".to_owned(),
            Self::Parameter => "$tag".to_owned(),
            Self::App(app) => format!("appId({app})"),
            Self::Me => "appId(me)".to_owned(),
            Self::Key(by, key, true) => format!("KEY {by} {}/{}", key.lamport.get(), key.stream),
            Self::Key(by, key, false) => format!("KEY {by} {}", key.lamport.get()),
            Self::Time(by, time_us) => format!("TIME {by} {}", time(*time_us)),
            Self::And(left, right) => format!("({} & {})", left.text(), right.text()),
            Self::Or(left, right) => format!("({} | {})", left.text(), right.text()),
        }
    }
}

/// A time of the year 2024, of which days have as many hours as always.
fn time(time_us: i64) -> String {
    let ms = (time_us - NOW_US) / 1000 + DAY_MS;
    let (day, ms) = (ms / DAY_MS, ms % DAY_MS);
    let date = match day {
        0 => "2023-12-31".to_owned(),
        day => format!("2024-01-{day:02}"),
    };
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, ms) = (ms / 1000 % 60, ms % 1000);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

impl Stage {
    fn text(&self) -> String {
        match self {
            Self::Filter(condition) => format!("FILTER {}", condition.text()),
            Self::Select(items) => {
                let items: Vec<String> = items.iter().map(Expr::text).collect();
                format!("SELECT {}", items.join(", "))
            }
            Self::Spread(one, two) => format!("SELECT ...[{}, {}]", one.text(), two.text()),
            Self::Let(name, expr) => format!("LET {name} := {}", expr.text()),
            Self::Limit(count) => format!("LIMIT {count}"),
            Self::Distinct => "DISTINCT".to_owned(),
            Self::Aggregate(aggregate) => format!("AGGREGATE {}", aggregate.text()),
            Self::Group(key, aggregates) => {
                let aggregates: Vec<String> = aggregates.iter().map(Aggregate::text).collect();
                format!(
                    "GROUP BY {} SELECT [group, {}]",
                    key.text(),
                    aggregates.join(", ")
                )
            }
        }
    }
}

impl Aggregate {
    /// `FIRST` and `LAST` are asked about events only: among values of no event there is no order.
    fn any(random: &mut Random) -> Self {
        let name = one_of(
            random,
            &[
                "SUM", "PRODUCT", "AVG", "COUNT", "MIN", "MAX", "FIRST", "LAST",
            ],
        );
        let of = match name {
            "SUM" | "AVG" => Expr::number(random),
            "PRODUCT" => Expr::field("sign"),
            "COUNT" => Expr::any(random, 1),
            "MIN" | "MAX" => Expr::field(one_of(random, &["n", "half", "s"])),
            _ => match random.percent(50) {
                true => Expr::Path("_", Vec::new()),
                false => Expr::field(one_of(random, &["n", "mixed"])),
            },
        };
        Self { name, of }
    }

    pub(crate) fn text(&self) -> String {
        format!("{}({})", self.name, self.of.text())
    }
}

/// Some stages that keep the fields of the payload, and at the end perhaps one that does not.
fn stages(random: &mut Random) -> Vec<Stage> {
    let mut stages = Vec::new();
    for _ in 0..random.below(3) {
        stages.push(match random.below(6) {
            0 => Stage::Let("x", Expr::any(random, 2)),
            1 => Stage::Limit(random.up_to(30)),
            _ => Stage::Filter(Expr::condition(random, 2)),
        });
    }
    match random.below(8) {
        0..=1 => stages.push(Stage::Aggregate(Aggregate::any(random))),
        2 => {
            let aggregates = (0..random.up_to(3))
                .map(|_| Aggregate::any(random))
                .collect();
            let key = match random.percent(70) {
                true => Expr::field(one_of(random, &["n", "s", "flag", "mixed"])),
                false => Expr::any(random, 2),
            };
            stages.push(Stage::Group(key, aggregates));
        }
        3 => {
            let items = (0..random.up_to(3)).map(|_| Expr::any(random, 3)).collect();
            stages.push(Stage::Select(items));
        }
        4 => stages.push(Stage::Spread(Expr::any(random, 2), Expr::any(random, 2))),
        5 => {
            stages.push(Stage::Select(vec![Expr::any(random, 1)]));
            stages.push(Stage::Distinct);
        }
        _ => {}
    }
    if random.percent(15) {
        stages.push(Stage::Limit(random.up_to(10)));
    }
    stages
}

const DAY_MS: i64 = 86_400_000;
