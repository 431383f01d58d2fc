//! What goes into the machine and what comes out: all of it, on one screen.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;

use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::event::NodeId;
use crate::sync::SessionId;

/// What happens to the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A connection with a peer that may be told of blobs.
    Connected {
        /// Names it from here on.
        session: SessionId,
        /// Whose it is.
        peer: NodeId,
    },
    /// The connection is gone.
    Disconnected {
        /// Which one.
        session: SessionId,
    },
    /// A frame of the peer.
    Received {
        /// On which connection.
        session: SessionId,
        /// Its bytes.
        frame: Bytes,
    },
    /// The connection has written something, or was given more to write by others.
    Sent {
        /// Which connection.
        session: SessionId,
        /// Bytes that wait on it now, whatever they are.
        unsent: usize,
    },
    /// This node wants a blob, until [`Output::Done`] or [`Input::Unwant`]. Once more for the same
    /// blob: what is said here replaces what was said before.
    Want {
        /// Which one.
        blob: BlobId,
        /// What of it, and how.
        terms: Terms,
    },
    /// This node does not want it any more.
    Unwant {
        /// Which one.
        blob: BlobId,
    },
    /// Answers [`Output::Lookup`]; also unasked, when a peer is not to have a blob any more.
    Offered {
        /// For the peer of this connection.
        session: SessionId,
        /// The blob.
        blob: BlobId,
        /// What is here of it. Nothing if the size is not proven, or the peer has no right to it.
        offer: Option<Offer>,
    },
    /// Answers [`Output::Encode`].
    Encoded {
        /// For the peer of this connection.
        session: SessionId,
        /// The blob.
        blob: BlobId,
        /// The piece.
        piece: Piece,
        /// The piece and the hashes that prove it, if it is here.
        bytes: Option<Bytes>,
    },
    /// Answers [`Output::Store`].
    Stored {
        /// The blob.
        blob: BlobId,
        /// The piece.
        piece: Piece,
        /// What became of it.
        outcome: Outcome,
    },
    /// This node has more of a blob than before, other than by [`Input::Stored`].
    Gained {
        /// Which one.
        blob: BlobId,
    },
    /// Peers may have other rights than when they were looked up: who is a member, or what a member
    /// may read, has changed. Everything that they asked for is looked up anew, and until then they
    /// get no piece of it.
    RightsChanged,
    /// Time has passed.
    Tick,
}

/// What the node is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame.
    Send {
        /// On which connection.
        session: SessionId,
        /// Its bytes.
        frame: Bytes,
    },
    /// Look up what this node has of a blob that the peer may have, then answer with
    /// [`Input::Offered`].
    Lookup {
        /// On whose connection it was asked for.
        session: SessionId,
        /// Who asks.
        peer: NodeId,
        /// The blob.
        blob: BlobId,
    },
    /// A peer wants a blob that nobody has whom it is connected with, and asks this node to fetch
    /// it. Told again every ten seconds while it does; if the peer may have the blob and it is not
    /// here, want it.
    Sought {
        /// Who asks.
        peer: NodeId,
        /// The blob.
        blob: BlobId,
    },
    /// No peer asks this node any more to fetch a blob of which that was told.
    Unsought {
        /// The blob.
        blob: BlobId,
    },
    /// Read a piece and the hashes that prove it, then answer with [`Input::Encoded`].
    Encode {
        /// For the peer of this connection.
        session: SessionId,
        /// The blob.
        blob: BlobId,
        /// The piece.
        piece: Piece,
    },
    /// Check a piece and write it, then answer with [`Input::Stored`].
    Store {
        /// The blob.
        blob: BlobId,
        /// Its size; where that is not proven yet, what the peer claims, and the piece is the last.
        size: BlobSize,
        /// The piece.
        piece: Piece,
        /// The piece and the hashes that prove it.
        bytes: Bytes,
    },
    /// A piece of a wanted blob was stored; by the first of these its size is proven.
    Progress {
        /// The blob.
        blob: BlobId,
        /// Its size.
        size: BlobSize,
        /// How many pieces are still to be fetched.
        missing: u32,
    },
    /// All pieces that were wanted are stored, and the blob is no longer wanted.
    Done {
        /// The blob.
        blob: BlobId,
    },
    /// Nobody who is connected has what is missing of a wanted blob. It stays wanted.
    Unavailable {
        /// The blob.
        blob: BlobId,
    },
    /// A blob is not wanted after all: too many others are.
    Crowded {
        /// The blob.
        blob: BlobId,
    },
    /// A peer gave a wrong piece or a wrong size, and is not asked for this blob any more. People
    /// should know of it.
    Lied {
        /// Who.
        peer: NodeId,
        /// About which blob.
        blob: BlobId,
    },
    /// Close a connection, and do not answer with [`Input::Disconnected`].
    Close {
        /// Which one.
        session: SessionId,
        /// What the peer did that no honest node does.
        reason: &'static str,
    },
}

/// What is wanted of a blob, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Its size and the pieces of it that are to be fetched, where the size is known for sure.
    /// Without, whatever was found out stays, or everything is fetched.
    pub missing: Option<(BlobSize, PieceSet)>,
    /// The bytes that readers wait for, the most urgent first.
    pub first: Vec<Range<u64>>,
    /// Devices that should have it, by what is told of it: they are asked before others are. If
    /// none is named, everybody is asked.
    pub holders: BTreeSet<NodeId>,
    /// Whether only peers want it, as told by [`Output::Sought`]. Then nobody is asked to fetch it
    /// in turn, so that no question goes round in circles.
    pub is_for_peers: bool,
    /// Whether there is no room for a piece of it just now. Then it is wanted, but nothing of it is
    /// asked for until a pause is over, as after a piece that could not be stored.
    pub is_full: bool,
}

/// What a node has of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The size of the blob.
    pub size: BlobSize,
    /// Which of its pieces.
    pub has: Held,
}

/// Which pieces of a blob a node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Every one.
    All,
    /// These.
    Some(PieceSet),
}

/// What became of a piece that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was proven and written.
    Stored,
    /// It is not a piece of this blob: whoever sent it lied, about the piece or the size.
    Unproven,
    /// It could not be written.
    Failed,
}
