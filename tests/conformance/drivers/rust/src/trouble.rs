//! Why a request has no answer.

use serde_json::Value;

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The crate refused a call.
    Error(swarmlet::Error),
    /// The crate refused to make a value for a call, which names no operation.
    Value(swarmlet::Error),
    /// The types of Rust do not allow to say this.
    Refused(String),
    /// The driver does not know what to do.
    Broken(String),
}

impl Trouble {
    /// A value that is not of the type that the crate takes.
    pub(crate) fn type_of(wanted: &str, given: &Value) -> Self {
        let mut given = given.to_string();
        given.truncate(given.floor_char_boundary(80));
        Self::Refused(format!("expected {wanted}, found {given}"))
    }

    pub(crate) fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into())
    }
}

impl From<swarmlet::Error> for Trouble {
    fn from(error: swarmlet::Error) -> Self {
        Self::Error(error)
    }
}
