//! The root of the tree.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU64;

use super::tag_expr::TagExpr;

/// A query that has been understood.
///
/// `Display` prints it in normal form on one line, with one more line in front if it enables
/// features; parsing that gives an equal query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(crate) features: BTreeSet<String>,
    pub(crate) source: Source,
    pub(crate) stages: Vec<Stage>,
}

impl Query {
    /// The feature words the query enables, sorted; unknown ones have no effect.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(String::as_str)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.features.is_empty() {
            let words: Vec<&str> = self.features().collect();
            writeln!(out, "PRAGMA features := {}", words.join(" "))?;
        }
        write!(out, "FROM {}", self.source)?;
        self.stages
            .iter()
            .try_for_each(|stage| write!(out, " {stage}"))
    }
}

/// Where the values come from that walk through the stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) events: TagExpr,
    pub(crate) order: Option<Order>,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(out)?;
        match self.order {
            Some(order) => write!(out, " ORDER {}", order.keyword()),
            None => Ok(()),
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

/// One step that values walk through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Lets so many pass, then ends the query.
    Limit(NonZeroU64),
}

impl fmt::Display for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(count) => write!(out, "LIMIT {count}"),
        }
    }
}
