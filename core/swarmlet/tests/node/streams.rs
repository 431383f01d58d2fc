//! Streams, routes and retention.

use std::sync::Arc;
use std::time::Duration;

use swarmlet::{
    NewEvent, Node, Options, Payload, QueryOptions, Retention, SubscribeOptions, Timestamp,
};

use crate::harness::{HandClock, Place, ask, collect, event, publish, tags, until};

fn names(node: &Node) -> Vec<(String, u64)> {
    let streams = node.streams().unwrap();
    streams
        .iter()
        .map(|info| (info.name.to_string(), info.last.get() + 1))
        .collect()
}

#[tokio::test]
async fn routes_decide_the_stream_and_the_first_match_wins() {
    let place = Place::new();
    let options = Options::new()
        .stream("sensors", Retention::keep_all())
        .stream("alarms", Retention::keep_all())
        .route("'alarm' & appId(com.example.app)", "alarms")
        .route("'sensor' | 'alarm'", "sensors");
    let node = place.open_with(options.clone()).await;
    assert!(node.streams().unwrap().is_empty());
    let other = node.scoped(swarmlet::AppId::new("com.example.other").unwrap());
    publish(&node, "order", [0]).await;
    publish(&node, "sensor alarm", [1]).await;
    publish(&node, "sensor", [2]).await;
    publish(&other, "alarm", [3]).await;
    // One call, three streams, committed together.
    let events = vec![event("order", 4), event("alarm", 5), event("sensor", 6)];
    let published = node.publish_many(events).await.unwrap();
    let numbers: Vec<u64> = published
        .iter()
        .map(|published| published.key.stream.number.get())
        .collect();
    assert_eq!(
        numbers
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        3
    );
    assert_eq!(numbers[0], 0, "default is number 0");

    let mut streams = names(&node);
    streams.sort();
    let expected = [("alarms", 2), ("default", 2), ("sensors", 3)];
    assert_eq!(
        streams,
        expected.map(|(name, count)| (name.to_owned(), count))
    );
    assert_eq!(
        ask(&node, "FROM allEvents").await,
        (0..7).collect::<Vec<_>>()
    );

    node.close().await.unwrap();
    let node = place.open_with(options).await;
    publish(&node, "sensor", [7]).await;
    let mut streams = names(&node);
    streams.sort();
    assert_eq!(streams[2], ("sensors".to_owned(), 4));
}

/// Payloads of 256 KiB that do not compress, enough to fill more than two log files.
pub(crate) async fn publish_much(node: &Node, names: &str, seed: u64) {
    let mut state = seed;
    for _ in 0..25 {
        let events = (0..4).map(|_| {
            let mut noise = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as u8
            };
            let bytes: Vec<u8> = (0..256 * 1024).map(|_| noise()).collect();
            let cbor = [&[0x5a][..], &(bytes.len() as u32).to_be_bytes(), &bytes].concat();
            NewEvent {
                tags: tags(names),
                payload: Payload::from_cbor(cbor).unwrap(),
            }
        });
        node.publish_many(events.collect()).await.unwrap();
    }
}

#[tokio::test]
async fn old_events_go_and_readers_are_told() {
    let place = Place::new();
    let clock = Arc::new(HandClock::at(0));
    let age = Duration::from_secs(3600);
    let options = Options::new()
        .stream("default", Retention::keep_all().age(age))
        .stream("kept", Retention::keep_all())
        .route("'kept'", "kept")
        .clock(clock.clone());
    let node = place.open_with(options).await;
    publish(&node, "kept", 0..10).await;
    publish_much(&node, "a", 1).await;
    until(|| node.metrics().log.seals >= 2).await;
    clock.set(2 * 3_600_000_000);
    publish_much(&node, "a", 2).await;
    until(|| node.streams().unwrap()[0].first.get() >= 75).await;

    let default = node.streams().unwrap()[0].id;
    let mut results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    let events = collect(&mut results, 100).await;
    assert_eq!(results.skipped().last(default), Some(events[0].key.offset));
    assert!(events[0].key.offset.get() >= 75);
    assert_eq!(events.last().unwrap().key.offset.get(), 199);
    let new = |event: &&swarmlet::Event| event.timestamp > Timestamp::from_micros(0);
    assert_eq!(
        events.iter().filter(new).count(),
        100,
        "nothing young is gone"
    );
    assert_eq!(ask(&node, "FROM 'kept'").await, (0..10).collect::<Vec<_>>());

    let options = SubscribeOptions::default();
    let mut subscription = node.subscribe("FROM 'a'", options).unwrap();
    let chunk = crate::harness::receive(&mut subscription, 1).await;
    assert_eq!(
        subscription.skipped().last(default),
        Some(chunk[0].key.offset)
    );
}
