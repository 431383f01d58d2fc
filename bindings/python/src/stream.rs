//! Streams of results: look, take, and wait for a change, with an event loop or without.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use swarmlet_facade::{Buffer, Readiness, Ticket};

use crate::arguments::{offsets_dict, time_limit};
use crate::blocking::wait_in_slices;
use crate::failure::OrRaise;
use crate::output::{output_list, row, row_list};
use crate::port::{Outcome, Port};
use crate::row::Row;

/// After so many rows taken one by one the front has to look again, so that a stream that is
/// always full does not starve the event loop.
const RUN_ROWS: usize = 256;

/// What comes out of a query or a subscription: rows, unless all is asked for.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Stream {
    stream: swarmlet_facade::Stream,
    run: AtomicUsize,
}

impl Stream {
    pub(crate) fn new(stream: swarmlet_facade::Stream) -> Self {
        Self {
            stream,
            run: AtomicUsize::new(0),
        }
    }
}

/// Names a watcher, to forget it.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Watch(Ticket);

impl Watch {
    pub(crate) fn ticket(&self) -> Ticket {
        self.0
    }
}

#[pymethods]
impl Stream {
    /// True: there is something; False: there will be none any more; None: nothing yet.
    fn look(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        Ok(as_flag(self.stream.look().or_raise(py)?))
    }

    /// The next row if it is there, but None once after every 256.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Row>> {
        if self.run.fetch_add(1, Ordering::Relaxed) >= RUN_ROWS {
            self.run.store(0, Ordering::Relaxed);
            return Ok(None);
        }
        let output = self.stream.take_one().or_raise(py)?;
        if output.is_none() {
            self.run.store(0, Ordering::Relaxed);
        }
        Ok(output.and_then(row))
    }

    /// At most `max` rows of those that are there.
    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>> {
        row_list(py, self.stream.take(max).or_raise(py)?)
    }

    /// From here on outputs of all sorts are shown, and taken with `take_outputs`.
    fn show_all(&self, py: Python<'_>) -> PyResult<()> {
        self.stream.show_all().or_raise(py)
    }

    /// At most `max` outputs of all sorts.
    fn take_outputs<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>> {
        output_list(py, self.stream.take(max).or_raise(py)?)
    }

    /// Answers at `port` under the returned token when a look shows something.
    fn watch(&self, py: Python<'_>, port: &Port) -> PyResult<(u64, Watch)> {
        watch_at(py, &self.stream, port)
    }

    /// Nobody waits for this watch any more.
    fn forget(&self, py: Python<'_>, watch: &Watch) -> PyResult<()> {
        self.stream.forget(watch.0).or_raise(py)
    }

    /// Looks, and waits at most `timeout` seconds while there is nothing to see.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<bool>> {
        wait_within(py, &self.stream, timeout)
    }

    /// Ends the stream.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.stream.cancel().or_raise(py)
    }

    /// For streams whose start lies before what is still kept: the first offset that is.
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        offsets_dict(py, &self.stream.skipped().or_raise(py)?)
    }

    /// How far what was taken reaches.
    fn offsets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        offsets_dict(py, &self.stream.offsets().or_raise(py)?)
    }
}

/// Answers at `port` under the token when a look at the stream shows something.
pub(crate) fn watch_at<B: Buffer>(
    py: Python<'_>,
    stream: &swarmlet_facade::Stream<B>,
    port: &Port,
) -> PyResult<(u64, Watch)> {
    let (token, completion) = port.completion(Outcome::done);
    let watcher = Box::new(move || completion(Ok(())));
    let ticket = stream.watch(watcher).or_raise(py)?;
    Ok((token, Watch(ticket)))
}

/// Looks, and waits at most `timeout` seconds while there is nothing to see.
pub(crate) fn wait_within<B: Buffer>(
    py: Python<'_>,
    stream: &swarmlet_facade::Stream<B>,
    timeout: Option<f64>,
) -> PyResult<Option<bool>> {
    let limit = time_limit(timeout);
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let readiness = wait_in_slices(py, |slice| {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let slice = left.map_or(slice, |left| left.min(slice));
        match stream.ready_blocking(slice) {
            Ok(Readiness::Waiting) if left.is_none_or(|left| left > slice) => None,
            other => Some(other),
        }
    })?;
    Ok(as_flag(readiness.or_raise(py)?))
}

/// A look as Python sees it.
pub(crate) fn as_flag(readiness: Readiness) -> Option<bool> {
    match readiness {
        Readiness::Ready => Some(true),
        Readiness::Ended => Some(false),
        Readiness::Waiting => None,
    }
}
