//! The queue through which threads of Rust answer an event loop, woken through a descriptor.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use swarmlet_facade::{Completion, Failure};

use crate::blobs::{
    BlobWriter, blob_info, blob_progress, blob_stat, blob_state, blob_usage, collection,
    saved_folder,
};
use crate::failure::exception;
use crate::node::Node;
use crate::output::explanation;
use crate::row::published_list;
use crate::status::{founded, member_list, pending_list};

/// What a call brought, as plain data.
pub(crate) enum Outcome {
    Opened(swarmlet_facade::Node),
    Published(Vec<swarmlet::Published>),
    Explained(Box<swarmlet::Explanation>),
    Founded(Box<swarmlet::Founded>),
    Pending(Vec<swarmlet::PendingDevice>),
    Members(Vec<swarmlet::MemberInfo>),
    Writer(Box<swarmlet_facade::BlobWriter>),
    Stored(Box<swarmlet::BlobInfo>),
    State(swarmlet::BlobState),
    Stat(Box<swarmlet::BlobStat>),
    Usage(swarmlet::BlobUsage),
    Blobs(Vec<swarmlet::BlobId>),
    Collection(Vec<swarmlet_facade::FolderFile>),
    Saved(swarmlet::SavedFolder),
    Progress(swarmlet::BlobProgress),
    Bytes(Vec<u8>),
    Text(String),
    Flag(bool),
    Count(u64),
    Done,
}

impl Outcome {
    /// Of a call that brings nothing.
    pub(crate) fn done((): ()) -> Self {
        Self::Done
    }

    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Opened(node) => Ok(Py::new(py, Node::new(node))?.into_any()),
            Self::Published(published) => Ok(published_list(py, published)?.into_any().unbind()),
            Self::Explained(explained) => Ok(explanation(py, *explained)?.unbind()),
            Self::Founded(new) => founded(py, &new),
            Self::Pending(devices) => pending_list(py, devices),
            Self::Members(members) => member_list(py, members),
            Self::Writer(writer) => Ok(Py::new(py, BlobWriter::new(*writer))?.into_any()),
            Self::Stored(info) => Ok(blob_info(py, *info)?.unbind()),
            Self::State(state) => blob_state(py, state),
            Self::Stat(stat) => blob_stat(py, *stat),
            Self::Usage(usage) => blob_usage(py, usage),
            Self::Blobs(ids) => {
                let ids = ids.iter().map(ToString::to_string);
                Ok(PyList::new(py, ids.collect::<Vec<_>>())?
                    .into_any()
                    .unbind())
            }
            Self::Collection(files) => collection(py, files),
            Self::Saved(saved) => saved_folder(py, saved),
            Self::Progress(progress) => blob_progress(py, progress),
            Self::Bytes(bytes) => Ok(PyBytes::new(py, &bytes).into_any().unbind()),
            Self::Text(text) => text.into_py_any(py),
            Self::Flag(flag) => flag.into_py_any(py),
            Self::Count(count) => count.into_py_any(py),
            Self::Done => Ok(py.None()),
        }
    }
}

type Answer = (u64, Result<Outcome, Failure>);

/// Where the answers to the calls of one event loop arrive. The loop watches `fileno()` and calls
/// `drain()` when it can be read.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Port(Arc<Queue>);

struct Queue {
    answers: Mutex<Answers>,
    /// Written when the queue stops being empty, by any thread.
    bell: UnixStream,
    /// Read by the loop.
    ear: UnixStream,
}

#[derive(Default)]
struct Answers {
    arrived: Vec<Answer>,
    tokens: u64,
}

#[pymethods]
impl Port {
    #[new]
    fn new() -> PyResult<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self(Arc::new(Queue {
            answers: Mutex::default(),
            bell,
            ear,
        })))
    }

    /// The descriptor that can be read when there are answers. It belongs to this object.
    fn fileno(&self) -> RawFd {
        self.0.ear.as_raw_fd()
    }

    /// The answers so far, each as (token, exception or None, value).
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let answers = PyList::empty(py);
        for (token, result) in self.0.take() {
            let converted = match result {
                Ok(outcome) => outcome.into_python(py),
                Err(failure) => Err(exception(py, failure)),
            };
            match converted {
                Ok(value) => answers.append((token, py.None(), value))?,
                Err(error) => answers.append((token, error.into_value(py), py.None()))?,
            }
        }
        Ok(answers)
    }
}

impl Port {
    /// A token and the completion that answers under it.
    pub(crate) fn completion<T>(
        &self,
        outcome: impl FnOnce(T) -> Outcome + Send + 'static,
    ) -> (u64, Completion<T>) {
        let token = self.0.token();
        let queue = self.0.clone();
        let completion = move |result: Result<T, Failure>| queue.post(token, result.map(outcome));
        (token, Box::new(completion))
    }
}

impl Queue {
    fn token(&self) -> u64 {
        let mut answers = self.answers();
        answers.tokens += 1;
        answers.tokens
    }

    fn post(&self, token: u64, result: Result<Outcome, Failure>) {
        let was_empty = {
            let mut answers = self.answers();
            answers.arrived.push((token, result));
            answers.arrived.len() == 1
        };
        if was_empty {
            // A bell that cannot take another byte rings already.
            let _ = (&self.bell).write(&[1]);
        }
    }

    /// Silences the bell first: what arrives after that rings again.
    fn take(&self) -> Vec<Answer> {
        let mut rung = [0; 64];
        while matches!((&self.ear).read(&mut rung), Ok(count) if count == rung.len()) {}
        std::mem::take(&mut self.answers().arrived)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
