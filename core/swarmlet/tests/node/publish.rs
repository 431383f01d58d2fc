//! Publishing: order, atomicity, visibility, and callers that go away.

use std::sync::Arc;

use swarmlet::{Durability, ErrorKind, Node, Options, Order, QueryOptions, Tags, Timestamp};

use crate::harness::{
    HandClock, Place, ask, collect, event, number, number_of, numbers, publish, soon, tags, until,
};

#[tokio::test]
async fn a_published_event_is_there_as_it_was_given() {
    let place = Place::new();
    let clock = Arc::new(HandClock::at(1_700_000_000_000_000));
    let node = place
        .open_with(Options::new().app_id("com.example.press").clock(clock))
        .await;
    let published = node
        .publish(tags("press:7 stopped"), number(5))
        .await
        .unwrap();
    assert_eq!(published.timestamp.micros(), 1_700_000_000_000_000);
    assert_eq!(published.key.stream.node, node.id());
    let mut results = node
        .query("FROM 'press:7'", QueryOptions::default())
        .unwrap();
    let events = collect(&mut results, 10).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].key, published.key);
    assert_eq!(events[0].timestamp, published.timestamp);
    assert_eq!(events[0].app_id.as_str(), "com.example.press");
    assert_eq!(events[0].tags(), tags("press:7 stopped"));
    assert_eq!(events[0].payload(), number(5));
}

