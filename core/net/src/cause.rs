//! Why there is no connection: found again in what libp2p made of it.

use std::io;

use libp2p::core::transport::TransportError;
use libp2p::swarm::{DialError, ListenError};

use crate::admission::{NotAdmitted, Refusal};
use crate::key::PeerKey;

/// Why there is no connection.
pub(crate) struct Cause {
    /// Whose key was authenticated before it failed.
    pub(crate) peer: Option<PeerKey>,
    pub(crate) reason: String,
    pub(crate) kind: Kind,
    /// Whether the peer did not say in time what the admission needs.
    pub(crate) is_late: bool,
}

/// What it means to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Refused by either side, or not reached at all.
    Refused,
    /// The peer would have been admitted but went away: it has a connection already.
    Gone,
    /// Closed because what was agreed on it needs another connection.
    Parted,
    /// This node reached itself.
    Oneself,
}

impl Cause {
    pub(crate) fn of_dial(error: &DialError) -> Self {
        match error {
            DialError::Transport(errors) => match errors.first() {
                Some((_, TransportError::Other(error))) => Self::of_io(error),
                Some((_, error)) => Self::other(error),
                None => Self::other(error),
            },
            DialError::LocalPeerId { .. } => Self::oneself(),
            other => Self::other(other),
        }
    }

    pub(crate) fn of_listen(error: &ListenError) -> Self {
        match error {
            ListenError::Transport(TransportError::Other(error)) => Self::of_io(error),
            ListenError::LocalPeerId { .. } => Self::oneself(),
            ListenError::Denied { cause } => Self::other(cause),
            other => Self::other(other),
        }
    }

    fn of_io(error: &io::Error) -> Self {
        let Some(refused) = refusal_in(error) else {
            return Self::other(error);
        };
        let kind = match refused.source {
            Refusal::Oneself => Kind::Oneself,
            Refusal::Gone(_) => Kind::Gone,
            Refusal::Parted => Kind::Parted,
            _ => Kind::Refused,
        };
        Self {
            peer: refused.peer,
            reason: describe(&refused.source),
            kind,
            is_late: refused.source.is_late(),
        }
    }

    fn other(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            peer: None,
            reason: describe(error),
            kind: Kind::Refused,
            is_late: false,
        }
    }

    fn oneself() -> Self {
        Self {
            peer: None,
            reason: Refusal::Oneself.to_string(),
            kind: Kind::Oneself,
            is_late: false,
        }
    }
}

/// An error of the system without the I/O errors that libp2p wrapped around it, so that its kind
/// can be seen.
pub(crate) fn unwrapped(error: io::Error) -> io::Error {
    match error.downcast::<io::Error>() {
        Ok(inner) => unwrapped(inner),
        Err(error) => error,
    }
}

/// The refusal inside an error of a transport, through all that libp2p wrapped around it.
fn refusal_in(error: &io::Error) -> Option<&NotAdmitted> {
    let mut next: Option<&(dyn std::error::Error + 'static)> =
        error.get_ref().map(|inner| inner as _);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error passes over what it holds when asked for its source.
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// An error and its causes in one line, each text once.
pub(crate) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = error.to_string();
        if !text.ends_with(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_is_found_under_layers_of_errors() {
        let refused = NotAdmitted {
            peer: None,
            source: Refusal::ByUs("too late".to_owned()),
        };
        let error = io::Error::other(io::Error::other(io::Error::other(refused)));
        let cause = Cause::of_io(&error);
        assert_eq!(
            (cause.reason.as_str(), cause.kind),
            ("too late", Kind::Refused)
        );
    }

    #[test]
    fn kind_of_an_error_is_found_under_layers_of_errors() {
        let error = io::Error::from(io::ErrorKind::AddrInUse);
        let error = unwrapped(io::Error::other(io::Error::other(error)));
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
