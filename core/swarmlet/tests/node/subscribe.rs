//! Subscriptions: first what is there, then what comes, whatever the reader does.

use std::time::Duration;

use swarmlet::{ErrorKind, Item, Node, Options, QueryOptions, Results, SubscribeOptions};

use crate::harness::{Place, number, numbers, publish, receive, soon, tags, take_events};

fn subscribe(node: &Node, aql: &str) -> Results {
    node.subscribe(aql, SubscribeOptions::default()).unwrap()
}

#[tokio::test]
async fn what_is_there_comes_first_and_then_what_is_published() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..10).await;
    publish(&node, "b", 100..110).await;
    let mut subscription = subscribe(&node, "FROM 'a'");
    assert_eq!(
        numbers(&receive(&mut subscription, 10).await),
        (0..10).collect::<Vec<_>>()
    );
    for content in 10..30 {
        publish(&node, "b", [200]).await;
        publish(&node, "a", [content]).await;
        assert_eq!(numbers(&receive(&mut subscription, 1).await), [content]);
    }
}

#[tokio::test]
async fn a_subscription_from_now_gives_only_what_comes() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..10).await;
    let from = node.offsets().unwrap().present;
    let mut subscription = node
        .subscribe("FROM 'a'", SubscribeOptions::after(from))
        .unwrap();
    publish(&node, "a", [10]).await;
    assert_eq!(numbers(&receive(&mut subscription, 1).await), [10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_falls_behind_misses_nothing() {
    let place = Place::new();
    let node = place.open().await;
    let mut subscription = subscribe(&node, "FROM 'a'");
    publish(&node, "a", [0]).await;
    assert!(soon(subscription.ready()).await.unwrap());
    let publisher = tokio::spawn({
        let node = node.clone();
        async move {
            for first in (1..20_001).step_by(100) {
                publish(&node, "a", first..first + 100).await;
            }
        }
    });
    publisher.await.unwrap();
    // Only a chunk is held; here the one event that was there when it was read.
    assert_eq!(numbers(&take_events(&mut subscription, usize::MAX)), [0]);
    let rest = numbers(&receive(&mut subscription, 20_000).await);
    assert_eq!(rest, (1..20_001).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_chunk_is_bounded_in_events_and_bytes() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "small", 0..10_000).await;
    let mut subscription = subscribe(&node, "FROM 'small'");
    for expected in [16, 64, 256, 256, 256] {
        soon(subscription.ready()).await.unwrap();
        assert_eq!(take_events(&mut subscription, usize::MAX).len(), expected);
    }
    let most = soon(subscription.next_chunk(usize::MAX))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(most.len(), 4096);

    let text = "x".repeat(600_000);
    for _ in 0..4 {
        let payload = swarmlet::Payload::from_serde(&text).unwrap();
        node.publish(tags("large"), payload).await.unwrap();
    }
    let mut subscription = subscribe(&node, "FROM 'large'");
    soon(subscription.ready()).await.unwrap();
    assert_eq!(take_events(&mut subscription, usize::MAX).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_waits_lose_nothing() {
    let place = Place::new();
    let node = place.open().await;
    let publisher = tokio::spawn({
        let node = node.clone();
        async move {
            for content in 0..500 {
                publish(&node, "a", [content]).await;
            }
        }
    });
    let mut subscription = subscribe(&node, "FROM 'a'");
    let mut found = Vec::new();
    let mut cancelled = 0;
    while found.len() < 500 {
        let patience = Duration::from_micros(20 + 37 * (cancelled % 17));
        match tokio::time::timeout(patience, subscription.next_chunk(5)).await {
            Ok(events) => found.extend(numbers(&events.unwrap().unwrap())),
            Err(_) => cancelled += 1,
        }
    }
    publisher.await.unwrap();
    assert_eq!(found, (0..500).collect::<Vec<_>>());
    assert!(cancelled > 0);
}

#[tokio::test]
async fn ready_without_take_consumes_nothing() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..3).await;
    let mut subscription = subscribe(&node, "FROM 'a'");
    for _ in 0..3 {
        assert!(soon(subscription.ready()).await.unwrap());
        assert!(subscription.offsets().is_empty());
    }
    assert_eq!(numbers(&take_events(&mut subscription, 2)), [0, 1]);
    assert_eq!(numbers(&take_events(&mut subscription, 2)), [2]);
    assert!(take_events(&mut subscription, 2).is_empty());
}

#[tokio::test]
async fn a_limit_ends_a_subscription() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..2).await;
    let mut subscription = subscribe(&node, "FROM 'a' LIMIT 3");
    assert_eq!(receive(&mut subscription, 2).await.len(), 2);
    publish(&node, "a", 2..5).await;
    assert_eq!(numbers(&receive(&mut subscription, 1).await), [2]);
    assert_eq!(soon(subscription.next_chunk(1)).await.unwrap(), None);
    let last = subscription.offsets().iter().next().unwrap().1;
    assert_eq!(last.get(), 2);
}

