//! Reading the log a chunk at a time, for queries and subscriptions alike.
//!
//! A reading is a sequence of rounds. A round covers the range from what was read so far to a fixed
//! upper bound, in one order; a query has one round, a subscription starts another one whenever the
//! log has grown. Only one chunk is held in memory, and the next is read when it has been handed
//! out: a slow reader costs a chunk, and loses nothing.
//!
//! **Where to resume.** Within a round events come by event key, and within a stream the order of
//! keys is the order of offsets. So after any part of a round the last offset of each stream is
//! exact: all that matches up to it was handed out, nothing after it was. When the whole round was
//! handed out, everything up to its upper bound is settled, also what did not match. Results that
//! stand for many events come out at the end of a round; only then is the round settled.
//!
//! State lives here and not in futures, so a dropped future loses nothing. Reads run on tokio's
//! blocking pool or, for blocking callers, on their own thread; nothing else here waits.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use swarmlet_engine::event::{EventKey, Offset, Offsets};
use swarmlet_engine::log::{Order, Query};
use swarmlet_engine::select::Selection;
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::runtime::{Handle, TryCurrentError};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use super::lag::Lag;
use super::output::{Item, Output};
use super::program::Program;
use super::read::{Chunk, Job, Source};
use crate::limits::{CHUNK_EVENTS_FIRST, CHUNK_GROWTH};
use crate::metrics::AppRecorder;
use crate::parking::Spot;
use crate::state::{Phase, Progress, State};

/// What to read, and what to do with it.
pub(super) struct Reading {
    /// Nothing if the query brings its own values.
    pub(super) selection: Option<Selection>,
    /// Of the first round; later ones are ascending.
    pub(super) order: Order,
    pub(super) lower: Offsets,
    /// The end; a subscription has none.
    pub(super) upper: Option<Offsets>,
    pub(super) program: Program,
}

/// On whose thread the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Tokio's blocking pool.
    Pool,
    /// The thread that polls.
    Caller,
}

/// How long a reading goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Until there is something to take.
    Output,
    /// Until the log was read once, or there is nothing to read.
    Read,
}

/// A reading in progress.
pub(super) struct Pull {
    state: Arc<State>,
    /// Who asks.
    app: Arc<AppRecorder>,
    /// How far a subscription is, as that is told; a query is nowhere.
    lag: Option<Lag>,
    progress: watch::Receiver<Progress>,
    selection: Option<Selection>,
    order: Order,
    end: Option<Offsets>,
    program: Arc<Mutex<Program>>,
    /// Whether offsets move within a round.
    is_settling: bool,
    stage: Stage,
    spot: Arc<Spot>,
    /// Position at which the last round of a subscription began.
    seen: Option<u64>,
    is_caught_up: bool,
    /// How many outputs the next read is for, at most: few at first, so that the first is there
    /// soon.
    outputs_next: usize,
    buffer: VecDeque<Output>,
    /// The last event read of each stream, in effect once the buffer is empty.
    reached: Vec<EventKey>,
    events_read: u64,
    /// The upper bound of the round, settled when all of it was handed out.
    upper: Offsets,
    /// What is left of it in a descending round.
    ceiling: Offsets,
    /// Whether the buffer holds the rest of the round.
    is_round_read: bool,
    /// Where the round goes on.
    position: Offsets,
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

impl Pull {
    pub(super) fn new(state: Arc<State>, app: Arc<AppRecorder>, reading: Reading) -> Self {
        let progress = state.watch();
        let is_endless = reading.upper.is_none();
        let lag = is_endless.then(|| {
            let position = progress.borrow().position;
            let log = state.log().ok();
            Lag::new(app.clone(), position, &reading.lower, log.as_deref())
        });
        let spot = state.parking.spot();
        let is_settling = !reading.program.needs_flush();
        Self {
            state,
            app,
            lag,
            progress,
            selection: reading.selection,
            order: reading.order,
            end: reading.upper,
            program: Arc::new(Mutex::new(reading.program)),
            is_settling,
            stage: Stage::Rest,
            spot,
            seen: None,
            is_caught_up: false,
            outputs_next: CHUNK_EVENTS_FIRST,
            buffer: VecDeque::new(),
            reached: Vec::new(),
            upper: Offsets::new(),
            events_read: 0,
            ceiling: Offsets::new(),
            is_round_read: true,
            position: reading.lower.clone(),
            handed_out: reading.lower,
            skipped: Offsets::new(),
        }
    }

