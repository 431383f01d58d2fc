//! Closing: what is queued is written, whoever waits is told, and the folder is free.

use swarmlet::{BlobId, ErrorKind, Node, Options, PutOptions, QueryOptions, SubscribeOptions};

use crate::harness::{Place, ask, event, number, publish, soon, tags, until};

#[tokio::test]
async fn closing_twice_and_from_several_handles_is_fine() {
    let place = Place::new();
    let node = place.open().await;
    let other = node.clone();
    let (one, two) = tokio::join!(node.close(), other.close());
    one.unwrap();
    two.unwrap();
    node.close().await.unwrap();
    node.close_blocking().unwrap();
    place.open().await;
}

#[tokio::test]
async fn whatever_is_live_then_says_closed() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let mut begun = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    begun.next_chunk(10).await.unwrap();
    let mut fresh = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    let from = node.offsets().unwrap().present;
    let mut waiting = node
        .subscribe("FROM 'a'", SubscribeOptions::after(from))
        .unwrap();
    let waiter = tokio::spawn(async move { waiting.next_chunk(1).await });
    tokio::task::yield_now().await;
    node.close().await.unwrap();
    let errors = [
        begun.next_chunk(10).await.unwrap_err(),
        begun.next_chunk_blocking(10).unwrap_err(),
        fresh.ready().await.unwrap_err(),
        soon(waiter).await.unwrap().unwrap_err(),
        node.query("FROM 'a'", QueryOptions::default()).unwrap_err(),
        node.subscribe("FROM 'a'", SubscribeOptions::default())
            .unwrap_err(),
        node.offsets().unwrap_err(),
        node.streams().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
}

#[tokio::test]
async fn blobs_then_say_closed_and_nothing_of_them_is_kept() {
    let place = Place::new();
    let node = place.open().await;
    let blobs = node.blobs();
    let id = blobs.put(b"film", PutOptions::new()).await.unwrap().id;
    let mut reader = blobs.get(id);
    let mut writing = blobs.writer(PutOptions::new()).unwrap();
    writing.write(b"cut off").unwrap();
    let mut finishing = blobs.writer(PutOptions::new()).unwrap();
    finishing.write(b"not to be kept").unwrap();
    node.close().await.unwrap();
    let errors = [
        writing.write(b"more").unwrap_err(),
        finishing.finish_blocking().unwrap_err(),
        reader.next_chunk().await.unwrap_err(),
        blobs.state(id).unwrap_err(),
        blobs.put(b"x", PutOptions::new()).await.unwrap_err(),
        blobs.list().unwrap_err(),
        blobs.subscribe(SubscribeOptions::default()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    }
    let lost: &[u8] = b"not to be kept";
    for entry in std::fs::read_dir(place.path().join("blobs")).unwrap() {
        let stored = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!stored.windows(lost.len()).any(|bytes| bytes == lost));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_stored_in_a_closed_node_is_in_nobodys_way() {
    let place = Place::new();
    let node = place.open().await;
    let mut left = node.blobs().writer(PutOptions::new()).unwrap();
    left.write(b"cut off").unwrap();
    node.close().await.unwrap();
    let node = place.open().await;
    let blobs = node.blobs();
    let mut writing = blobs.writer(PutOptions::new()).unwrap();
    writing.write(b"film").unwrap();
    drop(left);
    let id = writing.finish_blocking().unwrap().id;
    assert_eq!(blobs.get(id).read_all(9).await.unwrap(), b"film");
}

#[tokio::test]
async fn who_holds_blobs_does_not_hold_the_node() {
    let place = Place::new();
    let node = place.open().await;
    let blobs = node.blobs();
    let reader = blobs.get(BlobId::of(b"film"));
    let writer = blobs.writer(PutOptions::new()).unwrap();
    let records = blobs.subscribe(SubscribeOptions::default()).unwrap();
    drop(node);
    until(|| place.try_open().is_ok()).await;
    let refused = blobs.writer(PutOptions::new()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    drop((reader, writer, records));
}

#[test]
fn a_blocked_subscriber_is_woken_by_closing() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let mut subscription = node
        .subscribe("FROM 'a'", SubscribeOptions::default())
        .unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(move || subscription.next_chunk_blocking(1));
        node.close_blocking().unwrap();
        assert_eq!(
            waiter.join().unwrap().unwrap_err().kind(),
            ErrorKind::Closed
        );
    });
}

#[tokio::test]
async fn what_was_queued_is_written_first() {
    let place = Place::new();
    let node = place.open().await;
    let mut calls: Vec<_> = (0..50)
        .map(|content| Box::pin(node.publish(tags("a"), number(content))))
        .collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for call in &mut calls {
        // The first poll queues; a quick writer may have answered already.
        if let std::task::Poll::Ready(published) = call.as_mut().poll(&mut context) {
            published.unwrap();
        }
    }
    drop(calls);
    node.close().await.unwrap();
    let node = place.open().await;
    assert_eq!(ask(&node, "FROM 'a'").await, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn dropping_the_last_handle_closes_in_the_background() {
    let place = Place::new();
    let node = place.open().await;
    let scoped = node.scoped(swarmlet::AppId::new("com.example.other").unwrap());
    let mut subscription = node
        .subscribe("FROM 'a'", SubscribeOptions::default())
        .unwrap();
    drop(node);
    publish(&scoped, "a", [1]).await;
    assert_eq!(
        soon(subscription.next_chunk(1))
            .await
            .unwrap()
            .unwrap()
            .len(),
        1
    );
    drop(scoped);
    let error = soon(subscription.next_chunk(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let mut reopened = None;
    until(|| {
        reopened = place.try_open().ok();
        reopened.is_some()
    })
    .await;
    assert_eq!(ask(&reopened.unwrap(), "FROM 'a'").await, [1]);
}

#[tokio::test]
async fn metrics_outlive_the_node() {
    let place = Place::new();
    let node = place.open().await;
    node.publish_many(vec![event("a", 1), event("a", 2)])
        .await
        .unwrap();
    node.close().await.unwrap();
    let metrics = node.metrics();
    assert_eq!(metrics.log.events_committed, 2);
    assert_eq!(metrics.publish.count(), 1);
}
