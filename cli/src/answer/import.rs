//! Events into the log: of an export, or of a dump of the predecessor.
//!
//! What is imported is published by the device that imports: with the app, the tags, the payload
//! and the time of the record, and a key of its own, as only its author can write a stream. Records
//! are published in groups, in their order, each group whole or not at all. So what is in is always
//! the beginning of a file, and an import that failed goes on behind it: a dump by itself, lines by
//! what the person says, as the same lines may well be wanted twice.

use serde::Serialize;
use swarmlet::{AppId, Clock as _, ErrorKind, NewEvent, SystemClock, Timestamp};
use tokio::sync::MutexGuard;

use super::host::Host;
use super::records::{RawRecord, Records, Stamped};
use super::resume::Resume;
use crate::failure::{Failure, Result};
use crate::limits::{IMPORT_BYTES, IMPORT_EVENTS, IMPORT_WAIT, RESUME_BYTES, RESUME_RECORDS};
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
    /// Records of a dump that were not looked for in the log yet.
    waiting: Vec<Stamped>,
    waiting_bytes: usize,
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
    let (_alone, resume) = match skip {
        Some(_) => (None, None),
        None => {
            let alone = alone(host).await?;
            (Some(alone), Some(Resume::begin(&host.node)?))
        }
    };
    let mut importer = Importer {
        host,
        skip: skip.unwrap_or_default(),
        resume,
        waiting: Vec::new(),
        waiting_bytes: 0,
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

/// Waits until no other import goes on: one that was killed works off what it had sent, and only
/// then it is known what is in the log.
async fn alone(host: &Host) -> Result<MutexGuard<'_, ()>> {
    let waited = tokio::time::timeout(IMPORT_WAIT, host.importing.lock()).await;
    waited.map_err(|_| {
        Failure::new(ErrorKind::Overloaded, "another import is running")
            .advise("repeat it when that one is over; --skip does not wait for others")
    })
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
        self.finish(records.word()).await
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
            } else {
                self.group.until = self.count;
            }
        }
    }

    /// Has the event of a record published with others, unless it is in.
    async fn take(&mut self, record: &RawRecord, word: &str) -> Result<()> {
        let event = match self.parse(record) {
            Ok(parsed) => parsed,
            Err(failure) => {
                let failure = failure.advise(leaving_out(word, self.count));
                return self.stop(word, self.count, failure).await;
            }
        };
        if self.resume.is_none() || !matches!(record, RawRecord::Dumped(_)) {
            return self.add(event, word).await;
        }
        self.waiting_bytes += event.bytes;
        self.waiting.push(event);
        if self.waiting.len() == RESUME_RECORDS || self.waiting_bytes > RESUME_BYTES {
            self.sort_out(word).await?;
        }
        Ok(())
    }

    fn parse(&self, record: &RawRecord) -> Result<Stamped> {
        let bytes = record.len();
        let record = record.parse()?;
        let app = match record.app {
            Some(app) => app,
            None => self.host.node_of(None)?.app_id().clone(),
        };
        Ok(Stamped {
            number: self.count,
            bytes,
            app,
            event: record.event,
            time: record.time.unwrap_or_else(|| SystemClock.now()),
        })
    }

    /// Has those that wait published, but for those that are in.
    async fn sort_out(&mut self, word: &str) -> Result<()> {
        let Some(resume) = &mut self.resume else {
            return Ok(());
        };
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        let found = resume.find(&waiting).await;
        let found = found.map_err(|failure| self.place(word, failure))?;
        for (event, is_in) in waiting.into_iter().zip(found) {
            if is_in {
                self.found += 1;
                self.group.until = event.number;
            } else {
                self.add(event, word).await?;
            }
        }
        Ok(())
    }

    async fn add(&mut self, event: Stamped, word: &str) -> Result<()> {
        self.make_room_for(event.app, word).await?;
        self.group.bytes += event.bytes;
        self.group.events.push((event.event, event.time));
        self.group.until = event.number;
        Ok(())
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

    /// Publishes all that was read.
    async fn finish(&mut self, word: &str) -> Result<()> {
        self.sort_out(word).await?;
        self.publish(word).await
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
        self.finish(word).await?;
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
