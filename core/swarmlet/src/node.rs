//! The node: the front door.

use std::collections::BTreeMap;
use std::path::Path;

use swarmlet_engine::event::{AppId, NewEvent, NodeId, Offsets, Payload, StreamId, Tags};
use swarmlet_engine::{Error, ErrorKind, Result};

use crate::log_types::{Published, StreamInfo};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::query::{QueryOptions, Results};
use crate::subscription::{SubscribeOptions, Subscription};

/// An open node. Clones are handles of the same node.
///
/// Dropping the last handle closes the node in the background; [`Node::close`] waits for it.
/// Results and subscriptions do not keep a node open.
#[derive(Clone, Debug)]
pub struct Node {
    app_id: AppId,
}

/// How far the node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OffsetsState {
    /// What is here: for each stream the last offset that can be delivered without gap.
    pub present: Offsets,
    /// How many events of each stream other nodes have and this one does not yet.
    pub to_replicate: BTreeMap<StreamId, u64>,
}

impl Node {
    /// Opens the data folder at `path`, which is made on first use, and recovers its log.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for bad options and for a folder that is not ours, `invalid_query` for a
    /// route that cannot be understood, `locked` if a node has the folder open, `incompatible` for
    /// a newer format, `permission_denied` for a read-only folder and for folder or identity that
    /// others may access, `corrupt` for a damaged identity or log, `disk_full`, `storage`.
    pub async fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let _ = (path.as_ref(), options);
        Err(unwired())
    }

    /// As [`Node::open`], for callers without a runtime.
    pub fn open_blocking(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let _ = (path.as_ref(), options);
        Err(unwired())
    }

    /// The identity of this device.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId::from_bytes([0; 32])
    }

    /// The app in whose name this handle publishes.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// A handle of the same node for another app.
    #[must_use]
    pub fn scoped(&self, app_id: AppId) -> Self {
        Self { app_id }
    }

    /// Publishes one event; durable when this returns.
    ///
    /// Waits while the queue is full. Dropping the future before the event is queued publishes
    /// nothing, after that the publish completes all the same.
    pub async fn publish(&self, tags: Tags, payload: Payload) -> Result<Published> {
        let _ = (tags, payload);
        Err(unwired())
    }

    /// As [`Node::publish`], for callers without a runtime.
    pub fn publish_blocking(&self, tags: Tags, payload: Payload) -> Result<Published> {
        let _ = (tags, payload);
        Err(unwired())
    }

    /// Publishes events together: all of them are there after a crash, or none.
    pub async fn publish_many(&self, events: Vec<NewEvent>) -> Result<Vec<Published>> {
        let _ = events;
        Err(unwired())
    }

    /// As [`Node::publish_many`], for callers without a runtime.
    pub fn publish_many_blocking(&self, events: Vec<NewEvent>) -> Result<Vec<Published>> {
        let _ = events;
        Err(unwired())
    }

    /// Starts a query over what is present now. Checks text and bounds; reads nothing yet.
    pub fn query(&self, aql: &str, options: QueryOptions) -> Result<Results> {
        let _ = (aql, options);
        Err(unwired())
    }

    /// Starts a subscription. Checks the text; reads nothing yet.
    pub fn subscribe(&self, aql: &str, options: SubscribeOptions) -> Result<Subscription> {
        let _ = (aql, options);
        Err(unwired())
    }

    /// How far the node is.
    pub fn offsets(&self) -> Result<OffsetsState> {
        Err(unwired())
    }

    /// The streams of which something is here.
    pub fn streams(&self) -> Result<Vec<StreamInfo>> {
        Err(unwired())
    }

    /// What the node has counted and measured so far; also after it was closed.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::default()
    }

    /// Writes what is queued, stops, and releases the folder. Closing twice is fine.
    pub async fn close(&self) -> Result<()> {
        Err(unwired())
    }

    /// As [`Node::close`], for callers without a runtime.
    pub fn close_blocking(&self) -> Result<()> {
        Err(unwired())
    }
}

pub(crate) fn unwired() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the log is not wired to the node yet",
    )
}
