//! Policies of blobs, from Python and back: words, and objects of `swarmlet._blobs_types` where a
//! word does not say it all.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDateTime, PyString, PyTuple};
use swarmlet::{Hold, Keep};

use super::info::TYPES;
use crate::arguments::{refused, shown, tags, timestamp};

/// Who is to hold a blob. Numbers and labels are checked by the node.
pub(super) fn hold(given: &Bound<'_, PyAny>) -> PyResult<Hold> {
    let py = given.py();
    let misfit = || {
        let message = "hold must be 'everyone', 'on_demand', Copies(1) to Copies(4096), or \
                       Labels of str by str";
        refused(py, "put", message, &shown(given))
    };
    if given.is_instance(COPIES.import(py, TYPES, "Copies")?)? {
        let count = given.getattr("count")?.extract::<u16>();
        return count.map(Hold::Copies).map_err(|_| misfit());
    }
    if given.is_instance(LABELS.import(py, TYPES, "Labels")?)? {
        let labels = given.getattr("labels")?;
        let labels = labels.extract::<BTreeMap<String, String>>();
        return labels.map(Hold::Labels).map_err(|_| misfit());
    }
    match given.extract::<String>().as_deref() {
        Ok(EVERYONE) => Ok(Hold::Everyone),
        Ok(ON_DEMAND) => Ok(Hold::OnDemand),
        _ => Err(misfit()),
    }
}

/// How long a blob is kept.
pub(super) fn keep(given: &Bound<'_, PyAny>) -> PyResult<Keep> {
    let py = given.py();
    if let Ok(time) = given.cast::<PyDateTime>() {
        return Ok(Keep::Until(timestamp("put", time)?));
    }
    if given.is_instance(UNTIL_NEXT.import(py, TYPES, "UntilNext")?)? {
        return Ok(Keep::UntilNext(tags("put", &given.getattr("tags")?)?));
    }
    match given.extract::<String>().as_deref() {
        Ok(FOREVER) => Ok(Keep::Forever),
        Ok(WHILE_REFERENCED) => Ok(Keep::WhileReferenced),
        _ => {
            let message = "keep must be 'forever', 'while_referenced', a datetime with a time \
                           zone, or UntilNext of tags";
            Err(refused(py, "put", message, &shown(given)))
        }
    }
}

/// Who is to hold a blob, as Python has it.
pub(super) fn hold_object(py: Python<'_>, hold: Hold) -> PyResult<Bound<'_, PyAny>> {
    match hold {
        Hold::Everyone => Ok(PyString::intern(py, EVERYONE).into_any()),
        Hold::OnDemand => Ok(PyString::intern(py, ON_DEMAND).into_any()),
        Hold::Copies(count) => COPIES.import(py, TYPES, "Copies")?.call1((count,)),
        Hold::Labels(labels) => LABELS.import(py, TYPES, "Labels")?.call1((labels,)),
    }
}

/// How long a blob is kept, as Python has it.
pub(super) fn keep_object(py: Python<'_>, keep: Keep) -> PyResult<Bound<'_, PyAny>> {
    static TIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match keep {
        Keep::Forever => Ok(PyString::intern(py, FOREVER).into_any()),
        Keep::WhileReferenced => Ok(PyString::intern(py, WHILE_REFERENCED).into_any()),
        Keep::Until(time) => {
            let convert = TIME.import(py, "swarmlet._types", "nearest_time")?;
            convert.call1((time.micros(),))
        }
        Keep::UntilNext(tags) => {
            let tags: Vec<_> = tags.iter().map(|tag| PyString::new(py, tag)).collect();
            let class = UNTIL_NEXT.import(py, TYPES, "UntilNext")?;
            class.call1((PyTuple::new(py, tags)?,))
        }
    }
}

const EVERYONE: &str = "everyone";
const ON_DEMAND: &str = "on_demand";
const FOREVER: &str = "forever";
const WHILE_REFERENCED: &str = "while_referenced";
static COPIES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static LABELS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static UNTIL_NEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
