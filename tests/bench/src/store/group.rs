//! Group commit for stores that have one writer: what waits together is synced together.
//!
//! The first caller that finds the writer idle commits everything that is queued, its own events
//! and those of others; the others wait. Nothing is delayed to make groups larger.

use super::{Hit, Store};
use crate::event::Event;
use anyhow::{Result, bail};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A store that is written by one caller at a time.
pub(super) trait Writer: Send {
    /// Makes all events durable in one transaction.
    fn commit(&mut self, events: &[Event]) -> Result<()>;
    /// As [`Store::query_tag`].
    fn query_tag(&mut self, tag: &str, visit: &mut dyn FnMut(Hit<'_>)) -> Result<()>;
}

/// A writer shared by many callers.
pub(super) struct Grouped<W> {
    queue: Mutex<Queue>,
    committed: Condvar,
    writer: Mutex<W>,
}

#[derive(Default)]
struct Queue {
    events: Vec<Event>,
    /// Calls that have queued their events, and calls whose events are durable.
    calls_queued: u64,
    calls_committed: u64,
    is_committing: bool,
    has_failed: bool,
}

impl<W: Writer> Grouped<W> {
    pub(super) fn new(writer: W) -> Grouped<W> {
        Grouped {
            queue: Mutex::new(Queue::default()),
            committed: Condvar::new(),
            writer: Mutex::new(writer),
        }
    }

    /// Commits what is queued, with the queue open to others meanwhile.
    fn commit_queued<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> Result<()> {
        queue.is_committing = true;
        let events = std::mem::take(&mut queue.events);
        let calls = queue.calls_queued;
        drop(queue);
        let result = locked(&self.writer).commit(&events);
        let mut queue = locked(&self.queue);
        queue.is_committing = false;
        queue.calls_committed = calls;
        queue.has_failed |= result.is_err();
        drop(queue);
        self.committed.notify_all();
        result
    }
}

impl<W: Writer> Store for Grouped<W> {
    fn append(&self, events: &[Event]) -> Result<()> {
        let mut queue = locked(&self.queue);
        queue.events.extend_from_slice(events);
        queue.calls_queued += 1;
        let call = queue.calls_queued;
        while queue.is_committing && queue.calls_committed < call {
            queue = self
                .committed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if queue.has_failed {
            bail!("an earlier commit failed");
        }
        if queue.calls_committed >= call {
            Ok(())
        } else {
            self.commit_queued(queue)
        }
    }

    fn query_tag(&self, tag: &str, visit: &mut dyn FnMut(Hit<'_>)) -> Result<()> {
        locked(&self.writer).query_tag(tag, visit)
    }
}

/// A panic of another thread ends the benchmark anyway, so its lock may be taken over.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::event;
    use std::sync::mpsc;

    /// Reports the size of each group and waits to be let on.
    struct Slow {
        sizes: mpsc::Sender<usize>,
        go: mpsc::Receiver<()>,
    }

    impl Writer for Slow {
        fn commit(&mut self, events: &[Event]) -> Result<()> {
            self.sizes.send(events.len())?;
            Ok(self.go.recv()?)
        }

        fn query_tag(&mut self, _: &str, _: &mut dyn FnMut(Hit<'_>)) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_waits_together_is_committed_together() {
        let (sizes, groups) = mpsc::channel();
        let (let_on, go) = mpsc::channel();
        let store = Grouped::new(Slow { sizes, go });
        std::thread::scope(|scope| {
            scope.spawn(|| store.append(&[event(0)]).unwrap());
            assert_eq!(groups.recv().unwrap(), 1);
            for index in 1..6 {
                let store = &store;
                scope.spawn(move || store.append(&[event(index)]).unwrap());
            }
            while locked(&store.queue).calls_queued < 6 {
                std::thread::yield_now();
            }
            let_on.send(()).unwrap();
            assert_eq!(groups.recv().unwrap(), 5);
            let_on.send(()).unwrap();
        });
    }

    #[test]
    fn a_failed_commit_is_an_error_for_all_that_follow() {
        let (sizes, groups) = mpsc::channel();
        let (let_on, go) = mpsc::channel();
        let store = Grouped::new(Slow { sizes, go });
        drop((let_on, groups));
        assert!(store.append(&[event(0)]).is_err());
        assert!(
            store
                .append(&[event(1)])
                .unwrap_err()
                .to_string()
                .contains("earlier")
        );
    }
}
