//! How a query was answered.

use swarmlet::{SourceReport, TermReport};

use crate::kept::{Kept, Shelf};
use crate::query::{ResultOrder, order_of};
use crate::text::Text;

/// What the index of a file says of one tag or app.
#[repr(C)]
pub struct Term {
    /// The tag or app as it is written in a query.
    pub term: Text,
    /// Events of the file that have it.
    pub events: u64,
}

/// What a query found in the index of one file.
#[repr(C)]
pub struct QuerySource {
    /// The name of the file, without its ending.
    pub name: Text,
    /// Whether it is a sealed segment, or a file of the log that is still being written.
    pub is_sealed: bool,
    /// Events in it.
    pub events: u64,
    /// Tags and apps that were looked up.
    pub terms: *const Term,
    /// How many there are.
    pub term_count: usize,
    /// Events that are left when index and bounds have said all they know.
    pub candidates: u64,
    /// Whether each of those still has to be looked at to know whether it matches.
    pub is_checked: bool,
}

/// How a query was answered.
#[repr(C)]
pub struct Explanation {
    /// All of it, for people.
    pub text: Text,
    /// The query in normal form.
    pub query: Text,
    /// Which events it starts from, with everything computed; NULL if it brings its own values.
    pub selection: Text,
    /// In which order they were read.
    pub order: ResultOrder,
    /// The stages behind `FROM`, each in normal form.
    pub stages: *const Text,
    /// How many there are.
    pub stage_count: usize,
    /// The files that were asked, oldest first; none if the query brings its own events.
    pub sources: *const QuerySource,
    /// How many there are.
    pub source_count: usize,
    /// Events that were read for the query itself, also to see that they do not match; those read
    /// by sub-queries are not counted.
    pub events_read: u64,
    /// Rows that came out.
    pub rows: u64,
    /// Diagnostics that came out.
    pub diagnostics: u64,
}

/// An explanation that belongs to whoever frees it.
pub(crate) fn explanation(explained: &swarmlet::Explanation) -> *mut Explanation {
    let mut shelf = Shelf::default();
    let sources = explained.sources.iter();
    let sources = sources.map(|report| source(report, &mut shelf)).collect();
    let sources = shelf.list(sources);
    let stages = shelf.texts(explained.stages.iter().map(String::as_str));
    let public = Explanation {
        text: shelf.text(&explained.to_string()),
        query: shelf.text(&explained.query),
        selection: shelf.text_if_any(explained.selection.as_deref()),
        order: order_of(explained.order),
        stages: stages.data,
        stage_count: stages.len,
        sources: sources.data,
        source_count: sources.len,
        events_read: explained.events_read,
        rows: explained.rows,
        diagnostics: explained.diagnostics,
    };
    Kept::give(public, shelf)
}

fn source(report: &SourceReport, shelf: &mut Shelf) -> QuerySource {
    let terms = report.terms.iter();
    let terms = terms.map(|report| term(report, shelf)).collect();
    let terms = shelf.list(terms);
    QuerySource {
        name: shelf.text(&report.name),
        is_sealed: report.is_sealed,
        events: report.events,
        terms: terms.data,
        term_count: terms.len,
        candidates: report.candidates,
        is_checked: report.is_checked,
    }
}

fn term(report: &TermReport, shelf: &mut Shelf) -> Term {
    Term {
        term: shelf.text(&report.term),
        events: report.events,
    }
}

/// Frees an explanation. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_explanation_free(explanation: *mut Explanation) {
    // SAFETY: it comes from `explanation`, and the caller gives it back once.
    unsafe { Kept::free(explanation) };
}
