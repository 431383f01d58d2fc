//! One read of the log: a chunk of events through the program of a query.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmlet_engine::event::{Event, EventKey, Offsets, StreamId};
use swarmlet_engine::log::{Cursor, LogReader, Order, Query};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::output::Output;
use super::program::Program;
use crate::clock::Stopwatch;
use crate::limits::{CHUNK_BYTES_MAX, READ_EVENTS_MAX};
use crate::metrics::{AppRecorder, count};
use crate::state::State;

/// What to read next, and through which program.
pub(super) struct Job {
    pub(super) state: Arc<State>,
    /// Who asks.
    pub(super) app: Arc<AppRecorder>,
    pub(super) program: Arc<Mutex<Program>>,
    pub(super) source: Source,
    /// The upper bound of the round.
    pub(super) upper: Offsets,
    /// Whether the round brings what has come since the last one.
    pub(super) is_live: bool,
    pub(super) outputs_max: usize,
}

/// Where the events come from.
pub(super) enum Source {
    /// A round of reading the log.
    Begin(Query),
    /// The rest of one.
    Continue(Box<Cursor>),
    /// The query itself.
    Own,
}

/// What one read brought; after an error nothing, and reading can be tried again.
#[derive(Default)]
pub(super) struct Chunk {
    /// There is none if the round could not begin.
    pub(super) cursor: Option<Box<Cursor>>,
    pub(super) outputs: Vec<Output>,
    pub(super) events_read: u64,
    /// The last event read of each stream.
    pub(super) reached: Vec<EventKey>,
    /// Whether the round needs no more events.
    pub(super) is_end: bool,
    /// Whether there may be more, which nobody wants.
    pub(super) is_cut_short: bool,
    /// Whether the query has ended with an error among the outputs.
    pub(super) is_failed: bool,
    pub(super) error: Option<Error>,
}

impl Job {
    pub(super) fn run(self) -> Chunk {
        let (recorders, app) = (self.state.recorders.clone(), self.app.clone());
        let taken = Stopwatch::start();
        let chunk = self.read();
        let taken = taken.elapsed();
        app.note_read(taken, chunk.events_read);
        if let Some(error) = &chunk.error
            && error.kind() != ErrorKind::Closed
        {
            tracing::warn!(%error, "reading the log failed");
            count(&recorders.query_failures);
            if error.kind() == ErrorKind::Corrupt {
                count(&recorders.corruptions);
            }
        }
        chunk
    }

    /// Nothing was read, and it can be tried again.
    pub(super) fn refused(self, error: Error) -> Chunk {
        let cursor = match self.source {
            Source::Begin(_) | Source::Own => None,
            Source::Continue(cursor) => Some(cursor),
        };
        Chunk {
            cursor,
            error: Some(error),
            ..Chunk::default()
        }
    }

    fn read(self) -> Chunk {
        let _span = tracing::debug_span!("read", outputs_max = self.outputs_max).entered();
        let state = self.state.clone();
        let log = match state.log() {
            Ok(log) => log,
            Err(error) => return self.refused(error),
        };
        let program = self.program.clone();
        let mut run = Run {
            log: &log,
            program: program.lock().unwrap_or_else(PoisonError::into_inner),
            outputs_max: self.outputs_max,
            chunk: Chunk::default(),
        };
        let outcome = match self.source {
            Source::Own => run.own(&self.upper),
            Source::Begin(query) => run
                .begin(&query, &self.upper, self.is_live)
                .and_then(|cursor| run.go_on(cursor, 0)),
            Source::Continue(cursor) => {
                let before = cursor.events_read();
                run.go_on(cursor, before)
            }
        };
        run.chunk.error = outcome.err();
        run.chunk
    }
}

/// A read in progress.
struct Run<'a> {
    log: &'a LogReader,
    program: MutexGuard<'a, Program>,
    outputs_max: usize,
    chunk: Chunk,
}

