//! Walking through expressions without knowing them.

use super::expr::{Expr, Item, Piece};
use super::name::Name;
use super::query::{Pipeline, Source};
use super::stage::{Count, Stage};
use super::tag_expr::{TagAtom, TagExpr};

/// The names of parameters, as often as a query has them.
#[derive(Default)]
pub(crate) struct Parameters<'a> {
    /// All of them.
    pub(crate) all: Vec<&'a Name>,
    /// Those that `LIMIT` takes.
    pub(crate) limits: Vec<&'a Name>,
}

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
    fn collect_parameters<'a>(&'a self, found: &mut Parameters<'a>) {
        match self {
            Self::Parameter(name) => found.all.push(name),
            Self::SubQuery(pipeline) => pipeline.collect_parameters(found),
            _ => {}
        }
        for part in self.parts() {
            part.collect_parameters(found);
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

    /// Adds the names of all parameters.
    fn collect_parameters<'a>(&'a self, found: &mut Parameters<'a>) {
        if let Self::Limit(Count::Parameter(name)) = self {
            found.all.push(name);
            found.limits.push(name);
        }
        for expr in self.exprs() {
            expr.collect_parameters(found);
        }
    }
}

fn exprs_of(items: &[Item]) -> Vec<&Expr> {
    items.iter().map(|item| &item.expr).collect()
}

impl Pipeline {
    /// The names of all parameters, from left to right.
    pub(crate) fn parameters(&self) -> Parameters<'_> {
        let mut found = Parameters::default();
        self.collect_parameters(&mut found);
        found
    }

    fn collect_parameters<'a>(&'a self, found: &mut Parameters<'a>) {
        match &self.source {
            Source::Events { events, .. } => events.collect_parameters(found),
            Source::Array(items) => {
                for item in items {
                    item.expr.collect_parameters(found);
                }
            }
        }
        for stage in &self.stages {
            stage.collect_parameters(found);
        }
    }
}

impl TagExpr {
    /// Adds the names of all parameters.
    fn collect_parameters<'a>(&'a self, found: &mut Parameters<'a>) {
        match self {
            Self::Atom(TagAtom::Parameter(name)) => found.all.push(name),
            Self::Atom(TagAtom::Interpolation(pieces)) => {
                for expr in values(pieces) {
                    expr.collect_parameters(found);
                }
            }
            Self::Atom(TagAtom::Time(_, point)) => found.all.extend(point.parameter()),
            Self::Atom(_) => {}
            Self::And(terms) | Self::Or(terms) => {
                for term in terms {
                    term.collect_parameters(found);
                }
            }
        }
    }
}
