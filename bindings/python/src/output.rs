//! What comes out of streams beside rows, as Python objects of `swarmlet._types`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyList;
use swarmlet::{Explanation, Item, Order, Output, Severity};

use crate::arguments::offsets_dict;
use crate::row::{Row, key_tuple};

/// A list of outputs of all sorts.
pub(crate) fn output_list(py: Python<'_>, outputs: Vec<Output>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for output in outputs {
        if let Some(object) = object(py, output.item)? {
            list.append(object)?;
        }
    }
    Ok(list)
}

/// A list of rows; what else there is among them is left out.
pub(crate) fn row_list(py: Python<'_>, outputs: Vec<Output>) -> PyResult<Bound<'_, PyList>> {
    let rows: PyResult<Vec<_>> = outputs
        .into_iter()
        .filter_map(row)
        .map(|row| Bound::new(py, row))
        .collect();
    PyList::new(py, rows?)
}

/// The row, if it is one.
pub(crate) fn row(output: Output) -> Option<Row> {
    match output.item {
        Item::Row(row) => Some(Row::new(row)),
        _ => None,
    }
}

/// Nothing for what this release of the package does not know.
fn object(py: Python<'_>, item: Item) -> PyResult<Option<Bound<'_, PyAny>>> {
    static ANTI_ROW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static DIAGNOSTIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static CAUGHT_UP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static TIME_TRAVEL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let types = "swarmlet._types";
    Ok(Some(match item {
        Item::Row(row) => Bound::new(py, Row::new(row))?.into_any(),
        Item::AntiRow(row) => {
            let class = ANTI_ROW.import(py, types, "AntiRow")?;
            class.call1((Row::new(row),))?
        }
        Item::Diagnostic(diagnostic) => {
            let severity = match diagnostic.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            let class = DIAGNOSTIC.import(py, types, "Diagnostic")?;
            class.call1((severity, diagnostic.message))?
        }
        Item::CaughtUp(offsets) => {
            let class = CAUGHT_UP.import(py, types, "CaughtUp")?;
            class.call1((offsets_dict(py, &offsets)?,))?
        }
        Item::TimeTravel(key) => {
            let class = TIME_TRAVEL.import(py, types, "TimeTravel")?;
            class.call1((key_tuple(py, key)?,))?
        }
        _ => return Ok(None),
    }))
}

/// How a query was answered.
pub(crate) fn explanation(py: Python<'_>, explained: Explanation) -> PyResult<Bound<'_, PyAny>> {
    static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let convert = CONVERT.import(py, "swarmlet._types", "explanation")?;
    let text = explained.to_string();
    let order = match explained.order {
        Order::Ascending => "asc",
        Order::Descending => "desc",
        Order::Stream => "stream",
    };
    let sources: Vec<_> = explained
        .sources
        .into_iter()
        .map(|source| {
            let terms = source.terms.into_iter();
            let terms: Vec<_> = terms.map(|term| (term.term, term.events)).collect();
            (
                source.name,
                source.is_sealed,
                source.events,
                terms,
                source.candidates,
                source.is_checked,
            )
        })
        .collect();
    let counts = (explained.events_read, explained.rows, explained.diagnostics);
    convert.call1((
        text,
        explained.query,
        explained.selection,
        order,
        explained.stages,
        sources,
        counts,
    ))
}