impl Run<'_> {
    fn own(&mut self, upper: &Offsets) -> Result<()> {
        let outputs = &mut self.chunk.outputs;
        let outcome = self.program.run_own(upper, self.log, outputs);
        self.chunk.is_end = outcome.is_ok();
        // What was run cannot be run again.
        self.chunk.is_failed = outcome.is_err();
        outcome
    }

    fn begin(&mut self, query: &Query, upper: &Offsets, is_live: bool) -> Result<Box<Cursor>> {
        if !is_live && let Some(monotonic) = self.program.latest_mut() {
            monotonic.latest = newest(self.log, query)?.max(monotonic.latest);
        }
        self.program.begin_round(query.order, upper, is_live);
        self.log.query(query).map(Box::new)
    }

    /// Reads until the chunk is full or the round ends, so that the end costs no read of its own.
    ///
    /// What waits for the end may need few events to know it, so it is read in growing pieces. The
    /// cursor has read so many events before.
    fn go_on(&mut self, mut cursor: Box<Cursor>, before: u64) -> Result<()> {
        let (mut events_left, mut bytes) = (READ_EVENTS_MAX, 0);
        let mut at_once = if self.program.needs_flush() {
            1
        } else {
            READ_EVENTS_MAX
        };
        let outcome = loop {
            let wanted = self.outputs_max.saturating_sub(self.chunk.outputs.len());
            if self.program.is_done() {
                break self.end();
            }
            if wanted == 0 || events_left == 0 || bytes >= CHUNK_BYTES_MAX {
                break Ok(());
            }
            let events_max = wanted.min(events_left).min(at_once);
            let events_max = events_max.min(self.program.events_max());
            at_once = at_once.saturating_mul(2);
            match cursor.next_chunk(events_max, CHUNK_BYTES_MAX - bytes) {
                Ok(events) if events.is_empty() => break self.end(),
                Ok(events) => {
                    events_left -= events.len();
                    bytes += events.iter().map(content_bytes).sum::<usize>();
                    if let Err(error) = self.push(events) {
                        break Err(error);
                    }
                }
                // What was read is delivered first; the error comes again with the next read.
                Err(_) if !self.chunk.reached.is_empty() => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.chunk.events_read = cursor.events_read() - before;
        self.chunk.cursor = Some(cursor);
        outcome
    }

    fn push(&mut self, events: Vec<Event>) -> Result<()> {
        for event in events {
            if self.program.is_done() {
                break;
            }
            let key = event.key;
            let pushed = self.program.push(event, self.log, &mut self.chunk.outputs);
            if pushed.is_err() {
                // What the program made of the event so far cannot be undone.
                self.chunk.is_failed = true;
                return pushed;
            }
            if !self.program.is_failed() {
                self.note(key);
            }
        }
        Ok(())
    }

    /// Remembers how far the stream was read.
    fn note(&mut self, key: EventKey) {
        let is_same = |known: &&mut EventKey| known.stream == key.stream;
        match self.chunk.reached.iter_mut().find(is_same) {
            Some(known) => *known = key,
            None => self.chunk.reached.push(key),
        }
    }

    fn end(&mut self) -> Result<()> {
        if !self.program.is_failed() {
            self.program.flush(self.log, &mut self.chunk.outputs)?;
        }
        self.chunk.is_end = true;
        self.chunk.is_cut_short = self.program.is_cut_short();
        self.chunk.is_failed = self.program.is_failed();
        Ok(())
    }
}

/// The key of the newest event that a query would have delivered before its lower bound.
fn newest(log: &LogReader, query: &Query) -> Result<Option<EventKey>> {
    let present = log.present();
    let within = |(stream, last): (StreamId, _)| {
        let present = present.last(stream)?;
        Some((stream, present.min(last)))
    };
    let before = Query {
        selection: query.selection.clone(),
        lower: Offsets::new(),
        upper: Some(query.lower.iter().filter_map(within).collect()),
        order: Order::Descending,
    };
    let newest = log.query(&before)?.next_chunk(1, usize::MAX)?;
    Ok(newest.first().map(|event| event.key))
}

fn content_bytes(event: &Event) -> usize {
    event.content().as_bytes().len()
}
