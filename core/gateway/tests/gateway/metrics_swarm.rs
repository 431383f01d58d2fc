//! What monitoring sees of a swarm: real nodes that exchange, are refused, put out, and come again.

use std::time::Duration;

use serde_json::json;
use swarmlet::{
    InviteOptions, Network, NewEvent, Node, Options, Payload, PutOptions, Results, Retention,
    SubscribeOptions, Tags,
};
use swarmlet_gateway::Settings;

use crate::exposition::Exposition;
use crate::harness::{Place, SOON, until};

fn network() -> Network {
    Network::new().listen("tcp://127.0.0.1:0").discovery(false)
}

/// A place that has founded a swarm.
async fn office() -> Place {
    let place = Place::open().await;
    place.node.swarm().create("plant", "office").unwrap();
    place
}

/// Lets a node in.
async fn join(office: &Place, node: &Node) {
    let invite = office.node.swarm().invite(&InviteOptions::default());
    let invite = invite.unwrap();
    node.swarm().join(&invite, "press", SOON).await.unwrap();
}

/// What is said as soon as the sum is at least so much.
async fn reaches(place: &Place, name: &str, labels: &[(&str, &str)], least: f64) -> Exposition {
    once(place, name, labels, |sum| sum >= least).await
}

/// What is said as soon as the sum is as it should be.
async fn once(
    place: &Place,
    name: &str,
    labels: &[(&str, &str)],
    is_so: impl Fn(f64) -> bool,
) -> Exposition {
    let mut said = Exposition::of(place).await;
    let waited = tokio::time::timeout(SOON, async {
        while !is_so(said.total(name, labels)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            said = Exposition::of(place).await;
        }
    });
    let is_in_time = waited.await.is_ok();
    let sum = said.total(name, labels);
    assert!(is_in_time, "{name} {labels:?} stays {sum}");
    said
}

