//! The writer: callers queue, one of them or the writer thread commits what is queued.
//!
//! The log travels: whoever commits takes it out of the queue's seat and puts it back, so there
//! is one lock, never held while the disk works. A blocking caller who finds the log free commits
//! by itself, which saves two changes of thread a publish; everybody else queues and the writer
//! thread commits the queue in groups. Nothing is delayed to make groups larger.
//!
//! Encoding happens before events come here. Nothing here reads events.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use swarmlet_engine::limits::{GROUP_BYTES_MAX, GROUP_EVENTS_MAX};
use swarmlet_engine::log::{Durability, Log, Publish, Published};
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::clock::Stopwatch;
use crate::maintenance::{Outcome, Upkeep};
use crate::metrics::count;
use crate::park::block_on;
use crate::state::{State, closed};

/// The queue in front of the log.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    /// Wakes the writer thread.
    work: Condvar,
    /// One permit for each byte that may wait.
    room: Arc<Semaphore>,
    room_bytes: usize,
    state: Arc<State>,
    upkeep: Arc<Upkeep>,
}

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Request>,
    seat: Seat,
    is_closing: bool,
    /// Set from a commit until the end of the log is marked.
    unsettled: Option<Unsettled>,
    is_buffered: bool,
    /// Bytes committed since maintenance was last asked to look.
    bytes_unpoked: usize,
}

/// Since when the end of the log has no mark, and when the last commit was.
#[derive(Clone, Copy, Debug)]
struct Unsettled {
    first: Stopwatch,
    last: Stopwatch,
}

/// Where the log is.
#[derive(Debug)]
enum Seat {
    Free(Box<Log>),
    Taken,
    /// A commit panicked: nobody knows what state the log was in.
    Lost,
}

#[derive(Debug)]
struct Request {
    publish: Publish,
    waited: Stopwatch,
    reply: oneshot::Sender<Result<Vec<Published>>>,
    room: OwnedSemaphorePermit,
}

/// What the writer thread does next.
enum Turn {
    Commit(Box<Log>, Vec<Request>),
    Settle(Box<Log>),
    Refuse(Vec<Request>),
    Finish(Option<Box<Log>>),
}

type Reply = oneshot::Receiver<Result<Vec<Published>>>;

impl Writer {
    pub(crate) fn new(
        log: Log,
        durability: Durability,
        room_bytes: usize,
        state: Arc<State>,
        upkeep: Arc<Upkeep>,
    ) -> Self {
        let queue = Queue {
            waiting: VecDeque::new(),
            seat: Seat::Free(Box::new(log)),
            is_closing: false,
            unsettled: None,
            is_buffered: durability == Durability::Buffered,
            bytes_unpoked: 0,
        };
        Self {
            queue: Mutex::new(queue),
            work: Condvar::new(),
            room: Arc::new(Semaphore::new(room_bytes)),
            room_bytes,
            state,
            upkeep,
        }
    }

    /// Queues and waits for the acknowledgement. Once queued, it completes even if this is dropped.
    pub(crate) async fn publish(&self, publish: Publish) -> Result<Vec<Published>> {
        let room = self.admit(&publish).await?;
        let (request, reply) = Request::new(publish, room);
        self.enqueue(request)?;
        reply.await.unwrap_or_else(|_| Err(abandoned()))
    }

    /// As [`Writer::publish`], committing on the caller's thread if nobody else is.
    pub(crate) fn publish_blocking(&self, publish: Publish) -> Result<Vec<Published>> {
        let room = block_on(self.admit(&publish))?;
        let (request, reply) = Request::new(publish, room);
        if let Some((log, request)) = self.lead_or_enqueue(request)? {
            self.commit(log, vec![request]);
        }
        block_on(reply).unwrap_or_else(|_| Err(abandoned()))
    }

    /// Bytes that wait to be written.
    pub(crate) fn queue_bytes(&self) -> u64 {
        self.room_bytes
            .saturating_sub(self.room.available_permits()) as u64
    }

    /// Accepts nothing more; the writer thread writes what is queued and ends.
    pub(crate) fn begin_close(&self) {
        self.state.begin_close();
        self.room.close();
        self.lock().is_closing = true;
        self.work.notify_one();
    }

    /// The writer thread. Returns the log when the node is closing and everything is written.
    pub(crate) fn run(&self) -> Option<Box<Log>> {
        loop {
            match self.next_turn() {
                Turn::Commit(log, group) => self.commit(log, group),
                Turn::Settle(log) => self.settle(log),
                Turn::Refuse(group) => group.into_iter().for_each(|one| one.refuse(lost())),
                Turn::Finish(log) => return log,
            }
        }
    }

