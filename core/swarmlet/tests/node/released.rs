//! Data folders that earlier versions wrote are read, and written on, by this one.
//!
//! `tests/released/VERSION` holds a folder as that version left it, without its zeros, and
//! `events.txt`: what was in it. A sample is never changed. A new format version gets a new one:
//! `SWARMLET_SAMPLE=tests/released/VERSION cargo test -p swarmlet --test node released` writes it.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use swarmlet::{AppId, NewEvent, Node, Options, Payload, QueryOptions, Tags};

use crate::harness::{Place, tags};

#[test]
fn folders_of_released_versions_are_read_and_written_on() {
    let samples = fs::read_dir(samples()).unwrap();
    let mut read = 0;
    for sample in samples.map(|entry| entry.unwrap().path()) {
        let expected = fs::read_to_string(sample.join("events.txt")).unwrap();
        let place = Place::new();
        copy(&sample.join("folder"), &place.path());
        let node = Node::open_blocking(place.path(), Options::new()).unwrap();
        assert_eq!(listing(&node), expected, "{}", sample.display());
        node.publish_blocking(tags("new"), Payload::from_serde("new").unwrap())
            .unwrap();
        node.close_blocking().unwrap();
        let node = place.try_open().unwrap();
        assert_eq!(listing(&node).lines().count(), expected.lines().count() + 1);
        read += 1;
    }
    assert!(read > 0, "there is no sample");
}

#[test]
fn a_sample_has_all_kinds_of_files_and_reads_as_it_was_written() {
    let place = Place::new();
    let expected = write_sample(&place.path());
    let target = Place::new();
    let sample = std::env::var_os("SWARMLET_SAMPLE").map(PathBuf::from);
    let sample = sample.unwrap_or_else(|| target.path());
    keep(&place.path(), &sample.join("folder"));
    fs::write(sample.join("events.txt"), &expected).unwrap();
    for kind in ["log", "segments"] {
        let files = fs::read_dir(sample.join("folder").join(kind)).unwrap();
        assert!(files.count() > 0, "{kind}");
    }
    let again = Place::new();
    copy(&sample.join("folder"), &again.path());
    assert_eq!(listing(&again.try_open().unwrap()), expected);
}

/// Writes events of several apps and streams, some sealed and some not, and lists them.
fn write_sample(path: &Path) -> String {
    let options = Options::new().stream("sensors", swarmlet::Retention::keep_all());
    let options = options.route("'sensor'", "sensors");
    let node = Node::open_blocking(path, options).unwrap();
    let press = node.scoped(AppId::new("com.example.press").unwrap());
    for round in 0..40 {
        let reading =
            json!({"round": round, "value": -1.5, "unit": "\u{b0}C", "ok": round % 3 == 0});
        publish(&node, &["sensor", "sensor:1"], &reading);
        publish(
            &press,
            &["part:\u{e9}", "order:7"],
            &json!([round, null, "text"]),
        );
    }
    let zeros = "0".repeat(100 * 1024);
    for _ in 0..82 {
        publish(&node, &["large"], &json!(zeros));
    }
    while node.metrics().log.segments == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    publish(&press, &[], &json!({"last": true}));
    let listed = listing(&node);
    node.close_blocking().unwrap();
    listed
}

fn publish(node: &Node, tags: &[&str], value: &serde_json::Value) {
    let tags = Tags::new(tags.iter().copied()).unwrap();
    let payload = Payload::from_serde(value).unwrap();
    node.publish_many_blocking(vec![NewEvent { tags, payload }])
        .unwrap();
}

/// One line for each event, everything in it; payloads as length and checksum.
fn listing(node: &Node) -> String {
    let mut lines = String::new();
    let mut results = node
        .query("FROM allEvents", QueryOptions::default())
        .unwrap();
    while let Some(rows) = results.next_chunk_blocking(256).unwrap() {
        for event in crate::harness::events(rows) {
            let (key, payload) = (event.key, event.payload());
            let sum = swarmlet_engine::event::codec::checksum(&[payload.as_cbor()]);
            let tags = event.tags().iter().collect::<Vec<_>>().join(" ");
            writeln!(
                lines,
                "{} {} {} {} {} [{tags}] {} {sum:016x}",
                key.lamport,
                key.stream,
                key.offset,
                event.timestamp,
                event.app_id,
                payload.as_cbor().len(),
            )
            .unwrap();
        }
    }
    lines
}

/// Copies a folder without what says nothing: lock, spare file, and the zeros behind the log.
fn keep(from: &Path, to: &Path) {
    copy(from, to);
    fs::remove_file(to.join("LOCK")).unwrap();
    for entry in fs::read_dir(to.join("log")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wal") {
            fs::remove_file(path).unwrap();
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes.truncate((used + 1).next_multiple_of(4096) + 4096);
        fs::write(&path, bytes).unwrap();
    }
}

/// Copies a folder and gives it the rights that a node asks for, which version control forgets.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released")
}
