//! Bytes of a blob: looked at and taken as they come, or all at once.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use swarmlet_facade as facade;

use crate::arguments::{count, time_limit};
use crate::call::Call;
use crate::failure::OrRaise;
use crate::port::{Outcome, Port};
use crate::stream::{Watch, as_flag, wait_within, watch_at};

/// Hands out bytes of a blob.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct BlobReader(Arc<facade::BlobReader>);

impl BlobReader {
    pub(super) fn new(reader: facade::BlobReader) -> Self {
        Self(Arc::new(reader))
    }
}

#[pymethods]
impl BlobReader {
    /// The id of the blob.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.0.id().or_raise(py)?.to_string())
    }

    /// True: there is something; False: there will be nothing any more; None: nothing yet.
    fn look(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        Ok(as_flag(self.0.pieces().look().or_raise(py)?))
    }

    /// The next bytes if they are there.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let taken = self.0.pieces().take_one().or_raise(py)?;
        Ok(taken.map(|piece| PyBytes::new(py, &piece.bytes)))
    }

    /// Answers at `port` under the returned token when a look shows something.
    fn watch(&self, py: Python<'_>, port: &Port) -> PyResult<(u64, Watch)> {
        watch_at(py, self.0.pieces(), port)
    }

    /// Nobody waits for this watch any more.
    fn forget(&self, py: Python<'_>, watch: &Watch) -> PyResult<()> {
        self.0.pieces().forget(watch.ticket()).or_raise(py)
    }

    /// Looks, and waits at most `timeout` seconds while there is nothing to see.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<bool>> {
        wait_within(py, self.0.pieces(), timeout)
    }

    /// Ends it.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.0.pieces().cancel().or_raise(py)
    }

    /// All the bytes that were not taken yet; they are taken with `finish`.
    fn read(&self, bytes_max: &Bound<'_, PyAny>, timeout: Option<f64>) -> PyResult<Call> {
        let bytes_max = count("read", "max_bytes", bytes_max)?;
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let (reader, timeout) = (self.0.clone(), time_limit(timeout));
        Ok(Call::new(Outcome::Bytes, move |completion| {
            reader.read(bytes_max, timeout, completion)
        }))
    }

    /// Writes all the bytes that were not taken yet to a file; they are taken with `finish`.
    fn save(&self, path: PathBuf, timeout: Option<f64>) -> Call {
        let (reader, timeout) = (self.0.clone(), time_limit(timeout));
        Call::new(Outcome::done, move |completion| {
            reader.save(path, timeout, completion)
        })
    }

    /// All was taken.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.0.finish().or_raise(py)
    }

    /// How much of the blob is here.
    fn progress(&self) -> Call {
        let reader = self.0.clone();
        Call::short(Outcome::Progress, move |completion| {
            reader.progress(completion);
        })
    }
}
