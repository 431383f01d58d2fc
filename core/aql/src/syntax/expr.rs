//! Expressions as written.
//!
//! Operators stay in the order of the text: a tree by precedence could be as deep as a text is
//! long. Parentheses are not in the tree; printing puts them where the tree needs them.

use std::sync::Arc;

use super::aggregator::Aggregator;
use super::name::Name;
use super::operator::Operator;
use super::point::KeyPoint;
use super::query::Pipeline;
use crate::value::Finite;

/// What gives a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Literal(Literal),
    Variable(Name),
    Parameter(Name),
    /// Text with values in it.
    Interpolation(Vec<Piece>),
    Array(Vec<Item>),
    /// Keys and values; a key is a literal or computed.
    Object(Vec<(Expr, Expr)>),
    /// A part of a part of a value; literals are property names and positions.
    Index(Box<Expr>, Vec<Expr>),
    Not(Box<Expr>),
    /// Operands with at least one operator between them.
    Operation(Box<Expr>, Vec<(Operator, Expr)>),
    /// Conditions and values.
    Cases(Vec<(Expr, Expr)>),
    /// A function, whether it exists or not.
    Function(Arc<str>, Vec<Expr>),
    Aggregate(Box<Call>),
    SubQuery(Box<Pipeline>),
    Metadata(Metadata, Name),
    Key(KeyPoint),
    /// Microseconds since 1970.
    Time(i64),
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    /// Within the range of integers.
    Integer(i128),
    Decimal(Finite),
    String(Arc<str>),
}

/// A piece of an interpolated string; two texts never follow each other, and none is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Arc<str>),
    Value(Expr),
}

/// One of several values, or the members of an array in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) is_spread: bool,
    pub(crate) expr: Expr,
}

/// An aggregator and what it is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) aggregator: Aggregator,
    pub(crate) argument: Expr,
}

/// What a variable's value is known to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metadata {
    Key,
    Time,
    Tags,
    App,
}

impl Metadata {
    pub(crate) const ALL: [Self; 4] = [Self::Key, Self::Time, Self::Tags, Self::App];

    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Self::Key => "KEY",
            Self::Time => "TIME",
            Self::Tags => "TAGS",
            Self::App => "APP",
        }
    }
}

impl Expr {
    pub(crate) fn string(text: &str) -> Self {
        Self::Literal(Literal::String(text.into()))
    }
}
