//! Events into the log: of an export, or of a dump of the predecessor.
//!
//! What is imported is published by the device that imports: with the app, the tags, the payload
//! and the time of the record, and a key of its own, as only its author can write a stream. Records
//! are published in groups, in their order, each group whole or not at all. So what is in is always
//! the beginning of a file, and an import that failed goes on behind it: a dump by itself, lines by
//! what the person says, as the same lines may well be wanted twice.

use serde::Serialize;
use swarmlet::{AppId, Clock as _, NewEvent, SystemClock, Timestamp};

use super::host::Host;
use super::records::{RawRecord, Records};
use super::resume::Resume;
use crate::failure::{Failure, Result};
use crate::limits::{IMPORT_BYTES, IMPORT_EVENTS};
use crate::wire::{Link, Progress};

/// How far an import has come.
#[derive(Serialize)]
struct ImportedRow {
    /// Records that are dealt with, those that were to be skipped among them.
    records: u64,
    /// Events that were published.
    events: u64,
}

/// Events that are published together.
struct Group {
    app: AppId,
    events: Vec<(NewEvent, Timestamp)>,
    bytes: usize,
    /// Records that are dealt with when these events are in the log.
    until: u64,
}

/// What an import does between two pieces.
struct Importer<'a> {
    host: &'a Host,
    skip: u64,
    /// What of a dump is in the log, unless it was said what to skip.
    resume: Option<Resume>,
    group: Group,
    /// Records that were in the log before.
    found: u64,
    /// Records that were read.
    count: u64,
    /// Records whose events are in the log, or were to be skipped.
    settled: u64,
    events: u64,
}

/// Publishes the events that the person sends, in their order.
pub(super) async fn import(host: &Host, skip: Option<u64>, link: &mut Link) -> Result<()> {
    let resume = match skip {
        Some(_) => None,
        None => Some(Resume::begin(&host.node)?),
    };
    let mut importer = Importer {
        host,
        skip: skip.unwrap_or_default(),
        resume,
        found: 0,
        group: Group {
            app: host.node_of(None)?.app_id().clone(),
            events: Vec::new(),
            bytes: 0,
            until: 0,
        },
        count: 0,
        settled: 0,
        events: 0,
    };
    importer.read(link).await?;
    if importer.found > 0 {
        let found = importer.found;
        link.note(format!(
            "{found} records were in the log already; --skip 0 imports them again"
        ))
        .await?;
    }
    link.row(&ImportedRow {
        records: importer.settled,
        events: importer.events,
    })
    .await
}

impl Importer<'_> {
    async fn read(&mut self, link: &mut Link) -> Result<()> {
        let mut records = Records::default();
        let mut bytes = 0;
        while let Some(piece) = link.receive().await? {
            bytes += piece.len() as u64;
            records.push(&piece);
            self.take_all(&mut records).await?;
            link.progress(Progress {
                done: bytes,
                total: None,
                is_bytes: true,
            })
            .await?;
        }
        records.end();
        self.take_all(&mut records).await?;
        self.publish(records.word()).await
    }

    /// Takes the records that are complete.
    async fn take_all(&mut self, records: &mut Records) -> Result<()> {
        let word = records.word();
        loop {
            let record = match records.next_record() {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(()),
                Err(failure) => return self.stop(word, self.count + 1, failure).await,
            };
            self.count += 1;
            if self.count > self.skip && !record.is_blank() {
                self.take(&record, word).await?;
            }
            self.group.until = self.count;
        }
    }

    /// Has the event of a record published with others, unless it is in.
    async fn take(&mut self, record: &RawRecord, word: &str) -> Result<()> {
        let (app, event, time) = match self.parse(record) {
            Ok(parsed) => parsed,
            Err(failure) => {
                let failure = failure.advise(leaving_out(word, self.count));
                return self.stop(word, self.count, failure).await;
            }
        };
        if let (RawRecord::Dumped(_), Some(resume)) = (record, &mut self.resume)
            && resume.has(app.as_str(), &event, time).await?
        {
            self.found += 1;
            return Ok(());
        }
        self.make_room_for(app, word).await?;
        self.group.bytes += record.len();
        self.group.events.push((event, time));
        Ok(())
    }

    fn parse(&self, record: &RawRecord) -> Result<(AppId, NewEvent, Timestamp)> {
        let record = record.parse()?;
        let app = match record.app {
            Some(app) => app,
            None => self.host.node_of(None)?.app_id().clone(),
        };
        let time = record.time.unwrap_or_else(|| SystemClock.now());
        Ok((app, record.event, time))
    }

    /// Publishes the group, unless an event of this app has its place in it.
    async fn make_room_for(&mut self, app: AppId, word: &str) -> Result<()> {
        let is_full = self.group.events.len() == IMPORT_EVENTS || self.group.bytes > IMPORT_BYTES;
        if is_full || app != self.group.app {
            self.publish(word).await?;
            self.group.app = app;
        }
        Ok(())
    }

    async fn publish(&mut self, word: &str) -> Result<()> {
        let events = std::mem::take(&mut self.group.events);
        self.group.bytes = 0;
        let node = self.host.node.scoped(self.group.app.clone());
        let published = node.publish_stamped(events).await;
        let published = published.map_err(|error| self.place(word, error.into()))?;
        self.events += published.len() as u64;
        self.settled = self.group.until;
        Ok(())
    }

    /// Ends with a record that cannot be read; what came before it is published.
    async fn stop(&mut self, word: &str, record: u64, failure: Failure) -> Result<()> {
        self.publish(word).await?;
        let message = format!("{word} {record}: {}", failure.message);
        Err(self.place(word, Failure { message, ..failure }))
    }

    /// Says how to go on.
    fn place(&self, word: &str, failure: Failure) -> Failure {
        let settled = self.settled;
        if settled == 0 {
            return failure;
        }
        let mut advice = format!(
            "the first {settled} {word}s are imported: --skip {settled} goes on behind them"
        );
        if !failure.advice.is_empty() {
            advice = format!("{advice}; {}", failure.advice);
        }
        failure.advise(advice)
    }
}

fn leaving_out(word: &str, record: u64) -> String {
    format!("--skip {record} leaves {word} {record} out")
}
