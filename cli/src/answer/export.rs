//! Events out of a log, as lines of JSON.
//!
//! A line has all that an event is. Of its payload it has the JSON, and where that does not say all
//! of it, as of bytes, also the CBOR, in hexadecimal digits, which then counts.

use data_encoding::HEXLOWER;
use serde::Serialize;
use swarmlet::{Item, QueryOptions, Results, Row};

use super::dropped;
use super::events::{next, with_picture};
use super::host::Host;
use super::rows::{EventRow, payload};
use crate::failure::{Failure, Result};
use crate::wire::{Link, Progress};

/// An event of an export.
#[derive(Serialize)]
struct ExportRow {
    #[serde(flatten)]
    event: EventRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    cbor: Option<String>,
}

/// What of the events that a query finds could not be given.
#[derive(Default)]
struct Missing {
    /// How often the query had no result.
    count: u64,
    /// Why it had none the first time.
    first: String,
}

/// Gives all events that a query finds, and says in the end what is missing.
pub(super) async fn export(host: &Host, aql: &str, link: &mut Link) -> Result<()> {
    let node = host.node_of(None)?;
    let begun = node.query(aql, QueryOptions::default());
    let mut results = begun.map_err(|error| with_picture(error, aql))?;
    let mut done = 0;
    let mut missing = Missing::default();
    while let Some(items) = next(&mut results).await? {
        for item in items {
            if let Some(error) = item.to_error() {
                return Err(error.into());
            }
            match item {
                Item::Row(row) => {
                    link.row(&export_row(&row)?).await?;
                    done += 1;
                }
                Item::Diagnostic(diagnostic) => missing.add(diagnostic.message),
                _ => {}
            }
        }
        link.progress(Progress {
            done,
            total: None,
            is_bytes: false,
        })
        .await?;
    }
    missing.tell(&results, link).await
}

impl Missing {
    fn add(&mut self, message: String) {
        if self.count == 0 {
            self.first = message;
        }
        self.count += 1;
    }

    /// Warnings are few, however many events there are.
    async fn tell(self, results: &Results, link: &mut Link) -> Result<()> {
        for (stream, first) in results.skipped().iter() {
            let dropped = dropped::message(stream, first);
            link.warning(format!("{dropped}, so the export lacks them"))
                .await?;
        }
        if self.count == 0 {
            return Ok(());
        }
        let Self { count, first } = self;
        let message = format!("the query had no result {count} times, first because: {first}");
        link.warning(message).await
    }
}

fn export_row(row: &Row) -> Result<ExportRow> {
    if row.event().is_none() {
        let message = "the query gives values that are no events";
        return Err(Failure::invalid(message).advise("leave out AGGREGATE, GROUP BY and the like"));
    }
    let event = EventRow::of(row, false)?;
    let own = row.payload();
    let is_whole = payload(event.payload()).is_ok_and(|read| read.as_cbor() == own.as_cbor());
    let cbor = (!is_whole).then(|| HEXLOWER.encode(own.as_cbor()));
    Ok(ExportRow { event, cbor })
}
