//! Members that come when their swarm has dropped the beginning of a stream.

use swarmlet::{Node, QueryOptions, Retention, StreamInfo};

use crate::harness::{Place, collect, publish, until};
use crate::streams::publish_much;
use crate::swarm::{SOON, joiner, network, options};

/// The stream of `author` here.
fn default_of(node: &Node, author: &Node) -> Option<StreamInfo> {
    let streams = node.streams().unwrap().into_iter();
    let is_default = |info: &StreamInfo| info.name.as_str() == "default";
    streams
        .filter(|info| info.id.node == author.id())
        .find(is_default)
}

/// The offsets of the events with the tag `a` that can be read, and where that says it begins.
async fn readable(node: &Node, author: &Node) -> (Vec<u64>, Option<u64>) {
    let mut results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    let events = collect(&mut results, 100).await;
    let offsets = events.iter().map(|event| event.key.offset.get());
    let stream = default_of(author, author).unwrap().id;
    let first = results.skipped().last(stream);
    (offsets.collect(), first.map(swarmlet::Offset::get))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_gets_what_the_author_has_kept() {
    let places = [Place::new(), Place::new()];
    let keeping = options().stream("default", Retention::keep_all().events(20));
    let author = places[0].open_with(keeping).await;
    author.swarm().create("plant", "first").unwrap();
    publish_much(&author, "a", 1).await;
    until(|| default_of(&author, &author).unwrap().first.get() >= 50).await;

    let member = joiner(&places[1], &author, "rw:*").await;
    member.swarm().wait_in_sync(SOON).await.unwrap();
    assert_eq!(default_of(&member, &author), default_of(&author, &author));
    let kept = readable(&author, &author).await;
    assert!(kept.1.is_some_and(|first| first >= 50));
    assert_eq!(readable(&member, &author).await, kept);
    assert!(member.offsets().unwrap().to_replicate.is_empty());
    assert!(member.swarm().status().incidents.is_empty());

    publish(&author, "a", 0..3).await;
    author.swarm().wait_in_sync(SOON).await.unwrap();
    assert_eq!(
        readable(&member, &author).await.0.len(),
        kept.0.len() + 3,
        "what comes later comes at once"
    );
    member.close().await.unwrap();
    let member = places[1]
        .open_with(swarmlet::Options::new().network(network()))
        .await;
    assert_eq!(readable(&member, &author).await.1, kept.1);
}
