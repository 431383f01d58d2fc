//! Reading the log a chunk at a time, for queries and subscriptions alike.
//!
//! A reading is a sequence of rounds. A round covers the range from what was handed out so far to
//! a fixed upper bound, in one order; a query has one round, a subscription starts another one
//! whenever the log has grown. Only one chunk is held in memory, and the next is read when it has
//! been handed out: a slow reader costs a chunk, and loses nothing.
//!
//! **Where to resume.** Within a round events come by event key, and within a stream the order of
//! keys is the order of offsets. So after any part of a round the last offset handed out of each
//! stream is exact: all that matches up to it was handed out, nothing after it was. When the whole
//! round was handed out, everything up to its upper bound is settled, also what did not match.
//!
//! State lives here and not in futures, so a dropped future loses nothing. Reads run on tokio's
//! blocking pool or, for blocking callers, on their own thread; nothing else here waits.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use swarmlet_engine::event::{Event, EventKey, Offset, Offsets};
use swarmlet_engine::log::{Cursor, Order, Query};
use swarmlet_engine::select::Selection;
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::runtime::{Handle, TryCurrentError};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use crate::clock::Stopwatch;
use crate::limits::CHUNK_BYTES_MAX;
use crate::metrics::count;
use crate::parking::Spot;
use crate::state::{Phase, Progress, State};

/// What to read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) selection: Selection,
    pub(crate) order: Order,
    pub(crate) lower: Offsets,
    /// The end; a subscription has none.
    pub(crate) upper: Option<Offsets>,
    /// How many events at most.
    pub(crate) limit: Option<u64>,
}

/// On whose thread the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Tokio's blocking pool.
    Pool,
    /// The thread that polls.
    Caller,
}

/// A reading in progress.
pub(crate) struct Pull {
    state: Arc<State>,
    progress: watch::Receiver<Progress>,
    selection: Selection,
    order: Order,
    end: Option<Offsets>,
    left: Option<u64>,
    stage: Stage,
    spot: Arc<Spot>,
    /// Position at which the last round of a subscription began.
    seen: Option<u64>,
    buffer: VecDeque<Event>,
    /// The upper bound of the round, settled when all of it was handed out.
    upper: Offsets,
    /// What is left of it in a descending round.
    ceiling: Offsets,
    /// Whether the buffer holds the rest of the round.
    is_round_read: bool,
    handed_out: Offsets,
    skipped: Offsets,
}

enum Stage {
    /// Between rounds.
    Rest,
    /// Within a round, nothing being read; the cursor is parked.
    Open,
    /// A chunk is being read.
    Reading(JoinHandle<Chunk>),
    /// A subscription waits for the log to grow.
    Waiting(Pin<Box<dyn Future<Output = ()> + Send + Sync>>),
    Ended,
}

/// One read of the log.
struct Job {
    state: Arc<State>,
    source: Source,
    events_max: usize,
}

enum Source {
    Begin(Query),
    Continue(Box<Cursor>),
}

/// What one read brought; after an error nothing, and reading can be tried again.
struct Chunk {
    /// There is none if the round could not begin.
    cursor: Option<Box<Cursor>>,
    events: Vec<Event>,
    is_end: bool,
    error: Option<Error>,
}

impl Pull {
    pub(crate) fn new(state: Arc<State>, reading: Reading) -> Self {
        let progress = state.watch();
        let spot = state.parking.spot();
        let ceiling = reading.upper.clone().unwrap_or_default();
        Self {
            state,
            progress,
            selection: reading.selection,
            order: reading.order,
            end: reading.upper,
            left: reading.limit,
            stage: Stage::Rest,
            spot,
            seen: None,
            buffer: VecDeque::new(),
            upper: Offsets::new(),
            ceiling,
            is_round_read: false,
            handed_out: reading.lower,
            skipped: Offsets::new(),
        }
    }

