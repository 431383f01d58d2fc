//! The error value: kind, operation, message, context pairs and source.

use std::fmt;

use super::kind::{Advice, ErrorKind};

/// The result of every fallible call of the engine and the node.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What failed, why, and what the caller can do about it.
///
/// Branch on [`Error::kind`]; show the `Display` text, which is one line, to people.
pub struct Error(Box<Report>);

struct Report {
    kind: ErrorKind,
    operation: &'static str,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Source>,
}

impl Error {
    /// An error of `kind`; `message` says what failed, in lower case and without full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let report = Report {
            kind,
            operation: "",
            message: message.into(),
            context: Vec::new(),
            source: None,
        };
        Self(Box::new(report))
    }

    /// A bad argument: the call must be changed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// Stored bytes that are not what was written.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// An error of the disk, sorted by what the caller can do about it.
    pub fn io(message: impl Into<String>, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                ErrorKind::DiskFull
            }
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                ErrorKind::PermissionDenied
            }
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Storage,
        };
        Self::new(kind, message).because(source)
    }

    /// Names the call of the public interface in which this happened.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.0.operation = operation;
        self
    }

    /// Adds one value that helps to understand the failure.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the caller should do.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.0.kind.default_advice()
    }

    /// The call in which it happened; empty when not known.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What failed, without context.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The values involved, in the order they were added.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0
            .context
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.operation.is_empty() {
            write!(out, "{}: ", self.0.operation)?;
        }
        write!(out, "{}", self.0.message)?;
        for (index, (name, value)) in self.0.context.iter().enumerate() {
            let lead = if index == 0 { " (" } else { ", " };
            write!(out, "{lead}{name} {value}")?;
        }
        if !self.0.context.is_empty() {
            write!(out, ")")?;
        }
        match &self.0.source {
            Some(source) => write!(out, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {self}", self.0.kind.as_str())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_operation_context_and_source() {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = Error::io("cannot append", source)
            .during("publish")
            .with("file", "1.wal")
            .with("bytes", 12);
        let text = error.to_string();
        assert!(text.starts_with("publish: cannot append (file 1.wal, bytes 12): "));
        assert!(!text.contains('\n'));
        assert_eq!(error.kind(), ErrorKind::DiskFull);
    }
}
