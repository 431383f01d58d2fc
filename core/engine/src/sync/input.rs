//! What goes into the machine and what comes out: all of it, on one screen.

use bytes::Bytes;

use super::contact::{Address, Contact};
use super::incident::{CloseReason, Incident};
use super::incoming::Charge;
use crate::error::Result;
use crate::event::{Incarnation, NodeId, Offset, Run, StreamId};
use crate::log::Received;

/// Names a session: one connection with one peer. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What happens to the machine.
#[derive(Debug)]
pub enum Input {
    /// A connection with an admitted peer.
    Connected {
        /// Names it from here on.
        session: SessionId,
        /// Whose it is.
        peer: NodeId,
    },
    /// A frame of the peer.
    Received {
        /// On which connection.
        session: SessionId,
        /// Its bytes.
        frame: Bytes,
    },
    /// The connection has written frames.
    Sent {
        /// Which connection.
        session: SessionId,
        /// Their bytes together.
        bytes: usize,
    },
    /// The connection is gone.
    Disconnected {
        /// Which one.
        session: SessionId,
    },
    /// A run was stored, or not.
    Stored {
        /// The receipt of [`Output::Store`].
        receipt: Receipt,
        /// What became of it; an error of the disk otherwise.
        outcome: Result<Received>,
    },
    /// Something is to be said of blobs, to a peer that was introduced.
    SendBlobs {
        /// On which connection.
        session: SessionId,
        /// A frame of `blobs::exchange`.
        frame: Bytes,
    },
    /// What the peer said of blobs makes no sense.
    Misbehaved {
        /// On which connection.
        session: SessionId,
        /// What it did.
        what: &'static str,
    },
    /// The log has grown.
    Committed,
    /// This node can be reached elsewhere: its own contact, newly signed.
    Announced(Contact),
    /// This node writes into the streams of another incarnation now, and is asked for it first.
    Incarnation(Incarnation),
    /// Certificates or revocations were added by this node itself.
    MembersChanged,
    /// Time has passed.
    Tick,
}

/// What the node is to do, in this order.
#[derive(Debug)]
pub enum Output {
    /// Send a frame.
    Send {
        /// On which connection.
        session: SessionId,
        /// Its bytes.
        frame: Bytes,
    },
    /// Both nodes know of the same revocations: from here on they may speak of blobs.
    Introduced {
        /// On which connection.
        session: SessionId,
        /// With whom.
        peer: NodeId,
    },
    /// The peer says something of blobs.
    Blobs {
        /// On which connection.
        session: SessionId,
        /// A frame of `blobs::exchange`.
        frame: Bytes,
    },
    /// Commit a run, then answer with [`Input::Stored`].
    Store {
        /// To be given back with the answer.
        receipt: Receipt,
        /// The run.
        run: Run,
    },
    /// Close a connection, and do not answer with [`Input::Disconnected`].
    Close {
        /// Which one.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
    /// Others have what this device wrote, and it has not: it was cloned, or restored. Begin a new
    /// incarnation, durably, then say so with [`Input::Incarnation`].
    NewIncarnation,
    /// Others have another branch of a stream of ours: publish again what we have of it from this
    /// offset on, in streams of the current incarnation. The same may be asked for again.
    Rescue {
        /// The stream.
        stream: StreamId,
        /// The first offset that may not be the same for others.
        from: Offset,
    },
    /// Certificates or revocations are new: keep them.
    MembersChanged,
    /// Connect to this address, whatever room there is.
    Dial(Address),
    /// Contacts are new: keep them, in time.
    ContactsChanged,
    /// Something that people should know of.
    Incident(Incident),
}

/// Names a run that is being stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub(super) session: SessionId,
    pub(super) stream: StreamId,
    pub(super) charge: Charge,
    /// The first offset of the gap behind which the run goes on, and the first one behind it.
    pub(super) gap: Option<(u64, Offset)>,
}

impl Receipt {
    /// On which connection the run came.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }
}
