//! Events out of a log and into another one, as lines of JSON.
//!
//! A line has all that an event is. Of its payload it has the JSON, and where that does not say all
//! of it, as of bytes, also the CBOR, in hexadecimal digits, which then counts. What is imported is
//! published by the device that imports: with the app, the tags, the payload and the time of the
//! line, and a key of its own, as only its author can write a stream.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use swarmlet::{
    AppId, Clock as _, Item, NewEvent, Payload, QueryOptions, Results, Row, SystemClock, Tags,
    Timestamp,
};

use super::events::{next, with_picture};
use super::host::Host;
use super::lines::Lines;
use super::rows::{EventRow, payload};
use crate::failure::{Failure, Result};
use crate::limits::{FRAME_BYTES_MAX, IMPORT_BYTES, IMPORT_EVENTS};
use crate::wire::{Link, Progress};

/// An event of an export.
#[derive(Serialize)]
struct ExportRow {
    #[serde(flatten)]
    event: EventRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    cbor: Option<String>,
}

/// What an import reads of a line; what else there is, such as the key, is of no use to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImportLine {
    #[serde(default)]
    tags: Vec<String>,
    payload: Option<Box<RawValue>>,
    cbor: Option<String>,
    app_id: Option<String>,
    timestamp: Option<i64>,
}

/// How far an import has come.
#[derive(Serialize)]
struct ImportedRow {
    /// Lines that are dealt with, those that were to be skipped among them.
    lines: u64,
    /// Events that were published.
    events: u64,
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
            let message = format!(
                "events of the stream {stream} before offset {first} are no longer here, so the \
                 export lacks them"
            );
            link.warning(message).await?;
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
    let cbor = (!is_whole).then(|| hex(own.as_cbor()));
    Ok(ExportRow { event, cbor })
}

/// Events that are published together.
struct Group {
    app: AppId,
    events: Vec<(NewEvent, Timestamp)>,
    bytes: usize,
}

/// What an import does between two pieces.
struct Importer<'a> {
    host: &'a Host,
    skip: u64,
    group: Group,
    /// Lines that were read.
    lines: u64,
    /// Lines whose events are in the log, or were to be skipped.
    settled: u64,
    events: u64,
}

/// Publishes the events of the lines that the person sends, in their order.
pub(super) async fn import(host: &Host, skip: u64, link: &mut Link) -> Result<()> {
    let mut importer = Importer {
        host,
        skip,
        group: Group {
            app: host.node_of(None)?.app_id().clone(),
            events: Vec::new(),
            bytes: 0,
        },
        lines: 0,
        settled: 0,
        events: 0,
    };
    let read = importer.read(link).await;
    read.map_err(|failure| importer.place(failure))?;
    link.row(&ImportedRow {
        lines: importer.settled,
        events: importer.events,
    })
    .await
}

impl Importer<'_> {
    async fn read(&mut self, link: &mut Link) -> Result<()> {
        let mut lines = Lines::default();
        let mut bytes = 0;
        while let Some(piece) = link.receive().await? {
            bytes += piece.len() as u64;
            lines.push(&piece);
            while let Some(line) = lines.next_line(FRAME_BYTES_MAX)? {
                self.take(&line).await?;
            }
            link.progress(Progress {
                done: bytes,
                total: None,
                is_bytes: true,
            })
            .await?;
        }
        let rest = lines.rest();
        if !rest.is_empty() {
            self.take(&rest).await?;
        }
        self.publish().await
    }

    async fn take(&mut self, line: &[u8]) -> Result<()> {
        self.lines += 1;
        if self.lines <= self.skip || line.trim_ascii().is_empty() {
            return Ok(());
        }
        let (app, event, time) = self.parse(line).map_err(|failure| Failure {
            message: format!("line {}: {}", self.lines, failure.message),
            ..failure
        })?;
        let is_full = self.group.events.len() == IMPORT_EVENTS || self.group.bytes > IMPORT_BYTES;
        if is_full || app != self.group.app {
            // This line is not in it.
            self.lines -= 1;
            self.publish().await?;
            self.lines += 1;
            self.group.app = app;
        }
        self.group.bytes += line.len();
        self.group.events.push((event, time));
        Ok(())
    }

    fn parse(&self, line: &[u8]) -> Result<(AppId, NewEvent, Timestamp)> {
        let line: Result<ImportLine, _> = serde_json::from_slice(line);
        let line = line.map_err(|error| Failure::invalid(format!("it is no event: {error}")))?;
        let app = match &line.app_id {
            Some(app) => AppId::new(app)?,
            None => self.host.node_of(None)?.app_id().clone(),
        };
        let payload = match (&line.cbor, &line.payload) {
            (Some(cbor), _) => Payload::from_cbor(bytes_of_hex(cbor)?)?,
            (None, Some(json)) => payload(json)?,
            (None, None) => return Err(Failure::invalid("it has no payload")),
        };
        let tags = Tags::new(line.tags.iter().map(String::as_str))?;
        let time = line.timestamp.map(Timestamp::from_micros);
        let event = NewEvent { tags, payload };
        Ok((app, event, time.unwrap_or_else(|| SystemClock.now())))
    }

    async fn publish(&mut self) -> Result<()> {
        // Lines before those of the group are empty, skipped or in the log.
        let events = std::mem::take(&mut self.group.events);
        self.group.bytes = 0;
        let node = self.host.node.scoped(self.group.app.clone());
        self.events += node.publish_stamped(events).await?.len() as u64;
        self.settled = self.lines;
        Ok(())
    }

    /// Says how to go on.
    fn place(&self, failure: Failure) -> Failure {
        let settled = self.settled;
        match settled {
            0 => failure,
            _ => failure.advise(format!(
                "the first {settled} lines are imported; go on behind them with --skip {settled}"
            )),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of_hex(text: &str) -> Result<Vec<u8>> {
    let bad = || Failure::invalid("`cbor` is not pairs of hexadecimal digits");
    if !text.len().is_multiple_of(2) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let pairs = (0..text.len()).step_by(2);
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| bad());
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_come_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes_of_hex(&hex(&bytes)).unwrap(), bytes);
        for text in ["0", "+1", "0g", "\u{fc}"] {
            assert!(bytes_of_hex(text).is_err(), "{text}");
        }
    }
}