    /// Ready with `true` once there is something to take, with `false` at the end.
    pub(crate) fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        place: Place,
        events_max: usize,
    ) -> Poll<Result<bool>> {
        loop {
            self.state.check_open()?;
            if !self.buffer.is_empty() {
                return Poll::Ready(Ok(true));
            }
            match &mut self.stage {
                Stage::Rest => self.begin_round(place, events_max)?,
                Stage::Open => self.go_on(place, events_max)?,
                Stage::Reading(chunk) => match ready!(Pin::new(chunk).poll(context)) {
                    Ok(chunk) => self.absorb(chunk)?,
                    Err(error) => {
                        self.begin_again();
                        return Poll::Ready(Err(interrupted(&error)));
                    }
                },
                Stage::Waiting(grown) => {
                    ready!(grown.as_mut().poll(context));
                    self.stage = Stage::Rest;
                }
                Stage::Ended => return Poll::Ready(Ok(false)),
            }
        }
    }

    /// Hands out up to so many of the events that are there.
    pub(crate) fn take(&mut self, max: usize) -> Vec<Event> {
        let events: Vec<Event> = self.buffer.drain(..max.min(self.buffer.len())).collect();
        for event in &events {
            match self.order {
                Order::Ascending | Order::Stream => {
                    self.handed_out.advance(event.key.stream, event.key.offset);
                }
                Order::Descending => self.lower_ceiling(event.key),
            }
        }
        self.settle();
        events
    }

    pub(crate) fn offsets(&self) -> &Offsets {
        &self.handed_out
    }

    pub(crate) fn skipped(&self) -> &Offsets {
        &self.skipped
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    fn begin_round(&mut self, place: Place, events_max: usize) -> Result<()> {
        self.upper = match &self.end {
            Some(end) => end.clone(),
            None => {
                let position = self.progress.borrow().position;
                if self.seen.replace(position) == Some(position) {
                    self.stage = Stage::Waiting(grown(self.progress.clone(), position));
                    return Ok(());
                }
                self.state.log()?.present()
            }
        };
        let query = Query {
            selection: self.selection.clone(),
            lower: self.handed_out.clone(),
            upper: Some(match self.order {
                Order::Ascending | Order::Stream => self.upper.clone(),
                Order::Descending => self.ceiling.clone(),
            }),
            order: self.order,
        };
        self.read(Source::Begin(query), place, events_max)
    }

    fn go_on(&mut self, place: Place, events_max: usize) -> Result<()> {
        match self.spot.take() {
            Some(cursor) => self.read(Source::Continue(cursor), place, events_max),
            None => {
                self.begin_again();
                Ok(())
            }
        }
    }

    /// Gives the round up; the next one begins where this one was, which is exact, because what
    /// was read was handed out when more is asked for.
    fn begin_again(&mut self) {
        self.seen = None;
        self.stage = Stage::Rest;
    }

    fn read(&mut self, source: Source, place: Place, events_max: usize) -> Result<()> {
        let left = self.left.map_or(usize::MAX, |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        });
        let events_max = events_max.min(left);
        let job = Job {
            state: self.state.clone(),
            source,
            events_max,
        };
        match place {
            Place::Caller => self.absorb(job.run()),
            Place::Pool => match Handle::try_current() {
                Ok(runtime) => {
                    self.stage = Stage::Reading(runtime.spawn_blocking(|| job.run()));
                    Ok(())
                }
                Err(error) => self.absorb(job.refused(without_runtime(&error))),
            },
        }
    }

    fn absorb(&mut self, chunk: Chunk) -> Result<()> {
        for (stream, first) in chunk.cursor.iter().flat_map(|cursor| cursor.skipped()) {
            self.skipped.advance(*stream, *first);
        }
        self.buffer.extend(chunk.events);
        let is_limit_reached = self.count_down();
        self.is_round_read = chunk.is_end && !is_limit_reached;
        match chunk.cursor {
            _ if is_limit_reached => self.stage = Stage::Ended,
            Some(cursor) if !chunk.is_end => {
                self.spot.leave(cursor);
                self.stage = Stage::Open;
            }
            Some(_) if self.end.is_some() => self.stage = Stage::Ended,
            Some(_) => self.stage = Stage::Rest,
            None => self.begin_again(),
        }
        self.settle();
        chunk.error.map_or(Ok(()), Err)
    }

    /// Counts what was read against the limit and says whether it is used up.
    fn count_down(&mut self) -> bool {
        let Some(left) = &mut self.left else {
            return false;
        };
        *left = left.saturating_sub(self.buffer.len() as u64);
        *left == 0
    }

    /// Where a descending round goes on: below what was handed out.
    fn lower_ceiling(&mut self, key: EventKey) {
        let below = key
            .offset
            .get()
            .checked_sub(1)
            .and_then(|below| Offset::new(below).ok());
        match below {
            Some(below) => self.ceiling.set(key.stream, below),
            None => {
                let others = self
                    .ceiling
                    .iter()
                    .filter(|(stream, _)| *stream != key.stream);
                self.ceiling = others.collect();
            }
        }
    }

    /// When a round is handed out, everything up to its upper bound is.
    fn settle(&mut self) {
        if self.is_round_read && self.buffer.is_empty() {
            self.is_round_read = false;
            for (stream, last) in self.upper.iter() {
                self.handed_out.advance(stream, last);
            }
        }
    }
}

