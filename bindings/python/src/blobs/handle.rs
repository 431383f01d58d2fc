//! The door: calls are prepared here and made by the front.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use swarmlet_facade as facade;
use swarmlet_facade::{BlobOptions, Completion};

use super::items::BlobItems;
use super::policy::{hold, keep};
use super::reader::BlobReader;
use crate::arguments::{count, tags};
use crate::call::Call;
use crate::failure::OrRaise;
use crate::port::Outcome;

/// The blobs of a node.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Blobs(Arc<facade::Blobs>);

/// What is said of a blob: name, media type, tags, who holds it, how long it is kept, whether its
/// bytes stay in the file.
type Given<'py> = (
    Option<String>,
    Option<String>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    bool,
);

impl Blobs {
    pub(crate) fn new(blobs: facade::Blobs) -> Self {
        Self(Arc::new(blobs))
    }

    /// A call that is not given up.
    fn call<T: 'static>(
        &self,
        outcome: impl FnOnce(T) -> Outcome + Send + 'static,
        begin: impl FnOnce(&facade::Blobs, Completion<T>) + Send + 'static,
    ) -> Call {
        let blobs = self.0.clone();
        Call::short(outcome, move |completion| begin(&blobs, completion))
    }
}

#[pymethods]
impl Blobs {
    /// Begins a blob of bytes that come chunk by chunk.
    fn writer(&self, given: Given<'_>) -> PyResult<Call> {
        let options = to_options(given)?;
        let begun = |writer| Outcome::Writer(Box::new(writer));
        Ok(self.call(begun, |blobs, completion| {
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

    /// Stores a folder.
    fn put_folder(&self, path: PathBuf, given: Given<'_>) -> PyResult<Call> {
        let (blobs, options) = (self.0.clone(), to_options(given)?);
        let stored = |info| Outcome::Stored(Box::new(info));
        Ok(Call::new(stored, move |completion| {
            blobs.put_folder(path, options, completion)
        }))
    }

    /// The files of a collection.
    fn collection(&self, id: String) -> Call {
        let blobs = self.0.clone();
        Call::new(Outcome::Collection, move |completion| {
            blobs.collection(&id, None, completion)
        })
    }

    /// Writes the files of a collection.
    fn save_folder(&self, id: String, path: PathBuf) -> Call {
        let blobs = self.0.clone();
        Call::new(Outcome::Saved, move |completion| {
            blobs.save_folder(&id, path, None, completion)
        })
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
        Ok(BlobReader::new(reader))
    }

    /// How much of a blob is here.
    fn state(&self, id: String) -> Call {
        self.call(Outcome::State, |blobs, completion| {
            blobs.state(id, completion);
        })
    }

    /// All that is known of a blob.
    fn stat(&self, id: String) -> Call {
        let known = |stat| Outcome::Stat(Box::new(stat));
        self.call(known, |blobs, completion| blobs.stat(id, completion))
    }

    /// How much of this device blobs take.
    fn usage(&self) -> Call {
        self.call(Outcome::Usage, facade::Blobs::usage)
    }

    /// Takes the records of a blob back; how many others there are.
    fn delete(&self, id: String) -> Call {
        self.call(Outcome::Count, |blobs, completion| {
            blobs.delete(id, completion);
        })
    }

    /// Keeps a blob here whatever records say.
    fn pin(&self, id: String) -> Call {
        self.call(Outcome::done, |blobs, completion| blobs.pin(id, completion))
    }

    /// Takes that back.
    fn unpin(&self, id: String) -> Call {
        self.call(Outcome::done, |blobs, completion| {
            blobs.unpin(id, completion);
        })
    }

    /// The ids of the blobs that are pinned here.
    fn pinned(&self) -> Call {
        self.call(Outcome::Blobs, facade::Blobs::pinned)
    }

    /// The records that are here and were not taken back.
    fn list(&self, py: Python<'_>) -> PyResult<BlobItems> {
        Ok(BlobItems::new(self.0.list().or_raise(py)?))
    }

    /// The records that are here, and those that come; and which were taken back.
    fn changes(&self, py: Python<'_>) -> PyResult<BlobItems> {
        Ok(BlobItems::new(self.0.changes().or_raise(py)?))
    }

    /// How much of a blob is here, now and each time that changes.
    fn watch(&self, py: Python<'_>, id: &str) -> PyResult<BlobItems> {
        Ok(BlobItems::new(self.0.watch(id).or_raise(py)?))
    }
}

fn to_options(given: Given<'_>) -> PyResult<BlobOptions> {
    let (name, media_type, given_tags, given_hold, given_keep, is_reference) = given;
    Ok(BlobOptions {
        name,
        media_type,
        tags: tags("put", &given_tags)?,
        hold: hold(&given_hold)?,
        keep: keep(&given_keep)?,
        is_reference,
    })
}
