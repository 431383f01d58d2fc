//! What went wrong, as plain data that crosses the socket, and how a command ends with it.
//!
//! The kinds are those of the node. The advice says what a person can do at this command line; the
//! exit code says to a script whether to change the call, to wait, or to fetch somebody.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use swarmlet::{Advice, Error, ErrorKind};

/// The result of everything here that can fail.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// What failed, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    /// The kind, as it is called in every language; of a later release it may be unknown here.
    pub(crate) kind: String,
    /// The whole story in one line.
    pub(crate) message: String,
    /// What a person can do; empty if the message says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) advice: String,
    /// A picture of several lines, of where a query is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<String>,
    /// Names and values that help to understand it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) details: BTreeMap<String, String>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            message: message.into(),
            advice: advice(kind).to_owned(),
            picture: None,
            details: BTreeMap::new(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// An error of a file or a socket of the command itself.
    pub(crate) fn io(message: impl Into<String>, error: std::io::Error) -> Self {
        Error::io(message, error).into()
    }

    /// A check that was carried out and did not hold: the answer is "no", and not an error.
    pub(crate) fn unmet(message: impl Into<String>) -> Self {
        Self {
            kind: UNMET.to_owned(),
            message: message.into(),
            advice: String::new(),
            picture: None,
            details: BTreeMap::new(),
        }
    }

    /// With other advice than the usual.
    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    pub(crate) fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind.as_str()
    }

    /// How the command ends; docs/guide/command.md lists the codes.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.kind == UNMET {
            return ExitCode::from(1);
        }
        let known = ErrorKind::ALL.iter().find(|kind| self.is(**kind));
        ExitCode::from(match known.map(|kind| kind.default_advice()) {
            Some(Advice::FixCall) => 2,
            Some(Advice::RetryLater) => 3,
            Some(Advice::Reopen) => 4,
            Some(Advice::AskOperator) => 5,
            Some(Advice::GiveUp) => 130,
            _ => 6,
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let details = error.context();
        Self {
            kind: error.kind().as_str().to_owned(),
            message: error.to_string(),
            advice: advice(error.kind()).to_owned(),
            picture: None,
            details: details
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

/// What to do, where the message does not say it already.
fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Locked => {
            "a program that embeds a node has the folder open: stop it, or do this in that program"
        }
        ErrorKind::DiskFull => "free space on the disk, then repeat the command",
        ErrorKind::Storage => "look at the disk (`swarmlet doctor`), then start the node again",
        ErrorKind::Corrupt => {
            "keep the folder as it is, and run `swarmlet inspect` on a copy of it"
        }
        ErrorKind::Incompatible => "use the release that wrote it, or a later one",
        ErrorKind::PermissionDenied => {
            "run the command as the user whom the folder belongs to, or ask an issuer for the right"
        }
        ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Network => {
            "see `swarmlet status` and `swarmlet doctor`, then repeat the command"
        }
        ErrorKind::Closed => "the node has stopped: start it again with `swarmlet run`",
        ErrorKind::Internal => "this is a fault of swarmlet: keep the folder, and report it",
        _ => "",
    }
}

/// The kind of what is no error.
const UNMET: &str = "unmet";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_that_says_what_to_do() {
        let code = |kind| format!("{:?}", Failure::new(kind, "").exit_code());
        let byte = |byte| format!("{:?}", ExitCode::from(byte));
        assert_eq!(code(ErrorKind::InvalidQuery), byte(2));
        assert_eq!(code(ErrorKind::Locked), byte(3));
        assert_eq!(code(ErrorKind::Closed), byte(4));
        assert_eq!(code(ErrorKind::DiskFull), byte(5));
        assert_eq!(code(ErrorKind::Internal), byte(6));
        let unmet = Failure::unmet("behind").exit_code();
        assert_eq!(format!("{unmet:?}"), byte(1));
    }

    #[test]
    fn what_crosses_the_socket_comes_out_the_same() {
        let failure = Failure::from(Error::corrupt("bad block").with("file", "1.seg"));
        let text = serde_json::to_string(&failure).unwrap();
        assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), failure);
    }
}
