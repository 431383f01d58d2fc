//! What decides who is admitted; implemented above, called here.

use crate::key::PeerKey;

/// Decides who is admitted and what is announced. The one thing that this crate asks back.
pub trait Gate: Send + Sync + 'static {
    /// Begins the admission exchange on a new connection, whose peer's key is authenticated.
    ///
    /// Nothing else was or will be sent to the peer before both sides have admitted each other.
    fn begin(&self, own: PeerKey, peer: PeerKey, is_dialler: bool) -> Box<dyn Handshake>;

    /// What is announced by mDNS: 1 to 63 characters `a-z0-9-`, which tell strangers nothing.
    ///
    /// Asked once, at the start.
    fn label(&self) -> String;

    /// Whether a label seen is worth dialling; called for every announcement on the network.
    fn is_ours(&self, label: &str) -> bool;
}

/// One admission exchange. Dropped without notice if time is up, which is then said by
/// [`NetEvent::Refused`](crate::NetEvent::Refused).
pub trait Handshake: Send {
    /// One step: called first with `None`, then with each message received, in order.
    ///
    /// After [`Then::Admit`] it is called again only if the peer says more before it agrees,
    /// usually why it does not.
    fn step(&mut self, received: Option<&[u8]>) -> Step;

    /// The exchange has ended, as the last step wanted it, by the peer, or as the connection broke;
    /// not because somebody was late.
    fn ended(&mut self) {}
}

/// What a handshake wants next: a message goes out, then something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Sent to the peer before `then` is done; at most 32 KiB.
    pub send: Option<Vec<u8>>,
    /// What happens after that.
    pub then: Then,
}

/// What happens after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next message is awaited.
    Receive,
    /// This side agrees; the connection is used as soon as the other side does too.
    Admit,
    /// The connection is closed. The text is for this node's user only; what the peer shall
    /// know about it is in `send`.
    Refuse(String),
    /// The connection is closed as it should be: what was agreed on it needs another one. Nobody
    /// is told.
    Part,
}
