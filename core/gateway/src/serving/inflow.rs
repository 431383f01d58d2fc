//! A bound on what was received and not dealt with yet, of all connections together.
//!
//! Each connection has a little for itself. Who sends more draws on what all share, waits when it
//! is used up, and gives it back when the request or message was dealt with. It is drawn at once,
//! before the rest is received: if some of it were held while waiting for more, connections that
//! wait for each other would all wait for ever.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

use super::reservoir::Reservoir;
use crate::limits::{INFLOW_OWN_BYTES, PUBLISH_BYTES_MAX};

/// What one connection has sent.
#[derive(Debug)]
pub(crate) struct Inflow {
    reservoir: Reservoir,
    /// Bytes that were received and not dealt with.
    pending: AtomicUsize,
    /// Whether these are all of a body: what they wait for is up to us.
    is_whole: AtomicBool,
    /// Whatever the connection may still send, until it is dealt with.
    drawn: Mutex<Option<Room>>,
}

/// Room that was drawn.
#[derive(Debug)]
struct Room {
    _permit: OwnedSemaphorePermit,
    /// Bytes that may be received with it.
    bytes_max: usize,
}

impl Inflow {
    pub(super) fn new(reservoir: Reservoir) -> Self {
        Self {
            reservoir,
            pending: AtomicUsize::new(0),
            is_whole: AtomicBool::new(false),
            drawn: Mutex::default(),
        }
    }

    /// Whatever came so far was dealt with.
    pub(crate) fn settle(&self) {
        self.pending.store(0, Relaxed);
        self.is_whole.store(false, Relaxed);
        self.drawn().take();
    }

    /// The last of a body came: the peer has done its part until this is dealt with.
    pub(crate) fn complete(&self) {
        self.is_whole.store(true, Relaxed);
    }

    /// Waits for room for a body of so many bytes, before it is received.
    pub(crate) async fn prepare(&self, bytes: usize) {
        if bytes <= INFLOW_OWN_BYTES || self.is_drawing() {
            return;
        }
        // Nobody closes the semaphore.
        if let Some(room) = self.reservoir.clone().draw(bytes).await {
            // Who reads the body bounds it; what is around its parts is not kept.
            self.hold(room, usize::MAX);
        }
    }

    /// Waits for room for a message of whose size nothing is known.
    pub(super) fn draw_message(
        &self,
    ) -> impl Future<Output = Option<OwnedSemaphorePermit>> + Send + use<> {
        self.reservoir.clone().draw(PUBLISH_BYTES_MAX)
    }

    /// Whether more may be received.
    pub(super) fn has_room(&self) -> bool {
        let drawn = self.drawn().as_ref().map_or(0, |room| room.bytes_max);
        self.pending.load(Relaxed) < drawn.saturating_add(INFLOW_OWN_BYTES)
    }

    /// Whether something of what all share is held.
    pub(super) fn is_drawing(&self) -> bool {
        self.drawn().is_some()
    }

    /// Whether it is held until the peer goes on.
    pub(super) fn is_unfinished(&self) -> bool {
        self.is_drawing() && !self.is_whole.load(Relaxed)
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.pending.fetch_add(bytes, Relaxed);
    }

    /// Takes room for a message.
    pub(super) fn take_in(&self, room: OwnedSemaphorePermit) {
        self.hold(room, PUBLISH_BYTES_MAX);
    }

    fn hold(&self, permit: OwnedSemaphorePermit, bytes_max: usize) {
        *self.drawn() = Some(Room {
            _permit: permit,
            bytes_max,
        });
    }

    fn drawn(&self) -> std::sync::MutexGuard<'_, Option<Room>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::INFLOW_BYTES_MAX;
    use futures::FutureExt as _;

    #[test]
    fn who_sends_much_draws_on_what_all_share_until_it_is_dealt_with() {
        let reservoir = Reservoir::new(INFLOW_BYTES_MAX);
        let [one, other] = [(); 2].map(|()| Inflow::new(reservoir.clone()));
        one.receive(INFLOW_OWN_BYTES - 1);
        assert!(one.has_room() && !one.is_drawing());
        one.receive(1);
        assert!(!one.has_room());
        assert_eq!(one.prepare(INFLOW_BYTES_MAX).now_or_never(), Some(()));
        assert!(one.has_room() && one.is_drawing());
        other.receive(INFLOW_OWN_BYTES);
        assert!(!other.has_room());
        assert!(other.draw_message().now_or_never().is_none());
        one.settle();
        assert!(one.has_room() && !one.is_drawing());
        let room = other.draw_message().now_or_never();
        other.take_in(room.flatten().unwrap());
        other.receive(PUBLISH_BYTES_MAX - 1);
        assert!(other.has_room());
        other.receive(1);
        assert!(!other.has_room());
    }

    #[test]
    fn what_waits_for_room_holds_none() {
        let reservoir = Reservoir::new(INFLOW_BYTES_MAX);
        let connections = [(); 3].map(|()| Inflow::new(reservoir.clone()));
        let mut waiting = connections
            .each_ref()
            .map(|connection| Box::pin(connection.prepare(9 * 1024 * 1024)));
        for (index, connection) in connections.iter().enumerate() {
            for waiting in &mut waiting[index..] {
                let _ = waiting.now_or_never();
            }
            assert!(connection.is_drawing(), "{index}");
            connection.settle();
        }
    }
}
