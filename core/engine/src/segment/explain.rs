//! What the indexes of a segment know of a query, for people who ask what a query costs.
//!
//! It resolves a query like a cursor does and reads no event.

use std::sync::Arc;

use super::cursor::{SegmentCursor, SegmentQuery};
use super::open::Segment;
use super::terms::{app_term, tag_term};
use crate::error::Result;
use crate::select::Selection;

/// What is left of a query when the indexes of one file have said all they know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexReport {
    /// The tags and apps that the query names, and how many events of the file have each.
    pub terms: Vec<(Selection, u64)>,
    /// Events that may match.
    pub candidates: u64,
    /// Whether each of them still has to be looked at.
    pub is_residual: bool,
}

impl Segment {
    /// Resolves a query without reading events. It costs what walking the event table costs.
    pub fn explain(self: &Arc<Self>, query: &SegmentQuery<'_>) -> Result<IndexReport> {
        let mut terms = Vec::new();
        for part in query.selection.terms() {
            let term = match part {
                Selection::Tag(tag) => tag_term(tag),
                Selection::App(app_id) => app_term(app_id),
                _ => continue,
            };
            let found = self.terms().find(&term)?;
            let events = found.map_or(0, |term| u64::from(term.count));
            terms.push((part.clone(), events));
        }
        let cursor = SegmentCursor::new(self.clone(), query)?;
        let is_residual = cursor.is_residual();
        let candidates = cursor.count_candidates()?;
        Ok(IndexReport {
            terms,
            candidates,
            is_residual: is_residual && candidates > 0,
        })
    }
}