    /// Ready with `true` once there is something to take, with `false` at the end.
    pub(super) fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        place: Place,
        outputs_max: usize,
    ) -> Poll<Result<bool>> {
        self.poll_until(Until::Output, context, place, outputs_max)
    }

    /// As [`Pull::poll_ready`], but ready with `true` also without anything to take.
    pub(super) fn poll_until(
        &mut self,
        until: Until,
        context: &mut Context<'_>,
        place: Place,
        outputs_max: usize,
    ) -> Poll<Result<bool>> {
        loop {
            self.state.check_open()?;
            if !self.buffer.is_empty() {
                return Poll::Ready(Ok(true));
            }
            match &mut self.stage {
                Stage::Rest => self.begin_round(place, outputs_max)?,
                Stage::Open => self.go_on(place, outputs_max)?,
                Stage::Reading(chunk) => match ready!(Pin::new(chunk).poll(context)) {
                    Ok(chunk) => {
                        self.absorb(chunk)?;
                        if until == Until::Read {
                            return Poll::Ready(Ok(true));
                        }
                    }
                    Err(error) => {
                        // After a panic nobody knows what the program has seen.
                        let is_lost = error.is_panic();
                        self.stage = if is_lost { Stage::Ended } else { Stage::Rest };
                        self.settle();
                        return Poll::Ready(Err(interrupted(&error)));
                    }
                },
                Stage::Waiting(grown) => {
                    if grown.as_mut().poll(context).is_pending() {
                        return match until {
                            Until::Output => Poll::Pending,
                            Until::Read => Poll::Ready(Ok(true)),
                        };
                    }
                    self.stage = Stage::Rest;
                }
                Stage::Ended => return Poll::Ready(Ok(false)),
            }
        }
    }

