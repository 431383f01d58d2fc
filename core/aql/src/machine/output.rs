//! What comes out of a machine.

use std::fmt;

use crate::eval::{Problem, Traced};

/// One thing that comes out of a machine. Their order is part of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A value of the query.
    Result(Traced),
    /// A value that came out before and is no longer true.
    AntiResult(Traced),
    /// Something that has no value, and why.
    Diagnostic(Diagnostic),
}

/// Why something has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the query goes on.
    pub severity: Severity,
    /// What happened; the text is part of the language.
    pub message: String,
}

/// Whether a query goes on after a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// One event, or one stage, has no result; the query goes on.
    Warning,
    /// The query has ended. Always the last output.
    Error,
}

impl From<Problem> for Diagnostic {
    fn from(problem: Problem) -> Self {
        Self {
            severity: if problem.is_fatal() {
                Severity::Error
            } else {
                Severity::Warning
            },
            message: problem.to_string(),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.severity, self.message)
    }
}
