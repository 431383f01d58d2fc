//! How a call that takes time answers: exactly once, whatever happens to the task behind it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::guard::within;

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

/// Ends calls from elsewhere. Clones end the same calls.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Ends what runs, and whatever would be run after this. Never waits.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Makes a call. Once it is stopped the call is dropped where it is, with all that it holds,
    /// and only then the outcome is `Cancelled`. What other threads do for it ends after that.
    pub(crate) async fn run<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut stopped = self.0.subscribe();
        tokio::select! {
            biased;
            // It ends in no other way: the sender is borrowed with self.
            _ = stopped.wait_for(|is_stopped| *is_stopped) => Err(Failure::cancelled(operation)),
            outcome = call => outcome,
        }
    }
}

/// A call that waits for others and can be given up: by [`Waiting::cancel`], or by dropping this.
///
/// The default waits for nothing.
#[derive(Default)]
pub struct Waiting(Option<OwnProcess<Stop>>);

impl Waiting {
    /// Waits on the runtime.
    pub(crate) fn spawn<T: Send + 'static>(
        runtime: &Handle,
        answer: Answer<T>,
        wait: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Self {
        let stop = Stop::new();
        let theirs = stop.clone();
        runtime.spawn(async move {
            let operation = answer.operation;
            let outcome = theirs.run(operation, within(operation, wait)).await;
            answer.give(outcome);
        });
        Self(Some(OwnProcess::new(stop)))
    }

    /// Ends the wait: unless it is over, it is answered by `Cancelled`. What it waits for may
    /// happen all the same. Never waits; later calls change nothing.
    pub fn cancel(&self) {
        // In another process there is nothing to end.
        if let Some(Ok(stop)) = self.0.as_ref().map(OwnProcess::value) {
            stop.stop();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.cancel();
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

    /// Nothing here takes longer unless it hangs.
    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn an_answer_that_is_dropped_is_closed() {
        let pending = Pending::<u8>::start(|completion| drop(Answer::new("publish", completion)));
        let failure = pending.wait(Duration::ZERO).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Closed);
        assert_eq!(failure.operation, "publish");
    }

    #[test]
    fn a_wait_that_is_given_up_is_cancelled_and_one_that_is_over_is_not() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let mut waiting = None;
        let given_up = Pending::<u8>::start(|completion| {
            let answer = Answer::new("join", completion);
            let never = std::future::pending();
            waiting = Some(Waiting::spawn(runtime.handle(), answer, never));
        });
        assert!(given_up.wait(Duration::from_millis(1)).is_none());
        drop(waiting.take());
        let failure = given_up.wait(LIMIT).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Cancelled);
        assert_eq!(failure.operation, "join");

        let over = Pending::<u8>::start(|completion| {
            let answer = Answer::new("join", completion);
            let at_once = async { Ok(7) };
            waiting = Some(Waiting::spawn(runtime.handle(), answer, at_once));
        });
        assert_eq!(over.wait(LIMIT).unwrap().unwrap(), 7);
        waiting.unwrap().cancel();
    }

    #[test]
    fn a_call_that_is_stopped_has_gone_when_that_is_said() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let held = std::sync::Arc::new(());
        let (mut waiting, theirs) = (None, held.clone());
        let given_up = Pending::<u8>::start(|completion| {
            let answer = Answer::new("read", completion);
            waiting = Some(Waiting::spawn(runtime.handle(), answer, async move {
                std::future::pending::<()>().await;
                drop(theirs);
                Ok(7)
            }));
        });
        waiting.as_ref().unwrap().cancel();
        let failure = given_up.wait(LIMIT).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Cancelled);
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
    }

    #[test]
    fn one_stop_ends_all_that_runs_and_all_that_would_run_after_it() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let stop = Stop::new();
        let waits: Vec<_> = (0..3)
            .map(|_| {
                let stop = stop.clone();
                runtime.spawn(async move {
                    stop.run("read", std::future::pending::<Result<()>>()).await
                })
            })
            .collect();
        stop.stop();
        for wait in waits {
            let failure = runtime.block_on(wait).unwrap().unwrap_err();
            assert_eq!(failure.kind, ErrorKind::Cancelled);
        }
        let late = runtime.block_on(stop.run("read", async { Ok(7) }));
        assert_eq!(late.unwrap_err().operation, "read");
    }

    #[test]
    fn a_wait_that_ends_with_its_runtime_is_closed() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let mut waiting = None;
        let pending = Pending::<u8>::start(|completion| {
            let answer = Answer::new("join", completion);
            let never = std::future::pending();
            waiting = Some(Waiting::spawn(runtime.handle(), answer, never));
        });
        drop(runtime);
        let failure = pending.wait(LIMIT).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Closed);
        drop(waiting);
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
