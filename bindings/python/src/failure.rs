//! Failures of the facade as exceptions of `swarmlet._errors`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use swarmlet_facade::Failure;

/// Gives results of the facade to Python.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception of the failure's kind.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Failure> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|failure| exception(py, failure))
    }
}

/// The exception of a failure; if there is none, because the package is torn apart, that error.
pub(crate) fn exception(py: Python<'_>, failure: Failure) -> PyErr {
    match build(py, failure) {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

fn build(py: Python<'_>, failure: Failure) -> PyResult<Bound<'_, PyAny>> {
    static BY_CODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let by_code = BY_CODE.import(py, "swarmlet._errors", "BY_CODE")?;
    let class = by_code
        .get_item(failure.kind.as_str())
        .or_else(|_| by_code.get_item("internal"))?;
    let details = PyDict::new(py);
    for (name, value) in failure.details {
        details.set_item(name, value)?;
    }
    let advice = failure.advice.as_str();
    class.call1((failure.message, failure.operation, advice, details))
}
