//! What the sync thread is told, apart from frames.

use swarmlet_engine::Result;
use swarmlet_engine::blobs::exchange;
use swarmlet_engine::log::Received;
use swarmlet_engine::sync::{Members, Receipt, SessionId};
use swarmlet_net::NetEvent;

/// Something that the sync thread has to act on. None of them waits to be sent: their number is
/// bounded by the number of connections, and by the credit that peers were given.
#[derive(Debug)]
pub(super) enum Happening {
    /// From the network.
    Net(NetEvent),
    /// A connection is gone.
    Ended { session: SessionId },
    /// A connection has written so many bytes of frames.
    Sent { session: SessionId, bytes: usize },
    /// A run was written to the log, or not.
    Stored {
        receipt: Receipt,
        outcome: Result<Received>,
    },
    /// The worker answers the exchange of blobs, or wants something of it.
    Blobs(exchange::Input),
    /// This node has learnt of members or revocations by itself.
    Members(Box<Members>),
    /// Another device has the identity of this one, as its signature proved.
    MetClone,
    /// The operating system says that the network has changed.
    NetworkChanged,
}