impl fmt::Debug for Pull {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pull")
            .field("selection", &self.selection)
            .field("order", &self.order)
            .field("handed_out", &self.handed_out)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

impl Job {
    fn run(self) -> Chunk {
        let recorders = self.state.recorders.clone();
        let taken = Stopwatch::start();
        let chunk = self.read();
        recorders.query.record(taken.elapsed());
        if let Some(error) = &chunk.error
            && error.kind() != ErrorKind::Closed
        {
            tracing::warn!(%error, "reading the log failed");
            count(&recorders.query_failures);
        }
        chunk
    }

    fn read(self) -> Chunk {
        let _span = tracing::debug_span!("read", events_max = self.events_max).entered();
        let state = self.state.clone();
        let log = match state.log() {
            Ok(log) => log,
            Err(error) => return self.refused(error),
        };
        let cursor = match self.source {
            Source::Begin(query) => log.query(&query).map(Box::new),
            Source::Continue(cursor) => Ok(cursor),
        };
        match cursor {
            Ok(cursor) => read_chunk(cursor, self.events_max),
            Err(error) => Chunk {
                cursor: None,
                events: Vec::new(),
                is_end: false,
                error: Some(error),
            },
        }
    }

    /// Nothing was read, and it can be tried again.
    fn refused(self, error: Error) -> Chunk {
        let cursor = match self.source {
            Source::Begin(_) => None,
            Source::Continue(cursor) => Some(cursor),
        };
        Chunk {
            cursor,
            events: Vec::new(),
            is_end: false,
            error: Some(error),
        }
    }
}

/// Reads until the chunk is full or the round ends, so that the end costs no read of its own.
fn read_chunk(mut cursor: Box<Cursor>, events_max: usize) -> Chunk {
    let (mut events, mut bytes) = (Vec::new(), 0);
    let (mut is_end, mut error) = (false, None);
    while !is_end && events.len() < events_max && bytes < CHUNK_BYTES_MAX {
        match cursor.next_chunk(events_max - events.len(), CHUNK_BYTES_MAX - bytes) {
            Ok(more) => {
                is_end = more.is_empty();
                bytes += more
                    .iter()
                    .map(|event| event.content().as_bytes().len())
                    .sum::<usize>();
                events.extend(more);
            }
            // What was read is delivered first; the error comes again with the next read.
            Err(_) if !events.is_empty() => break,
            Err(failed) => {
                error = Some(failed);
                break;
            }
        }
    }
    Chunk {
        cursor: Some(cursor),
        events,
        is_end,
        error,
    }
}

/// Done when there is more than at `position`, or when the node closes.
fn grown(
    mut progress: watch::Receiver<Progress>,
    position: u64,
) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
    Box::pin(async move {
        let is_news = |now: &Progress| now.position != position || now.phase != Phase::Open;
        // The sender lives as long as the state does, which the reading holds.
        let _ = progress.wait_for(is_news).await;
    })
}

fn interrupted(error: &JoinError) -> Error {
    if error.is_panic() {
        Error::new(ErrorKind::Internal, "reading the log panicked").because(error.to_string())
    } else {
        Error::new(
            ErrorKind::Cancelled,
            "the runtime was shut down during a read",
        )
    }
}

fn without_runtime(error: &TryCurrentError) -> Error {
    let message = "async calls need a tokio runtime; use the blocking twin without one";
    Error::new(ErrorKind::Unsupported, message).because(error.to_string())
}
