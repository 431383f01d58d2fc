//! How a call that takes time answers: exactly once, whatever happens to the task behind it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::failure::{Failure, Result};

/// What is told the outcome of a call, exactly once, on any thread and under no lock.
///
/// It must not block: it runs where the node does its work.
pub type Completion<T> = Box<dyn FnOnce(Result<T>) + Send + 'static>;

/// Keeps the promise of [`Completion`]: if it is dropped unanswered, because the runtime went away
/// with the task, the answer is `Closed`.
pub(crate) struct Answer<T> {
    operation: &'static str,
    completion: Option<Completion<T>>,
}

impl<T> Answer<T> {
    pub(crate) fn new(operation: &'static str, completion: Completion<T>) -> Self {
        Self {
            operation,
            completion: Some(completion),
        }
    }

    pub(crate) fn give(mut self, result: Result<T>) {
        if let Some(completion) = self.completion.take() {
            completion(result);
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        if let Some(completion) = self.completion.take() {
            completion(Err(Failure::closed(self.operation)));
        }
    }
}

/// A call to wait for, for fronts without an event loop.
pub struct Pending<T>(Receiver<Result<T>>);

impl<T: Send + 'static> Pending<T> {
    /// Starts a call with the completion that it is given, to be waited for afterwards.
    pub fn start(call: impl FnOnce(Completion<T>)) -> Self {
        let (tx, rx) = sync_channel(1);
        call(Box::new(move |result| {
            // Nobody waits any more: the outcome is not wanted.
            let _ = tx.send(result);
        }));
        Self(rx)
    }

    /// Waits at most `timeout`; `None` if there is no outcome yet.
    ///
    /// Wait in slices where signals have to be looked after. Giving up does not undo the call.
    pub fn wait(&self, timeout: Duration) -> Option<Result<T>> {
        match self.0.recv_timeout(timeout) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(Failure::closed(""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use swarmlet::ErrorKind;

    use super::*;

    #[test]
    fn an_answer_that_is_dropped_is_closed() {
        let pending = Pending::<u8>::start(|completion| drop(Answer::new("publish", completion)));
        let failure = pending.wait(Duration::ZERO).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Closed);
        assert_eq!(failure.operation, "publish");
    }

    #[test]
    fn waiting_gives_up_and_can_go_on() {
        let mut kept = None;
        let pending = Pending::<u8>::start(|completion| kept = Some(completion));
        assert!(pending.wait(Duration::from_millis(1)).is_none());
        kept.expect("the call was started")(Ok(7));
        assert_eq!(pending.wait(Duration::ZERO).unwrap().unwrap(), 7);
    }
}
