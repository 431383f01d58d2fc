//! The dashboard for Grafana shows what `/metrics` says, and all of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Place;
use crate::http::Ask;

/// The dashboard, as it is imported.
fn dashboard() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/grafana/swarmlet.json"
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The page of a node in a swarm, which has everything to tell.
async fn page() -> String {
    let place = Place::open().await;
    place.node.swarm().create("plant", "press").unwrap();
    let reply = place.send(Ask::new("GET", "/metrics")).await;
    reply.text().to_owned()
}

/// The names of the families of a page.
fn families(page: &str) -> BTreeSet<String> {
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    heads
        .map(|head| head.split(' ').next().unwrap().to_owned())
        .collect()
}

/// The names under which there are samples: those of histograms have endings.
fn samples(page: &str) -> BTreeSet<String> {
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = heads.flat_map(|head| match head.split_once(' ').unwrap() {
        (name, "histogram") => ["bucket", "sum", "count"]
            .map(|ending| format!("{name}_{ending}"))
            .to_vec(),
        (name, _) => vec![name.to_owned()],
    });
    names.collect()
}

/// All texts in a part of the dashboard under one of these names.
fn texts<'a>(part: &'a Value, names: &[&str], found: &mut Vec<&'a str>) {
    match part {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if names.contains(&name.as_str()) => found.push(text),
                    _ => texts(value, names, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, names, found)),
        _ => {}
    }
}

/// What is measured, as it is named in expressions.
fn measured(expressions: &[&str]) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = expressions
        .iter()
        .flat_map(|expression| expression.split(move |letter| !is_of_name(letter)));
    words
        .filter(|word| word.starts_with("swarmlet_") || word.starts_with("process_"))
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_what_is_measured_and_all_of_it() {
    let (dashboard, page) = (dashboard(), page().await);
    let (mut shown, mut asked) = (Vec::new(), Vec::new());
    texts(&dashboard["panels"], &["expr"], &mut shown);
    texts(&dashboard["templating"], &["query"], &mut asked);
    let named = measured(&[&shown[..], &asked].concat());
    let samples = samples(&page);
    let not_there: Vec<_> = named
        .iter()
        .filter(|name| !samples.contains(*name))
        // Only Linux tells of the process.
        .filter(|name| cfg!(target_os = "linux") || name.starts_with("swarmlet_"))
        // Only these systems tell of the disk.
        .filter(|name| cfg!(unix) || *name != "swarmlet_disk_free_bytes")
        .collect();
    assert!(not_there.is_empty(), "not measured: {not_there:?}");
    let shown = measured(&shown);
    let is_shown = |family: &&String| {
        let longer = format!("{family}_");
        shown.contains(*family) || shown.iter().any(|name| name.starts_with(&longer))
    };
    let families = families(&page);
    let hidden: Vec<_> = families.iter().filter(|family| !is_shown(family)).collect();
    assert!(hidden.is_empty(), "in no panel: {hidden:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_lists_what_is_measured_and_nothing_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/metrics.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed = rows.map(|row| row.split('`').next().unwrap().to_owned());
    let listed: BTreeSet<String> = listed.collect();
    let mut families = families(&page().await);
    families.retain(|family| family.starts_with("swarmlet_"));
    // Only these systems tell of the disk.
    if cfg!(not(unix)) {
        families.insert("swarmlet_disk_free_bytes".to_owned());
    }
    assert_eq!(listed, families);
}

/// It can be imported anywhere: it names no instance, and asks for the source of its data.
#[test]
fn the_dashboard_is_of_nobody() {
    let dashboard = dashboard();
    assert!(dashboard["id"].is_null() && dashboard.get("uid").is_none());
    assert_eq!(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS");
    let mut sources = Vec::new();
    texts(&dashboard, &["uid"], &mut sources);
    assert!(!sources.is_empty());
    for source in sources {
        assert_eq!(source, "${DS_PROMETHEUS}");
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len());
    assert!(!dashboard.to_string().contains("://"));
}
