//! What monitoring sees.

use serde_json::json;
use swarmlet_gateway::Settings;

use crate::harness::Place;
use crate::http::Ask;

/// The value of a sample.
fn value(page: &str, sample: &str) -> f64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in {page}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn what_happens_is_counted() {
    let place = Place::open().await;
    let token = place.token().await;
    place.publish(&token, "a", &[json!(1), json!(2)]).await;
    place.query(&token, "FROM 'a'").await;
    place.send(Ask::new("GET", "/nowhere")).await;
    let reply = place.send(Ask::new("GET", "/metrics")).await;
    let format = reply.header("content-type").unwrap();
    assert!(format.starts_with("text/plain; version=0.0.4"), "{format}");
    let page = reply.text();
    for (sample, expected) in [
        ("swarmlet_events_appended_total", 2.0),
        ("swarmlet_store_events", 2.0),
        ("swarmlet_append_duration_seconds_count", 1.0),
        ("swarmlet_append_duration_seconds_bucket{le=\"+Inf\"}", 1.0),
        ("swarmlet_peers{state=\"connected\"}", 0.0),
        ("swarmlet_gateway_requests_total{status=\"2xx\"}", 3.0),
        ("swarmlet_gateway_requests_total{status=\"4xx\"}", 1.0),
        ("swarmlet_gateway_sockets", 0.0),
    ] {
        assert_eq!(value(page, sample), expected, "{sample}");
    }
    assert!(value(page, "swarmlet_query_duration_seconds_count") >= 1.0);
    assert!(value(page, "swarmlet_gateway_connections") >= 1.0);
    assert!(value(page, "swarmlet_store_bytes{kind=\"log\"}") > 0.0);
    assert!(value(page, "swarmlet_disk_free_bytes") > 0.0);
    assert!(!page.contains("swarmlet_members"), "it is in no swarm");
    assert!(page.contains(&format!("device=\"{}\"", place.node.id())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_says_how_long_it_is_one() {
    let place = Place::open().await;
    place.node.swarm().create("plant", "press").unwrap();
    let reply = place.send(Ask::new("GET", "/metrics")).await;
    assert_eq!(value(reply.text(), "swarmlet_members"), 1.0);
    assert!(value(reply.text(), "swarmlet_certificate_expiry_seconds") > 24.0 * 3600.0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_is_told_under_the_usual_names() {
    let place = Place::open().await;
    let reply = place.send(Ask::new("GET", "/metrics")).await;
    let page = reply.text();
    assert!(value(page, "process_resident_memory_bytes") > 1e6);
    assert!(value(page, "process_start_time_seconds") > 1.6e9);
    assert!(value(page, "process_cpu_seconds_total") > 0.0);
    assert!(value(page, "process_open_fds") > 3.0);
}

#[tokio::test]
async fn every_sample_belongs_to_a_name_that_was_explained_before() {
    let place = Place::open().await;
    let reply = place.send(Ask::new("GET", "/metrics")).await;
    let (mut current, mut seen) = (String::new(), Vec::new());
    for line in reply.text().lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            current = rest.split(' ').next().unwrap().to_owned();
            assert!(!seen.contains(&current), "{current} comes twice");
            seen.push(current.clone());
        } else if !line.starts_with("# HELP ") {
            assert!(
                line.starts_with(&current)
                    && (current.starts_with("swarmlet_") || current.starts_with("process_")),
                "{line}"
            );
            let value = line.rsplit(' ').next().unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
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
