//! The verbs of the tests: a place for a node, events to publish, and ways to collect them.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use swarmlet::{
    Clock, Error, Event, NewEvent, Node, Options, Payload, QueryOptions, Results, Subscription,
    Tags, Timestamp,
};

/// A folder for one node, removed in the end.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Does not exist until a node makes it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    pub(crate) async fn open(&self) -> Node {
        self.open_with(Options::new()).await
    }

    pub(crate) async fn open_with(&self, options: Options) -> Node {
        Node::open(self.path(), options).await.unwrap()
    }

    /// A folder in which a node was and is no more.
    pub(crate) fn used() -> Self {
        let place = Self::new();
        let node = Node::open_blocking(place.path(), Options::new()).unwrap();
        node.publish_blocking(tags("kept"), number(0)).unwrap();
        node.close_blocking().unwrap();
        place
    }

    pub(crate) fn try_open(&self) -> Result<Node, Error> {
        Node::open_blocking(self.path(), Options::new())
    }
}

/// A clock that goes when it is told to.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn at(micros: i64) -> Self {
        Self(AtomicI64::new(micros))
    }

    pub(crate) fn set(&self, micros: i64) {
        self.0.store(micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Tags, separated by blanks.
pub(crate) fn tags(names: &str) -> Tags {
    Tags::new(names.split_whitespace()).unwrap()
}

pub(crate) fn number(number: u64) -> Payload {
    Payload::from_serde(&json!({ "number": number })).unwrap()
}

pub(crate) fn event(names: &str, content: u64) -> NewEvent {
    NewEvent {
        tags: tags(names),
        payload: number(content),
    }
}

/// Publishes one event for each number.
pub(crate) async fn publish(node: &Node, names: &str, numbers: impl IntoIterator<Item = u64>) {
    let events = numbers
        .into_iter()
        .map(|content| event(names, content))
        .collect();
    node.publish_many(events).await.unwrap();
}

pub(crate) fn number_of(event: &Event) -> u64 {
    let value: serde_json::Value = event.payload().to_serde().unwrap();
    value["number"].as_u64().unwrap()
}

pub(crate) fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().map(number_of).collect()
}

/// All results, by chunks of the given size.
pub(crate) async fn collect(results: &mut Results, chunk: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(more) = results.next_chunk(chunk).await.unwrap() {
        assert!(!more.is_empty() && more.len() <= chunk);
        events.extend(more);
    }
    events
}

/// The numbers a query gives.
pub(crate) async fn ask(node: &Node, aql: &str) -> Vec<u64> {
    let mut results = node.query(aql, QueryOptions::default()).unwrap();
    numbers(&collect(&mut results, 100).await)
}

/// The next so many events of a subscription.
pub(crate) async fn receive(subscription: &mut Subscription, count: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while events.len() < count {
        let next = soon(subscription.next_chunk(count - events.len()))
            .await
            .unwrap();
        events.extend(next.expect("the subscription goes on"));
    }
    events
}

/// Gives up on what should have happened long ago.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("it happens within the deadline")
}

/// Waits for a condition that other threads bring about.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// The value of a context pair of an error.
pub(crate) fn detail(error: &Error, name: &str) -> Option<String> {
    error
        .context()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

/// Generous, because test machines are slow; nobody waits for it when all is well.
const DEADLINE: Duration = Duration::from_secs(60);
