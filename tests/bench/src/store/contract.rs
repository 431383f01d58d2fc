//! What a store has to do to be compared, and the list of those that do.

use super::{bare, redb, sqlite, swarmlet};
use crate::event::Event;
use anyhow::{Result, bail};
use std::path::Path;

/// An open store of events.
pub trait Store: Send + Sync {
    /// Takes in events; all of them are durable (synced to the device) when this returns. Calls
    /// from many threads may share a sync.
    ///
    /// # Errors
    ///
    /// When the events are not known to be durable.
    fn append(&self, events: &[Event]) -> Result<()>;

    /// Visits every event with the tag in the order of lamports, reading all of it.
    ///
    /// # Errors
    ///
    /// When an event cannot be read.
    fn query_tag(&self, tag: &str, visit: &mut dyn FnMut(Hit<'_>)) -> Result<()>;
}

/// An event found by a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The logical clock.
    pub lamport: u64,
    /// Microseconds since 1970.
    pub time_us: u64,
    /// The content.
    pub payload: &'a [u8],
}

/// A kind of store.
pub struct Candidate {
    /// The name in tables.
    pub name: &'static str,
    /// Opens the store in a folder, making it where there is none.
    pub open: fn(&Path) -> Result<Box<dyn Store>>,
    /// Whether it can answer queries; a bare file cannot.
    pub is_queryable: bool,
}

/// Every store, in the order in which they are measured and printed.
pub const STORES: &[Candidate] = &[
    Candidate {
        name: "swarmlet",
        open: swarmlet::open,
        is_queryable: true,
    },
    Candidate {
        name: "bare file",
        open: bare::open,
        is_queryable: false,
    },
    Candidate {
        name: "sqlite",
        open: sqlite::open,
        is_queryable: true,
    },
    Candidate {
        name: "redb",
        open: redb::open,
        is_queryable: true,
    },
];

/// The store of a name.
///
/// # Errors
///
/// When there is none of that name.
pub fn candidate(name: &str) -> Result<&'static Candidate> {
    match STORES.iter().find(|candidate| candidate.name == name) {
        Some(candidate) => Ok(candidate),
        None => bail!("no store {name:?}"),
    }
}
