//! The event key: the one total order, the same on every node.

use super::sequence::{Lamport, Offset};
use super::stream::StreamId;

/// The place of an event in the total order: by lamport, then stream, then offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// Logical clock of the event.
    pub lamport: Lamport,
    /// The stream it is in.
    pub stream: StreamId,
    /// Its position there.
    pub offset: Offset,
}
