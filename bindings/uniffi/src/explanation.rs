//! How a query was answered, as plain data.

use swarmlet::{Explanation, Order, SourceReport, TermReport};

use crate::arguments::{GivenOrder, number};

/// How a query was answered.
#[derive(uniffi::Record)]
pub(crate) struct QueryReport {
    /// All of it, for people.
    text: String,
    query: String,
    selection: Option<String>,
    order: GivenOrder,
    stages: Vec<String>,
    sources: Vec<QuerySource>,
    events_read: i64,
    rows: i64,
    diagnostics: i64,
}

/// What a query found in the index of one file.
#[derive(uniffi::Record)]
pub(crate) struct QuerySource {
    name: String,
    is_sealed: bool,
    events: i64,
    terms: Vec<QueryTerm>,
    candidates: i64,
    is_checked: bool,
}

/// What the index of a file says of one tag or app.
#[derive(uniffi::Record)]
pub(crate) struct QueryTerm {
    term: String,
    events: i64,
}

impl From<Explanation> for QueryReport {
    fn from(explained: Explanation) -> Self {
        Self {
            text: explained.to_string(),
            query: explained.query,
            selection: explained.selection,
            order: match explained.order {
                Order::Ascending => GivenOrder::Ascending,
                Order::Descending => GivenOrder::Descending,
                Order::Stream => GivenOrder::Stream,
            },
            stages: explained.stages,
            sources: explained.sources.into_iter().map(Into::into).collect(),
            events_read: number(explained.events_read),
            rows: number(explained.rows),
            diagnostics: number(explained.diagnostics),
        }
    }
}

impl From<SourceReport> for QuerySource {
    fn from(report: SourceReport) -> Self {
        Self {
            name: report.name,
            is_sealed: report.is_sealed,
            events: number(report.events),
            terms: report.terms.into_iter().map(Into::into).collect(),
            candidates: number(report.candidates),
            is_checked: report.is_checked,
        }
    }
}

impl From<TermReport> for QueryTerm {
    fn from(report: TermReport) -> Self {
        Self {
            term: report.term,
            events: number(report.events),
        }
    }
}
