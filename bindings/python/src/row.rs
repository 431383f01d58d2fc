//! Events and receipts as Python objects: made cheaply, converted where they are looked at.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyList, PyString, PyTuple};
use swarmlet::{EventKey, Timestamp};

use crate::payload::decode;

/// One immutable entry of the log.
///
/// Events are equal if their keys are; their order is the order of the log, the same on every node.
#[pyclass(frozen, module = "swarmlet")]
pub(crate) struct Event {
    event: swarmlet::Event,
    /// Decoded when it is first asked for, and then always the same object.
    payload: PyOnceLock<Py<PyAny>>,
}

impl Event {
    pub(crate) fn new(event: swarmlet::Event) -> Self {
        Self {
            event,
            payload: PyOnceLock::new(),
        }
    }
}

#[pymethods]
impl Event {
    /// The place in the total order: (lamport, stream, offset).
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        key_tuple(py, self.event.key)
    }

    /// Logical clock of the event.
    #[getter]
    fn lamport(&self) -> u64 {
        self.event.key.lamport.get()
    }

    /// The id of the stream it is in.
    #[getter]
    fn stream(&self) -> String {
        self.event.key.stream.to_string()
    }

    /// Its position in the stream.
    #[getter]
    fn offset(&self) -> u64 {
        self.event.key.offset.get()
    }

    /// Wall clock of the publisher in microseconds since 1970-01-01 UTC.
    #[getter]
    fn timestamp(&self) -> i64 {
        self.event.timestamp.micros()
    }

    /// Wall clock of the publisher, in UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.event.timestamp)
    }

    /// The app that published it.
    #[getter]
    fn app_id(&self) -> &str {
        self.event.app_id.as_str()
    }

    /// The labels, in text order.
    #[getter]
    fn tags<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let tags = self.event.tags();
        let tags: Vec<_> = tags.iter().map(|tag| PyString::new(py, tag)).collect();
        PyTuple::new(py, tags)
    }

    /// The value. It is decoded once: do not change it in place.
    #[getter]
    fn payload(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let decoded = || decode(py, self.event.payload().as_cbor());
        Ok(self.payload.get_or_try_init(py, decoded)?.clone_ref(py))
    }

    fn __richcmp__(&self, other: &Self, operator: CompareOp) -> bool {
        operator.matches(self.event.key.cmp(&other.event.key))
    }

    fn __hash__(&self) -> u64 {
        key_hash(self.event.key)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Event(stream='{}', offset={}, lamport={}, app_id='{}', tags={}, payload={})",
            self.event.key.stream,
            self.event.key.offset,
            self.event.key.lamport,
            self.event.app_id,
            self.tags(py)?.repr()?,
            self.payload(py)?.bind(py).repr()?,
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

/// A list of events.
pub(crate) fn event_list(
    py: Python<'_>,
    events: Vec<swarmlet::Event>,
) -> PyResult<Bound<'_, PyList>> {
    let items: PyResult<Vec<_>> = events
        .into_iter()
        .map(|item| Bound::new(py, Event::new(item)))
        .collect();
    PyList::new(py, items?)
}

fn key_tuple(py: Python<'_>, key: EventKey) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, "swarmlet._types", "EventKey")?;
    class.call1((key.lamport.get(), key.stream.to_string(), key.offset.get()))
}

fn key_hash(key: EventKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn datetime(py: Python<'_>, timestamp: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let convert = CONVERT.import(py, "swarmlet._types", "utc_time")?;
    convert.call1((timestamp.micros(),))
}
