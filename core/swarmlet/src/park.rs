//! Waiting for a future on a thread that has no runtime.
//!
//! The blocking twins of the public calls stand on this. It polls one future on the caller's
//! thread and parks in between; it runs nothing else.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::clock::Stopwatch;

/// Waits until the future is done.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    block_on_for(future, None).expect("without a timeout it only ends when the future is done")
}

/// Waits until the future is done, or for so long; the future is dropped in any case.
pub(crate) fn block_on_for<T>(
    future: impl Future<Output = T>,
    timeout: Option<Duration>,
) -> Option<T> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let waited = Stopwatch::start();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let Some(timeout) = timeout else {
            thread::park();
            continue;
        };
        let left = timeout.saturating_sub(waited.elapsed());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_another_thread_completes_is_waited_for() {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let other = thread::spawn(move || tx.send(7));
        assert_eq!(block_on(rx), Ok(7));
        other.join().unwrap().unwrap();
    }

    #[test]
    fn waiting_ends_with_the_timeout() {
        let never = std::future::pending::<()>();
        assert_eq!(block_on_for(never, Some(Duration::from_millis(1))), None);
    }
}
