//! One answer of the doctor.

use serde::Serialize;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// It works, and could be better, or will not work for long.
    Warning,
    /// It keeps the node from doing what it is for.
    Bad,
    /// It could not be asked.
    Unknown,
}

/// What was asked, how it is, and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    pub(super) found: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) advice: String,
}

impl Finding {
    pub(super) fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Verdict::Good, found, "")
    }

    pub(super) fn warning(check: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self::new(check, Verdict::Warning, found, advice)
    }

    pub(super) fn bad(check: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self::new(check, Verdict::Bad, found, advice)
    }

    pub(super) fn unknown(check: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self::new(check, Verdict::Unknown, found, advice)
    }

    fn new(check: &'static str, verdict: Verdict, found: impl Into<String>, advice: &str) -> Self {
        Self {
            check,
            verdict,
            found: found.into(),
            advice: advice.to_owned(),
        }
    }
}
