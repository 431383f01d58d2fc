//! Errors as plain data, ready to be made an exception of any language.

use swarmlet::{Advice, Error, ErrorKind};

/// The result of every call of the facade.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error of the node as values: a stable kind, what to do, one line for people, and details.
///
/// Unlike [`swarmlet::Error`] it can be kept and handed out more than once.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What went wrong; its name and number are the code in every language.
    pub kind: ErrorKind,
    /// What the caller should do.
    pub advice: Advice,
    /// The call in which it happened; empty when not known.
    pub operation: &'static str,
    /// The whole story in one line.
    pub message: String,
    /// Names and values that help to understand it.
    pub details: Vec<(String, String)>,
}

impl Failure {
    /// A failure that a binding found itself, before the node was asked.
    #[must_use]
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Error::new(kind, message).during(operation).into()
    }

    /// A bad argument found while converting it.
    #[must_use]
    pub fn invalid(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, operation, message)
    }

    /// Adds one value that helps to understand the failure.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push((name.to_owned(), value.into()));
        self
    }

    /// Names the operation, unless one is named.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        if self.operation.is_empty() && !operation.is_empty() {
            self.operation = operation;
            self.message = format!("{operation}: {}", self.message);
        }
        self
    }

    pub(crate) fn forked() -> Self {
        let message = "this process was forked after the node was opened; open a node in the \
            child, or start children with spawn instead of fork";
        Self::new(ErrorKind::Forked, "", message)
    }

    pub(crate) fn closed(operation: &'static str) -> Self {
        Self::new(ErrorKind::Closed, operation, "the node is closed")
    }

    pub(crate) fn cancelled(operation: &'static str) -> Self {
        Self::new(ErrorKind::Cancelled, operation, "the wait was given up")
    }

    pub(crate) fn panicked(operation: &'static str, panic: &str) -> Self {
        let message = format!("swarmlet panicked: {panic}").replace('\n', " ");
        Self::new(ErrorKind::Internal, operation, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let details = error
            .context()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            kind: error.kind(),
            advice: error.advice(),
            operation: error.operation(),
            message: error.to_string(),
            details: details.collect(),
        }
    }
}
