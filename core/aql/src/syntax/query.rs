//! The root of the tree.

use std::collections::BTreeSet;
use std::fmt;

use super::aggregator::Aggregator;
use super::expr::{Call, Expr, Item};
use super::name::Name;
use super::print::write_items;
use super::stage::Stage;
use super::tag_expr::TagExpr;

/// A query that has been understood.
///
/// `Display` prints it in normal form on one line, with more lines in front if it has pragmas;
/// parsing that gives an equal query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(crate) features: BTreeSet<String>,
    pub(crate) events: Option<String>,
    pub(crate) pipeline: Pipeline,
}

impl Query {
    /// The query that gives the latest of this one's results, by event key: `AGGREGATE LAST(_)`
    /// behind all stages.
    #[must_use]
    pub fn latest(self) -> Self {
        self.aggregated(Aggregator::Last)
    }

    /// The query that gives the earliest of this one's results: `AGGREGATE FIRST(_)` behind all
    /// stages.
    #[must_use]
    pub fn earliest(self) -> Self {
        self.aggregated(Aggregator::First)
    }

    fn aggregated(mut self, aggregator: Aggregator) -> Self {
        let call = Call {
            aggregator,
            argument: Expr::Variable(Name::current()),
        };
        let stage = Stage::Aggregate(Expr::Aggregate(Box::new(call)));
        self.pipeline.stages.push(stage);
        self
    }

    /// The feature words the query enables, sorted; unknown ones have no effect.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(String::as_str)
    }

    /// The order that the query demands.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        match &self.pipeline.source {
            Source::Events { order, .. } => *order,
            Source::Array(_) => None,
        }
    }

    /// The stages behind `FROM`, each in normal form.
    #[must_use]
    pub fn stages(&self) -> Vec<String> {
        self.pipeline.stages.iter().map(Stage::to_string).collect()
    }

    /// The text of `PRAGMA events`: one event per line as a JSON object with `payload`, and
    /// possibly `tags`, `appId`, `timestamp` (microseconds) and `time` (ISO). Such a query is meant
    /// to see these events and no others; the language does not read the lines.
    #[must_use]
    pub fn events(&self) -> Option<&str> {
        self.events.as_deref()
    }
}

impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.features.is_empty() {
            let words: Vec<&str> = self.features().collect();
            writeln!(out, "PRAGMA features := {}", words.join(" "))?;
        }
        match &self.events {
            Some(text) if text.contains(['\n', '\r']) => {
                writeln!(out, "PRAGMA events\n{text}\nENDPRAGMA")?;
            }
            Some(text) => writeln!(out, "PRAGMA events := {text}")?,
            None => {}
        }
        self.pipeline.fmt(out)
    }
}

/// A source of values and the stages they walk through: a query, or a sub-query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pipeline {
    pub(crate) source: Source,
    pub(crate) stages: Vec<Stage>,
}

impl fmt::Display for Pipeline {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FROM {}", self.source)?;
        self.stages
            .iter()
            .try_for_each(|stage| write!(out, " {stage}"))
    }
}

/// Where the values come from that walk through the stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The log.
    Events {
        events: TagExpr,
        order: Option<Order>,
    },
    /// The query itself.
    Array(Vec<Item>),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events { events, order } => {
                events.fmt(out)?;
                order.map_or(Ok(()), |order| write!(out, " ORDER {}", order.keyword()))
            }
            Self::Array(items) => {
                out.write_str("[")?;
                write_items(out, items)?;
                out.write_str("]")
            }
        }
    }
}

/// In which order events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Ascending event keys.
    Ascending,
    /// Descending event keys.
    Descending,
    /// Ascending within each stream, any order between streams.
    Stream,
}

impl Order {
    pub(crate) const ALL: [Self; 3] = [Self::Ascending, Self::Descending, Self::Stream];

    /// How the order is written behind `ORDER`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
            Self::Stream => "STREAM",
        }
    }
}
