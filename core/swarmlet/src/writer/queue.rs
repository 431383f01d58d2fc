//! The queue: who waits to be written, where the log is, and what the writer thread does next.
//!
//! Pure state, locked by the writer; nothing here waits or writes.

use std::collections::VecDeque;
use std::sync::Arc;

use swarmlet_engine::event::{Incarnation, Run, Timestamp};
use swarmlet_engine::limits::{GROUP_BYTES_MAX, GROUP_EVENTS_MAX};
use swarmlet_engine::log::{Durability, Log, Publish, Published, Received};
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::begun::Begun;
use crate::clock::Stopwatch;
use crate::limits::{IDLE, SYNC_PERIOD, WRITE_AT_ONCE_BYTES_MAX};
use crate::metrics::AppRecorder;
use crate::state::closed;

/// What the writer's lock protects.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Request>,
    pub(super) seat: Seat,
    pub(super) is_closing: bool,
    /// Set from a commit until the end of the log is marked.
    unsettled: Option<Unsettled>,
    pub(super) is_buffered: bool,
    /// Bytes committed since maintenance was last asked to look.
    pub(super) bytes_unpoked: usize,
}

/// Since when the end of the log has no mark, and when the last commit was.
#[derive(Clone, Copy, Debug)]
struct Unsettled {
    first: Stopwatch,
    last: Stopwatch,
}

/// Where the log is.
#[derive(Debug)]
pub(super) enum Seat {
    Free(Box<Log>),
    Taken,
    /// With a group that is written and waits for its sync.
    Begun(Box<Begun>),
    /// A commit panicked: nobody knows what state the log was in.
    Lost,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Request {
    /// A call, encoded and admitted.
    Publish(Publish, Caller),
    /// A run that another node sent. Whoever received it bounds how many there are.
    Run(Run, Stored),
    /// What comes behind it is written into other streams.
    Incarnation(Incarnation),
}

/// Who waits for an answer.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) waited: Stopwatch,
    reply: oneshot::Sender<Result<Vec<Published>>>,
    room: OwnedSemaphorePermit,
    /// Which app called, and with how many bytes of events.
    app: Arc<AppRecorder>,
    bytes: usize,
}

/// Told what became of a run, on the thread that wrote it: it must not wait.
pub(crate) struct Stored(Box<dyn FnOnce(Result<Landed>) + Send>);

/// What became of a run, and when readers could see what of it was new.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landed {
    pub(crate) received: Received,
    pub(crate) shown: Timestamp,
}

/// What the writer thread does next.
pub(super) enum Turn {
    Commit(Box<Log>, Vec<Request>),
    Complete(Box<Begun>),
    Settle(Box<Log>),
    Refuse(Vec<Request>),
    Finish(Option<Box<Log>>),
}

/// Where the answer to a call comes out.
pub(super) type Reply = oneshot::Receiver<Result<Vec<Published>>>;

impl Queue {
    pub(super) fn new(log: Log, durability: Durability) -> Self {
        Self {
            waiting: VecDeque::new(),
            seat: Seat::Free(Box::new(log)),
            is_closing: false,
            unsettled: None,
            is_buffered: durability == Durability::Buffered,
            bytes_unpoked: 0,
        }
    }

    /// Whether anything can be queued.
    pub(super) fn check(&self) -> Result<()> {
        match self.seat {
            _ if self.is_closing => Err(closed()),
            Seat::Lost => Err(lost()),
            Seat::Free(_) | Seat::Taken | Seat::Begun(_) => Ok(()),
        }
    }

    /// Says whether the end of the log was marked until now.
    pub(super) fn note_commit(&mut self) -> bool {
        let now = Stopwatch::start();
        let first = self.unsettled.map_or(now, |since| since.first);
        self.unsettled
            .replace(Unsettled { first, last: now })
            .is_none()
    }

    /// Says that the end of the log is being marked.
    pub(super) fn note_settled(&mut self) {
        self.unsettled = None;
    }

    pub(super) fn is_settled(&self) -> bool {
        self.unsettled.is_none()
    }

    fn is_settling_due(&self) -> bool {
        self.unsettled.is_some_and(|since| {
            since.last.elapsed() >= IDLE || self.is_buffered && since.first.elapsed() >= SYNC_PERIOD
        })
    }

