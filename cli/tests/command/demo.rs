//! A swarm to try things on.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Place, Running, SOON};

/// The next row that a demo prints.
fn row(demo: &mut Running) -> Value {
    serde_json::from_str(&demo.line()).unwrap()
}

#[test]
fn a_demo_can_be_asked_and_leaves_nothing_behind() {
    let place = Place::new();
    let mut command = place.command(&["demo", "--devices", "2", "--json"]);
    // Where its folder is made.
    command.env("TMPDIR", place.path().parent().unwrap());
    let mut demo = Running::of(&mut command);
    let started = row(&mut demo);
    assert_eq!(started["devices"], serde_json::json!(["office", "press-1"]));
    let folder = started["folder"].as_str().unwrap().to_owned();
    assert!(folder.starts_with(place.path().parent().unwrap().to_str().unwrap()));
    let is_good = |figures: &Value| {
        figures["inSync"].as_array().unwrap().len() == 2
            && figures["events"].as_u64() > Some(5)
            && figures["latencyMicrosP99"].as_u64() > Some(0)
    };
    while !is_good(&row(&mut demo)) {}
    // Each device can be asked, as a node that runs as a service.
    let press = format!("{folder}/press-1");
    let office = format!("{folder}/office");
    let parts = ["query", "FROM 'order' LIMIT 1", "-C", &press];
    place.until(&parts, |rows| rows.len() == 1);
    let status = place.row(&["status", "-C", &office]);
    assert_eq!(status["isRunning"], true);
    assert_eq!(status["members"], 1);
    let gateway = started["gateway"].as_str().unwrap();
    let address = gateway.strip_prefix("http://").unwrap();
    std::net::TcpStream::connect(address).unwrap();
    // Each has its page, and the first that of the gateway that was told.
    let link = |folder: &str| {
        let row = place.row(&["page", "-C", folder]);
        row["url"].as_str().unwrap().to_owned()
    };
    assert!(link(&office).starts_with(&format!("{gateway}/#")));
    assert!(!link(&press).starts_with(gateway));
    demo.signal(Signal::INT);
    let (status, err) = demo.wait();
    assert!(status.success(), "{status}: {err}");
    assert!(!std::path::Path::new(&folder).exists());
    assert!(!place.path().exists(), "the device of the user is not used");
}

#[test]
fn a_demo_that_is_interrupted_while_it_starts_leaves_nothing_behind() {
    let place = Place::new();
    let parent = place.path().parent().unwrap();
    let made = || std::fs::read_dir(parent).unwrap().map(Result::unwrap);
    for sign in [
        "office",
        "office/FORMAT",
        "press-1",
        "press-1/FORMAT",
        "press-2",
    ] {
        let mut command = place.command(&["demo", "--devices", "4"]);
        command.env("TMPDIR", parent);
        let demo = Running::of(&mut command);
        let begun = Instant::now();
        while !made().any(|entry| entry.path().join(sign).exists()) {
            assert!(begun.elapsed() < SOON, "{sign}");
            std::thread::sleep(Duration::from_millis(1));
        }
        demo.signal(Signal::INT);
        let (status, err) = demo.wait();
        assert!(status.success(), "{sign}: {status}: {err}");
        let left: Vec<_> = made().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "{sign}: {left:?}");
    }
}

#[test]
fn a_demo_in_a_folder_that_was_named_ends_by_itself_and_goes_on_there() {
    let place = Place::new();
    let folder = place.beside("line");
    let folder = folder.to_str().unwrap();
    let words = ["demo", "--duration", "3s", "--folder", folder, "--json"];
    let first = place.print(&words);
    let last: Value = serde_json::from_str(first.lines().last().unwrap()).unwrap();
    let before = last["events"].as_u64().unwrap();
    let members = place.rows(&["swarm", "members", "-C", &format!("{folder}/press-2")]);
    assert_eq!(members.len(), 3);
    let second = place.print(&["demo", "--duration", "3s", "--folder", folder]);
    let figures = second.lines().last().unwrap();
    assert!(figures.contains("in sync; "), "{second}");
    let events = place.row(&[
        "query",
        "FROM allEvents AGGREGATE COUNT(_)",
        "-C",
        &format!("{folder}/office"),
    ]);
    assert!(events["payload"].as_u64() > Some(before), "{events}");
    // A device is no place for others.
    let (code, _) = place.fail(&["demo", "--folder", &format!("{folder}/office")]);
    assert_eq!(code, 2);
}
