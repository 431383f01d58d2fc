//! Subscriptions, where each stream is, and how a query is answered.

use serde_json::{Value, json};

use crate::harness::{Place, Running};

fn next(subscription: &mut Running) -> Value {
    serde_json::from_str(&subscription.line()).unwrap()
}

#[test]
fn a_subscription_says_what_it_gives_and_goes_on_where_it_was() {
    let place = Place::new();
    let node = place.run();
    place.print(&["publish", "1", "-t", "a"]);
    let words = [
        "subscribe",
        "FROM 'a'",
        "--resume",
        "offsets.json",
        "--json",
    ];
    let mut first = place.start(&words);
    let row = next(&mut first);
    assert_eq!((&row["type"], &row["payload"]), (&json!("row"), &json!(1)));
    let row = next(&mut first);
    assert_eq!(row["type"], "caughtUp");
    assert_eq!(row["offsets"].as_object().unwrap().len(), 1);
    place.print(&["publish", "2", "-t", "a"]);
    assert_eq!(next(&mut first)["payload"], 2);
    let kept = place.beside("offsets.json");
    let begun = std::time::Instant::now();
    while !std::fs::read_to_string(&kept).is_ok_and(|text| text.ends_with(":1}")) {
        assert!(begun.elapsed() < crate::harness::SOON);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    drop(first);
    place.print(&["publish", "3", "-t", "a"]);
    let mut second = place.start(&words);
    assert_eq!(next(&mut second)["payload"], 3);
    node.stop();
}

#[test]
fn it_begins_now_or_behind_offsets_or_follows_the_latest() {
    let place = Place::new();
    let node = place.run();
    let key = place.row(&["publish", "1", "-t", "a"]);
    place.print(&["publish", "2", "-t", "a"]);
    let behind = json!({key["stream"].as_str().unwrap(): 0}).to_string();
    let mut some = place.start(&["subscribe", "FROM 'a'", "--from", &behind, "--json"]);
    assert_eq!(next(&mut some)["payload"], 2);
    let mut now = place.start(&["subscribe", "FROM 'a'", "--from", "now", "--json"]);
    assert_eq!(next(&mut now)["type"], "caughtUp");
    let mut latest = place.start(&["subscribe", "FROM 'a'", "--latest", "--json"]);
    assert_eq!(next(&mut latest)["payload"], 2);
    let mut earliest = place.start(&["subscribe", "FROM 'a'", "--earliest", "--json"]);
    assert_eq!(next(&mut earliest)["payload"], 1);
    let mut ordered = place.start(&["subscribe", "FROM 'a'", "--monotonic", "--json"]);
    assert_eq!(next(&mut ordered)["payload"], 1);
    place.print(&["publish", "3", "-t", "a"]);
    assert_eq!(next(&mut now)["payload"], 3);
    while next(&mut latest)["payload"] != 3 {}
    node.stop();
}

#[test]
fn a_row_that_is_no_longer_true_is_taken_back() {
    let place = Place::new();
    let node = place.run();
    place.print(&["publish", "1", "-t", "a"]);
    let aql = "FROM 'a' AGGREGATE COUNT(_)";
    let mut counted = place.start(&["query", aql, "--follow", "--json"]);
    assert_eq!(next(&mut counted)["payload"], 1);
    place.print(&["publish", "2", "-t", "a"]);
    let row = next(&mut counted);
    assert_eq!(
        (&row["payload"], &row["takenBack"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(next(&mut counted)["payload"], 2);
    node.stop();
}

#[test]
fn offsets_and_explain_say_where_things_are() {
    let place = Place::new();
    place.print(&["publish", "1", "-t", "a"]);
    place.print(&["publish", "2", "-t", "b"]);
    let row = place.row(&["offsets"]);
    let expected = json!([row["stream"], "default", 0, 1, 0, true]);
    let found = ["stream", "name", "first", "present", "toReplicate", "isOwn"];
    assert_eq!(json!(found.map(|field| &row[field])), expected);
    let row = place.row(&["explain", "FROM 'a'"]);
    assert_eq!((&row["eventsRead"], &row["rows"]), (&json!(1), &json!(1)));
    let text = place.print(&["explain", "FROM 'a'"]);
    assert!(text.contains("1 events read, 1 rows"), "{text}");
}
