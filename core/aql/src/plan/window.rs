//! The range that several comparisons with the same quantity leave over.

use crate::syntax::Comparison;

/// A range, open where no bound was given.
pub(super) struct Window<T> {
    lower: Option<(T, Edge)>,
    upper: Option<(T, Edge)>,
}

/// Whether a bound itself is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Inside,
    Outside,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self {
            lower: None,
            upper: None,
        }
    }
}

impl<T: Ord> Window<T> {
    /// Keeps only what also compares so with the point.
    pub(super) fn narrow(&mut self, comparison: Comparison, point: T) {
        match comparison {
            Comparison::Greater => self.raise(point, Edge::Outside),
            Comparison::GreaterOrEqual => self.raise(point, Edge::Inside),
            Comparison::Less => self.reduce(point, Edge::Outside),
            Comparison::LessOrEqual => self.reduce(point, Edge::Inside),
        }
    }

    fn raise(&mut self, point: T, edge: Edge) {
        let is_tighter = self
            .lower
            .as_ref()
            .is_none_or(|(old, _)| point > *old || (point == *old && edge == Edge::Outside));
        if is_tighter {
            self.lower = Some((point, edge));
        }
    }

    fn reduce(&mut self, point: T, edge: Edge) {
        let is_tighter = self
            .upper
            .as_ref()
            .is_none_or(|(old, _)| point < *old || (point == *old && edge == Edge::Outside));
        if is_tighter {
            self.upper = Some((point, edge));
        }
    }

    /// Whether nothing can be inside. Ranges between neighbours do not count as empty.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Some((lower, Edge::Inside)), Some((upper, Edge::Inside))) => lower > upper,
            (Some((lower, _)), Some((upper, _))) => lower >= upper,
            _ => false,
        }
    }

    /// The comparisons that are left, at most one from each side.
    pub(super) fn into_bounds(self) -> impl Iterator<Item = (Comparison, T)> {
        let lower = self.lower.map(|(point, edge)| match edge {
            Edge::Inside => (Comparison::GreaterOrEqual, point),
            Edge::Outside => (Comparison::Greater, point),
        });
        let upper = self.upper.map(|(point, edge)| match edge {
            Edge::Inside => (Comparison::LessOrEqual, point),
            Edge::Outside => (Comparison::Less, point),
        });
        lower.into_iter().chain(upper)
    }
}
