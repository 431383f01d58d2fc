//! Waiting without an event loop: the interpreter is free meanwhile, and Ctrl-C is heard.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use swarmlet_facade::{Completion, Pending};

use crate::failure::OrRaise;

/// How long a wait may be deaf to signals.
const SLICE: Duration = Duration::from_millis(100);

static BLOCKED: AtomicUsize = AtomicUsize::new(0);

/// How many threads wait in here.
///
/// The interpreter ends threads that come back to it while it exits, which must not happen to one
/// with frames of Rust: the package waits at exit until all of them are out.
#[pyfunction]
pub(crate) fn blocked() -> usize {
    BLOCKED.load(Ordering::Acquire)
}

struct Blocked;

impl Blocked {
    fn enter() -> Self {
        BLOCKED.fetch_add(1, Ordering::AcqRel);
        Self
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        BLOCKED.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Asks `wait` again and again, each time for a slice, until it has a value or a signal raises.
pub(crate) fn wait_in_slices<T: Send>(
    py: Python<'_>,
    mut wait: impl FnMut(Duration) -> Option<T> + Send,
) -> PyResult<T> {
    let _blocked = Blocked::enter();
    loop {
        if let Some(value) = py.detach(|| wait(SLICE)) {
            return Ok(value);
        }
        py.check_signals()?;
    }
}

/// Makes a call and waits for its outcome.
pub(crate) fn wait_for<T: Send + 'static>(
    py: Python<'_>,
    call: impl FnOnce(Completion<T>),
) -> PyResult<T> {
    let pending = Pending::start(call);
    wait_in_slices(py, move |slice| pending.wait(slice))?.or_raise(py)
}
