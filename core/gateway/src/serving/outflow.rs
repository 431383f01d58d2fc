//! A bound on what waits to be sent, of all connections together.
//!
//! Each connection has a little for itself, which the usual answer fits into. A larger one draws on
//! what all share before it is handed to the connection, and waits when that is used up. Whoever
//! has drawn on it and does not take what was drawn for is cut off, so that nobody keeps it from
//! the others for long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::reservoir::Reservoir;
use crate::limits::{ANSWER_BYTES_PER_SEC_MIN, OUTFLOW_OWN_BYTES};

/// What waits to be sent on one connection.
#[derive(Debug)]
pub(crate) struct Outflow {
    reservoir: Reservoir,
    /// How long a connection has in any case.
    grace: Duration,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Bytes for which nothing was drawn.
    own_bytes: usize,
    /// How many answers hold something of what all share.
    drawn: usize,
    /// When they have to be gone.
    due: Option<Instant>,
}

/// Room for an answer, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    outflow: Arc<Outflow>,
    own_bytes: usize,
    drawn: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Bytes that hold it as long as somebody has them.
    pub(crate) fn house(self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Housed { bytes, _room: self })
    }
}

struct Housed {
    bytes: Vec<u8>,
    _room: Room,
}

impl AsRef<[u8]> for Housed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Outflow {
    pub(crate) fn new(reservoir: Reservoir, grace: Duration) -> Self {
        Self {
            reservoir,
            grace,
            waiting: Mutex::default(),
        }
    }

    /// Waits for room for an answer of so many bytes.
    pub(crate) async fn draw(self: &Arc<Self>, bytes: usize) -> Room {
        if let Some(room) = self.own(bytes) {
            return room;
        }
        // Nobody closes the semaphore.
        let drawn = self.reservoir.clone().draw(bytes).await;
        let rate = ANSWER_BYTES_PER_SEC_MIN as f64;
        let needed = Duration::from_secs_f64(bytes as f64 / rate);
        let mut waiting = self.waiting();
        waiting.drawn += 1;
        // Who goes on asking has no more time for what was asked for before.
        let due = waiting.due.unwrap_or_else(|| Instant::now() + self.grace);
        waiting.due = Some(due + needed);
        Room {
            outflow: self.clone(),
            own_bytes: 0,
            drawn,
        }
    }

    /// When the peer has to have taken what waits for it, if somebody may be waiting for that.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting().due
    }

    /// Room of the connection itself.
    fn own(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let mut waiting = self.waiting();
        if bytes > OUTFLOW_OWN_BYTES - waiting.own_bytes {
            return None;
        }
        waiting.own_bytes += bytes;
        Some(Room {
            outflow: self.clone(),
            own_bytes: bytes,
            drawn: None,
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut waiting = self.outflow.waiting();
        waiting.own_bytes -= self.own_bytes;
        if self.drawn.take().is_some() {
            waiting.drawn -= 1;
            if waiting.drawn == 0 {
                waiting.due = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::OUTFLOW_BYTES_MAX;
    use futures::FutureExt as _;

    #[test]
    fn small_answers_have_room_whatever_others_hold() {
        let reservoir = Reservoir::new(OUTFLOW_BYTES_MAX);
        let outflow = || Arc::new(Outflow::new(reservoir.clone(), Duration::from_secs(1)));
        let [one, other] = [(); 2].map(|()| outflow());
        let all = one.draw(OUTFLOW_BYTES_MAX).now_or_never().unwrap();
        assert!(one.due().is_some() && other.due().is_none());
        let own = other.draw(OUTFLOW_OWN_BYTES).now_or_never().unwrap();
        assert!(other.draw(1).now_or_never().is_none());
        drop(own);
        let small = other.draw(1).now_or_never().unwrap();
        assert!(other.draw(OUTFLOW_OWN_BYTES).now_or_never().is_none());
        drop(all);
        assert!(one.due().is_none());
        let large = other.draw(OUTFLOW_OWN_BYTES).now_or_never().unwrap();
        assert!(other.due().is_some());
        drop((small, large));
        assert!(other.due().is_none());
        assert!(one.draw(OUTFLOW_BYTES_MAX).now_or_never().is_some());
    }
}
