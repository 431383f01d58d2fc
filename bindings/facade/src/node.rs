//! The node for bindings: the same calls, answered by completions instead of futures.

use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use swarmlet::{
    AppId, ErrorKind, Explanation, Metrics, NewEvent, NodeId, OffsetsState, Options, Published,
    QueryOptions, Row, StreamInfo, SubscribeOptions, query_mistake,
};

use crate::blobs::Blobs;
use crate::completion::{Answer, Completion};
use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::guard::{guarded, within};
use crate::runtime::Lease;
use crate::stream::Stream;
use crate::swarm::Swarm;

/// What a subscription follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// All results.
    All,
    /// All results in the order of event keys, up to one that comes too late.
    Monotonic,
    /// The latest result.
    Latest,
    /// The earliest result.
    Earliest,
}

/// A handle of an open node. Dropping the last one closes the node in the background.
pub struct Node(OwnProcess<Opened>);

struct Opened {
    node: swarmlet::Node,
    lease: Arc<Lease>,
}

/// Opens the node of the folder at `path`; makes the folder on first use.
pub fn open(path: PathBuf, options: Options, completion: Completion<Node>) {
    let answer = Answer::new("open", completion);
    let lease = match guarded("open", Lease::take) {
        Ok(lease) => Arc::new(lease),
        Err(failure) => return answer.give(Err(failure)),
    };
    lease.handle().clone().spawn(async move {
        let opening = async { Ok(swarmlet::Node::open(path, options).await?) };
        let opened = within("open", opening).await;
        answer.give(opened.map(|node| Node::new(node, lease)));
    });
}

impl Node {
    fn new(node: swarmlet::Node, lease: Arc<Lease>) -> Self {
        Self(OwnProcess::new(Opened { node, lease }))
    }

    /// The identity of this device.
    pub fn id(&self) -> Result<NodeId> {
        Ok(self.0.value()?.node.id())
    }

    /// The app in whose name this handle publishes.
    pub fn app_id(&self) -> Result<AppId> {
        Ok(self.0.value()?.node.app_id().clone())
    }

    /// A handle of the same node for another app.
    pub fn scoped(&self, app_id: &str) -> Result<Self> {
        let opened = self.0.value()?;
        let app_id = guarded("scoped", || Ok(AppId::new(app_id)?))?;
        let node = opened.node.scoped(app_id);
        Ok(Self::new(node, opened.lease.clone()))
    }

    /// Publishes events together; durable when the completion is called.
    ///
    /// Of calls made one after the other the events come in that order, acknowledged or not.
    pub fn publish(&self, events: Vec<NewEvent>, completion: Completion<Vec<Published>>) {
        let answer = Answer::new("publish", completion);
        let opened = match self.0.value() {
            Ok(opened) => opened,
            Err(failure) => return answer.give(Err(failure)),
        };
        let node = opened.node.clone();
        let publishing = async move { Ok(node.publish_many(events).await?) };
        let mut publishing = Box::pin(within("publish", publishing));
        // The first look queues the events, on the thread of the caller. Whatever looks next tells
        // whom to wake.
        let mut first = Context::from_waker(Waker::noop());
        match publishing.as_mut().poll(&mut first) {
            Poll::Ready(result) => answer.give(result),
            Poll::Pending => {
                let lease = &opened.lease;
                let rest = async move { answer.give(publishing.await) };
                lease.handle().spawn(rest);
            }
        }
    }

    /// Starts a query over what is present now.
    pub fn query(&self, aql: &str, options: QueryOptions) -> Result<Stream> {
        let opened = self.0.value()?;
        guarded("query", || {
            let results = opened.node.query(aql, options);
            let results = results.map_err(|error| show_mistake(error.into(), aql))?;
            Ok(Stream::start("query", results, opened.lease.clone()))
        })
    }

