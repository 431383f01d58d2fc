//! Events out of a log and into another one.

use std::os::unix::fs::FileTypeExt as _;

use serde_json::{Value, json};

use crate::harness::{Place, Said};

/// A file with an event that JSON alone cannot say: bytes.
fn exported(place: &Place) -> String {
    place.print(&["publish", r#"{"n":1.0}"#, "-t", "a", "-t", "b"]);
    place.print(&["publish", "[2]", "--app", "com.example.saw"]);
    let bytes = r#"{"tags":["c"],"payload":null,"cbor":"43010203"}"#;
    place.feed(&["import"], bytes.as_bytes()).done(&["import"]);
    place.print(&["export", "events.jsonl"]);
    std::fs::read_to_string(place.beside("events.jsonl")).unwrap()
}

fn without_keys(place: &Place) -> Vec<Value> {
    let text = place.print(&["export"]);
    let rows = text.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        for field in ["lamport", "stream", "offset"] {
            row.as_object_mut().unwrap().remove(field).unwrap();
        }
        row
    });
    rows.collect()
}

#[test]
fn what_is_exported_can_be_imported_and_lacks_nothing() {
    let (from, to) = (Place::new(), Place::new());
    let text = exported(&from);
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.lines()
            .nth(2)
            .unwrap()
            .contains(r#""cbor":"43010203""#),
        "{text}"
    );
    let node = to.run();
    let said = to
        .feed(&["import", "--json"], text.as_bytes())
        .done(&["import"]);
    assert_eq!(said, "{\"records\":3,\"events\":3}\n");
    node.stop();
    assert_eq!(without_keys(&from), without_keys(&to));
    let only = from.print(&["export", "--query", "FROM 'a'"]);
    assert_eq!(only.lines().count(), 1);
}

#[test]
fn a_pipe_gets_an_export_and_stays_a_pipe() {
    let place = Place::new();
    place.print(&["publish", "1"]);
    let pipe = place.beside("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    place.print(&["export", "pipe"]);
    assert!(pipe.metadata().unwrap().file_type().is_fifo());
    assert_eq!(reader.join().unwrap().lines().count(), 1);
}

/// The warnings on the standard error.
fn warnings(said: &Said) -> Vec<Value> {
    let lines = said.err.lines().map(serde_json::from_str);
    let all: Vec<Value> = lines.collect::<Result<_, _>>().unwrap();
    all.iter().map(|line| line["warning"].clone()).collect()
}

#[test]
fn an_export_says_what_it_could_not_compute() {
    let place = Place::new();
    for payload in [r#"{"n":1}"#, "2", "3"] {
        place.print(&["publish", payload]);
    }
    let words = ["export", "--query", "FROM allEvents FILTER _.n > 0"];
    let said = place.ask(&[&words[..], &["--json", "--quiet"]].concat());
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 1));
    let told = warnings(&said);
    assert_eq!(told.len(), 1, "{told:?}");
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("no result 2 times"), "{message}");
    let said = place.ask(&words);
    assert!(said.err.contains("warning: the query"), "{said:?}");
}

#[test]
fn an_export_says_which_events_are_no_longer_here() {
    let place = Place::new();
    place.print(&["settings", "set", "streams.default.events", "20"]);
    place.print(&["settings", "set", "gateway.enabled", "false"]);
    let node = place.run();
    // Of digits that do not compress, so that they fill files, of which the older go.
    let mut state = 1_u64;
    let mut digits = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        format!("{:08x}", state >> 32)
    };
    let text = |_| (0..25_000).map(|_| digits()).collect::<String>();
    let lines = (0..100)
        .map(text)
        .map(|text| format!("{{\"payload\":\"{text}\"}}\n"));
    let lines: String = lines.collect();
    place.feed(&["import"], lines.as_bytes()).done(&["import"]);
    place.until(&["offsets"], |rows| rows[0]["first"].as_u64() > Some(0));
    let asked = place.ask(&["query", "FROM allEvents AGGREGATE COUNT(_)"]);
    assert!(
        asked.err.contains("note: retention has dropped the events"),
        "{asked:?}"
    );
    let quiet = place.ask(&["query", "FROM allEvents AGGREGATE COUNT(_)", "--quiet"]);
    assert_eq!(quiet.err, "");
    let said = place.ask(&["export", "some.jsonl", "--json"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    let told = warnings(&said);
    assert_eq!(told.len(), 1, "{told:?}");
    let message = told[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("retention has dropped the events") && message.contains(" lacks them"),
        "{message}"
    );
    assert!(
        std::fs::read_to_string(place.beside("some.jsonl"))
            .unwrap()
            .lines()
            .count()
            < 100
    );
    node.stop();
}

#[test]
fn an_import_that_fails_says_where_and_how_to_go_on() {
    let place = Place::new();
    let lines = "{\"payload\":1,\"appId\":\"com.example.a\"}\n\n\
                 {\"payload\":2,\"appId\":\"com.example.b\"}\n{\"tags\":[]}\n";
    let said = place.feed(&["import", "--json"], lines.as_bytes());
    assert_eq!(said.code, Some(2), "{said:?}");
    let error: Value = serde_json::from_str(&said.err).unwrap();
    let error = &error["error"];
    assert!(
        error["message"].as_str().unwrap().starts_with("line 4: "),
        "{error}"
    );
    assert!(
        error["advice"]
            .as_str()
            .unwrap()
            .contains("--skip 3 goes on"),
        "{error}"
    );
    let payloads = |place: &Place| -> Vec<Value> {
        place
            .rows(&["query"])
            .iter()
            .map(|row| row["payload"].clone())
            .collect()
    };
    assert_eq!(payloads(&place), [json!(1), json!(2)]);
    let mended = lines.replace("{\"tags\":[]}", "{\"payload\":3}");
    place
        .feed(&["import", "--skip", "3"], mended.as_bytes())
        .done(&["import"]);
    assert_eq!(payloads(&place), [json!(1), json!(2), json!(3)]);
}

#[test]
fn many_events_are_imported_in_groups() {
    let place = Place::new();
    let lines: String = (0..5_000)
        .map(|n| format!("{{\"payload\":{n},\"timestamp\":{n}}}\n"))
        .collect();
    let node = place.run();
    place.feed(&["import"], lines.as_bytes()).done(&["import"]);
    let aql = "FROM allEvents AGGREGATE { n: COUNT(_), last: LAST(_) }";
    assert_eq!(
        place.row(&["query", aql])["payload"],
        json!({"n": 5_000, "last": 4_999})
    );
    let row = place.row(&["query", "FROM allEvents ORDER DESC LIMIT 1"]);
    assert_eq!(row["timestamp"], 4_999);
    node.stop();
}