#[tokio::test]
async fn a_subscription_cannot_go_backward() {
    let place = Place::new();
    let node = place.open().await;
    let aql = "FROM 'a' ORDER DESC";
    let error = node
        .subscribe(aql, SubscribeOptions::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    assert_eq!(error.operation(), "subscribe");
    let error = node
        .subscribe("FROM", SubscribeOptions::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    subscribe(&node, "FROM 'a' ORDER ASC");
    subscribe(&node, "FROM 'a' ORDER STREAM");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_subscriber_gets_everything() {
    let place = Place::new();
    let node = place.open().await;
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let mut subscription = subscribe(&node, "FROM 'a'");
            tokio::spawn(async move { numbers(&receive(&mut subscription, 100).await) })
        })
        .collect();
    for content in 0..100 {
        publish(&node, "a", [content]).await;
    }
    for reader in readers {
        assert_eq!(soon(reader).await.unwrap(), (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn blocking_subscribers_need_no_runtime() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let mut subscription = subscribe(&node, "FROM 'a'");
    let patience = Some(Duration::from_millis(10));
    // All there is has come out: nothing.
    assert!(subscription.ready_blocking(None).unwrap());
    assert_eq!(subscription.take(9).len(), 1);
    let error = subscription.ready_blocking(patience).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for content in 0..50 {
                node.publish_blocking(tags("a"), number(content)).unwrap();
            }
        });
        let mut found = Vec::new();
        while found.len() < 50 {
            found.extend(numbers(
                &subscription.next_chunk_blocking(7).unwrap().unwrap(),
            ));
        }
        assert_eq!(found, (0..50).collect::<Vec<_>>());
    });
}

#[tokio::test]
async fn open_results_and_subscriptions_are_counted() {
    let place = Place::new();
    let node = place.open().await;
    let subscription = subscribe(&node, "FROM 'a'");
    let results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    assert_eq!(node.metrics().subscriptions_open, 1);
    assert_eq!(node.metrics().results_open, 1);
    drop((subscription, results));
    assert_eq!(node.metrics().subscriptions_open, 0);
    assert_eq!(node.metrics().results_open, 0);
}

#[tokio::test]
async fn waiting_for_news_reads_nothing_and_a_read_waits_for_none() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..3).await;
    let mut subscription = subscribe(&node, "FROM 'a'");
    let mut outputs = Vec::new();
    while outputs.len() < 4 {
        soon(subscription.changed()).await;
        let read = soon(subscription.read_outputs(2)).await.unwrap().unwrap();
        assert!(read.len() <= 2, "{read:?}");
        outputs.extend(read);
    }
    assert!(matches!(outputs[3].item, Item::CaughtUp(_)));
    for (name, count) in [("b", 0), ("a", 1)] {
        let read = soon(subscription.read_outputs(9)).await.unwrap().unwrap();
        assert!(read.is_empty(), "{read:?}");
        let news = tokio::time::timeout(Duration::ZERO, subscription.changed()).await;
        assert!(news.is_err());
        publish(&node, name, [7]).await;
        let events_read = subscription.events_read();
        soon(subscription.changed()).await;
        assert!(subscription.take(9).is_empty());
        assert_eq!(subscription.events_read(), events_read);
        let read = soon(subscription.read_outputs(9)).await.unwrap().unwrap();
        assert_eq!(read.len(), count, "{name}");
    }
    node.close().await.unwrap();
    soon(subscription.changed()).await;
    let error = soon(subscription.read_outputs(9)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}
