//! The steps that values walk through.

use std::fmt;
use std::num::NonZeroU64;

use super::expr::{Expr, Item};
use super::name::Name;

/// One step that values walk through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Lets those pass for which the condition is true.
    Filter(Expr),
    /// Makes other values out of each.
    Select(Vec<Item>),
    /// Makes one value out of all.
    Aggregate(Expr),
    /// Makes values out of all that have the same key.
    Group(Expr, Grouped),
    /// Lets the first of equal values pass.
    Distinct,
    /// Lets so many pass, then ends the query.
    Limit(Count),
    /// Gives a name to a value for the stages behind.
    Let(Name, Expr),
}

impl Stage {
    /// How the stage begins.
    pub(crate) const fn keyword(&self) -> &'static str {
        match self {
            Self::Filter(_) => "FILTER",
            Self::Select(_) => "SELECT",
            Self::Aggregate(_) => "AGGREGATE",
            Self::Group(..) => "GROUP BY",
            Self::Distinct => "DISTINCT",
            Self::Limit(_) => "LIMIT",
            Self::Let(..) => "LET",
        }
    }
}

/// How many values may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// So many.
    Number(NonZeroU64),
    /// What the caller gives.
    Parameter(Name),
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(out),
            Self::Parameter(name) => write!(out, "${name}"),
        }
    }
}

/// What is made out of the values of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grouped {
    /// Several values.
    Select(Vec<Item>),
    /// One value: a single item, never spread.
    Aggregate([Item; 1]),
}

impl Grouped {
    pub(crate) fn items(&self) -> &[Item] {
        match self {
            Self::Select(items) => items,
            Self::Aggregate(item) => item,
        }
    }
}
