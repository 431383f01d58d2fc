//! The newest of what changes, for a front that wants to know the state and not its history: who is
//! slow misses what was in between, and never more than one value waits.

use std::sync::Arc;

use tokio::sync::watch;

use super::pump::Ending;
use super::shown::{Buffer, Look, Shown};
use crate::failure::Result;

/// What is there.
pub struct Slot<T> {
    value: Option<T>,
    end: Option<Result<()>>,
}

/// The newest value; shared by the following task and the handle.
pub struct Latest<T>(Shown<Slot<T>>);

impl<T: Send + 'static> Latest<T> {
    pub(super) fn new() -> Self {
        Self(Shown::new(Slot {
            value: None,
            end: None,
        }))
    }

    /// Takes the newest value if it was not taken yet; never waits.
    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().value.take()
    }

    fn put(&self, value: T) {
        let mut slot = self.0.lock();
        if slot.end.is_none() {
            slot.value = Some(value);
            slot.wake();
        }
    }
}

impl<T: Send + 'static> Buffer for Latest<T> {
    type State = Slot<T>;

    fn shown(&self) -> &Shown<Slot<T>> {
        &self.0
    }

    fn end(&self, result: Result<()>) {
        let mut slot = self.0.lock();
        slot.end.get_or_insert(result);
        slot.wake();
    }

    fn cancel(&self) {
        let mut slot = self.0.lock();
        slot.value = None;
        slot.end = Some(Ok(()));
        slot.wake();
    }
}

impl<T> Look for Slot<T> {
    fn has_something(&self) -> bool {
        self.value.is_some()
    }

    fn end(&self) -> Option<&Result<()>> {
        self.end.as_ref()
    }
}

/// Passes on what there is now, and then each change, until the node closes.
pub(super) fn follow<T: Clone + Send + Sync + 'static>(
    operation: &'static str,
    mut changes: watch::Receiver<T>,
    latest: Arc<Latest<T>>,
) -> impl Future<Output = ()> + Send {
    // The end of what changes is that of the node, which is what the ending says; it may come
    // before the task has begun.
    let ending = Ending::new(operation, latest);
    async move {
        changes.mark_changed();
        while changes.changed().await.is_ok() {
            let value = changes.borrow_and_update().clone();
            ending.buffer.put(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_was_dropped_before_it_began_ends_the_stream() {
        let (_tx, changes) = watch::channel(7);
        let latest = Arc::new(Latest::new());
        drop(follow("changes", changes, latest.clone()));
        assert!(latest.shown().look().is_err());
    }
}
