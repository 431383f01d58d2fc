//! The bounded buffer between the task that reads and the front that takes. Knows no runtime.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use swarmlet::{Item, Offsets, Output};
use tokio::sync::Notify;

use super::shown::{Buffer, Locked, Look, Shown};
use crate::failure::{Failure, Result};

/// Outputs read ahead: four chunks keep a front busy while the next is read.
const OUTPUTS_MAX: usize = 1024;
/// Bytes read ahead; one chunk more than this can be there.
const BYTES_MAX: usize = 1024 * 1024;
/// What an output costs beside its tags and payload.
const OUTPUT_BYTES: usize = 160;

/// What was read in one go.
struct Chunk {
    outputs: std::vec::IntoIter<Output>,
    /// How far the reader was after it.
    reached: Offsets,
}

/// What is there, and how far what was taken reaches.
#[derive(Default)]
pub struct Ahead {
    chunks: VecDeque<Chunk>,
    outputs: usize,
    bytes: usize,
    offsets: Offsets,
    skipped: Offsets,
    end: Option<Result<()>>,
    /// The call that the outputs are of.
    operation: &'static str,
    wanted: Wanted,
    is_full: bool,
}

/// What the front wants to see.
#[derive(Default, PartialEq, Eq)]
enum Wanted {
    /// It has not looked yet, so nothing may be dropped.
    #[default]
    Unknown,
    /// Nothing but rows.
    Rows,
    /// Everything.
    All,
}

/// Outputs that were read ahead; shared by the reading task and the handle.
pub struct Outputs {
    ahead: Shown<Ahead>,
    room: Notify,
    /// Whether what is wanted is known.
    is_begun: AtomicBool,
}

impl Outputs {
    /// Empty, with the offsets at which reading starts.
    pub(super) fn new(operation: &'static str, offsets: Offsets) -> Self {
        let ahead = Ahead {
            offsets,
            operation,
            ..Ahead::default()
        };
        Self {
            ahead: Shown::new(ahead),
            room: Notify::new(),
            is_begun: AtomicBool::new(false),
        }
    }

    /// Waits until there is room; for the one reading task.
    pub(super) async fn room(&self) {
        loop {
            {
                let mut state = self.state();
                state.is_full = state.outputs >= OUTPUTS_MAX || state.bytes >= BYTES_MAX;
                if !state.is_full {
                    return;
                }
            }
            self.room.notified().await;
        }
    }

    /// Adds what was read, and how far the reader is now.
    pub(super) fn push(&self, outputs: Vec<Output>, reached: Offsets, skipped: &Offsets) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        if state.skipped != *skipped {
            state.skipped = skipped.clone();
        }
        state.outputs += outputs.len();
        state.bytes += outputs.iter().map(bytes).sum::<usize>();
        match state.chunks.back_mut() {
            Some(last) if outputs.is_empty() => last.reached = reached,
            _ => state.chunks.push_back(Chunk {
                outputs: outputs.into_iter(),
                reached,
            }),
        }
        state.settle();
        state.shed();
        state.wake();
    }

    /// From here on outputs of all sorts are shown, not rows only.
    pub(super) fn show_all(&self) {
        self.state().wanted = Wanted::All;
        self.is_begun.store(true, Ordering::Release);
    }

    /// Takes at most `max` outputs of those that are there; never waits.
    pub(super) fn take(&self, max: usize) -> Vec<Output> {
        let mut state = self.state();
        let mut taken = Vec::with_capacity(max.min(state.outputs));
        while taken.len() < max
            && let Some(output) = state.take_next()
        {
            taken.push(output);
        }
        self.make_room(state);
        taken
    }

    /// Takes the next output if there is one; never waits.
    pub(super) fn take_one(&self) -> Option<Output> {
        let mut state = self.state();
        let output = state.take_next()?;
        self.make_room(state);
        Some(output)
    }

    /// How far what was taken reaches: the lower bound with which a new stream would go on.
    pub(super) fn offsets(&self) -> Offsets {
        self.state().offsets.clone()
    }

    /// The first offset that is still kept of streams whose start lies before it.
    pub(super) fn skipped(&self) -> Offsets {
        self.state().skipped.clone()
    }

    /// Lets the reader go on once half of the room is free: waking it for each output costs more.
    fn make_room(&self, mut state: Locked<'_, Ahead>) {
        let is_roomy = state.outputs <= OUTPUTS_MAX / 2 && state.bytes <= BYTES_MAX / 2;
        if state.is_full && is_roomy {
            state.is_full = false;
            drop(state);
            self.room.notify_one();
        }
    }

    fn state(&self) -> Locked<'_, Ahead> {
        self.ahead.lock()
    }
}

impl Buffer for Outputs {
    type State = Ahead;

    fn shown(&self) -> &Shown<Ahead> {
        &self.ahead
    }

    /// Whoever looks without having asked for everything wants rows.
    fn begin(&self) {
        if self.is_begun.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state();
        if state.wanted == Wanted::Unknown {
            state.wanted = Wanted::Rows;
            state.shed();
        }
        self.is_begun.store(true, Ordering::Release);
        self.make_room(state);
    }

    fn end(&self, result: Result<()>) {
        let mut state = self.state();
        state.end.get_or_insert(result);
        state.wake();
    }

    fn cancel(&self) {
        let mut state = self.state();
        state.chunks.clear();
        state.outputs = 0;
        state.bytes = 0;
        state.end = Some(Ok(()));
        state.wake();
    }
}

impl Look for Ahead {
    fn has_something(&self) -> bool {
        self.outputs > 0
    }

    fn end(&self) -> Option<&Result<()>> {
        self.end.as_ref()
    }
}

impl Ahead {
    fn pop(&mut self) -> Option<Output> {
        let chunk = self.chunks.front_mut()?;
        let output = chunk.outputs.next()?;
        if let Some(key) = output.settled {
            self.offsets.advance(key.stream, key.offset);
        }
        self.outputs -= 1;
        self.bytes -= bytes(&output);
        self.settle();
        Some(output)
    }

    /// Takes the next output, and those behind it that nobody wants to see.
    fn take_next(&mut self) -> Option<Output> {
        let output = self.pop();
        self.shed();
        output
    }

    /// Drops what nobody wants to see from the front; an output that ends the query becomes the end
    /// of the stream.
    fn shed(&mut self) {
        while self.wanted == Wanted::Rows
            && let Some(next) = self.front()
            && !matches!(next, Item::Row(_))
        {
            let error = next.to_error();
            let failure = error.map(|error| Failure::from(error.during(self.operation)));
            self.pop();
            if let Some(failure) = failure {
                self.end = Some(Err(failure));
            }
        }
    }

    fn front(&self) -> Option<&Item> {
        let chunk = self.chunks.front()?;
        chunk.outputs.as_slice().first().map(|output| &output.item)
    }

    /// Of a chunk that was taken whole, what remains is how far it reached.
    fn settle(&mut self) {
        while let Some(chunk) = self.chunks.front()
            && chunk.outputs.as_slice().is_empty()
            && let Some(chunk) = self.chunks.pop_front()
        {
            self.offsets = chunk.reached;
        }
    }
}

fn bytes(output: &Output) -> usize {
    let own = match &output.item {
        Item::Row(row) | Item::AntiRow(row) => row.bytes(),
        Item::Diagnostic(diagnostic) => diagnostic.message.len(),
        _ => 0,
    };
    own + OUTPUT_BYTES
}
