//! What a node tells its user.

use crate::endpoint::Endpoint;
use crate::key::PeerKey;
use crate::link::Link;

/// What a node tells its user, in the order in which it happened.
///
/// Nothing is lost: if the user does not take events, the node stops accepting and dialling.
#[derive(Debug)]
pub enum NetEvent {
    /// A peer was admitted and its stream is open. If there was another link to the same peer,
    /// its `Closed` comes first.
    Connected(Link),
    /// A connection was not made: unreachable, refused by us, or by the peer.
    ///
    /// Of a dialled endpoint the same reason is told once until the endpoint was reached, other
    /// than that it was late, which is told each time.
    Refused {
        /// The peer, if it got so far that its key is authenticated.
        peer: Option<PeerKey>,
        /// The endpoint that was dialled, or the address that the stranger came from, whose port
        /// means nothing.
        endpoint: Option<Endpoint>,
        /// Whether this node dialled.
        is_dialler: bool,
        /// Whether the peer was there and did not say in time what the admission needs. Of such a
        /// one [`Handshake::ended`](crate::Handshake::ended) is not called.
        is_late: bool,
        /// Why, for the user to read.
        reason: String,
    },
    /// The node listens on one more address.
    Listening(Endpoint),
    /// An announcement of our swarm was seen, with an address that was not known.
    Discovered(Endpoint),
    /// The link to a peer ended, by whichever side.
    Closed {
        /// The peer.
        peer: PeerKey,
        /// Why, for the user to read.
        reason: String,
    },
}