    /// Starts a subscription.
    pub fn subscribe(
        &self,
        aql: &str,
        options: SubscribeOptions,
        follow: Follow,
    ) -> Result<Stream> {
        let opened = self.0.value()?;
        guarded("subscribe", || {
            let node = &opened.node;
            let begun = match follow {
                Follow::All => node.subscribe(aql, options),
                Follow::Monotonic => node.subscribe_monotonic(aql, options),
                Follow::Latest => node.observe_latest(aql, options),
                Follow::Earliest => node.observe_earliest(aql, options),
            };
            let results = begun.map_err(|error| show_mistake(error.into(), aql))?;
            let lease = opened.lease.clone();
            Ok(Stream::start("subscribe", results, lease))
        })
    }

    /// The first row of a subscription for which the condition holds. Waits on the thread of the
    /// caller, which is also the one that judges rows.
    pub fn wait_for_blocking(
        &self,
        aql: &str,
        options: SubscribeOptions,
        limit: Option<Duration>,
        is_met: impl FnMut(&Row) -> bool,
    ) -> Result<Row> {
        let node = &self.0.value()?.node;
        guarded("wait_for", || {
            let found = node.wait_for_blocking(aql, options, limit, is_met);
            found.map_err(|error| show_mistake(error.into(), aql))
        })
    }

    /// Runs a query without its results and says how that was done.
    pub fn explain(&self, aql: &str, options: QueryOptions, completion: Completion<Explanation>) {
        let answer = Answer::new("explain", completion);
        let opened = match self.0.value() {
            Ok(opened) => opened,
            Err(failure) => return answer.give(Err(failure)),
        };
        let (node, aql) = (opened.node.clone(), aql.to_owned());
        opened.lease.handle().spawn_blocking(move || {
            answer.give(guarded("explain", || {
                let explained = node.explain_blocking(&aql, options);
                explained.map_err(|error| show_mistake(error.into(), &aql))
            }));
        });
    }

    /// How far the node is.
    pub fn offsets(&self) -> Result<OffsetsState> {
        let node = &self.0.value()?.node;
        guarded("offsets", || Ok(node.offsets()?))
    }

    /// The streams of which something is here.
    pub fn streams(&self) -> Result<Vec<StreamInfo>> {
        let node = &self.0.value()?.node;
        guarded("streams", || Ok(node.streams()?))
    }

    /// The node's place in its swarm.
    pub fn swarm(&self) -> Result<Swarm> {
        let opened = self.0.value()?;
        Ok(Swarm::new(opened.node.swarm(), opened.lease.clone()))
    }

    /// The blobs of the node: large bytes, named by their hash.
    pub fn blobs(&self) -> Result<Blobs> {
        let opened = self.0.value()?;
        Ok(Blobs::new(opened.node.blobs(), opened.lease.clone()))
    }

    /// What the node has counted and measured.
    pub fn metrics(&self) -> Result<Metrics> {
        let node = &self.0.value()?.node;
        guarded("metrics", || Ok(node.metrics()))
    }

    /// Writes what is queued, stops, and releases the folder. Closing twice is fine.
    pub fn close(&self, completion: Completion<()>) {
        let answer = Answer::new("close", closed_is_fine(completion));
        let opened = match self.0.value() {
            Ok(opened) => opened,
            Err(failure) => return answer.give(Err(failure)),
        };
        let (node, lease) = (opened.node.clone(), opened.lease.clone());
        opened.lease.handle().spawn(async move {
            let result = within("close", async { Ok(node.close().await?) }).await;
            lease.release();
            answer.give(result);
        });
    }
}

/// A runtime that is gone because the node was closed before is no failure of closing it.
fn closed_is_fine(completion: Completion<()>) -> Completion<()> {
    Box::new(|result| {
        completion(match result {
            Err(failure) if failure.kind == ErrorKind::Closed => Ok(()),
            other => other,
        });
    })
}

/// Adds the text with a caret under the mistake to the details.
fn show_mistake(failure: Failure, aql: &str) -> Failure {
    match query_mistake(aql) {
        Some(view) if failure.kind == ErrorKind::InvalidQuery => failure.with("view", view),
        _ => failure,
    }
}
