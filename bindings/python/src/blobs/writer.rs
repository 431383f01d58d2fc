//! Bytes on their way into a blob.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use swarmlet_facade as facade;

use crate::call::Call;
use crate::failure::OrRaise;
use crate::port::Outcome;

/// Takes bytes into a blob.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct BlobWriter(Arc<facade::BlobWriter>);

impl BlobWriter {
    pub(crate) fn new(writer: facade::BlobWriter) -> Self {
        Self(Arc::new(writer))
    }
}

#[pymethods]
impl BlobWriter {
    /// Adds bytes in memory; True once they are to be flushed.
    fn write(&self, py: Python<'_>, chunk: &Bound<'_, PyBytes>) -> PyResult<bool> {
        self.0.write(chunk.as_bytes()).or_raise(py)
    }

    /// Writes what was added.
    fn flush(&self) -> Call {
        let writer = self.0.clone();
        Call::short(Outcome::done, move |completion| writer.flush(completion))
    }

    /// Keeps the blob and publishes its record.
    fn finish(&self) -> Call {
        let writer = self.0.clone();
        let stored = |info| Outcome::Stored(Box::new(info));
        Call::short(stored, move |completion| writer.finish(completion))
    }

    /// Gives the blob up, unless it is finished.
    fn cancel(&self) {
        self.0.cancel();
    }
}
