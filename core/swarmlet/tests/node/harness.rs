//! The verbs of the tests: a place for a node, events to publish, and ways to collect them.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use swarmlet::{
    Clock, Error, Event, Item, NewEvent, Node, Options, Output, Payload, QueryOptions, Results,
    Row, Tags, Timestamp,
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

/// What has a payload.
pub(crate) trait Numbered {
    fn content(&self) -> Payload;
}

impl Numbered for Event {
    fn content(&self) -> Payload {
        self.payload()
    }
}

impl Numbered for Row {
    fn content(&self) -> Payload {
        self.payload()
    }
}

pub(crate) fn number_of<T: Numbered>(published: &T) -> u64 {
    let value: serde_json::Value = published.content().to_serde().unwrap();
    value["number"].as_u64().unwrap()
}

pub(crate) fn numbers<T: Numbered>(published: &[T]) -> Vec<u64> {
    published.iter().map(number_of).collect()
}

/// The events that rows come from.
pub(crate) fn events(rows: Vec<Row>) -> Vec<Event> {
    let event = |row: Row| row.into_event().expect("the row comes from an event");
    rows.into_iter().map(event).collect()
}

/// The next chunk, as events; nothing at the end.
pub(crate) async fn next_events(results: &mut Results, max: usize) -> Option<Vec<Event>> {
    results.next_chunk(max).await.unwrap().map(events)
}

/// Up to so many of the outputs that are there, as events; what is not a row is left out.
pub(crate) fn take_events(results: &mut Results, max: usize) -> Vec<Event> {
    let row = |output: Output| match output.item {
        Item::Row(row) => Some(row),
        _ => None,
    };
    events(results.take(max).into_iter().filter_map(row).collect())
}

/// All results, by chunks of the given size.
pub(crate) async fn collect(results: &mut Results, chunk: usize) -> Vec<Event> {
    let mut all = Vec::new();
    while let Some(more) = next_events(results, chunk).await {
        assert!(!more.is_empty() && more.len() <= chunk);
        all.extend(more);
    }
    all
}

/// The numbers a query gives.
pub(crate) async fn ask(node: &Node, aql: &str) -> Vec<u64> {
    let mut results = node.query(aql, QueryOptions::default()).unwrap();
    numbers(&collect(&mut results, 100).await)
}

/// The next so many events of a subscription.
pub(crate) async fn receive(subscription: &mut Results, count: usize) -> Vec<Event> {
    let mut all = Vec::new();
    while all.len() < count {
        let next = soon(next_events(subscription, count - all.len())).await;
        all.extend(next.expect("the subscription goes on"));
    }
    all
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
