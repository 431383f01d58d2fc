//! A bound of connections that idle ones cannot use up: the one that is idle for longest makes room
//! for the next. Who has not shown a token yet counts as idle, whatever they do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All connections.
#[derive(Debug)]
pub(crate) struct Seats {
    taken: Mutex<Taken>,
    max: usize,
}

#[derive(Debug, Default)]
struct Taken {
    /// By number.
    seats: BTreeMap<u64, Occupied>,
    /// Counts seats and moments at which one became idle.
    next: u64,
}

#[derive(Debug)]
struct Occupied {
    /// Whether somebody is there who has shown a token.
    is_known: bool,
    /// Requests that are being answered.
    busy: usize,
    /// Since when there is none: smaller is longer.
    idle_since: u64,
    leave: Arc<Notify>,
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    leave: Arc<Notify>,
}

/// Keeps a connection from being idle.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Seat>);

impl Seats {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            taken: Mutex::default(),
            max,
        }
    }

    /// A seat, if need be that of the connection that is idle for longest; none if all are busy.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let mut taken = self.taken();
        if taken.seats.len() >= self.max {
            let idle = taken.seats.iter().filter(|(_, seat)| seat.is_idle());
            let (number, _) = idle.min_by_key(|(_, seat)| seat.idle_since)?;
            let number = *number;
            let seat = taken.seats.remove(&number)?;
            // Whether it waits already or not: it is the only one who does.
            seat.leave.notify_one();
        }
        let number = taken.count();
        let leave = Arc::new(Notify::new());
        let occupied = Occupied {
            is_known: false,
            busy: 0,
            idle_since: number,
            leave: leave.clone(),
        };
        taken.seats.insert(number, occupied);
        Some(Arc::new(Seat {
            seats: self.clone(),
            number,
            leave,
        }))
    }

    /// How many connections there are.
    pub(crate) fn count(&self) -> usize {
        self.taken().seats.len()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Occupied {
    fn is_idle(&self) -> bool {
        self.busy == 0 || !self.is_known
    }
}

impl Seat {
    /// Says that a good token was shown.
    pub(crate) fn make_known(&self) {
        if let Some(seat) = self.seats.taken().seats.get_mut(&self.number) {
            seat.is_known = true;
        }
    }

    /// While this is held the connection is not idle.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        if let Some(seat) = self.seats.taken().seats.get_mut(&self.number) {
            seat.busy += 1;
        }
        Busy(self.clone())
    }

    /// Done when the connection has to make room.
    pub(super) async fn leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut taken = self.0.seats.taken();
        let now = taken.count();
        if let Some(seat) = taken.seats.get_mut(&self.0.number) {
            seat.busy -= 1;
            seat.idle_since = now;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn has_to_leave(seat: &Seat) -> bool {
        seat.leave().now_or_never().is_some()
    }

    #[test]
    fn who_is_idle_for_longest_makes_room() {
        let seats = Arc::new(Seats::new(3));
        let take = || {
            let seat = seats.take().unwrap();
            seat.make_known();
            seat
        };
        let [first, second, third] = [(); 3].map(|()| take());
        drop(first.busy());
        let held = second.busy();
        let fourth = take();
        assert!(has_to_leave(&third) && !has_to_leave(&first) && !has_to_leave(&second));
        let fifth = take();
        assert!(has_to_leave(&first) && !has_to_leave(&second) && !has_to_leave(&fourth));
        let held = [held, fourth.busy(), fifth.busy()];
        assert!(seats.take().is_none());
        drop((first, third));
        assert_eq!(seats.count(), 3);
        drop((second, held));
        assert!(seats.take().is_some());
    }

    #[test]
    fn who_has_shown_no_token_makes_room_whatever_they_do() {
        let seats = Arc::new(Seats::new(2));
        let known = seats.take().unwrap();
        known.make_known();
        let unknown = seats.take().unwrap();
        let _held = [known.busy(), unknown.busy()];
        let _next = seats.take().unwrap();
        assert!(has_to_leave(&unknown) && !has_to_leave(&known));
    }
}
