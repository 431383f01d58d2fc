//! What the swarm tells, as Python objects of `swarmlet._types`, and the stream of its changes.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple};
use swarmlet::{Founded, MemberInfo, Peer, PendingDevice, SwarmStatus};
use swarmlet_facade::code_text;

use crate::failure::OrRaise;
use crate::port::Port;
use crate::stream::{Watch, as_flag, wait_within, watch_at};

/// How a node stands in its swarm, the newest whenever it has changed.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Changes(swarmlet_facade::Changes);

impl Changes {
    pub(crate) fn new(changes: swarmlet_facade::Changes) -> Self {
        Self(changes)
    }
}

#[pymethods]
impl Changes {
    /// True: there is something; False: there will be none any more; None: nothing yet.
    fn look(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        Ok(as_flag(self.0.look().or_raise(py)?))
    }

    /// The newest status if it was not taken yet.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let taken = self.0.take().or_raise(py)?;
        taken.map(|taken| status(py, taken)).transpose()
    }

    /// Answers at `port` under the returned token when a look shows something.
    fn watch(&self, py: Python<'_>, port: &Port) -> PyResult<(u64, Watch)> {
        watch_at(py, &self.0, port)
    }

    /// Nobody waits for this watch any more.
    fn forget(&self, py: Python<'_>, watch: &Watch) -> PyResult<()> {
        self.0.forget(watch.ticket()).or_raise(py)
    }

    /// Looks, and waits at most `timeout` seconds while there is nothing to see.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<bool>> {
        wait_within(py, &self.0, timeout)
    }

    /// Ends the stream.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.0.cancel().or_raise(py)
    }
}

/// The status.
pub(crate) fn status(py: Python<'_>, status: SwarmStatus) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let peers = status.peers.into_iter().map(|each| peer(py, each));
    let peers = PyTuple::new(py, peers.collect::<PyResult<Vec<_>>>()?)?;
    let to_replicate = PyDict::new(py);
    for (stream, count) in status.to_replicate {
        to_replicate.set_item(stream.to_string(), count)?;
    }
    CLASS.import(py, TYPES, "SwarmStatus")?.call1((
        PyTuple::new(py, status.listening)?,
        peers,
        to_replicate,
        PyTuple::new(py, status.refused)?,
        PyTuple::new(py, status.incidents)?,
    ))
}

fn peer(py: Python<'_>, peer: Peer) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS.import(py, TYPES, "Peer")?.call1((
        peer.node.to_string(),
        peer.address,
        peer.is_in_sync,
        peer.behind,
        peer.ahead,
        peer.lag,
        peer.round_trip,
    ))
}

/// A swarm that was founded, with its root key.
pub(crate) fn founded(py: Python<'_>, founded: &Founded) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let texts = (founded.swarm.to_string(), founded.root_key.to_string());
    Ok(CLASS.import(py, TYPES, "Founded")?.call1(texts)?.unbind())
}

/// Devices that wait for approval.
pub(crate) fn pending_list(py: Python<'_>, pending: Vec<PendingDevice>) -> PyResult<Py<PyAny>> {
    static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let convert = CONVERT.import(py, TYPES, "pending")?;
    let list = PyList::empty(py);
    for each in pending {
        let (device, name) = (each.device.to_string(), each.name.to_string());
        list.append(convert.call1((device, name, code_text(each.code), each.since))?)?;
    }
    Ok(list.into_any().unbind())
}

/// Devices of the swarm.
pub(crate) fn member_list(py: Python<'_>, members: Vec<MemberInfo>) -> PyResult<Py<PyAny>> {
    static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let convert = CONVERT.import(py, TYPES, "member")?;
    let list = PyList::empty(py);
    for each in members {
        list.append(convert.call1((
            each.node.to_string(),
            each.name,
            each.capabilities,
            each.labels,
            each.is_issuer,
            each.is_revoked,
            each.not_after,
        ))?)?;
    }
    Ok(list.into_any().unbind())
}

const TYPES: &str = "swarmlet._types";
