//! The node: calls that take time exist twice, `start_*` for event loops and plain for threads.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use swarmlet::{Options, QueryOptions, SubscribeOptions};

use crate::arguments::{
    GivenNetwork, GivenRoom, Settings, StreamLimits, durability, follow, new_events, offsets,
    offsets_dict, order, parameters,
};
use crate::blobs::Blobs;
use crate::blocking::wait_for;
use crate::failure::OrRaise;
use crate::metrics::metrics_dict;
use crate::output::explanation;
use crate::port::{Outcome, Port};
use crate::row::published_list;
use crate::stream::Stream;
use crate::swarm::Swarm;

/// A handle of an open node.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Node(swarmlet_facade::Node);

impl Node {
    pub(crate) fn new(node: swarmlet_facade::Node) -> Self {
        Self(node)
    }
}

/// What a node is opened with: app id, streams with their limits, routes, durability, cache bytes,
/// network, room for blobs.
type Given<'py> = (
    Option<String>,
    Vec<StreamLimits<'py>>,
    Vec<(String, String)>,
    String,
    Option<Bound<'py, PyAny>>,
    Option<GivenNetwork<'py>>,
    GivenRoom<'py>,
);

/// What a query is asked with: lower and upper bound, order, parameters.
type GivenQuery<'py> = (
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
    String,
    Option<Bound<'py, PyAny>>,
);

/// The version of the native half.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Opens a node; answers at `port` under the returned token.
#[pyfunction]
pub(crate) fn start_open(
    py: Python<'_>,
    port: &Port,
    path: PathBuf,
    options: Given<'_>,
) -> PyResult<u64> {
    let options = to_options(py, options)?;
    let (token, completion) = port.completion(Outcome::Opened);
    swarmlet_facade::open(path, options, completion);
    Ok(token)
}

/// Opens a node and waits for it.
#[pyfunction]
pub(crate) fn open(py: Python<'_>, path: PathBuf, options: Given<'_>) -> PyResult<Node> {
    let options = to_options(py, options)?;
    let open = |completion| swarmlet_facade::open(path, options, completion);
    Ok(Node(wait_for(py, open)?))
}

#[pymethods]
impl Node {
    /// The identity of this device.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.0.id().or_raise(py)?.to_string())
    }

    /// The app in whose name this handle publishes.
    #[getter]
    fn app_id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.0.app_id().or_raise(py)?.to_string())
    }

    /// A handle of the same node for another app.
    fn scoped(&self, py: Python<'_>, app_id: &str) -> PyResult<Self> {
        Ok(Self(self.0.scoped(app_id).or_raise(py)?))
    }

    /// Publishes pairs of tags and payload together; answers at `port`.
    fn start_publish(
        &self,
        py: Python<'_>,
        port: &Port,
        events: &Bound<'_, PyAny>,
    ) -> PyResult<u64> {
        let events = new_events(events)?;
        let (token, completion) = port.completion(Outcome::Published);
        py.detach(|| self.0.publish(events, completion));
        Ok(token)
    }

    /// Publishes pairs of tags and payload together and waits until they are durable.
    fn publish<'py>(
        &self,
        py: Python<'py>,
        events: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let events = new_events(events)?;
        let published = wait_for(py, |completion| self.0.publish(events, completion))?;
        published_list(py, published)
    }

    /// Starts a query.
    fn query(&self, py: Python<'_>, aql: &str, options: GivenQuery<'_>) -> PyResult<Stream> {
        let options = to_query_options(py, "query", options)?;
        Ok(Stream::new(self.0.query(aql, options).or_raise(py)?))
    }

    /// Starts a subscription: of 'all' results, or 'monotonic', or of the 'latest' or 'earliest'.
    fn subscribe(
        &self,
        py: Python<'_>,
        aql: &str,
        from: Option<&Bound<'_, PyAny>>,
        given: Option<&Bound<'_, PyAny>>,
        follow_name: &str,
    ) -> PyResult<Stream> {
        let options = SubscribeOptions {
            from: offsets("subscribe", from)?.unwrap_or_default(),
            parameters: parameters("subscribe", given)?,
        };
        let follow = follow(py, follow_name)?;
        let stream = self.0.subscribe(aql, options, follow).or_raise(py)?;
        Ok(Stream::new(stream))
    }

    /// Runs a query without its results; answers at `port` how that was done.
    fn start_explain(
        &self,
        py: Python<'_>,
        port: &Port,
        aql: &str,
        options: GivenQuery<'_>,
    ) -> PyResult<u64> {
        let options = to_query_options(py, "explain", options)?;
        let explained = |explained| Outcome::Explained(Box::new(explained));
        let (token, completion) = port.completion(explained);
        self.0.explain(aql, options, completion);
        Ok(token)
    }

    /// Runs a query without its results and says how that was done.
    fn explain<'py>(
        &self,
        py: Python<'py>,
        aql: &str,
        options: GivenQuery<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = to_query_options(py, "explain", options)?;
        let explained = wait_for(py, |completion| self.0.explain(aql, options, completion))?;
        explanation(py, explained)
    }

    /// What is present, and what is known to be missing.
    fn offsets<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)> {
        let state = self.0.offsets().or_raise(py)?;
        let to_replicate = PyDict::new(py);
        for (stream, count) in state.to_replicate {
            to_replicate.set_item(stream.to_string(), count)?;
        }
        Ok((offsets_dict(py, &state.present)?, to_replicate))
    }

    /// The streams of which something is here: (id, name, first offset, last offset).
    fn streams(&self, py: Python<'_>) -> PyResult<Vec<(String, String, u64, u64)>> {
        let streams = self.0.streams().or_raise(py)?;
        let rows = streams.into_iter().map(|info| {
            let (id, name) = (info.id.to_string(), info.name.to_string());
            (id, name, info.first.get(), info.last.get())
        });
        Ok(rows.collect())
    }

    /// The node's place in its swarm.
    fn swarm(&self, py: Python<'_>) -> PyResult<Swarm> {
        Ok(Swarm::new(self.0.swarm().or_raise(py)?))
    }

    /// The blobs of the node.
    fn blobs(&self, py: Python<'_>) -> PyResult<Blobs> {
        Ok(Blobs::new(self.0.blobs().or_raise(py)?))
    }

    /// What the node has counted and measured.
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        metrics_dict(py, &self.0.metrics().or_raise(py)?)
    }

    /// Closes the node for all its handles; answers at `port`.
    fn start_close(&self, port: &Port) -> u64 {
        let (token, completion) = port.completion(Outcome::done);
        self.0.close(completion);
        token
    }

    /// Closes the node for all its handles and waits for it.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        wait_for(py, |completion| self.0.close(completion))
    }
}

fn to_options(py: Python<'_>, given: Given<'_>) -> PyResult<Options> {
    let (app_id, streams, routes, durability_name, cache_bytes, network, room) = given;
    let settings = Settings {
        app_id,
        streams,
        routes,
        durability: durability(py, &durability_name)?,
        cache_bytes,
        network,
        room,
    };
    settings.to_options()
}

fn to_query_options(
    py: Python<'_>,
    operation: &'static str,
    given: GivenQuery<'_>,
) -> PyResult<QueryOptions> {
    let (lower, upper, order_name, given) = given;
    Ok(QueryOptions {
        lower: offsets(operation, lower.as_ref())?.unwrap_or_default(),
        upper: offsets(operation, upper.as_ref())?,
        order: order(py, &order_name)?,
        parameters: parameters(operation, given.as_ref())?,
    })
}
