//! How a read would go: what each file knows of a query before an event is read.

use super::cursor::raise_to_floors;
use super::query::Query;
use super::reader::LogReader;
use super::unsealed_cursor::UnsealedCursor;
use crate::error::Result;
use crate::segment::{IndexReport, SegmentQuery};

/// What one file of the log knows of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    /// The name of the segment, or the number of the log file.
    pub name: String,
    /// Whether it is a segment.
    pub is_sealed: bool,
    /// Events in it.
    pub events: u64,
    /// What its indexes say.
    pub index: IndexReport,
}

impl LogReader {
    /// Resolves a query in all files, oldest first, without reading events. An upper bound must
    /// name streams and offsets that are present.
    pub fn explain(&self, query: &Query) -> Result<Vec<SourceReport>> {
        let upper = self.upper(query)?;
        let shared = self.shared();
        let (snapshot, local) = (shared.snapshot(), shared.own);
        let (lower, _) = raise_to_floors(&query.lower, &upper, &snapshot);
        let query = SegmentQuery {
            selection: &query.selection,
            local,
            lower: &lower,
            upper: &upper,
            direction: query.order.direction(),
        };
        let mut reports = Vec::new();
        for segment in &snapshot.segments {
            reports.push(SourceReport {
                name: segment.name().to_string(),
                is_sealed: true,
                events: segment.events_count().into(),
                index: segment.explain(&query)?,
            });
        }
        for file in &snapshot.files {
            let candidates = UnsealedCursor::new(file.clone(), &query).len() as u64;
            let index = file.index();
            reports.push(SourceReport {
                name: format!("{:016x}", file.sequence),
                is_sealed: false,
                events: index.len().into(),
                index: IndexReport {
                    terms: index.terms(query.selection),
                    candidates,
                    is_residual: false,
                },
            });
        }
        Ok(reports)
    }
}
