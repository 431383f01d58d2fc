//! What people should know of: contradictions, refusals, and why a session ended.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::event::{NodeId, Offset, StreamId, StreamName};

/// Something that went wrong in the swarm, though this node goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident {
    /// An author wrote two different batches at one place: a cloned device, or a malicious one.
    /// What was here first stays.
    Forked {
        /// The stream.
        stream: StreamId,
        /// Where the two differ, or after it.
        at: Offset,
        /// Who has the other branch.
        peer: NodeId,
    },
    /// Two nodes with the same identity are running: a cloned device.
    DuplicateIdentity {
        /// Whose identity.
        node: NodeId,
    },
    /// Others have more of one of our own streams than we do: a backup was restored, or the
    /// device was cloned. Where they have nothing of what is here, that was published again.
    BehindOwn {
        /// The stream.
        stream: StreamId,
    },
    /// Events of an author who may not write them, or was revoked before, were refused.
    Quarantined {
        /// The stream.
        stream: StreamId,
        /// Its name, where it is known.
        name: Option<StreamName>,
        /// The first offset that was refused.
        first: Offset,
    },
    /// Nobody who is connected has what follows on the events of a stream that are here: it was
    /// dropped by retention meanwhile. The stream goes on behind the gap, and what was before is
    /// not shown any more.
    Gap {
        /// The stream.
        stream: StreamId,
        /// The first offset that nobody has.
        from: u64,
        /// The first offset from here on.
        to: Offset,
    },
    /// Lamports jump so far ahead that they were refused.
    LamportTooFar {
        /// The stream.
        stream: StreamId,
    },
    /// Something of the log could not be read to be sent.
    Unreadable {
        /// What failed, and where.
        message: String,
        /// Whether it is not what was written.
        is_damage: bool,
    },
}

impl Incident {
    /// Something of the log could not be read, for this reason.
    pub(super) fn unreadable(error: &Error) -> Self {
        Self::Unreadable {
            message: error.to_string(),
            is_damage: error.kind() == ErrorKind::Corrupt,
        }
    }
}

/// Why this node ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer sent what no honest node sends, or the connection damaged it.
    Misbehaved(&'static str),
    /// Nothing was heard for too long.
    Silent,
    /// The peer does not read what it is sent.
    Unread,
    /// The peer was revoked.
    Revoked,
    /// What the peer wants cannot be read here.
    Unreadable,
    /// One of the two nodes has too many connections.
    Crowded,
}

impl fmt::Display for Incident {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forked { stream, at, peer } => write!(
                out,
                "stream {stream} is forked at offset {at}: {peer} has another branch of it"
            ),
            Self::DuplicateIdentity { node } => {
                write!(out, "two devices with the identity {node} are running")
            }
            Self::BehindOwn { stream } => {
                write!(out, "others have more of our stream {stream} than we do")
            }
            Self::Quarantined {
                stream,
                name,
                first,
            } => {
                let name = name.as_ref().map_or("", StreamName::as_str);
                write!(
                    out,
                    "events of stream {stream} ({name}) from offset {first} on were refused: \
                     their author may not write them"
                )
            }
            Self::Gap { stream, from, to } => write!(
                out,
                "nobody has what is in stream {stream} from offset {from} up to {to}: it begins \
                 at {to} now, and what was before is not shown any more"
            ),
            Self::LamportTooFar { stream } => {
                write!(
                    out,
                    "events of stream {stream} were refused: their lamports are absurd"
                )
            }
            Self::Unreadable { message, .. } => write!(out, "cannot send: {message}"),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misbehaved(what) => out.write_str(what),
            Self::Silent => out.write_str("nothing was heard for too long"),
            Self::Unread => out.write_str("the peer does not read what it is sent"),
            Self::Revoked => out.write_str("the device was revoked"),
            Self::Unreadable => out.write_str("what is wanted cannot be read"),
            Self::Crowded => out.write_str("there are too many connections"),
        }
    }
}
