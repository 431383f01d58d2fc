//! What is known of blobs, as Python objects of `swarmlet._blobs_types`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyTuple};
use swarmlet::{BlobChange, BlobInfo, BlobProgress, BlobStat, BlobState, BlobUsage, SavedFolder};
use swarmlet_facade::FolderFile;

use super::policy::{hold_object, keep_object};
use crate::row::{Row, key_tuple};

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
        info.collection.map(|id| id.to_string()),
    ))
}

/// Something that was said of a blob.
pub(super) fn blob_change(py: Python<'_>, change: BlobChange) -> PyResult<Bound<'_, PyAny>> {
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

/// All that is known of a blob.
pub(crate) fn blob_stat(py: Python<'_>, stat: BlobStat) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let state = blob_state(py, stat.state)?;
    let records = stat.records.into_iter().map(|info| blob_info(py, info));
    let records = PyTuple::new(py, records.collect::<PyResult<Vec<_>>>()?)?;
    let class = CLASS.import(py, TYPES, "BlobStat")?;
    Ok(class.call1((state, stat.is_pinned, records))?.unbind())
}

/// How much of a device blobs take.
pub(crate) fn blob_usage(py: Python<'_>, usage: BlobUsage) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, TYPES, "BlobUsage")?;
    let numbers = (usage.blobs, usage.bytes, usage.spare_bytes, usage.bytes_max);
    Ok(class.call1(numbers)?.unbind())
}

/// The files of a collection.
pub(crate) fn collection(py: Python<'_>, files: Vec<FolderFile>) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, TYPES, "CollectionFile")?;
    let file = |file: FolderFile| class.call1((file.path, file.id.to_string(), file.size));
    let files = files.into_iter().map(file).collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, files)?.into_any().unbind())
}

/// What became of a folder.
pub(crate) fn saved_folder(py: Python<'_>, saved: SavedFolder) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, TYPES, "SavedFolder")?;
    Ok(class.call1((saved.written, saved.unchanged))?.unbind())
}

/// How far a blob is.
pub(crate) fn blob_progress(py: Python<'_>, progress: BlobProgress) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, TYPES, "BlobProgress")?;
    Ok(class.call1((progress.size, progress.here))?.unbind())
}

pub(super) const TYPES: &str = "swarmlet._blobs_types";
