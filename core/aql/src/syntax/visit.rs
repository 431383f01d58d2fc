//! Walking through expressions without knowing them.

use super::expr::{Expr, Item, Piece};
use super::name::Name;
use super::query::{Pipeline, Source};
use super::stage::Stage;
use super::tag_expr::{TagAtom, TagExpr};

impl Expr {
    /// The expressions directly inside, without those of a sub-query.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_)
            | Self::Variable(_)
            | Self::Parameter(_)
            | Self::SubQuery(_)
            | Self::Metadata(..)
            | Self::Key(_)
            | Self::Time(_) => Vec::new(),
            Self::Interpolation(pieces) => values(pieces).collect(),
            Self::Array(items) => items.iter().map(|item| &item.expr).collect(),
            Self::Object(pairs) | Self::Cases(pairs) => pairs
                .iter()
                .flat_map(|(left, right)| [left, right])
                .collect(),
            Self::Index(head, path) => std::iter::once(&**head).chain(path).collect(),
            Self::Not(inner) => vec![inner],
            Self::Operation(first, rest) => std::iter::once(&**first)
                .chain(rest.iter().map(|(_, operand)| operand))
                .collect(),
            Self::Function(_, arguments) => arguments.iter().collect(),
            Self::Aggregate(call) => vec![&call.argument],
        }
    }

    /// Adds the names of all parameters, also of those in sub-queries.
    pub(crate) fn collect_parameters<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match self {
            Self::Parameter(name) => names.push(name),
            Self::SubQuery(pipeline) => pipeline.collect_parameters(names),
            _ => {}
        }
        for part in self.parts() {
            part.collect_parameters(names);
        }
    }
}

/// The expressions in an interpolated string.
pub(crate) fn values(pieces: &[Piece]) -> impl Iterator<Item = &Expr> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Value(expr) => Some(expr),
        Piece::Text(_) => None,
    })
}

impl Stage {
    /// The expressions of the stage, from left to right.
    pub(crate) fn exprs(&self) -> Vec<&Expr> {
        match self {
            Self::Filter(expr) | Self::Aggregate(expr) | Self::Let(_, expr) => vec![expr],
            Self::Select(items) => exprs_of(items),
            Self::Group(key, grouped) => {
                let mut exprs = exprs_of(grouped.items());
                exprs.insert(0, key);
                exprs
            }
            Self::Limit(_) | Self::Distinct => Vec::new(),
        }
    }
}

fn exprs_of(items: &[Item]) -> Vec<&Expr> {
    items.iter().map(|item| &item.expr).collect()
}

impl Pipeline {
    /// Adds the names of all parameters.
    pub(crate) fn collect_parameters<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match &self.source {
            Source::Events { events, .. } => events.collect_parameters(names),
            Source::Array(items) => {
                for item in items {
                    item.expr.collect_parameters(names);
                }
            }
        }
        for expr in self.stages.iter().flat_map(Stage::exprs) {
            expr.collect_parameters(names);
        }
    }
}

impl TagExpr {
    /// Adds the names of all parameters.
    fn collect_parameters<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match self {
            Self::Atom(TagAtom::Parameter(name)) => names.push(name),
            Self::Atom(TagAtom::Interpolation(pieces)) => {
                for expr in values(pieces) {
                    expr.collect_parameters(names);
                }
            }
            Self::Atom(TagAtom::Time(_, point)) => names.extend(point.parameter()),
            Self::Atom(_) => {}
            Self::And(terms) | Self::Or(terms) => {
                for term in terms {
                    term.collect_parameters(names);
                }
            }
        }
    }
}
