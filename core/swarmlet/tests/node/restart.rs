//! A restart finds everything, and continues where it was.

use swarmlet::{QueryOptions, SubscribeOptions, is_attested};

use crate::harness::{Place, ask, collect, publish, receive};

#[tokio::test]
async fn a_restart_finds_every_event_as_it_was() {
    let place = Place::new();
    let node = place.open().await;
    for content in 0..20 {
        publish(&node, "a b", content * 100..content * 100 + 100).await;
    }
    let query = |node: &swarmlet::Node| node.query("FROM 'a' & 'b'", QueryOptions::default());
    let before = collect(&mut query(&node).unwrap(), 1000).await;
    let (present, streams) = (node.offsets().unwrap(), node.streams().unwrap());
    node.close().await.unwrap();

    let node = place.open().await;
    assert_eq!(collect(&mut query(&node).unwrap(), 1000).await, before);
    assert_eq!(before.len(), 2000);
    assert_eq!(node.offsets().unwrap(), present);
    assert_eq!(node.streams().unwrap(), streams);
    publish(&node, "c", [1]).await;
    let mut results = node.query("FROM 'c'", QueryOptions::default()).unwrap();
    let next = &collect(&mut results, 1).await[0];
    assert!(next.key > before.last().unwrap().key);
    assert_eq!(next.key.offset.get(), 2000);
}

#[tokio::test]
async fn a_subscriber_goes_on_where_it_was_before_the_restart() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..10).await;
    let options = SubscribeOptions::default();
    let mut subscription = node.subscribe("FROM 'a'", options).unwrap();
    receive(&mut subscription, 4).await;
    let from = subscription.offsets().clone();
    publish(&node, "a", 10..12).await;
    node.close().await.unwrap();

    let node = place.open().await;
    let mut subscription = node
        .subscribe("FROM 'a'", SubscribeOptions::after(from))
        .unwrap();
    publish(&node, "a", [12]).await;
    let rest = crate::harness::numbers(&receive(&mut subscription, 9).await);
    assert_eq!(rest, (4..13).collect::<Vec<_>>());
}

#[tokio::test]
async fn closing_without_having_published_leaves_an_empty_log() {
    let place = Place::new();
    for _ in 0..3 {
        let node = place.open().await;
        assert!(node.offsets().unwrap().present.is_empty());
        assert!(ask(&node, "FROM allEvents").await.is_empty());
        node.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_attested_is_known_after_a_restart() {
    let place = Place::new();
    let node = place.open().await;
    assert_eq!(node.folder(), place.path());
    let signature = node.attest("swarmlet tests 1", b"a token");
    node.close().await.unwrap();

    let node = place.open().await;
    let is_own = |message: &[u8]| is_attested(node.id(), "swarmlet tests 1", message, &signature);
    assert!(is_own(b"a token"));
    assert!(!is_own(b"another"));
}
