//! What the owner of a log decides: durability, streams, routes, retention, memory.

use std::collections::BTreeMap;

use crate::event::{Incarnation, StreamName};
use crate::select::Selection;

/// When a publish is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// After `fdatasync`: an acknowledged event survives power loss.
    #[default]
    Synced,
    /// After the write: an acknowledged event survives the end of the process, not of the power.
    Buffered,
}

/// How much of a stream is kept. Whatever exceeds a limit is dropped in whole runs of blocks, so
/// more than the limit may stay, never less. Without limits everything is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Keep at least this many of the newest events.
    pub events_max: Option<u64>,
    /// Keep at least this many stored bytes of the newest events.
    pub bytes_max: Option<u64>,
    /// Keep at least the events of this many microseconds.
    pub age_max_micros: Option<i64>,
}

impl Retention {
    /// Whether there is any limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.events_max.is_some() || self.bytes_max.is_some() || self.age_max_micros.is_some()
    }
}

/// Sends matching events to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which events; only their tags and app are known yet, so keys and times match nothing.
    pub selection: Selection,
    /// The stream they go to.
    pub into: StreamName,
}

/// Everything that can be chosen when a log is opened.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// When a publish is acknowledged.
    pub durability: Durability,
    /// Retention by stream name; streams that are not named keep everything.
    pub streams: BTreeMap<StreamName, Retention>,
    /// The first route that matches an event decides; without one it goes to `default`.
    pub routes: Vec<Route>,
    /// Bytes of decompressed blocks kept in memory.
    pub cache_bytes: u64,
    /// Which of the author's streams are written.
    pub incarnation: Incarnation,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Synced,
            streams: BTreeMap::new(),
            routes: Vec::new(),
            cache_bytes: crate::limits::CACHE_BYTES_DEFAULT,
            incarnation: Incarnation::FIRST,
        }
    }
}
