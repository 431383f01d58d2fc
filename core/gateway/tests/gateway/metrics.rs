//! What monitoring sees of one node.

use std::time::Duration;

use serde_json::json;
use swarmlet::{Durability, Options};
use swarmlet_gateway::Settings;

use crate::exposition::Exposition;
use crate::harness::Place;
use crate::http::Ask;

#[tokio::test]
async fn what_happens_is_counted() {
    let place = Place::open().await;
    let token = place.token().await;
    place.publish(&token, "a", &[json!(1), json!(2)]).await;
    place.query(&token, "FROM 'a'").await;
    place.send(Ask::new("GET", "/nowhere")).await;
    let said = Exposition::of(&place).await;
    let app = ("app", "com.example.app");
    let durable = ("durability", "synced");
    for (name, labels, expected) in [
        ("swarmlet_events_appended_total", &[app, durable][..], 2.0),
        ("swarmlet_store_events", &[], 2.0),
        ("swarmlet_append_duration_seconds_count", &[durable], 1.0),
        (
            "swarmlet_append_duration_seconds_bucket",
            &[("le", "+Inf")],
            1.0,
        ),
        ("swarmlet_peers", &[("state", "connected")], 0.0),
        ("swarmlet_gateway_requests_total", &[("status", "2xx")], 3.0),
        ("swarmlet_gateway_requests_total", &[("status", "4xx")], 1.0),
        ("swarmlet_gateway_sockets", &[], 0.0),
    ] {
        assert_eq!(said.total(name, labels), expected, "{name} {labels:?}");
    }
    for (name, labels) in [
        ("swarmlet_query_duration_seconds_count", &[app][..]),
        ("swarmlet_fsync_duration_seconds_count", &[durable]),
        ("swarmlet_gateway_connections", &[]),
        ("swarmlet_store_bytes", &[("kind", "log")]),
        ("swarmlet_disk_free_bytes", &[]),
        ("swarmlet_recovery_duration_seconds", &[]),
    ] {
        assert!(said.total(name, labels) > 0.0, "{name} {labels:?}");
    }
    assert!(!said.has("swarmlet_members"), "it is in no swarm");
    let device = place.node.id().to_string();
    let info = [("device", device.as_str()), ("epoch", "0")];
    assert_eq!(said.total("swarmlet_node_info", &info), 1.0);
}

#[tokio::test]
async fn the_node_is_as_old_as_it_is_however_new_its_gateway() {
    let place = Place::open_as(Options::new().durability(Durability::Buffered)).await;
    let before = Exposition::of(&place).await;
    let place = place.served_anew().await;
    let after = Exposition::of(&place).await;
    let (uptime, start) = (
        "swarmlet_node_uptime_seconds",
        "swarmlet_node_start_time_seconds",
    );
    assert!(after.total(uptime, &[]) > before.total(uptime, &[]));
    assert_eq!(after.total(start, &[]), before.total(start, &[]));
    let age = after.total(uptime, &[]) + after.total(start, &[]);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    assert!((now.as_secs_f64() - age).abs() < Duration::from_secs(60).as_secs_f64());
    let durabilities = after.values("swarmlet_append_duration_seconds_count", "durability");
    assert_eq!(durabilities, ["buffered"].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_says_how_long_it_is_one() {
    let place = Place::open().await;
    place.node.swarm().create("plant", "press").unwrap();
    let said = Exposition::of(&place).await;
    assert_eq!(said.total("swarmlet_members", &[]), 1.0);
    let left = said.total("swarmlet_certificate_expiry_seconds", &[]);
    assert!(left > 24.0 * 3600.0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_is_told_under_the_usual_names() {
    let place = Place::open().await;
    let said = Exposition::of(&place).await;
    assert!(said.total("process_resident_memory_bytes", &[]) > 1e6);
    assert!(said.total("process_start_time_seconds", &[]) > 1.6e9);
    assert!(said.total("process_cpu_seconds_total", &[]) > 0.0);
    assert!(said.total("process_open_fds", &[]) > 3.0);
}

#[tokio::test]
async fn health_is_that_of_the_node() {
    let place = Place::open_with(Settings::new().metrics(false)).await;
    for path in ["/healthz", "/readyz"] {
        let reply = place.send(Ask::new("GET", path)).await;
        assert_eq!((reply.status, reply.text()), (200, "ok\n"), "{path}");
    }
    assert_eq!(place.send(Ask::new("GET", "/metrics")).await.status, 404);
    place.node.close().await.unwrap();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            place.send(Ask::new("GET", path)).await.status,
            503,
            "{path}"
        );
    }
}
