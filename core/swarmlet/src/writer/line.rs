//! Waiting for room in the queue: first come, first served.
//!
//! Bounds the bytes of events that are queued. Knows nothing of what they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use swarmlet_engine::Result;
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::state::closed;

/// The line of those who wait for room.
#[derive(Debug)]
pub(super) struct Line {
    /// One permit for each byte that may be queued.
    room: Arc<Semaphore>,
    room_bytes: usize,
    turn: Mutex<()>,
    len: AtomicUsize,
}

/// Room in the queue, and the place in the line that is given up once it is used.
pub(super) struct Admitted<'a> {
    pub(super) room: OwnedSemaphorePermit,
    pub(super) place: Option<Place<'a>>,
}

/// A place in the line, given up by dropping; the turn goes first.
pub(super) struct Place<'a> {
    _turn: MutexGuard<'a, ()>,
    _counted: Counted<'a>,
}

/// Counts itself as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl Line {
    pub(super) fn new(room_bytes: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(room_bytes)),
            room_bytes,
            turn: Mutex::new(()),
            len: AtomicUsize::new(0),
        }
    }

    /// Waits for room; a call larger than all of it waits for all of it.
    ///
    /// Whoever waits keeps its place in the line until it is queued, so that calls are queued in
    /// the order in which they were first polled.
    pub(super) async fn admit(&self, bytes: usize) -> Result<Admitted<'_>> {
        let bytes = bytes.clamp(1, self.room_bytes) as u32;
        if self.len.load(Ordering::Acquire) == 0
            && let Ok(room) = self.room.clone().try_acquire_many_owned(bytes)
        {
            return Ok(Admitted { room, place: None });
        }
        let counted = Counted::new(&self.len);
        let turn = self.turn.lock().await;
        let room = self.room.clone().acquire_many_owned(bytes).await;
        let room = room.map_err(|_| closed())?;
        let place = Some(Place {
            _turn: turn,
            _counted: counted,
        });
        Ok(Admitted { room, place })
    }

    /// Sends everybody away who waits or comes.
    pub(super) fn close(&self) {
        self.room.close();
    }

    /// Bytes that are queued or being written.
    pub(super) fn bytes(&self) -> u64 {
        self.room_bytes
            .saturating_sub(self.room.available_permits()) as u64
    }
}

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
