//! Rows and receipts as Python objects: made cheaply, converted where they are looked at.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyList, PyString, PyTuple};
use swarmlet::{Event, EventKey, Origin, Timestamp};

use crate::payload::decode;

/// A result of a query: a value, and where it comes from.
///
/// Rows of events have the attributes of the event. Their order is that of the log, the same on
/// every node.
#[pyclass(frozen, module = "swarmlet")]
pub(crate) struct Row {
    row: swarmlet::Row,
    /// Decoded when it is first asked for, and then always the same object.
    payload: PyOnceLock<Py<PyAny>>,
}

impl Row {
    pub(crate) fn new(row: swarmlet::Row) -> Self {
        Self {
            row,
            payload: PyOnceLock::new(),
        }
    }

    pub(crate) fn row(&self) -> &swarmlet::Row {
        &self.row
    }

    /// The event, or the error of asking for an attribute that is not there.
    fn event(&self) -> PyResult<&Event> {
        self.row.event().ok_or_else(|| {
            let origin = self.origin();
            let message =
                format!("this row does not come from one event: its origin is '{origin}'");
            PyAttributeError::new_err(message)
        })
    }
}

#[pymethods]
impl Row {
    /// The value. It is decoded once: do not change it in place.
    #[getter]
    fn payload(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let decoded = || decode(py, self.row.payload().as_cbor());
        Ok(self.payload.get_or_try_init(py, decoded)?.clone_ref(py))
    }

    /// What it comes from: 'event', 'range' or 'synthetic'.
    #[getter]
    fn origin(&self) -> &'static str {
        match self.row.origin() {
            Origin::Event(_) => "event",
            Origin::Range(_) => "range",
            Origin::Synthetic => "synthetic",
        }
    }

    /// The smallest and the greatest key of the events it comes from; None if it comes from none.
    #[getter]
    fn key_range<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let (from, to) = match self.row.origin() {
            Origin::Event(event) => (event.key, event.key),
            Origin::Range(range) => (range.from, range.to),
            Origin::Synthetic => return Ok(None),
        };
        Ok(Some((key_tuple(py, from)?, key_tuple(py, to)?)))
    }

    /// The earliest and the latest time of the events it comes from, in UTC; None if from none.
    #[getter]
    fn time_range<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let (from, to) = match self.row.origin() {
            Origin::Event(event) => (event.timestamp, event.timestamp),
            Origin::Range(range) => (range.from_time, range.to_time),
            Origin::Synthetic => return Ok(None),
        };
        Ok(Some((datetime(py, from)?, datetime(py, to)?)))
    }

    /// The place of the event in the total order: (lamport, stream, offset).
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        key_tuple(py, self.event()?.key)
    }

    /// Logical clock of the event.
    #[getter]
    fn lamport(&self) -> PyResult<u64> {
        Ok(self.event()?.key.lamport.get())
    }

    /// The id of the stream the event is in.
    #[getter]
    fn stream(&self) -> PyResult<String> {
        Ok(self.event()?.key.stream.to_string())
    }

    /// Its position in the stream.
    #[getter]
    fn offset(&self) -> PyResult<u64> {
        Ok(self.event()?.key.offset.get())
    }

    /// Wall clock of the publisher in microseconds since 1970-01-01 UTC.
    #[getter]
    fn timestamp(&self) -> PyResult<i64> {
        Ok(self.event()?.timestamp.micros())
    }

    /// Wall clock of the publisher, in UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.event()?.timestamp)
    }

    /// The app that published it.
    #[getter]
    fn app_id(&self) -> PyResult<&str> {
        Ok(self.event()?.app_id.as_str())
    }

    /// The labels, in text order.
    #[getter]
    fn tags<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let tags = self.event()?.tags();
        let tags: Vec<_> = tags.iter().map(|tag| PyString::new(py, tag)).collect();
        PyTuple::new(py, tags)
    }

    /// Rows are equal if value and origin are; rows of events are ordered as the log is.
    fn __richcmp__<'py>(
        &self,
        py: Python<'py>,
        other: &Self,
        operator: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let answer = match (operator, self.row.event(), other.row.event()) {
            (CompareOp::Eq, ..) => self.row == other.row,
            (CompareOp::Ne, ..) => self.row != other.row,
            (_, Some(left), Some(right)) => operator.matches(left.key.cmp(&right.key)),
            _ => return Ok(py.NotImplemented().into_bound(py)),
        };
        Ok(answer.into_pyobject(py)?.to_owned().into_any())
    }

    fn __hash__(&self) -> u64 {
        match self.row.event() {
            Some(event) => key_hash(event.key),
            None => hash(&self.row.payload()),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let payload = self.payload(py)?.bind(py).repr()?;
        let Some(event) = self.row.event() else {
            return Ok(format!(
                "Row(origin='{}', payload={payload})",
                self.origin()
            ));
        };
        Ok(format!(
            "Row(stream='{}', offset={}, lamport={}, app_id='{}', tags={}, payload={payload})",
            event.key.stream,
            event.key.offset,
            event.key.lamport,
            event.app_id,
            self.tags(py)?.repr()?,
        ))
    }
}

/// What became of one published event.
#[pyclass(frozen, module = "swarmlet")]
pub(crate) struct Published(swarmlet::Published);

#[pymethods]
impl Published {
    /// The place in the total order: (lamport, stream, offset).
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        key_tuple(py, self.0.key)
    }

    /// Logical clock of the event.
    #[getter]
    fn lamport(&self) -> u64 {
        self.0.key.lamport.get()
    }

    /// The id of the stream it went to.
    #[getter]
    fn stream(&self) -> String {
        self.0.key.stream.to_string()
    }

    /// Its position in the stream.
    #[getter]
    fn offset(&self) -> u64 {
        self.0.key.offset.get()
    }

    /// The time it was stamped with, in microseconds since 1970-01-01 UTC.
    #[getter]
    fn timestamp(&self) -> i64 {
        self.0.timestamp.micros()
    }

    /// The time it was stamped with, in UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.timestamp)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self) -> u64 {
        key_hash(self.0.key)
    }

    fn __repr__(&self) -> String {
        let key = self.0.key;
        format!(
            "Published(stream='{}', offset={}, lamport={})",
            key.stream, key.offset, key.lamport,
        )
    }
}

/// A list of receipts.
pub(crate) fn published_list(
    py: Python<'_>,
    published: Vec<swarmlet::Published>,
) -> PyResult<Bound<'_, PyList>> {
    let items: PyResult<Vec<_>> = published
        .into_iter()
        .map(|item| Bound::new(py, Published(item)))
        .collect();
    PyList::new(py, items?)
}

/// A key as the tuple of Python.
pub(crate) fn key_tuple(py: Python<'_>, key: EventKey) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, "swarmlet._types", "EventKey")?;
    class.call1((key.lamport.get(), key.stream.to_string(), key.offset.get()))
}

fn key_hash(key: EventKey) -> u64 {
    hash(&key)
}

fn hash<T: Hash>(hashed: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    hashed.hash(&mut hasher);
    hasher.finish()
}

fn datetime(py: Python<'_>, timestamp: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let convert = CONVERT.import(py, "swarmlet._types", "utc_time")?;
    convert.call1((timestamp.micros(),))
}