    /// Ready once there may be more than was read, also the end or an error. Reads nothing.
    pub(super) fn poll_news(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.state.check_open().is_err() || !self.buffer.is_empty() {
                return Poll::Ready(());
            }
            let is_between = matches!(self.stage, Stage::Rest) && self.is_round_read;
            let position = self.progress.borrow().position;
            match &mut self.stage {
                // All that there was when the last round began was read.
                Stage::Rest if is_between && self.seen == Some(position) => {
                    self.stage = Stage::Waiting(grown(self.progress.clone(), position));
                }
                Stage::Waiting(grown) => {
                    ready!(grown.as_mut().poll(context));
                    self.stage = Stage::Rest;
                }
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Hands out up to so many of the outputs that are there.
    pub(super) fn take(&mut self, max: usize) -> Vec<Output> {
        let outputs: Vec<Output> = self.buffer.drain(..max.min(self.buffer.len())).collect();
        for key in outputs.iter().filter_map(|output| output.settled) {
            self.hand_out(key);
        }
        self.settle();
        outputs
    }

    /// Takes the last output back that was taken out, to hand it out later.
    pub(super) fn put_back(&mut self, item: Item) {
        self.buffer.push_front(Output::new(item));
    }

    pub(super) fn offsets(&self) -> &Offsets {
        &self.handed_out
    }

    pub(super) fn events_read(&self) -> u64 {
        self.events_read
    }

    pub(super) fn skipped(&self) -> &Offsets {
        &self.skipped
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    fn begin_round(&mut self, place: Place, outputs_max: usize) -> Result<()> {
        let Some(selection) = self.selection.clone() else {
            self.upper = self.state.log()?.present();
            return self.read(Source::Own, place, outputs_max);
        };
        if self.is_round_read {
            self.upper = match &self.end {
                Some(end) => end.clone(),
                None => {
                    let position = self.progress.borrow().position;
                    if self.seen.replace(position) == Some(position) {
                        self.stage = Stage::Waiting(grown(self.progress.clone(), position));
                        return Ok(());
                    }
                    let log = self.state.log()?;
                    let present = log.present();
                    if let Some(lag) = &mut self.lag {
                        lag.begin(position, &self.position, &present, &log);
                    }
                    present
                }
            };
            self.ceiling = self.upper.clone();
            self.is_round_read = false;
        }
        let query = Query {
            selection,
            lower: self.position.clone(),
            upper: Some(self.ceiling.clone()),
            order: self.order,
        };
        self.read(Source::Begin(query), place, outputs_max)
    }

    /// Without its cursor the round begins again where it was, which is exact, because what was
    /// read was handed out when more is asked for.
    fn go_on(&mut self, place: Place, outputs_max: usize) -> Result<()> {
        match self.spot.take() {
            Some(cursor) => self.read(Source::Continue(cursor), place, outputs_max),
            None => {
                self.stage = Stage::Rest;
                Ok(())
            }
        }
    }

    fn read(&mut self, source: Source, place: Place, outputs_max: usize) -> Result<()> {
        let outputs_max = outputs_max.min(self.outputs_next);
        self.outputs_next = self.outputs_next.saturating_mul(CHUNK_GROWTH);
        let job = Job {
            state: self.state.clone(),
            app: self.app.clone(),
            program: self.program.clone(),
            source,
            upper: self.upper.clone(),
            is_live: self.is_caught_up,
            outputs_max,
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
        self.events_read += chunk.events_read;
        self.buffer.extend(chunk.outputs);
        self.reached = chunk.reached;
        match chunk.cursor {
            _ if chunk.is_failed || chunk.is_cut_short => self.stage = Stage::Ended,
            _ if chunk.is_end => self.end_round(),
            Some(cursor) => {
                self.spot.leave(cursor);
                self.stage = Stage::Open;
            }
            None => self.stage = Stage::Rest,
        }
        self.settle();
        chunk.error.map_or(Ok(()), Err)
    }

    fn end_round(&mut self) {
        self.is_round_read = true;
        if self.end.is_some() {
            self.stage = Stage::Ended;
            return;
        }
        if !self.is_caught_up {
            self.is_caught_up = true;
            self.order = Order::Ascending;
            let caught_up = Output::new(Item::CaughtUp(self.upper.clone()));
            self.buffer.push_back(caught_up);
        }
        self.stage = match self.selection {
            Some(_) => Stage::Rest,
            None => Stage::Ended,
        };
    }

    /// Once what was read is handed out, the next read begins behind it; once a round is, all up to
    /// its upper bound is settled.
    fn settle(&mut self) {
        // That all results are out is itself not one of them.
        let is_last = |output: &Output| matches!(output.item, Item::CaughtUp(_));
        if !self.buffer.front().is_none_or(is_last) {
            return;
        }
        for key in std::mem::take(&mut self.reached) {
            if self.order == Order::Descending {
                self.lower_ceiling(key);
                continue;
            }
            let before = self.position.next(key.stream);
            self.position.advance(key.stream, key.offset);
            match self.is_settling {
                true => self.hand_out(key),
                false => self.note_passed(key, before),
            }
        }
        if self.is_round_read {
            for (stream, last) in self.upper.iter() {
                self.position.advance(stream, last);
                self.handed_out.advance(stream, last);
            }
            if let Some(lag) = &self.lag {
                lag.end_round();
            }
        }
        if let (Stage::Ended, Some(lag)) = (&self.stage, &self.lag) {
            lag.end();
        }
    }

    /// All that matches in a stream is handed out up to `key`.
    fn hand_out(&mut self, key: EventKey) {
        let before = self.handed_out.next(key.stream);
        self.handed_out.advance(key.stream, key.offset);
        self.note_passed(key, before);
    }

    /// What its stream has from `before` up to `key` was taken or passed over.
    fn note_passed(&self, key: EventKey, before: u64) {
        if let Some(lag) = &self.lag {
            lag.pass(before, key);
        }
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
