//! The node: calls that take time answer at a port under the token that they return.

use std::path::PathBuf;
use std::sync::Arc;

use napi_derive::napi;
use swarmlet::{QueryOptions, SubscribeOptions};
use swarmlet_facade::{Result, offsets_map};

use crate::arguments::{new_events, parameters};
use crate::blobs::Blobs;
use crate::failure::called;
use crate::json;
use crate::metrics::metrics_text;
use crate::options::{GivenOptions, GivenQuery, GivenSubscription, parsed};
use crate::output::{explanation_text, published_text};
use crate::port::{Outcome, Port};
use crate::stream::Stream;
use crate::swarm::Swarm;

/// The version of the native half.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Opens a node; it is fetched from the port when that has answered.
#[napi]
pub fn open(port: &Port, path: String, options: String) -> napi::Result<i64> {
    called("open", || {
        let given: GivenOptions = parsed("open", &options)?;
        let opened = |node| Outcome::Opened(Arc::new(node));
        let (token, completion) = port.completion(opened);
        swarmlet_facade::open(PathBuf::from(path), given.into_options(), completion);
        Ok(token)
    })
}

/// A handle of an open node.
#[napi]
pub struct Node {
    node: Arc<swarmlet_facade::Node>,
    /// The handle that was opened. The port closes it at its end if somebody still has it.
    opened: Arc<swarmlet_facade::Node>,
}

impl Node {
    pub(crate) fn new(opened: Arc<swarmlet_facade::Node>) -> Self {
        Self {
            node: opened.clone(),
            opened,
        }
    }
}

#[napi]
impl Node {
    /// The identity of this device.
    #[napi(getter)]
    pub fn id(&self) -> napi::Result<String> {
        called("id", || Ok(self.node.id()?.to_string()))
    }

    /// The app in whose name this handle publishes.
    #[napi(getter)]
    pub fn app_id(&self) -> napi::Result<String> {
        called("app_id", || Ok(self.node.app_id()?.to_string()))
    }

    /// A handle of the same node for another app.
    #[napi]
    pub fn scoped(&self, app_id: String) -> napi::Result<Self> {
        called("scoped", || {
            Ok(Self {
                node: Arc::new(self.node.scoped(&app_id)?),
                opened: self.opened.clone(),
            })
        })
    }

    /// Publishes events together.
    #[napi]
    pub fn publish(&self, port: &Port, events: &[u8]) -> napi::Result<i64> {
        called("publish", || {
            let events = new_events(events)?;
            let published = |published: Vec<_>| Outcome::Text(published_text(&published));
            let (token, completion) = port.completion(published);
            self.node.publish(events, completion);
            Ok(token)
        })
    }

    /// Starts a query.
    #[napi]
    pub fn query(
        &self,
        aql: String,
        options: String,
        given: Option<&[u8]>,
    ) -> napi::Result<Stream> {
        called("query", || {
            let options = query_options("query", &options, given)?;
            Ok(Stream::new(self.node.query(&aql, options)?))
        })
    }

    /// Starts a subscription.
    #[napi]
    pub fn subscribe(
        &self,
        aql: String,
        options: String,
        given: Option<&[u8]>,
    ) -> napi::Result<Stream> {
        called("subscribe", || {
            let wanted: GivenSubscription = parsed("subscribe", &options)?;
            let (from, follow) = wanted.into_parts()?;
            let options = SubscribeOptions {
                from,
                parameters: parameters("subscribe", given)?,
            };
            Ok(Stream::new(self.node.subscribe(&aql, options, follow)?))
        })
    }

    /// Runs a query without its results.
    #[napi]
    pub fn explain(
        &self,
        port: &Port,
        aql: String,
        options: String,
        given: Option<&[u8]>,
    ) -> napi::Result<i64> {
        called("explain", || {
            let options = query_options("explain", &options, given)?;
            let explained = |explained| Outcome::Text(explanation_text(&explained));
            let (token, completion) = port.completion(explained);
            self.node.explain(&aql, options, completion);
            Ok(token)
        })
    }

    /// What is present, and what is known to be missing, as JSON.
    #[napi]
    pub fn offsets(&self) -> napi::Result<String> {
        called("offsets", || {
            let state = self.node.offsets()?;
            let missing = state.to_replicate.into_iter();
            let missing: Vec<_> = missing.map(|(id, count)| (id.to_string(), count)).collect();
            Ok(json::text(&(offsets_map(&state.present), missing)))
        })
    }

    /// The streams of which something is here, as JSON.
    #[napi]
    pub fn streams(&self) -> napi::Result<String> {
        called("streams", || {
            let rows = self.node.streams()?.into_iter().map(|info| {
                let (id, name) = (info.id.to_string(), info.name.to_string());
                (id, name, info.first.get(), info.last.get())
            });
            Ok(json::text(&rows.collect::<Vec<_>>()))
        })
    }

    /// The node's place in its swarm.
    #[napi]
    pub fn swarm(&self) -> napi::Result<Swarm> {
        called("swarm", || Ok(Swarm::new(self.node.swarm()?)))
    }

    /// The blobs of the node.
    #[napi]
    pub fn blobs(&self) -> napi::Result<Blobs> {
        called("blobs", || Ok(Blobs::new(self.node.blobs()?)))
    }

    /// What the node has counted and measured, as JSON.
    #[napi]
    pub fn metrics(&self) -> napi::Result<String> {
        called("metrics", || Ok(metrics_text(&self.node.metrics()?)))
    }

    /// Closes the node for all its handles.
    #[napi]
    pub fn close(&self, port: &Port) -> i64 {
        let (token, completion) = port.completion(Outcome::done);
        self.node.close(completion);
        token
    }
}

fn query_options(
    operation: &'static str,
    options: &str,
    given: Option<&[u8]>,
) -> Result<QueryOptions> {
    let wanted: GivenQuery = parsed(operation, options)?;
    Ok(QueryOptions {
        parameters: parameters(operation, given)?,
        ..wanted.into_options(operation)?
    })
}
