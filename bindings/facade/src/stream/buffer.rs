//! The bounded buffer between the task that reads and the front that takes. Knows no runtime.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use swarmlet::{Event, Offsets};
use tokio::sync::Notify;

use crate::failure::{Failure, Result};

/// Events read ahead: four chunks keep a front busy while the next is read.
const EVENTS_MAX: usize = 1024;
/// Bytes read ahead; one chunk more than this can be there.
const BYTES_MAX: usize = 1024 * 1024;
/// What an event costs beside its tags and payload.
const EVENT_BYTES: usize = 160;

/// Names one watcher, to forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// What a look at a stream shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// There is at least one event to take.
    Events,
    /// There will be none any more.
    Ended,
    /// Nothing yet.
    Waiting,
}

type Watcher = Box<dyn FnOnce() + Send>;

/// What was read in one go.
struct Chunk {
    events: std::vec::IntoIter<Event>,
    /// How far the reader was after it.
    reached: Offsets,
    /// Newest first: a part of it says nothing about the events before that part.
    is_backward: bool,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Chunk>,
    events: usize,
    bytes: usize,
    offsets: Offsets,
    skipped: Offsets,
    end: Option<Result<()>>,
    is_full: bool,
    watchers: BTreeMap<Ticket, Watcher>,
    tickets: u64,
}

/// Shared by the reading task and the handle.
pub(super) struct Buffer {
    state: Mutex<State>,
    arrived: Condvar,
    room: Notify,
}

impl Buffer {
    /// Empty, with the offsets at which reading starts.
    pub(super) fn new(offsets: Offsets) -> Self {
        let state = State {
            offsets,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            arrived: Condvar::new(),
            room: Notify::new(),
        }
    }

    /// Waits until there is room; for the one reading task.
    pub(super) async fn room(&self) {
        loop {
            {
                let mut state = self.state();
                state.is_full = state.events >= EVENTS_MAX || state.bytes >= BYTES_MAX;
                if !state.is_full {
                    return;
                }
            }
            self.room.notified().await;
        }
    }

    /// Adds what was read, and how far the reader is now.
    pub(super) fn push(&self, events: Vec<Event>, reached: Offsets, skipped: &Offsets) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        if state.skipped != *skipped {
            state.skipped = skipped.clone();
        }
        state.events += events.len();
        state.bytes += events.iter().map(bytes).sum::<usize>();
        match state.chunks.back_mut() {
            Some(last) if events.is_empty() => last.reached = reached,
            _ => state.chunks.push_back(Chunk {
                is_backward: is_backward(&events),
                events: events.into_iter(),
                reached,
            }),
        }
        state.settle();
        if state.events > 0 {
            self.wake(state);
        }
    }

    /// Nothing follows: the end, or why it broke off. The first end counts.
    pub(super) fn end(&self, result: Result<()>) {
        let mut state = self.state();
        state.end.get_or_insert(result);
        self.wake(state);
    }

    /// Ends the stream and throws away what was not taken.
    pub(super) fn cancel(&self) {
        let mut state = self.state();
        state.chunks.clear();
        state.events = 0;
        state.bytes = 0;
        state.end = Some(Ok(()));
        self.wake(state);
    }

    /// Looks without waiting. A failure comes after the events that were read before it.
    pub(super) fn look(&self) -> Result<Readiness> {
        self.state().look()
    }

    /// Looks, and waits at most `timeout` while there is nothing to see.
    pub(super) fn look_within(&self, timeout: Duration) -> Result<Readiness> {
        let deadline = Instant::now() + timeout;
        let mut state = self.state();
        while state.is_waiting() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.arrived.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.look()
    }

    /// Calls `watcher` once a look would show something, at once if it does already.
    pub(super) fn watch(&self, watcher: Watcher) -> Ticket {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = Ticket(state.tickets);
        if state.is_waiting() {
            state.watchers.insert(ticket, watcher);
        } else {
            drop(state);
            watcher();
        }
        ticket
    }

    /// The watcher is not wanted any more.
    pub(super) fn forget(&self, ticket: Ticket) {
        let forgotten = self.state().watchers.remove(&ticket);
        drop(forgotten);
    }

    /// Takes at most `max` events of those that are there; never waits.
    pub(super) fn take(&self, max: usize) -> Vec<Event> {
        let mut state = self.state();
        let mut taken = Vec::with_capacity(max.min(state.events));
        while taken.len() < max
            && let Some(event) = state.pop()
        {
            taken.push(event);
        }
        self.make_room(state);
        taken
    }

    /// Takes the next event if there is one; never waits.
    pub(super) fn take_one(&self) -> Option<Event> {
        let mut state = self.state();
        let event = state.pop()?;
        self.make_room(state);
        Some(event)
    }

    /// How far the taken events reach: the lower bound with which a new stream would go on.
    pub(super) fn offsets(&self) -> Offsets {
        self.state().offsets.clone()
    }

    /// The first offset that is still kept of streams whose start lies before it.
    pub(super) fn skipped(&self) -> Offsets {
        self.state().skipped.clone()
    }

    /// Lets the reader go on once half of the room is free: waking it for each event costs more.
    fn make_room(&self, mut state: MutexGuard<'_, State>) {
        let is_roomy = state.events <= EVENTS_MAX / 2 && state.bytes <= BYTES_MAX / 2;
        if state.is_full && is_roomy {
            state.is_full = false;
            drop(state);
            self.room.notify_one();
        }
    }

    /// Wakes everybody, outside of the lock: watchers are code of the binding.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let watchers = std::mem::take(&mut state.watchers);
        drop(state);
        self.arrived.notify_all();
        for watcher in watchers.into_values() {
            watcher();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_waiting(&self) -> bool {
        self.events == 0 && self.end.is_none()
    }

    fn look(&self) -> Result<Readiness, Failure> {
        match &self.end {
            _ if self.events > 0 => Ok(Readiness::Events),
            None => Ok(Readiness::Waiting),
            Some(Ok(())) => Ok(Readiness::Ended),
            Some(Err(failure)) => Err(failure.clone()),
        }
    }

    fn pop(&mut self) -> Option<Event> {
        let chunk = self.chunks.front_mut()?;
        let event = chunk.events.next()?;
        let (stream, offset) = (event.key.stream, event.key.offset);
        if !chunk.is_backward {
            self.offsets.advance(stream, offset);
        }
        self.events -= 1;
        self.bytes -= bytes(&event);
        self.settle();
        Some(event)
    }

    /// Of a chunk that was taken whole, what remains is how far it reached.
    fn settle(&mut self) {
        while let Some(chunk) = self.chunks.front()
            && chunk.events.as_slice().is_empty()
            && let Some(chunk) = self.chunks.pop_front()
        {
            self.offsets = chunk.reached;
        }
    }
}

fn is_backward(events: &[Event]) -> bool {
    matches!(events, [first, second, ..] if first.key > second.key)
}

fn bytes(event: &Event) -> usize {
    event.content().as_bytes().len() + EVENT_BYTES
}