    /// What the writer thread does next, if the log is free and there is something to do.
    pub(super) fn turn(&mut self) -> Option<Turn> {
        match self.seat {
            Seat::Taken => return None,
            Seat::Lost if self.waiting.is_empty() => {
                return self.is_closing.then_some(Turn::Finish(None));
            }
            Seat::Lost => return Some(Turn::Refuse(self.waiting.drain(..).collect())),
            Seat::Begun(_) => return self.take_begun().map(Turn::Complete),
            Seat::Free(_) => {}
        }
        let is_settling_due = self.is_settling_due();
        if self.waiting.is_empty() && !self.is_closing && !is_settling_due {
            return None;
        }
        let log = self.take_log()?;
        Some(if is_settling_due {
            Turn::Settle(log)
        } else if self.waiting.is_empty() {
            Turn::Finish(Some(log))
        } else {
            Turn::Commit(log, self.take_group())
        })
    }

    /// The log, if nobody is before the caller and a run of so many bytes is written at once.
    pub(super) fn take_log_at_once(&mut self, bytes: usize) -> Option<Box<Log>> {
        let is_ready = match &self.seat {
            Seat::Free(log) => self.waiting.is_empty() && log.has_space_for(bytes),
            Seat::Taken | Seat::Begun(_) | Seat::Lost => false,
        };
        if is_ready && bytes <= WRITE_AT_ONCE_BYTES_MAX {
            self.take_log()
        } else {
            None
        }
    }

    pub(super) fn take_log(&mut self) -> Option<Box<Log>> {
        match std::mem::replace(&mut self.seat, Seat::Taken) {
            Seat::Free(log) => Some(log),
            other => {
                self.seat = other;
                None
            }
        }
    }

    fn take_begun(&mut self) -> Option<Box<Begun>> {
        match std::mem::replace(&mut self.seat, Seat::Taken) {
            Seat::Begun(begun) => Some(begun),
            other => {
                self.seat = other;
                None
            }
        }
    }

    /// As many requests from the front as make one group; at least one.
    fn take_group(&mut self) -> Vec<Request> {
        let (mut events, mut bytes) = (0, 0);
        let fits = self
            .waiting
            .iter()
            .enumerate()
            .take_while(|(place, request)| {
                events += request.events();
                bytes += request.bytes();
                // What was queued before an incarnation is written before it.
                let goes_on = *place == 0 || !matches!(request, Request::Incarnation(_));
                goes_on && events <= GROUP_EVENTS_MAX && bytes <= GROUP_BYTES_MAX
            });
        let count = fits.count().max(1).min(self.waiting.len());
        self.waiting.drain(..count).collect()
    }
}

impl Caller {
    pub(super) fn answer(self, outcome: Result<Vec<Published>>) {
        let Self {
            reply,
            room,
            app,
            bytes,
            ..
        } = self;
        if let Ok(published) = &outcome {
            app.note_published(published.len() as u64, bytes as u64);
        }
        // First, so that whoever has the answer finds the room free.
        drop(room);
        // A caller that no longer waits has dropped its end; the events are there all the same.
        let _ = reply.send(outcome);
    }
}

impl Stored {
    pub(crate) fn new(tell: impl FnOnce(Result<Landed>) + Send + 'static) -> Self {
        Self(Box::new(tell))
    }

    pub(super) fn tell(self, outcome: Result<Landed>) {
        (self.0)(outcome);
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Stored(..)")
    }
}

impl Request {
    pub(super) fn new(
        publish: Publish,
        room: OwnedSemaphorePermit,
        app: Arc<AppRecorder>,
    ) -> (Self, Reply) {
        let (reply, receiver) = oneshot::channel();
        let waited = Stopwatch::start();
        let caller = Caller {
            waited,
            reply,
            room,
            app,
            bytes: publish.bytes(),
        };
        (Self::Publish(publish, caller), receiver)
    }

    pub(super) fn events(&self) -> usize {
        match self {
            Self::Publish(publish, _) => publish.events().len(),
            Self::Run(run, _) => run.events() as usize,
            Self::Incarnation(_) => 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Publish(publish, _) => publish.bytes(),
            Self::Run(run, _) => run.bytes().len(),
            Self::Incarnation(_) => 0,
        }
    }

    /// Answers that it was not written.
    pub(super) fn refuse(self, error: Error) {
        match self {
            Self::Publish(_, caller) => caller.answer(Err(error)),
            Self::Run(_, stored) => stored.tell(Err(error)),
            // It counts from the next opening on.
            Self::Incarnation(_) => {}
        }
    }
}

pub(super) fn lost() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a commit panicked, so writing was stopped; open the node again",
    )
}
