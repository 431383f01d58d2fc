//! What comes one after the other: records, changes, states. One class for all of them, so that
//! Python looks at each in the same way.

use pyo3::prelude::*;
use pyo3::types::PyList;
use swarmlet::{BlobChange, BlobInfo, BlobState};
use swarmlet_facade::{Queue, Stream, Weigh};

use super::info::{blob_change, blob_info, blob_state};
use crate::failure::OrRaise;
use crate::port::Port;
use crate::stream::{Watch, as_flag, wait_within, watch_at};

/// Things of one kind that are said of blobs, one after the other.
#[pyclass(frozen, generic, module = "swarmlet._native")]
pub(crate) struct BlobItems(Box<dyn Items>);

impl BlobItems {
    pub(super) fn new<T: Told>(stream: Stream<Queue<T>>) -> Self {
        Self(Box::new(stream))
    }
}

/// What Python can be told.
pub(super) trait Told: Weigh {
    fn told(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

impl Told for BlobInfo {
    fn told(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        blob_info(py, self)
    }
}

impl Told for BlobChange {
    fn told(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        blob_change(py, self)
    }
}

impl Told for BlobState {
    fn told(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(blob_state(py, self)?.into_bound(py))
    }
}

/// A stream, whatever it is of.
trait Items: Send + Sync {
    fn look(&self, py: Python<'_>) -> PyResult<Option<bool>>;
    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>>;
    fn watch(&self, py: Python<'_>, port: &Port) -> PyResult<(u64, Watch)>;
    fn forget(&self, py: Python<'_>, watch: &Watch) -> PyResult<()>;
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<bool>>;
    fn cancel(&self, py: Python<'_>) -> PyResult<()>;
}

impl<T: Told> Items for Stream<Queue<T>> {
    fn look(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        Ok(as_flag(Stream::look(self).or_raise(py)?))
    }

    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>> {
        let taken = Stream::<Queue<T>>::take(self, max).or_raise(py)?;
        let told = taken.into_iter().map(|item| item.told(py));
        PyList::new(py, told.collect::<PyResult<Vec<_>>>()?)
    }

    fn watch(&self, py: Python<'_>, port: &Port) -> PyResult<(u64, Watch)> {
        watch_at(py, self, port)
    }

    fn forget(&self, py: Python<'_>, watch: &Watch) -> PyResult<()> {
        Stream::forget(self, watch.ticket()).or_raise(py)
    }

    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<bool>> {
        wait_within(py, self, timeout)
    }

    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        Stream::cancel(self).or_raise(py)
    }
}

#[pymethods]
impl BlobItems {
    /// True: there is something; False: there will be nothing any more; None: nothing yet.
    fn look(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        self.0.look(py)
    }

    /// At most `max` of those that are there.
    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>> {
        self.0.take(py, max)
    }

    /// Answers at `port` under the returned token when a look shows something.
    fn watch(&self, py: Python<'_>, port: &Port) -> PyResult<(u64, Watch)> {
        self.0.watch(py, port)
    }

    /// Nobody waits for this watch any more.
    fn forget(&self, py: Python<'_>, watch: &Watch) -> PyResult<()> {
        self.0.forget(py, watch)
    }

    /// Looks, and waits at most `timeout` seconds while there is nothing to see.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<bool>> {
        self.0.wait(py, timeout)
    }

    /// Ends it.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.0.cancel(py)
    }
}
