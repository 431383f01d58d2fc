//! What a person is told when the node refuses: in its own words, as they say what to change.

use swarmlet::{Error, ErrorKind};

use crate::events::Refusal;
use crate::problem::Problem;

pub(super) fn refused(error: Error) -> Problem {
    let text = error.message().to_owned();
    match error.kind() {
        ErrorKind::InvalidArgument => Problem::BadRequest(text),
        ErrorKind::AlreadyExists | ErrorKind::Unavailable => Problem::Conflict(text),
        _ => Refusal::from(error).into(),
    }
}
