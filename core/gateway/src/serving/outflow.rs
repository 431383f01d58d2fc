//! A bound on what waits to be sent, of all connections together.
//!
//! Each connection has a little for itself, which the usual answer fits into. A larger one draws on
//! what all share before it is handed to the connection, and waits when that is used up. Whoever
//! does not take what was drawn for is cut off, so that nobody keeps it from the others for long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use futures::task::AtomicWaker;
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
    /// Of whoever sends, and waits for the peer to take something.
    sender: AtomicWaker,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Bytes for which nothing was drawn.
    own_bytes: usize,
    /// How many answers are being sent that hold something of what all share.
    shared: usize,
    /// When they have to be gone.
    due: Option<Instant>,
}

/// Room for an answer, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    outflow: Arc<Outflow>,
    own_bytes: usize,
    drawn: Option<Drawn>,
}

/// A part of what all share.
#[derive(Debug)]
struct Drawn {
    bytes: usize,
    _permit: OwnedSemaphorePermit,
}

/// An answer that is being sent, in its room: how long it takes is up to the peer.
#[derive(Debug)]
pub(crate) struct Sending(Room);

impl Room {
    /// Begins to hold the peer to its time, once there is something for it to take.
    pub(crate) fn begin_sending(self) -> Sending {
        if let Some(drawn) = &self.drawn {
            self.outflow.begin_sending(drawn.bytes);
        }
        Sending(self)
    }

    /// Bytes that are being sent as long as somebody has them.
    pub(crate) fn house(self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Housed {
            bytes,
            _sending: self.begin_sending(),
        })
    }
}

struct Housed {
    bytes: Vec<u8>,
    _sending: Sending,
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
            sender: AtomicWaker::new(),
        }
    }

    /// Waits for room for an answer of so many bytes.
    pub(crate) async fn draw(self: &Arc<Self>, bytes: usize) -> Room {
        if let Some(room) = self.own(bytes) {
            return room;
        }
        // Nobody closes the semaphore.
        let permit = self.reservoir.clone().draw(bytes).await;
        Room {
            outflow: self.clone(),
            own_bytes: 0,
            drawn: permit.map(|_permit| Drawn { bytes, _permit }),
        }
    }

    /// Whether nothing waits for the peer to take it.
    pub(crate) fn is_empty(&self) -> bool {
        let waiting = self.waiting();
        waiting.own_bytes == 0 && waiting.shared == 0
    }

    /// When the peer has to have taken what waits for it, if somebody may be waiting for that.
    /// Whoever waits for the peer is woken when this becomes sooner.
    pub(super) fn due(&self, sender: &Waker) -> Option<Instant> {
        // What changes after this wakes it, what changed before is seen below.
        self.sender.register(sender);
        self.waiting().due
    }

    fn begin_sending(&self, bytes: usize) {
        let rate = ANSWER_BYTES_PER_SEC_MIN as f64;
        let needed = Duration::from_secs_f64(bytes as f64 / rate);
        let mut waiting = self.waiting();
        waiting.shared += 1;
        // Who goes on asking has no more time for what was asked for before.
        let due = waiting.due.unwrap_or_else(|| Instant::now() + self.grace);
        waiting.due = Some(due + needed);
        drop(waiting);
        self.sender.wake();
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
        self.outflow.waiting().own_bytes -= self.own_bytes;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.0.drawn.is_some() {
            let mut waiting = self.0.outflow.waiting();
            waiting.shared -= 1;
            if waiting.shared == 0 {
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
    use futures::task::noop_waker_ref;

    /// Outflows of two connections.
    fn two() -> [Arc<Outflow>; 2] {
        let reservoir = Reservoir::new(OUTFLOW_BYTES_MAX);
        [(); 2].map(|()| Arc::new(Outflow::new(reservoir.clone(), Duration::from_secs(1))))
    }

    fn drawn(outflow: &Arc<Outflow>, bytes: usize) -> Option<Room> {
        outflow.draw(bytes).now_or_never()
    }

    fn is_due(outflow: &Outflow) -> bool {
        outflow.due(noop_waker_ref()).is_some()
    }

    #[test]
    fn small_answers_have_room_whatever_others_hold() {
        let [one, other] = two();
        let all = drawn(&one, OUTFLOW_BYTES_MAX).unwrap();
        let own = drawn(&other, OUTFLOW_OWN_BYTES).unwrap();
        assert!(drawn(&other, 1).is_none());
        drop(own);
        let small = drawn(&other, 1).unwrap();
        assert!(drawn(&other, OUTFLOW_OWN_BYTES).is_none());
        drop(all);
        let large = drawn(&other, OUTFLOW_OWN_BYTES).unwrap();
        drop((small, large));
        assert!(drawn(&one, OUTFLOW_BYTES_MAX).is_some());
    }

    #[test]
    fn the_peer_has_its_time_from_when_there_is_something_to_take() {
        let [one, other] = two();
        let small = drawn(&one, OUTFLOW_OWN_BYTES).unwrap().begin_sending();
        assert!(!is_due(&one) && !one.is_empty());
        // Nothing was read or written yet.
        let [first, second] = [(); 2].map(|()| drawn(&one, OUTFLOW_OWN_BYTES).unwrap());
        assert!(!is_due(&one));
        let first = first.house(Vec::new());
        assert!(is_due(&one) && !is_due(&other));
        let second = second.begin_sending();
        drop(first);
        assert!(is_due(&one));
        drop(second);
        assert!(!is_due(&one));
        drop(drawn(&one, OUTFLOW_OWN_BYTES));
        assert!(!is_due(&one) && !one.is_empty());
        drop(small);
        assert!(one.is_empty());
    }
}
