//! The node.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::arguments::{
    Following, GivenEvent, GivenOptions, GivenParameter, GivenQuery, OffsetMap, number, offset_map,
    subscribe_options,
};
use crate::blobs::Blobs;
use crate::call::answered;
use crate::explanation::QueryReport;
use crate::failure::Result;
use crate::metrics::NodeMetrics;
use crate::row::Receipt;
use crate::stream::Stream;
use crate::swarm::Swarm;

/// A handle of an open node. The last one that is freed closes the node in the background.
#[derive(uniffi::Object)]
pub(crate) struct Node(swarmlet_facade::Node);

/// How far a node is.
#[derive(uniffi::Record)]
pub(crate) struct NodeOffsets {
    present: OffsetMap,
    to_replicate: OffsetMap,
}

/// A stream of which something is here.
#[derive(uniffi::Record)]
pub(crate) struct StreamSpan {
    id: String,
    name: String,
    first: i64,
    last: i64,
}

/// The version of the native half.
#[uniffi::export]
pub(crate) fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[uniffi::export]
impl Node {
    /// Opens the node of the folder at `path`.
    #[uniffi::constructor]
    pub(crate) async fn open(path: String, options: GivenOptions) -> Result<Arc<Self>> {
        let options = options.into_options()?;
        let path = PathBuf::from(path);
        let opened = answered(|completion| swarmlet_facade::open(path, options, completion));
        Ok(Arc::new(Self(opened.await?)))
    }

    /// The identity of this device.
    pub(crate) fn id(&self) -> Result<String> {
        Ok(self.0.id()?.to_string())
    }

    /// The app in whose name this handle publishes.
    pub(crate) fn app_id(&self) -> Result<String> {
        Ok(self.0.app_id()?.to_string())
    }

    /// A handle of the same node for another app.
    pub(crate) fn scoped(&self, app_id: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(self.0.scoped(&app_id)?)))
    }

    /// Publishes events together; durable when this is answered.
    pub(crate) async fn publish(&self, events: Vec<GivenEvent>) -> Result<Vec<Receipt>> {
        let events = events.into_iter().map(GivenEvent::into_event);
        let events = events.collect::<Result<_>>()?;
        let published = answered(|completion| self.0.publish(events, completion)).await?;
        Ok(published.into_iter().map(Receipt::from).collect())
    }

    /// Starts a query.
    pub(crate) fn query(&self, aql: String, options: GivenQuery) -> Result<Arc<Stream>> {
        let options = options.into_options("query")?;
        Ok(Arc::new(Stream::new(self.0.query(&aql, options)?)))
    }

    /// Starts a subscription.
    pub(crate) fn subscribe(
        &self,
        aql: String,
        from: Option<OffsetMap>,
        parameters: HashMap<String, GivenParameter>,
        following: Following,
    ) -> Result<Arc<Stream>> {
        let options = subscribe_options(from, parameters)?;
        let stream = self.0.subscribe(&aql, options, following.into())?;
        Ok(Arc::new(Stream::new(stream)))
    }

    /// Runs a query without its results and says how that was done.
    pub(crate) async fn explain(&self, aql: String, options: GivenQuery) -> Result<QueryReport> {
        let options = options.into_options("explain")?;
        let explained = answered(|completion| self.0.explain(&aql, options, completion)).await?;
        Ok(explained.into())
    }

    /// How far the node is.
    pub(crate) fn offsets(&self) -> Result<NodeOffsets> {
        let state = self.0.offsets()?;
        let to_replicate = state.to_replicate.into_iter();
        Ok(NodeOffsets {
            present: offset_map(&state.present),
            to_replicate: to_replicate
                .map(|(stream, count)| (stream.to_string(), number(count)))
                .collect(),
        })
    }

    /// The streams of which something is here.
    pub(crate) fn streams(&self) -> Result<Vec<StreamSpan>> {
        let spans = self.0.streams()?.into_iter().map(|info| StreamSpan {
            id: info.id.to_string(),
            name: info.name.to_string(),
            first: number(info.first.get()),
            last: number(info.last.get()),
        });
        Ok(spans.collect())
    }

    /// The node's place in its swarm.
    pub(crate) fn swarm(&self) -> Result<Arc<Swarm>> {
        Ok(Arc::new(Swarm::new(self.0.swarm()?)))
    }

    /// The node's blobs.
    pub(crate) fn blobs(&self) -> Result<Arc<Blobs>> {
        Ok(Arc::new(Blobs::new(self.0.blobs()?)))
    }

    /// What the node has counted and measured.
    pub(crate) fn metrics(&self) -> Result<NodeMetrics> {
        Ok((&self.0.metrics()?).into())
    }

    /// Closes the node for all its handles. Not called `close`: that frees a handle.
    pub(crate) async fn shut_down(&self) -> Result<()> {
        answered(|completion| self.0.close(completion)).await
    }
}