    /// Waits for room in the queue; a call larger than the queue waits for all of it.
    async fn admit(&self, publish: &Publish) -> Result<OwnedSemaphorePermit> {
        let bytes = publish.bytes().clamp(1, self.room_bytes) as u32;
        let admitted = self.room.clone().acquire_many_owned(bytes).await;
        admitted.map_err(|_| closed())
    }

    fn enqueue(&self, request: Request) -> Result<()> {
        let mut queue = self.lock();
        queue.check()?;
        queue.waiting.push_back(request);
        // Whoever has the log looks at the queue before leaving it.
        if matches!(queue.seat, Seat::Free(_)) {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Gives the request back with the log if the caller is to commit it.
    fn lead_or_enqueue(&self, request: Request) -> Result<Option<(Box<Log>, Request)>> {
        let mut queue = self.lock();
        queue.check()?;
        if queue.waiting.is_empty()
            && let Some(log) = queue.take_log()
        {
            return Ok(Some((log, request)));
        }
        queue.waiting.push_back(request);
        Ok(None)
    }

    fn next_turn(&self) -> Turn {
        let mut queue = self.lock();
        loop {
            if let Some(turn) = queue.turn() {
                return turn;
            }
            let woken = match queue.unsettled {
                Some(_) => self
                    .work
                    .wait_timeout(queue, IDLE)
                    .map(|(queue, _)| queue)
                    .ok(),
                None => self.work.wait(queue).ok(),
            };
            queue = woken.unwrap_or_else(|| self.lock());
        }
    }

    /// Commits a group and answers everybody in it.
    fn commit(&self, mut log: Box<Log>, group: Vec<Request>) {
        let taken = Stopwatch::start();
        let (publishes, callers): (Vec<_>, Vec<_>) = group.into_iter().map(Request::split).unzip();
        let events: usize = publishes.iter().map(|publish| publish.events().len()).sum();
        let bytes: usize = publishes.iter().map(Publish::bytes).sum();
        let span = tracing::debug_span!("commit", requests = publishes.len(), events, bytes);
        let entered = span.entered();
        let commit = AssertUnwindSafe(|| {
            self.wait_for_room(&log)?;
            log.commit(&publishes, self.state.clock.now())
        });
        let outcome = catch_unwind(commit);
        let is_lost = outcome.is_err();
        let committed = outcome.unwrap_or_else(|_| Err(lost()));
        self.state.recorders.append.record(taken.elapsed());
        if committed.is_ok() {
            self.state.advance(events as u64);
        }
        self.answer(callers, committed);
        drop(entered);
        if is_lost {
            // Its memory may contradict the disk; opening again reads the disk.
            drop(catch_unwind(AssertUnwindSafe(|| drop(log))));
            self.lose();
        } else {
            self.give_back(log, bytes + events);
        }
    }

    fn answer(&self, callers: Vec<Caller>, committed: Result<Vec<Vec<Published>>>) {
        let recorders = &self.state.recorders;
        for caller in &callers {
            recorders.publish.record(caller.waited.elapsed());
        }
        match committed {
            Ok(answers) => {
                debug_assert_eq!(answers.len(), callers.len());
                for (caller, published) in callers.into_iter().zip(answers) {
                    caller.answer(Ok(published));
                }
            }
            Err(error) => {
                tracing::warn!(%error, requests = callers.len(), "a commit failed");
                let error = Arc::new(error);
                for caller in callers {
                    count(&recorders.publish_failures);
                    caller.answer(Err(shared(&error)));
                }
            }
        }
    }

    /// Waits while sealing is behind, but not for sealing that fails.
    fn wait_for_room(&self, log: &Log) -> Result<()> {
        let mut idle = 0;
        while !log.has_room() {
            match self.upkeep.attempt() {
                Outcome::Worked => idle = 0,
                Outcome::Failed(error) => return Err(shared(&error)),
                // An attempt that was under way may not have seen the newest file yet.
                Outcome::Idle if idle < 3 => idle += 1,
                Outcome::Idle => {
                    let message = "the log has no room and maintenance nothing to do";
                    return Err(Error::new(ErrorKind::Internal, message));
                }
            }
        }
        Ok(())
    }

    /// Marks the end of the log, so that later damage to the last group is told from a torn write.
    fn settle(&self, mut log: Box<Log>) {
        let mut queue = self.lock();
        queue.unsettled = None;
        let is_buffered = queue.is_buffered;
        drop(queue);
        let synced = if is_buffered { log.sync() } else { Ok(()) };
        if let Err(error) = synced.and_then(|()| log.mark_idle()) {
            tracing::error!(%error, "the end of the log cannot be marked");
        }
        self.give_back(log, 0);
    }

    fn give_back(&self, log: Box<Log>, bytes_committed: usize) {
        let mut queue = self.lock();
        queue.seat = Seat::Free(log);
        let is_first = bytes_committed > 0 && queue.note_commit();
        queue.bytes_unpoked += bytes_committed;
        let is_poke_due = queue.bytes_unpoked >= POKE_BYTES;
        if is_poke_due {
            queue.bytes_unpoked = 0;
        }
        let is_wanted = is_first || queue.is_closing || !queue.waiting.is_empty();
        drop(queue);
        if is_wanted {
            self.work.notify_one();
        }
        if is_poke_due {
            self.upkeep.poke();
        }
    }

    fn lose(&self) {
        self.lock().seat = Seat::Lost;
        self.work.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn check(&self) -> Result<()> {
        match self.seat {
            _ if self.is_closing => Err(closed()),
            Seat::Lost => Err(lost()),
            Seat::Free(_) | Seat::Taken => Ok(()),
        }
    }

    /// Says whether the end of the log was marked until now.
    fn note_commit(&mut self) -> bool {
        let now = Stopwatch::start();
        let first = self.unsettled.map_or(now, |since| since.first);
        self.unsettled
            .replace(Unsettled { first, last: now })
            .is_none()
    }

    fn is_settling_due(&self) -> bool {
        self.unsettled.is_some_and(|since| {
            since.last.elapsed() >= IDLE || self.is_buffered && since.first.elapsed() >= SYNC_PERIOD
        })
    }

    fn turn(&mut self) -> Option<Turn> {
        match self.seat {
            Seat::Taken => return None,
            Seat::Lost if self.waiting.is_empty() => {
                return self.is_closing.then_some(Turn::Finish(None));
            }
            Seat::Lost => return Some(Turn::Refuse(self.waiting.drain(..).collect())),
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

    fn take_log(&mut self) -> Option<Box<Log>> {
        match std::mem::replace(&mut self.seat, Seat::Taken) {
            Seat::Free(log) => Some(log),
            other => {
                self.seat = other;
                None
            }
        }
    }

    /// As many requests from the front as make one group; at least one.
    fn take_group(&mut self) -> Vec<Request> {
        let (mut events, mut bytes) = (0, 0);
        let fits = self.waiting.iter().take_while(|request| {
            events += request.publish.events().len();
            bytes += request.publish.bytes();
            events <= GROUP_EVENTS_MAX && bytes <= GROUP_BYTES_MAX
        });
        let count = fits.count().max(1).min(self.waiting.len());
        self.waiting.drain(..count).collect()
    }
}

/// Who waits for an answer.
struct Caller {
    waited: Stopwatch,
    reply: oneshot::Sender<Result<Vec<Published>>>,
    room: OwnedSemaphorePermit,
}

impl Caller {
    fn answer(self, outcome: Result<Vec<Published>>) {
        let Self { reply, room, .. } = self;
        // First, so that whoever has the answer finds the room free.
        drop(room);
        // A caller that no longer waits has dropped its end; the events are there all the same.
        let _ = reply.send(outcome);
    }
}

impl Request {
    fn new(publish: Publish, room: OwnedSemaphorePermit) -> (Self, Reply) {
        let (reply, receiver) = oneshot::channel();
        let waited = Stopwatch::start();
        (
            Self {
                publish,
                waited,
                reply,
                room,
            },
            receiver,
        )
    }

    fn split(self) -> (Publish, Caller) {
        let Self {
            publish,
            waited,
            reply,
            room,
        } = self;
        (
            publish,
            Caller {
                waited,
                reply,
                room,
            },
        )
    }

    fn refuse(self, error: Error) {
        self.split().1.answer(Err(error));
    }
}

/// The error of a group or of maintenance, for one of several callers.
fn shared(error: &Arc<Error>) -> Error {
    Error::new(error.kind(), "nothing was published").because(error.clone())
}

fn lost() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a commit panicked, so writing was stopped; open the node again",
    )
}

fn abandoned() -> Error {
    Error::new(
        ErrorKind::Internal,
        "the writer ended without an answer; the outcome is unknown",
    )
}

/// How long nobody publishes until the end of the log is marked: marking every commit would
/// double the writes of a caller who publishes one event after the other.
const IDLE: Duration = Duration::from_millis(50);
/// How much may be lost to a power failure when `buffered` was chosen.
const SYNC_PERIOD: Duration = Duration::from_secs(1);
/// Committed bytes after which maintenance looks whether a log file is full: a fraction of a file.
const POKE_BYTES: usize = 1024 * 1024;
