//! What comes out of streams, as plain data.

use swarmlet::{Item, Severity};

use crate::arguments::{OffsetMap, offset_map};
use crate::row::{Key, ResultRow};

/// One thing that comes out of a query.
#[derive(uniffi::Enum)]
pub(crate) enum StreamItem {
    /// A result.
    Row {
        /// It.
        row: ResultRow,
    },
    /// A result that is no longer true.
    AntiRow {
        /// It.
        row: ResultRow,
    },
    /// Something has no value, after which the query goes on.
    Warning {
        /// What happened.
        text: String,
    },
    /// Something has no value, and the query has ended.
    Error {
        /// What happened.
        text: String,
    },
    /// What follows is live.
    CaughtUp {
        /// How far what was present reached.
        offsets: OffsetMap,
    },
    /// The next event sorts before one that has already come out.
    TimeTravel {
        /// Its place.
        key: Key,
    },
    /// What this release does not know. It is nothing to show, but counts among what was taken.
    Unknown,
}

impl From<Item> for StreamItem {
    fn from(item: Item) -> Self {
        match item {
            Item::Row(row) => Self::Row { row: row.into() },
            Item::AntiRow(row) => Self::AntiRow { row: row.into() },
            Item::Diagnostic(diagnostic) => {
                let text = diagnostic.message;
                match diagnostic.severity {
                    Severity::Warning => Self::Warning { text },
                    Severity::Error => Self::Error { text },
                }
            }
            Item::CaughtUp(offsets) => Self::CaughtUp {
                offsets: offset_map(&offsets),
            },
            Item::TimeTravel(key) => Self::TimeTravel { key: key.into() },
            _ => Self::Unknown,
        }
    }
}
