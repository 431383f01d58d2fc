//! The facade over a real node, as a binding uses it: no async, completions and looks only.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blobs;
mod runtime;
mod stream;
mod swarm;
mod taken;

use std::path::Path;
use std::time::Duration;

use swarmlet::{
    Durability, Item, NewEvent, Options, Output, Payload, QueryOptions, SubscribeOptions, Tags,
};
use swarmlet_facade::{Completion, Follow, Node, Pending, Result, Stream, open};

/// Nothing in these tests takes longer unless it hangs.
const LIMIT: Duration = Duration::from_secs(60);

fn finished<T: Send + 'static>(call: impl FnOnce(Completion<T>)) -> Result<T> {
    let outcome = Pending::start(call).wait(LIMIT);
    outcome.expect("the call is answered in time")
}

fn opened(path: &Path) -> Node {
    let options = Options::new().durability(Durability::Buffered);
    finished(|completion| open(path.to_owned(), options, completion)).unwrap()
}

/// Publishes the numbers of the range under one tag.
fn publish(node: &Node, numbers: std::ops::Range<u64>) {
    let event = |number| NewEvent {
        tags: Tags::new(["n"]).unwrap(),
        payload: Payload::from_serde(&number).unwrap(),
    };
    let events = numbers.map(event).collect();
    finished(|completion| node.publish(events, completion)).unwrap();
}

/// The numbers of rows; what else comes out has none.
fn numbers(outputs: &[Output]) -> Vec<u64> {
    let number = |output: &Output| match &output.item {
        Item::Row(row) => Some(row.payload().to_serde().unwrap()),
        _ => None,
    };
    outputs.iter().filter_map(number).collect()
}

fn queried(node: &Node) -> Stream {
    node.query("FROM 'n'", QueryOptions::default()).unwrap()
}

fn subscribed(node: &Node) -> Stream {
    let options = SubscribeOptions::default();
    node.subscribe("FROM 'n'", options, Follow::All).unwrap()
}

fn close(node: &Node) {
    finished(|completion| node.close(completion)).unwrap();
}
