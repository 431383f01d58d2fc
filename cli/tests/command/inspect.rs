//! Looking at a folder and at a machine.

use serde_json::{Value, json};

use crate::harness::Place;
use crate::swarm;

#[test]
fn a_sound_folder_is_told_file_by_file_and_stream_by_stream() {
    let place = Place::new();
    place.print(&["publish", "1", "-t", "a"]);
    std::fs::write(place.beside("film.mp4"), vec![7; 100_000]).unwrap();
    place.print(&["blobs", "put", "film.mp4"]);
    let rows = place.rows(&["inspect"]);
    let sorts: Vec<&Value> = rows.iter().map(|row| &row["sort"]).collect();
    assert_eq!(sorts, ["log", "blob"]);
    assert_eq!(
        (&rows[0]["events"], &rows[1]["bytes"]),
        (&json!(2), &json!(100_000))
    );
    assert!(rows.iter().all(|row| row["fault"].is_null()), "{rows:?}");
    let row = place.row(&["inspect", "--streams"]);
    let expected = (&json!("default"), &json!(0), &json!(1));
    assert_eq!((&row["name"], &row["first"], &row["last"]), expected);
    let said = place.ask(&["inspect"]);
    assert!(
        said.err.contains("2 events, 1 streams, 2 files, all sound"),
        "{said:?}"
    );
}

#[test]
fn damage_is_named_and_is_no_as_an_answer() {
    let place = Place::new();
    place.print(&["publish", "1", "-t", "a"]);
    let log = place.path().join("log/0000000000000001.wal");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[4_096 + 100] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let (code, error) = place.fail(&["inspect"]);
    assert_eq!((code, &error["kind"]), (1, &json!("unmet")));
    let said = place.ask(&["inspect"]);
    assert!(said.out.contains("a log file is damaged"), "{said:?}");
    assert_eq!(std::fs::read(&log).unwrap(), bytes);
    let (code, error) = place.fail(&["query"]);
    assert_eq!((code, &error["kind"]), (5, &json!("corrupt")));
    assert!(
        error["advice"]
            .as_str()
            .unwrap()
            .contains("swarmlet inspect")
    );
}

#[test]
fn nobody_may_write_while_a_folder_is_looked_at() {
    let place = Place::new();
    let (code, error) = place.fail(&["inspect"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
    let node = place.run();
    let (code, error) = place.fail(&["inspect"]);
    assert_eq!((code, &error["kind"]), (3, &json!("locked")));
    assert!(error["advice"].as_str().unwrap().contains("stop the node"));
    node.stop();
}

/// The verdict of each check, and the code.
fn verdicts(place: &Place) -> (Option<i32>, Vec<(String, String)>) {
    let said = place.ask(&["doctor", "--json"]);
    let rows = said.out.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        assert!(
            row["verdict"] != "bad" || !text("advice").is_empty(),
            "{row}"
        );
        (text("check"), text("verdict"))
    });
    let rows = rows.collect();
    (said.code, rows)
}

fn verdict<'a>(rows: &'a [(String, String)], check: &str) -> Option<&'a str> {
    let found = rows.iter().find(|(name, _)| name == check);
    found.map(|(_, verdict)| verdict.as_str())
}

#[test]
fn the_doctor_looks_at_everything_that_the_node_needs() {
    let (place, node) = swarm::node();
    let (code, rows) = verdicts(&place);
    assert_eq!(code, Some(0), "{rows:?}");
    for check in ["permissions", "ports", "gateway", "node", "peers"] {
        assert_eq!(verdict(&rows, check), Some("good"), "{check}");
    }
    // Not every machine says whether its clock is synchronised.
    let clock = verdict(&rows, "clock").unwrap();
    assert!(["good", "unknown"].contains(&clock), "{clock}");
    for check in ["disk sync", "disk space", "multicast"] {
        assert!(verdict(&rows, check).is_some(), "{check}");
    }
    node.stop();
    let (code, rows) = verdicts(&place);
    assert_eq!((code, verdict(&rows, "node")), (Some(0), Some("warning")));
    let table = place.print(&["doctor"]);
    assert!(table.starts_with("VERDICT"), "{table}");
}

#[test]
fn the_doctor_says_what_is_bad_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let (code, rows) = verdicts(&place);
    assert_eq!((code, verdict(&rows, "folder")), (Some(1), Some("bad")));
    place.print(&["publish", "1"]);
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path(), open).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = json!({
        "network": {"listen": [format!("tcp://{address}")]},
        "gateway": {"listen": [address]},
    });
    std::fs::write(place.path().join("settings.json"), settings.to_string()).unwrap();
    let (code, rows) = verdicts(&place);
    assert_eq!(code, Some(1));
    assert_eq!(verdict(&rows, "permissions"), Some("bad"));
    assert_eq!(verdict(&rows, "ports"), Some("bad"));
    assert_eq!(verdict(&rows, "gateway"), Some("bad"));
    std::fs::write(place.path().join("settings.json"), "{}x").unwrap();
    let (_, rows) = verdicts(&place);
    assert_eq!(verdict(&rows, "settings"), Some("bad"));
}

#[test]
fn a_member_that_sees_nobody_is_told_so() {
    let [(first, _one), (_second, two)] = swarm::two();
    first.until(&["status"], |rows| rows[0]["peers"] == 1);
    let (code, rows) = verdicts(&first);
    assert_eq!((code, verdict(&rows, "peers")), (Some(0), Some("good")));
    two.stop();
    first.until(&["status"], |rows| rows[0]["peers"] == 0);
    let (code, rows) = verdicts(&first);
    assert_eq!((code, verdict(&rows, "peers")), (Some(1), Some("bad")));
}
