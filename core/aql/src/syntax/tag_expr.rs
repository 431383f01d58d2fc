//! Tag expressions as written.

use std::fmt;

use super::comparison::Comparison;
use super::expr::Piece;
use super::name::{AppRef, Name, Tag};
use super::point::{KeyPoint, TimePoint};
use super::print::write_interpolation;

/// A condition on events. `And` and `Or` have at least two members; those of equal kind stand in
/// parentheses in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagExpr {
    Atom(TagAtom),
    And(Vec<TagExpr>),
    Or(Vec<TagExpr>),
}

/// The smallest conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagAtom {
    AllEvents,
    IsLocal,
    Tag(Tag),
    /// A tag that is put together when the query runs.
    Interpolation(Vec<Piece>),
    /// A tag that the caller gives.
    Parameter(Name),
    App(AppRef),
    Key(Comparison, KeyPoint),
    Time(Comparison, TimePoint),
}

impl fmt::Display for TagExpr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atom(atom) => atom.fmt(out),
            Self::And(parts) => write_terms(out, " & ", parts, |part| part.is_compound()),
            Self::Or(branches) => {
                write_terms(out, " | ", branches, |branch| matches!(branch, Self::Or(_)))
            }
        }
    }
}

impl TagExpr {
    fn is_compound(&self) -> bool {
        !matches!(self, Self::Atom(_))
    }
}

impl fmt::Display for TagAtom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllEvents => out.write_str("allEvents"),
            Self::IsLocal => out.write_str("isLocal"),
            Self::Tag(tag) => tag.fmt(out),
            Self::Interpolation(pieces) => write_interpolation(out, pieces),
            Self::Parameter(name) => write!(out, "${name}"),
            Self::App(app) => write!(out, "appId({app})"),
            Self::Key(comparison, point) => write!(out, "KEY {comparison} {point}"),
            Self::Time(comparison, point) => write!(out, "TIME {comparison} {point}"),
        }
    }
}

/// Writes terms with an operator between them, and parentheses around those that need them.
pub(crate) fn write_terms<T: fmt::Display>(
    out: &mut fmt::Formatter<'_>,
    operator: &str,
    terms: &[T],
    needs_parentheses: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            out.write_str(operator)?;
        }
        if needs_parentheses(term) {
            write!(out, "({term})")?;
        } else {
            write!(out, "{term}")?;
        }
    }
    Ok(())
}
