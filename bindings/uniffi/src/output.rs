//! What comes out of streams, as plain data.

use swarmlet::{Item, Output, Severity};

use crate::arguments::{OffsetMap, number, offset_map};
use crate::row::{Key, ResultRow};

/// One thing that comes out of a query, and which event is dealt with once this is.
#[derive(uniffi::Record)]
pub(crate) struct StreamOutput {
    item: StreamItem,
    settled: Settled,
}

/// What comes out.
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
}

/// The event that is dealt with, of which mostly the row says already which it is.
#[derive(uniffi::Enum)]
pub(crate) enum Settled {
    /// None.
    None,
    /// That of the row.
    Own,
    /// Another one.
    Other {
        /// Its stream.
        stream: String,
        /// Its position there.
        offset: i64,
    },
}

/// The outputs for the other side, without those that this release does not know.
pub(crate) fn outputs(outputs: Vec<Output>) -> Vec<StreamOutput> {
    outputs.into_iter().filter_map(output).collect()
}

fn output(output: Output) -> Option<StreamOutput> {
    let settled = settled(&output);
    let item = match output.item {
        Item::Row(row) => StreamItem::Row { row: row.into() },
        Item::AntiRow(row) => StreamItem::AntiRow { row: row.into() },
        Item::Diagnostic(diagnostic) => {
            let text = diagnostic.message;
            match diagnostic.severity {
                Severity::Warning => StreamItem::Warning { text },
                Severity::Error => StreamItem::Error { text },
            }
        }
        Item::CaughtUp(offsets) => StreamItem::CaughtUp {
            offsets: offset_map(&offsets),
        },
        Item::TimeTravel(key) => StreamItem::TimeTravel { key: key.into() },
        _ => return None,
    };
    Some(StreamOutput { item, settled })
}

fn settled(output: &Output) -> Settled {
    let Some(key) = output.settled else {
        return Settled::None;
    };
    match &output.item {
        Item::Row(row) if row.event().is_some_and(|event| event.key == key) => Settled::Own,
        _ => Settled::Other {
            stream: key.stream.to_string(),
            offset: number(key.offset.get()),
        },
    }
}