#[tokio::test]
async fn events_of_one_call_follow_each_other_in_the_order_of_the_call() {
    let place = Place::new();
    let node = place.open().await;
    let events = (0..100).map(|content| event("a", content)).collect();
    let published = node.publish_many(events).await.unwrap();
    assert_eq!(published.len(), 100);
    assert!(published.windows(2).all(|pair| pair[0].key < pair[1].key));
    assert_eq!(ask(&node, "FROM 'a'").await, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn events_of_other_times_keep_them_and_order_nothing_by_them() {
    let place = Place::new();
    let node = place.open().await;
    let later = Timestamp::from_micros(2_000_000);
    let earlier = Timestamp::from_micros(-1);
    let events = vec![(event("a", 1), later), (event("a", 2), earlier)];
    let published = node.publish_stamped(events).await.unwrap();
    let times: Vec<_> = published.iter().map(|one| one.timestamp).collect();
    assert_eq!(times, [later, earlier]);
    assert!(published[0].key < published[1].key);
    assert_eq!(ask(&node, "FROM 'a'").await, [1, 2]);
    let none = node.publish_stamped(Vec::new()).await.unwrap();
    assert!(none.is_empty());
}

#[tokio::test]
async fn no_events_are_no_commit() {
    let place = Place::new();
    let node = place.open().await;
    assert!(node.publish_many(Vec::new()).await.unwrap().is_empty());
    assert!(node.publish_many_blocking(Vec::new()).unwrap().is_empty());
    assert_eq!(node.metrics().log.groups_committed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_publishers_share_commits_and_lose_nothing() {
    let place = Place::new();
    let node = place.open().await;
    let publishers: Vec<_> = (0..32)
        .map(|publisher| {
            let node = node.clone();
            tokio::spawn(async move {
                for content in 0..20 {
                    publish(&node, "a", [publisher * 20 + content]).await;
                }
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let mut found = ask(&node, "FROM 'a'").await;
    found.sort_unstable();
    assert_eq!(found, (0..640).collect::<Vec<_>>());
    assert!(node.metrics().log.groups_committed < 640);
}

#[test]
fn blocking_publishers_without_a_runtime_lose_nothing_either() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    std::thread::scope(|scope| {
        for publisher in 0..8 {
            let node = &node;
            scope.spawn(move || {
                for content in 0..25 {
                    node.publish_blocking(tags("a"), number(publisher * 25 + content))
                        .unwrap();
                }
            });
        }
    });
    let mut results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    let mut found = Vec::new();
    while let Some(events) = results.next_chunk_blocking(7).unwrap() {
        found.extend(numbers(&events));
    }
    found.sort_unstable();
    assert_eq!(found, (0..200).collect::<Vec<_>>());
    node.close_blocking().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_and_async_publishers_mix() {
    let place = Place::new();
    let node = place.open().await;
    let blocking = tokio::task::spawn_blocking({
        let node = node.clone();
        move || {
            for content in 0..100 {
                node.publish_blocking(tags("a"), number(content)).unwrap();
            }
        }
    });
    publish(&node, "a", []).await;
    for content in 100..200 {
        publish(&node, "a", [content]).await;
    }
    blocking.await.unwrap();
    let mut found = ask(&node, "FROM 'a'").await;
    found.sort_unstable();
    assert_eq!(found, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_publish_completes_though_its_caller_went_away() {
    let place = Place::new();
    let node = place.open().await;
    {
        let mut publishing = Box::pin(node.publish(tags("a"), number(1)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        // The first poll queues it.
        assert!(publishing.as_mut().poll(&mut context).is_pending());
    }
    until(|| node.metrics().log.events_committed == 1).await;
    assert_eq!(ask(&node, "FROM 'a'").await, [1]);
}

#[tokio::test]
async fn a_full_queue_makes_publishers_wait_not_fail() {
    let place = Place::new();
    let node = place.open_with(Options::new().queue_bytes(64 * 1024)).await;
    let text = "x".repeat(60 * 1024);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let payload = swarmlet::Payload::from_serde(&text).unwrap();
            let node = node.clone();
            tokio::spawn(async move { node.publish(tags("a"), payload).await })
        })
        .collect();
    for call in calls {
        soon(call).await.unwrap().unwrap();
    }
    assert_eq!(node.metrics().queue_bytes, 0);
    // A call larger than the whole queue gets through alone.
    let large = (0..4).map(|_| swarmlet::Payload::from_serde(&text).unwrap());
    let events = large
        .map(|payload| swarmlet::NewEvent {
            tags: tags("b"),
            payload,
        })
        .collect();
    soon(node.publish_many(events)).await.unwrap();
}

#[tokio::test]
async fn a_node_without_tags_in_its_events_is_fine() {
    let place = Place::new();
    let node = place.open().await;
    node.publish(Tags::default(), number(3)).await.unwrap();
    assert_eq!(ask(&node, "FROM allEvents").await, [3]);
}

#[tokio::test]
async fn handles_for_other_apps_publish_in_their_name() {
    let place = Place::new();
    let node = place
        .open_with(Options::new().app_id("com.example.one"))
        .await;
    let other = node.scoped(swarmlet::AppId::new("com.example.two").unwrap());
    assert_eq!(other.id(), node.id());
    assert_eq!(other.app_id().as_str(), "com.example.two");
    publish(&node, "a", [1]).await;
    publish(&other, "a", [2]).await;
    assert_eq!(ask(&node, "FROM 'a'").await, [1, 2]);
    assert_eq!(ask(&node, "FROM 'a' & appId(me)").await, [1]);
    assert_eq!(ask(&other, "FROM 'a' & appId(me)").await, [2]);
    assert_eq!(ask(&node, "FROM 'a' & appId(com.example.two)").await, [2]);
}

#[tokio::test]
async fn buffered_events_are_there_after_closing() {
    let place = Place::new();
    let options = Options::new().durability(Durability::Buffered);
    let node = place.open_with(options.clone()).await;
    publish(&node, "a", 0..9).await;
    let before = node.metrics().sync.count();
    publish(&node, "a", [9]).await;
    // Synced soon, though nobody asks for it.
    until(|| node.metrics().sync.count() > before).await;
    publish(&node, "a", 10..20).await;
    node.close().await.unwrap();
    let node = place.open_with(options).await;
    assert_eq!(ask(&node, "FROM 'a'").await, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn publishing_after_closing_is_refused() {
    let place = Place::new();
    let node = place.open().await;
    node.close().await.unwrap();
    for error in [
        node.publish(tags("a"), number(1)).await.unwrap_err(),
        node.publish_blocking(tags("a"), number(1)).unwrap_err(),
        node.publish_many(Vec::new()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_eq!(error.operation(), "publish");
    }
}

#[tokio::test]
async fn what_was_published_is_in_every_later_query() {
    let place = Place::new();
    let node = place.open().await;
    for content in 0..50 {
        publish(&node, "a", [content]).await;
        let last = QueryOptions {
            order: Order::Descending,
            ..QueryOptions::default()
        };
        let mut results = node.query("FROM 'a' LIMIT 1", last).unwrap();
        assert_eq!(number_of(&collect(&mut results, 1).await[0]), content);
    }
}
