//! Failures of the facade as the one error of the generated code.

use std::collections::HashMap;
use std::fmt;

/// The result of every call.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// An error as values; each language makes an exception of its kind from it.
///
/// The text is not called `message`, a name that the exceptions of Kotlin have already.
#[derive(Debug, uniffi::Error)]
pub(crate) enum Failure {
    /// The only one: what went wrong is said by its code.
    Failed {
        /// The kind, the same word in every language.
        code: String,
        /// What the caller should do.
        advice: String,
        /// The call in which it happened; empty when not known.
        operation: String,
        /// The whole story in one line.
        text: String,
        /// Names and values that help to understand it.
        details: HashMap<String, String>,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { text, .. } = self;
        formatter.write_str(text)
    }
}

impl std::error::Error for Failure {}

impl From<swarmlet_facade::Failure> for Failure {
    fn from(failure: swarmlet_facade::Failure) -> Self {
        Self::Failed {
            code: failure.kind.as_str().to_owned(),
            advice: failure.advice.as_str().to_owned(),
            operation: failure.operation.to_owned(),
            text: failure.message,
            details: failure.details.into_iter().collect(),
        }
    }
}

/// An error of the node, with the call in which it happened.
pub(crate) fn during(operation: &'static str, error: swarmlet::Error) -> Failure {
    swarmlet_facade::Failure::from(error.during(operation)).into()
}
