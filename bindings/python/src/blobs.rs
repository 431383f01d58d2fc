//! Blobs: calls are prepared here and made by the front; what is read is looked at and taken.

mod items;
mod policy;

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyTuple};
use swarmlet::{BlobChange, BlobInfo, BlobProgress, BlobState};
use swarmlet_facade as facade;
use swarmlet_facade::BlobOptions;

use self::policy::{hold, hold_object, keep, keep_object};
use crate::arguments::{count, tags, time_limit};
use crate::call::Call;
use crate::failure::OrRaise;
use crate::port::{Outcome, Port};
use crate::row::{Row, key_tuple};
use crate::stream::{Watch, as_flag, wait_within, watch_at};

pub(crate) use self::items::BlobItems;

/// The blobs of a node.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Blobs(Arc<facade::Blobs>);

/// Takes bytes into a blob.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct BlobWriter(Arc<facade::BlobWriter>);

/// Hands out bytes of a blob.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct BlobReader(Arc<facade::BlobReader>);

/// What is said of a blob: name, media type, tags, who holds it, how long it is kept.
type Given<'py> = (
    Option<String>,
    Option<String>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

impl Blobs {
    pub(crate) fn new(blobs: facade::Blobs) -> Self {
        Self(Arc::new(blobs))
    }
}

impl BlobWriter {
    pub(crate) fn new(writer: facade::BlobWriter) -> Self {
        Self(Arc::new(writer))
    }
}

#[pymethods]
impl Blobs {
    /// Begins a blob of bytes that come chunk by chunk.
    fn writer(&self, given: Given<'_>) -> PyResult<Call> {
        let (blobs, options) = (self.0.clone(), to_options(given)?);
        let begun = |writer| Outcome::Writer(Box::new(writer));
        Ok(Call::short(begun, move |completion| {
            blobs.writer(options, completion);
        }))
    }

    /// Stores a file.
    fn put_file(&self, path: PathBuf, given: Given<'_>) -> PyResult<Call> {
        let (blobs, options) = (self.0.clone(), to_options(given)?);
        let stored = |info| Outcome::Stored(Box::new(info));
        Ok(Call::new(stored, move |completion| {
            blobs.put_file(path, options, completion)
        }))
    }

    /// Bytes of a blob to read.
    fn get(
        &self,
        py: Python<'_>,
        id: &str,
        start: &Bound<'_, PyAny>,
        end: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<BlobReader> {
        let start = count("get", "start", start)?;
        let end = end.map(|end| count("get", "end", end)).transpose()?;
        let reader = self.0.get(id, start, end).or_raise(py)?;
        Ok(BlobReader(Arc::new(reader)))
    }

    /// How much of a blob is here.
    fn state(&self, id: String) -> Call {
        let blobs = self.0.clone();
        Call::short(Outcome::State, move |completion| {
            blobs.state(id, completion)
        })
    }

    /// The records that are here and were not taken back.
    fn list(&self, py: Python<'_>) -> PyResult<BlobItems> {
        Ok(BlobItems::new(self.0.list().or_raise(py)?))
    }

    /// The records that are here, and those that come; and which were taken back.
    fn changes(&self, py: Python<'_>) -> PyResult<BlobItems> {
        Ok(BlobItems::new(self.0.changes().or_raise(py)?))
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

fn to_options(given: Given<'_>) -> PyResult<BlobOptions> {
    let (name, media_type, given_tags, given_hold, given_keep) = given;
    Ok(BlobOptions {
        name,
        media_type,
        tags: tags("put", &given_tags)?,
        hold: hold(&given_hold)?,
        keep: keep(&given_keep)?,
    })
}

/// What a row says if it is the record of a blob.
#[pyfunction]
#[pyo3(name = "blob_info")]
pub(crate) fn blob_info_of<'py>(py: Python<'py>, row: &Row) -> PyResult<Option<Bound<'py, PyAny>>> {
    let info = row.row().event().and_then(BlobInfo::from_event);
    info.map(|info| blob_info(py, info)).transpose()
}

/// What a record says of a blob.
pub(crate) fn blob_info(py: Python<'_>, info: BlobInfo) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let tags: Vec<_> = info.tags.iter().map(|tag| PyString::new(py, tag)).collect();
    CLASS.import(py, TYPES, "BlobInfo")?.call1((
        info.id.to_string(),
        info.size,
        info.name,
        info.media_type,
        hold_object(py, info.hold)?,
        keep_object(py, info.keep)?,
        PyTuple::new(py, tags)?,
        key_tuple(py, info.key)?,
        info.timestamp.micros(),
        info.app_id.as_str(),
    ))
}

/// Something that was said of a blob.
fn blob_change(py: Python<'_>, change: BlobChange) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let info = change.info.map(|info| blob_info(py, info)).transpose()?;
    let class = CLASS.import(py, TYPES, "BlobChange")?;
    class.call1((change.id.to_string(), info, key_tuple(py, change.key)?))
}

/// How much of a blob is here.
pub(crate) fn blob_state(py: Python<'_>, state: BlobState) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, TYPES, "BlobState")?;
    let made = match state {
        BlobState::Here { size } => class.call1(("here", size, 0)),
        BlobState::Part { size, missing } => class.call1(("part", size, missing)),
        BlobState::Absent => class.call1(("absent", py.None(), py.None())),
    };
    Ok(made?.unbind())
}

/// How far a blob is.
pub(crate) fn blob_progress(py: Python<'_>, progress: BlobProgress) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, TYPES, "BlobProgress")?;
    Ok(class.call1((progress.size, progress.here))?.unbind())
}

const TYPES: &str = "swarmlet._types";
