//! Which events a query is about: made by chance, and written as text.

use swarmlet::EventKey;
use swarmlet_sim::random::Random;

use crate::expr::{Expr, one_of};
use crate::world::{APPS, Known, NOW_US, TAGS};

/// Which events.
#[derive(Clone, Debug)]
pub(crate) enum Select {
    All,
    Local,
    Tag(&'static str),
    /// A tag with a number in it.
    Interpolated(Expr),
    /// The last of the tags, as a parameter.
    Parameter,
    App(&'static str),
    Me,
    Key(&'static str, EventKey, bool),
    Time(&'static str, i64),
    /// A time that is a parameter.
    Since(&'static str),
    And(Box<Select>, Box<Select>),
    Or(Box<Select>, Box<Select>),
}

impl Select {
    pub(crate) fn any(random: &mut Random, depth: u64, known: &[Known]) -> Self {
        if depth > 0 {
            let left = Box::new(Self::any(random, depth - 1, known));
            let depth = random.below(depth);
            let right = Box::new(Self::any(random, depth, known));
            return match random.percent(50) {
                true => Self::And(left, right),
                false => Self::Or(left, right),
            };
        }
        let comparison = one_of(random, &BOUNDS);
        match random.below(13) {
            0 => Self::All,
            1 => Self::Local,
            2 => Self::App(one_of(random, &APPS)),
            3 => Self::Me,
            4 => Self::Interpolated(Expr::Parameter("id")),
            5 => Self::Parameter,
            6 => Self::Since(comparison),
            7 => match known {
                [] => Self::All,
                known => Self::Key(comparison, random.pick(known).key, random.percent(50)),
            },
            8 => Self::Time(comparison, some_time(random, known)),
            _ => Self::Tag(one_of(random, &TAGS)),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::All => "allEvents".to_owned(),
            Self::Local => "isLocal".to_owned(),
            Self::Tag(tag) => format!("'{}'", tag.replace('\'', "''")),
            Self::Interpolated(number) => format!("`d:{{{}}}`", number.text()),
            Self::Parameter => "$tag".to_owned(),
            Self::App(app) => format!("appId({app})"),
            Self::Me => "appId(me)".to_owned(),
            Self::Key(by, key, true) => format!("KEY {by} {}/{}", key.lamport.get(), key.stream),
            Self::Key(by, key, false) => format!("KEY {by} {}", key.lamport.get()),
            Self::Time(by, time_us) => format!("TIME {by} {}", time(*time_us)),
            Self::Since(by) => format!("TIME {by} $since"),
            // Of what binds tighter the parentheses are left out.
            Self::And(left, right) => format!("{} & {}", left.closed_text(), right.closed_text()),
            Self::Or(left, right) => format!("{} | {}", left.text(), right.text()),
        }
    }

    fn closed_text(&self) -> String {
        match self {
            Self::Or(..) => format!("({})", self.text()),
            _ => self.text(),
        }
    }
}

/// The time of an event, in whole milliseconds, as in texts.
pub(crate) fn some_time(random: &mut Random, known: &[Known]) -> i64 {
    match known {
        [] => NOW_US,
        known => random.pick(known).time_us / 1000 * 1000,
    }
}

/// A time of the year 2024, of which days have as many hours as always.
pub(crate) fn time(time_us: i64) -> String {
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

/// How keys and times are compared.
pub(crate) const BOUNDS: [&str; 4] = ["<", "<=", ">", ">="];
/// What the parameter `since` stands for.
pub(crate) const SINCE_US: i64 = NOW_US + 20_000_000;
const DAY_MS: i64 = 86_400_000;
