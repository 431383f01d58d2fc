//! Values of the log's interface, until the engine brings them.

use swarmlet_engine::event::{EventKey, Offset, StreamId, StreamName, Timestamp};

/// When a publish is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// After `fdatasync`: an acknowledged event survives power loss.
    #[default]
    Synced,
    /// After the write: an acknowledged event survives the end of the process, not of the power.
    Buffered,
}

/// The order of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By event key, oldest first.
    #[default]
    Ascending,
    /// By event key, newest first.
    Descending,
    /// Stream by stream in stream id order, each by offset.
    Stream,
}

/// What became of one published event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its place in the total order.
    pub key: EventKey,
    /// The time it was stamped with.
    pub timestamp: Timestamp,
}

/// A stream of which something is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Which stream.
    pub id: StreamId,
    /// Its name.
    pub name: StreamName,
    /// The first offset still here.
    pub first: Offset,
    /// The last offset.
    pub last: Offset,
}
