//! A call that is prepared first, and then either started for an event loop or waited for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use swarmlet::ErrorKind;
use swarmlet_facade::{Completion, Failure, Pending, Waiting};

use crate::arguments::time_limit;
use crate::blocking::wait_in_slices;
use crate::failure::{OrRaise, exception};
use crate::port::{Outcome, Port};

type Begin = Box<dyn FnOnce(Completion<Outcome>) -> Waiting + Send>;

/// A call that waits for the disk or for other devices. It is made once.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Call {
    begin: Mutex<Option<Begin>>,
    waiting: Mutex<Waiting>,
}

impl Call {
    /// A call that waits for others; `outcome` says what Python gets of what it brings.
    pub(crate) fn new<T: 'static>(
        outcome: impl FnOnce(T) -> Outcome + Send + 'static,
        begin: impl FnOnce(Completion<T>) -> Waiting + Send + 'static,
    ) -> Self {
        let begin: Begin =
            Box::new(|completion| begin(Box::new(move |result| completion(result.map(outcome)))));
        Self {
            begin: Mutex::new(Some(begin)),
            waiting: Mutex::default(),
        }
    }

    /// A call that waits for a small write only, and is not given up.
    pub(crate) fn short<T: 'static>(
        outcome: impl FnOnce(T) -> Outcome + Send + 'static,
        begin: impl FnOnce(Completion<T>) + Send + 'static,
    ) -> Self {
        Self::new(outcome, |completion| {
            begin(completion);
            Waiting::default()
        })
    }
}

#[pymethods]
impl Call {
    /// Makes the call; answers at `port` under the returned token.
    fn start(&self, py: Python<'_>, port: &Port) -> PyResult<u64> {
        let begin = self.take(py)?;
        let (token, completion) = port.completion(|outcome| outcome);
        *locked(&self.waiting) = begin(completion);
        Ok(token)
    }

    /// Makes the call and waits for what it brings; a signal that raises gives it up, and so does
    /// waiting for `timeout` seconds, unless it is short.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let begin = self.take(py)?;
        let pending = Pending::start(|completion| *locked(&self.waiting) = begin(completion));
        let limit = time_limit(timeout);
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut is_late = false;
        let given_up = &mut is_late;
        let waited = wait_in_slices(py, move |slice| {
            let left = deadline.map_or(slice, |at| at.saturating_duration_since(Instant::now()));
            if left > Duration::ZERO {
                return pending.wait(slice.min(left));
            }
            if !std::mem::replace(given_up, true) {
                self.cancel();
            }
            pending.wait(slice)
        });
        self.cancel();
        let outcome = waited?.map_err(|failure| match failure.kind {
            ErrorKind::Cancelled if is_late => late(&failure),
            _ => failure,
        });
        outcome.or_raise(py)?.into_python(py)
    }

    /// Nobody waits for it any more. What was asked for may happen all the same.
    fn cancel(&self) {
        locked(&self.waiting).cancel();
    }
}

impl Call {
    fn take(&self, py: Python<'_>) -> PyResult<Begin> {
        let begin = locked(&self.begin).take();
        begin.ok_or_else(|| exception(py, Failure::invalid("", "a call is made once")))
    }
}

/// What a call says that was given up because its time was over.
fn late(failure: &Failure) -> Failure {
    Failure::new(
        ErrorKind::Timeout,
        failure.operation,
        "it was not done in time",
    )
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