fn short(node: &Node) -> String {
    node.id().to_string().chars().take(8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_nodes_exchange_is_counted_on_both_sides() {
    let (office, press) = (office().await, Place::open().await);
    join(&office, &press.node).await;
    let token = office.token().await;
    let published = [json!(1), json!(2), json!(3)];
    office.publish(&token, "a", &published).await;
    press.publish(&press.token().await, "b", &[json!(4)]).await;
    let peer = short(&office.node);
    let app = ("app", "com.example.app");
    let of_office = [("peer", peer.as_str())];
    let here = reaches(&press, "swarmlet_events_received_total", &of_office, 3.0).await;
    let direct = [("path", "direct")];
    let latency = "swarmlet_event_delivery_latency_seconds";
    assert_eq!(here.total(&format!("{latency}_count"), &direct), 3.0);
    assert_eq!(
        here.total(&format!("{latency}_bucket"), &[("le", "+Inf")]),
        3.0
    );
    reaches(&office, "swarmlet_events_sent_total", &[], 3.0).await;
    reaches(&office, "swarmlet_events_received_total", &[], 1.0).await;
    for (direction, kind) in [("in", "events"), ("out", "events"), ("out", "control")] {
        let labels = [
            ("direction", direction),
            ("kind", kind),
            ("transport", "tcp"),
        ];
        reaches(&office, "swarmlet_network_io_bytes_total", &labels, 65.0).await;
    }
    let connected = [("state", "connected")];
    let there = reaches(&office, "swarmlet_peers", &connected, 1.0).await;
    let appended = [app, ("durability", "synced")];
    assert_eq!(
        there.total("swarmlet_events_appended_total", &appended),
        3.0
    );
    assert_eq!(there.total("swarmlet_events_appended_total", &[]), 3.0);
    assert!(there.total("swarmlet_event_bytes_appended_total", &appended) > 3.0);
    assert!(there.total("swarmlet_signature_verifications_total", &[]) >= 3.0);
    assert_eq!(there.total("swarmlet_signature_failures_total", &[]), 0.0);
    assert!(there.total("swarmlet_handshakes_total", &[("result", "ok")]) >= 2.0);
    assert_eq!(there.total("swarmlet_peers", &[("state", "known")]), 0.0);
    let connected = "swarmlet_peer_connected_seconds_total";
    let before = there.total(connected, &[("transport", "tcp")]);
    let later = reaches(
        &office,
        "swarmlet_peer_rtt_seconds",
        &[("transport", "tcp")],
        1e-9,
    )
    .await;
    assert!(later.total(connected, &[]) > before && before > 0.0);
    let directions = later.values("swarmlet_replication_lag_seconds", "direction");
    assert_eq!(directions, ["in", "out"].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_counted_as_they_come_and_go() {
    let (office, press) = (office().await, Place::open().await);
    join(&office, &press.node).await;
    let content = vec![7; 300_000];
    let blobs = office.node.blobs();
    blobs.put(content, PutOptions::new()).await.unwrap();
    let fetched = [("direction", "in"), ("result", "ok")];
    reaches(&press, "swarmlet_blob_transfers_total", &fetched, 1.0).await;
    let here = once(&press, "swarmlet_blob_missing", &[], |sum| sum == 0.0).await;
    assert!(here.total("swarmlet_blob_bytes_total", &fetched) >= 300_000.0);
    let came = [("direction", "in"), ("kind", "blobs")];
    assert!(here.total("swarmlet_network_io_bytes_total", &came) > 300_000.0);
    let there = Exposition::of(&office).await;
    let gone = [("direction", "out"), ("result", "ok")];
    assert!(there.total("swarmlet_blob_bytes_total", &gone) >= 300_000.0);
    assert_eq!(there.total("swarmlet_blob_transfers_total", &[]), 0.0);
    for place in [&office, &press] {
        let said = Exposition::of(place).await;
        assert!(said.total("swarmlet_store_bytes", &[("kind", "meta")]) > 0.0);
        assert_eq!(said.total("swarmlet_store_corruptions_total", &[]), 0.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_blob_is_counted_and_that_it_is_whole_again() {
    let (office, press) = (office().await, Place::open().await);
    join(&office, &press.node).await;
    let content: Vec<u8> = (0..300_000u32).map(|at| (at % 251) as u8).collect();
    let blobs = office.node.blobs();
    let stored = blobs.put(content.clone(), PutOptions::new()).await;
    let stored = stored.unwrap();
    let fetched = [("direction", "in"), ("result", "ok")];
    reaches(&press, "swarmlet_blob_transfers_total", &fetched, 1.0).await;
    let mut damaged = 0;
    for entry in walk(&press.node.folder().join("blobs")) {
        let mut bytes = std::fs::read(&entry).unwrap();
        if bytes.len() == content.len() {
            bytes[150_000] ^= 1;
            std::fs::write(&entry, bytes).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
    let mut reader = press.node.blobs().get(stored.id);
    let read = tokio::time::timeout(SOON, async {
        let mut read = Vec::new();
        while let Ok(Some(chunk)) = reader.next_chunk().await {
            read.extend_from_slice(&chunk);
        }
        read
    });
    drop(read.await);
    let said = reaches(&press, "swarmlet_store_repairs_total", &[], 1.0).await;
    assert_eq!(said.total("swarmlet_store_corruptions_total", &[]), 1.0);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => walk(&path),
            false => vec![path],
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_again_is_refused_or_put_out_is_counted() {
    let office = office().await;
    let press = Place::open().await;
    join(&office, &press.node).await;
    let peer = short(&press.node);
    let of_press = [("peer", peer.as_str()), ("transport", "tcp")];
    reaches(&office, "swarmlet_peers", &[("state", "connected")], 1.0).await;

    let press = press.reopened(Settings::new()).await;
    let said = reaches(&office, "swarmlet_peer_reconnects_total", &of_press, 1.0).await;
    assert_eq!(said.total("swarmlet_revocation_sequence", &[]), 0.0);
    assert!(!said.is_told("swarmlet_revocation_age_seconds"));

    // A node of another swarm.
    let address = office.node.swarm().status().listening.remove(0);
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new().network(network().peer(address));
    let stranger = Node::open(folder.path().join("node"), options);
    let stranger = stranger.await.unwrap();
    stranger.swarm().create("elsewhere", "stranger").unwrap();
    let unknown = [("result", "unknown_swarm")];
    reaches(&office, "swarmlet_handshakes_total", &unknown, 1.0).await;
    stranger.close().await.unwrap();

    office.node.swarm().revoke(press.node.id(), "lost").unwrap();
    let revoked = [("result", "revoked")];
    reaches(&office, "swarmlet_handshakes_total", &revoked, 1.0).await;
    reaches(&office, "swarmlet_peers", &[("state", "denied")], 1.0).await;
    let connected = [("state", "connected")];
    let said = once(&office, "swarmlet_peers", &connected, |sum| sum == 0.0).await;
    assert_eq!(said.total("swarmlet_revocation_sequence", &[]), 1.0);
    assert!(said.total("swarmlet_revocation_age_seconds", &[]) < 600.0);
    assert_eq!(said.total("swarmlet_clock_suspect", &[]), 0.0);
    assert_eq!(said.total("swarmlet_stream_epochs", &[]), 1.0);
    assert_eq!(said.total("swarmlet_quarantined_events", &[]), 0.0);
    assert_eq!(said.total("swarmlet_forks_total", &[]), 0.0);
    let reasons = said.values("swarmlet_denied_total", "reason");
    assert_eq!(reasons, ["malformed", "quota", "read", "write"].into());
    assert_eq!(said.total("swarmlet_denied_total", &[]), 0.0);
}

/// Events that no compression makes small.
fn noise(count: usize) -> Vec<NewEvent> {
    let mut state = 1u64;
    let mut byte = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    let mut event = || {
        let bytes: Vec<u8> = (0..256 * 1024).map(|_| byte()).collect();
        let length = (bytes.len() as u32).to_be_bytes();
        NewEvent {
            tags: Tags::new(["noise"]).unwrap(),
            payload: Payload::from_cbor([&[0x5a][..], &length, &bytes].concat()).unwrap(),
        }
    };
    (0..count).map(|_| event()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_drops_is_counted_and_how_long_that_takes() {
    let keeping = Retention::keep_all().events(20);
    let options = Options::new().stream("default", keeping);
    let place = Place::open_as(options.network(network())).await;
    for _ in 0..10 {
        place.node.publish_many(noise(10)).await.unwrap();
    }
    reaches(&place, "swarmlet_pruned_events_total", &[], 50.0).await;
    let drops = [("kind", "drop")];
    reaches(&place, "swarmlet_compactions_total", &drops, 1.0).await;
    // Each is measured when it is over, a moment after it was counted: sealing and dropping.
    let taken = "swarmlet_compaction_duration_seconds_count";
    let said = reaches(&place, taken, &[], 2.0).await;
    assert!(said.total("swarmlet_store_bytes", &[("kind", "index")]) > 0.0);
    assert!(said.total("swarmlet_memory_accounted_bytes", &[("part", "index")]) > 0.0);
    assert_eq!(said.total("swarmlet_store_read_only", &[]), 0.0);
    // What is not there any more need not be read.
    until(async || {
        let _unread = subscribed(&place, "com.example.unread", "FROM allEvents");
        let said = Exposition::of(&place).await;
        let stored = said.total("swarmlet_store_events", &[]);
        stored < 100.0 && lag(&said, "com.example.unread") == stored
    })
    .await;
}

/// An app of a place, and how it subscribes.
fn subscribed(place: &Place, app: &str, aql: &str) -> Results {
    let node = place.node.scoped(app.parse().unwrap());
    node.subscribe(aql, SubscribeOptions::default()).unwrap()
}

/// How far the subscriptions of an app are behind.
fn lag(said: &Exposition, app: &str) -> f64 {
    said.total("swarmlet_subscription_lag_events", &[("app", app)])
}

#[tokio::test]
async fn subscriptions_say_how_far_they_are_behind() {
    const SLOW: &str = "com.example.slow";
    let place = Place::open().await;
    let token = place.token().await;
    for number in 0..50 {
        place.publish(&token, "a", &[json!(number)]).await;
        place.publish(&token, "b", &[json!(number)]).await;
    }
    let _unread = subscribed(&place, "com.example.unread", "FROM 'a'");
    let mut slow = subscribed(&place, SLOW, "FROM 'a'");
    let mut short = subscribed(&place, "com.example.short", "FROM 'a' LIMIT 3");
    let said = Exposition::of(&place).await;
    for app in ["com.example.unread", SLOW, "com.example.short"] {
        assert_eq!(lag(&said, app), 100.0, "{app}");
    }
    // More than one read of the log, and not all of the last.
    for _ in 0..5 {
        assert_eq!(slow.next_chunk(5).await.unwrap().unwrap().len(), 5);
    }
    while short.next_chunk(2).await.unwrap().is_some() {}
    place.publish(&token, "b", &[json!(50)]).await;
    let said = Exposition::of(&place).await;
    assert_eq!(lag(&said, "com.example.unread"), 101.0);
    assert_eq!(lag(&said, SLOW), 101.0 - 49.0, "those between went by");
    assert_eq!(lag(&said, "com.example.short"), 0.0, "it has all it wants");
    let slow_app = [("app", SLOW)];
    assert_eq!(said.total("swarmlet_subscriptions", &slow_app), 1.0);
    assert_eq!(said.total("swarmlet_subscriptions", &[]), 3.0);
    assert!(said.total("swarmlet_query_scanned_events_total", &slow_app) >= 25.0);

    // It takes what matches, and looks at the rest while it waits for more.
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = slow.next_chunk(1).await {} });
    until(async || lag(&Exposition::of(&place).await, SLOW) == 0.0).await;
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    let said = Exposition::of(&place).await;
    assert_eq!(said.total("swarmlet_subscriptions", &slow_app), 0.0);
}

#[tokio::test]
async fn what_was_queried_is_counted_for_the_app() {
    let place = Place::open().await;
    let token = place.token().await;
    let app = [("app", "com.example.app")];
    place.publish(&token, "a", &[json!(1), json!(2)]).await;
    place.query(&token, "FROM 'a'").await;
    let said = Exposition::of(&place).await;
    assert_eq!(said.total("swarmlet_query_scanned_events_total", &app), 2.0);
    assert!(said.total("swarmlet_query_duration_seconds_count", &app) >= 1.0);
}
