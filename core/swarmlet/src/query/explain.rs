//! How a query is answered, and what that costs.

use std::fmt;

use swarmlet_aql::Selection;
use swarmlet_engine::Result;
use swarmlet_engine::log::{self, Order};

use super::begin::Asker;
use super::options::QueryOptions;
use super::output::Item;
use super::translate;
use crate::limits::CHUNK_EVENTS_MAX;

/// How a query was answered. `Display` shows it to people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The query in normal form.
    pub query: String,
    /// Which events it starts from, with everything computed; nothing if it brings its own values.
    pub selection: Option<String>,
    /// In which order they were read.
    pub order: Order,
    /// The stages behind `FROM`, each in normal form.
    pub stages: Vec<String>,
    /// The files that were asked, oldest first; none if the query brings its own events.
    pub sources: Vec<SourceReport>,
    /// Events that were read for the query itself, also to see that they do not match; those read
    /// by sub-queries are not counted.
    pub events_read: u64,
    /// Rows that came out.
    pub rows: u64,
    /// Diagnostics that came out.
    pub diagnostics: u64,
}

/// What a query found in the index of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceReport {
    /// The name of the file, without its ending.
    pub name: String,
    /// Whether it is a sealed segment, or a file of the log that is still being written.
    pub is_sealed: bool,
    /// Events in it.
    pub events: u64,
    /// Tags and apps that were looked up.
    pub terms: Vec<TermReport>,
    /// Events that are left when index and bounds have said all they know.
    pub candidates: u64,
    /// Whether each of those still has to be looked at to know whether it matches.
    pub is_checked: bool,
}

/// What the index of a file says of one tag or app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TermReport {
    /// The tag or app as it is written in a query.
    pub term: String,
    /// Events of the file that have it.
    pub events: u64,
}

impl Asker<'_> {
    /// Runs a query to its end and tells how.
    pub(crate) fn explain(self, aql: &str, options: QueryOptions) -> Result<Explanation> {
        let query = translate::query(aql)?;
        let (text, stages) = (query.to_string(), query.stages());
        let begun = self.begin(query, options)?;
        let reports = match &begun.reads {
            Some(reads) => self.state.log()?.explain(reads)?,
            None => Vec::new(),
        };
        let mut results = begun.results;
        let mut explanation = Explanation {
            query: text,
            selection: begun.shown.as_ref().map(Selection::to_string),
            order: begun.order,
            stages,
            sources: reports.into_iter().map(SourceReport::from).collect(),
            events_read: 0,
            rows: 0,
            diagnostics: 0,
        };
        while let Some(outputs) = results.next_outputs_blocking(CHUNK_EVENTS_MAX)? {
            for output in outputs {
                match output.item {
                    Item::Row(_) => explanation.rows += 1,
                    Item::Diagnostic(_) => explanation.diagnostics += 1,
                    Item::AntiRow(_) | Item::CaughtUp(_) | Item::TimeTravel(_) => {}
                }
            }
        }
        explanation.events_read = results.events_read();
        Ok(explanation)
    }
}

impl From<log::SourceReport> for SourceReport {
    fn from(report: log::SourceReport) -> Self {
        let term = |(selection, events)| TermReport {
            term: translate::shown(&selection),
            events,
        };
        Self {
            name: report.name,
            is_sealed: report.is_sealed,
            events: report.events,
            terms: report.index.terms.into_iter().map(term).collect(),
            candidates: report.index.candidates,
            is_checked: report.index.is_residual,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.query)?;
        let selection = self.selection.as_deref();
        let order = translate::order_of(self.order).keyword();
        let selection = selection.unwrap_or("values of the query");
        writeln!(out, "read {selection} in order {order}")?;
        for source in &self.sources {
            writeln!(out, "  {source}")?;
        }
        for stage in &self.stages {
            writeln!(out, "then {stage}")?;
        }
        write!(
            out,
            "{} events read, {} rows, {} diagnostics",
            self.events_read, self.rows, self.diagnostics
        )
    }
}

impl fmt::Display for SourceReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            candidates,
            events,
            ..
        } = self;
        write!(out, "{name}: {candidates} of {events} events")?;
        for (index, term) in self.terms.iter().enumerate() {
            let before = if index == 0 { " by " } else { ", " };
            write!(out, "{before}{} ({})", term.term, term.events)?;
        }
        out.write_str(if self.is_checked {
            ", each to be checked"
        } else {
            ""
        })
    }
}
