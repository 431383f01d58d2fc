//! The writer: callers queue, one of them or the writer thread commits what is queued.
//!
//! The log travels: whoever commits takes it out of the queue's seat and puts it back, so there
//! is one lock, never held while the disk works. A blocking caller who finds the log free commits
//! by itself, which saves two changes of thread a publish; everybody else queues and the writer
//! thread commits the queue in groups. Nothing is delayed to make groups larger.
//!
//! A commit has two steps: written is enough to show readers what was received; the sync makes the
//! group durable. A small run that finds the log free is written on the thread that received it,
//! and the writer thread syncs it.
//!
//! Encoding happens before events come here. Nothing here reads events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use swarmlet_engine::event::{Incarnation, Run, Timestamp};
use swarmlet_engine::log::{Committed, Durability, Log, Publish, Published};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::begun::{Answers, Begun, Group};
use super::line::Line;
use super::queue::{Landed, Queue, Request, Seat, Stored, Turn, lost};
use crate::clock::Stopwatch;
use crate::limits::{IDLE, POKE_BYTES};
use crate::maintenance::{Outcome, Upkeep};
use crate::metrics::{AppRecorder, count};
use crate::park::block_on;
use crate::state::State;

/// The writing side of a node, in front of the log.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    /// Wakes the writer thread.
    work: Condvar,
    line: Line,
    state: Arc<State>,
    upkeep: Arc<Upkeep>,
}

impl Writer {
    pub(crate) fn new(
        log: Log,
        durability: Durability,
        room_bytes: usize,
        state: Arc<State>,
        upkeep: Arc<Upkeep>,
    ) -> Self {
        Self {
            queue: Mutex::new(Queue::new(log, durability)),
            work: Condvar::new(),
            line: Line::new(room_bytes),
            state,
            upkeep,
        }
    }

    /// Queues what `app` publishes and waits for the acknowledgement. Once queued, it completes
    /// even if this is dropped.
    /// if this is dropped.
    pub(crate) async fn publish(
        &self,
        publish: Publish,
        app: &Arc<AppRecorder>,
    ) -> Result<Vec<Published>> {
        let admitted = self.line.admit(publish.bytes()).await?;
        let (request, reply) = Request::new(publish, admitted.room, app.clone());
        self.enqueue(request)?;
        drop(admitted.place);
        reply.await.unwrap_or_else(|_| Err(abandoned()))
    }

    /// As [`Writer::publish`], committing on the caller's thread if nobody else is.
    pub(crate) fn publish_blocking(
        &self,
        publish: Publish,
        app: &Arc<AppRecorder>,
    ) -> Result<Vec<Published>> {
        let admitted = block_on(self.line.admit(publish.bytes()))?;
        let (request, reply) = Request::new(publish, admitted.room, app.clone());
        let leading = self.lead_or_enqueue(request)?;
        drop(admitted.place);
        if let Some((log, request)) = leading {
            self.commit(log, vec![request]);
        }
        block_on(reply).unwrap_or_else(|_| Err(abandoned()))
    }

    /// Writes a run that another node sent, or queues it; `stored` is told what became of it. Does
    /// not wait for a sync.
    pub(crate) fn store(&self, run: Run, stored: Stored) {
        let mut queue = self.lock();
        if let Err(error) = queue.check() {
            drop(queue);
            return stored.tell(Err(error));
        }
        let log = queue.take_log_at_once(run.bytes().len());
        let request = Request::Run(run, stored);
        match log {
            Some(log) => {
                drop(queue);
                let begun = self.begin(log, vec![request]);
                self.lock().seat = Seat::Begun(Box::new(begun));
                self.work.notify_one();
            }
            None => {
                queue.waiting.push_back(request);
                if matches!(queue.seat, Seat::Free(_)) {
                    self.work.notify_one();
                }
            }
        }
    }

    /// What is published from here on goes into the streams of `incarnation`.
    pub(crate) fn begin_incarnation(&self, incarnation: Incarnation) -> Result<()> {
        self.enqueue(Request::Incarnation(incarnation))
    }

    /// Bytes that wait to be written.
    pub(crate) fn queue_bytes(&self) -> u64 {
        self.line.bytes()
    }

    /// Whether a commit panicked, so that nothing more is written.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.lock().seat, Seat::Lost)
    }

    /// Accepts nothing more; the writer thread writes what is queued and ends.
    pub(crate) fn begin_close(&self) {
        self.state.begin_close();
        self.line.close();
        self.lock().is_closing = true;
        self.work.notify_one();
    }

    /// The writer thread. Returns the log when the node is closing and everything is written.
    pub(crate) fn run(&self) -> Option<Box<Log>> {
        loop {
            match self.next_turn() {
                Turn::Commit(log, group) => self.commit(log, group),
                Turn::Complete(begun) => self.complete(*begun),
                Turn::Settle(log) => self.settle(log),
                Turn::Refuse(group) => group.into_iter().for_each(|one| one.refuse(lost())),
                Turn::Finish(log) => return log,
            }
        }
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
            let woken = if queue.is_settled() {
                self.work.wait(queue).ok()
            } else {
                self.work
                    .wait_timeout(queue, IDLE)
                    .map(|(queue, _)| queue)
                    .ok()
            };
            queue = woken.unwrap_or_else(|| self.lock());
        }
    }

    /// Commits a group and answers everybody in it.
    fn commit(&self, log: Box<Log>, group: Vec<Request>) {
        let begun = self.begin(log, group);
        self.complete(begun);
    }

    /// Writes a group, and shows readers what of it was received.
    fn begin(&self, mut log: Box<Log>, group: Vec<Request>) -> Begun {
        let taken = Stopwatch::start();
        let events: usize = group.iter().map(Request::events).sum();
        let bytes: usize = group.iter().map(Request::bytes).sum();
        let span = tracing::debug_span!("commit", requests = group.len(), events, bytes);
        let group = Group::of(group);
        if let Some(incarnation) = group.incarnation {
            log.begin_incarnation(incarnation);
            self.state.recorders.note_epoch(incarnation);
        }
        let write = AssertUnwindSafe(|| {
            self.wait_for_room(&log)?;
            let now = self.state.clock.now();
            let shown = log.append(&group.publishes, &group.runs, now)?;
            self.state.note_shown(shown);
            let is_received = shown > 0;
            Ok(if is_received {
                self.state.clock.now()
            } else {
                now
            })
        });
        let written = span.in_scope(|| catch_unwind(write));
        Begun {
            log,
            answers: group.answers,
            size: bytes + events,
            taken,
            span,
            written,
        }
    }

    /// Makes a group durable and answers everybody in it.
    fn complete(&self, begun: Begun) {
        let Begun {
            mut log,
            answers,
            size,
            taken,
            span,
            written,
        } = begun;
        let entered = span.entered();
        let outcome = written.and_then(|written| {
            let complete = |shown| Ok((log.complete()?, shown));
            catch_unwind(AssertUnwindSafe(|| written.and_then(complete)))
        });
        let is_lost = outcome.is_err();
        let committed = outcome.unwrap_or_else(|_| Err(lost()));
        self.state.recorders.append.record(taken.elapsed());
        if let Ok((committed, _)) = &committed {
            // First whom other nodes wait for.
            self.state.note_durable(committed.events());
            self.state.note_shown(committed.published_events());
        }
        self.answer(answers, committed);
        drop(entered);
        if is_lost {
            // Its memory may contradict the disk; opening again reads the disk.
            drop(catch_unwind(AssertUnwindSafe(|| drop(log))));
            self.lose();
        } else {
            self.give_back(log, size);
        }
    }

    fn answer(&self, answers: Answers, committed: Result<(Committed, Timestamp)>) {
        let Answers { callers, stored } = answers;
        let recorders = &self.state.recorders;
        for caller in &callers {
            recorders.publish.record(caller.waited.elapsed());
        }
        match committed {
            Ok((committed, shown)) => {
                debug_assert_eq!(committed.published.len(), callers.len());
                for (caller, published) in callers.into_iter().zip(committed.published) {
                    caller.answer(Ok(published));
                }
                for (stored, received) in stored.into_iter().zip(committed.received) {
                    stored.tell(Ok(Landed { received, shown }));
                }
            }
            Err(error) => {
                let requests = callers.len() + stored.len();
                tracing::warn!(%error, requests, "a commit failed");
                let error = Arc::new(error);
                for caller in callers {
                    count(&recorders.publish_failures);
                    caller.answer(Err(shared(&error)));
                }
                for stored in stored {
                    stored.tell(Err(shared(&error)));
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
        queue.note_settled();
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

/// The error of a group or of maintenance, for one of several callers. It does not say that nothing
/// was published: after a failed sync the events may be there when the log is opened again.
fn shared(error: &Arc<Error>) -> Error {
    Error::new(error.kind(), "the publish was not acknowledged").because(error.clone())
}

fn abandoned() -> Error {
    Error::new(
        ErrorKind::Internal,
        "the writer ended without an answer; the outcome is unknown",
    )
}
