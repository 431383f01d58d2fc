//! Two nodes, each a process that runs, in one swarm, by commands alone.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::harness::{Place, Running};

/// A node with quiet networking: loopback, no discovery.
pub(crate) fn node() -> (Place, Running) {
    let place = quiet();
    let node = place.run();
    (place, node)
}

fn quiet() -> Place {
    let place = Place::new();
    let listen = r#"["tcp://127.0.0.1:0"]"#;
    place.print(&["settings", "set", "network.listen", listen]);
    place.print(&["settings", "set", "network.discovery", "false"]);
    place
}

/// A swarm of two.
pub(crate) fn two() -> [(Place, Running); 2] {
    let (first, second) = (node(), node());
    first
        .0
        .print(&["swarm", "create", "plant", "--device", "office"]);
    let invite = first.0.print(&["swarm", "invite", "-q"]);
    second
        .0
        .print(&["swarm", "join", invite.trim(), "--device", "press-7"]);
    [first, second]
}

fn names(place: &Place) -> Vec<(String, bool)> {
    let rows = place.rows(&["swarm", "members"]);
    let mut names: Vec<_> = rows
        .iter()
        .map(|row| {
            let name = row["name"].as_str().unwrap().to_owned();
            (name, row["isRevoked"] == true)
        })
        .collect();
    names.sort();
    names
}

#[test]
fn two_devices_share_events_and_say_how_they_stand() {
    let [(first, one), (second, two)] = two();
    first.print(&["publish", r#"{"n":1}"#, "-t", "part"]);
    second.print(&["publish", r#"{"n":2}"#, "-t", "part"]);
    first.print(&["status", "--wait", "30s"]);
    second.until(&["query", "FROM 'part'"], |rows| rows.len() == 2);
    first.until(&["query", "FROM 'part'"], |rows| rows.len() == 2);
    second.print(&["status", "--wait", "30s"]);
    let line = second.print(&["status"]);
    let expected = "in sync; 1 of 1 other member seen; 2 events in 2 streams\n";
    assert_eq!(line, expected);
    let status = second.row(&["status"]);
    assert_eq!(
        (&status["isInSync"], &status["behind"]),
        (&json!(true), &json!(0))
    );
    let peer = first.row(&["peers"]);
    assert_eq!(
        (&peer["name"], &peer["isInSync"]),
        (&json!("press-7"), &json!(true))
    );
    assert_eq!(
        names(&second),
        [("office".into(), false), ("press-7".into(), false)]
    );
    let own: Vec<Value> = first
        .rows(&["offsets"])
        .iter()
        .map(|row| row["isOwn"].clone())
        .collect();
    assert_eq!(own.len(), 2);
    one.stop();
    two.stop();
    let line = second.print(&["status"]);
    assert!(
        line.ends_with("2 events in 2 streams; no node runs\n"),
        "{line}"
    );
    let said = second.ask(&["peers"]);
    assert!(said.err.contains("no node runs"), "{said:?}");
}

#[test]
fn a_device_that_was_put_out_is_out_on_both_sides() {
    let [(first, _one), (second, _two)] = two();
    first.print(&[
        "swarm",
        "revoke",
        "press-7",
        "--reason",
        "lost on the train",
    ]);
    assert_eq!(
        names(&first),
        [("office".into(), false), ("press-7".into(), true)]
    );
    first.until(&["peers"], |rows| rows.is_empty());
    second.until(&["status"], |rows| rows[0]["peers"] == 0);
    let (code, error) = first.fail(&["swarm", "revoke", "nobody"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
    let (code, error) = second.fail(&["swarm", "invite"]);
    assert_eq!((code, &error["kind"]), (5, &json!("permission_denied")));
}

/// The first founds a swarm, the second asks to be let in: the command that waits, and what it has
/// shown.
fn found_and_ask(first: &Place, second: &Place) -> (Running, Value) {
    first.print(&["swarm", "create", "plant", "--device", "office"]);
    let address = first.row(&["status"])["listening"][0].clone();
    let words = [
        "swarm",
        "ask",
        address.as_str().unwrap(),
        "--device",
        "tablet",
        "--json",
    ];
    let mut ask = second.start(&words);
    let shown: Value = serde_json::from_str(&ask.line()).unwrap();
    (ask, shown)
}

#[test]
fn a_device_without_an_invite_shows_a_code_that_is_approved() {
    let ((first, _one), (second, _two)) = (node(), node());
    let (mut ask, shown) = found_and_ask(&first, &second);
    let code = shown["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 6);
    let pending = first.row(&["swarm", "pending"]);
    assert_eq!(
        (&pending["code"], &pending["name"]),
        (&json!(code), &json!("tablet"))
    );
    let (_, error) = first.fail(&["swarm", "approve", "no code"]);
    assert_eq!(error["kind"], "not_found");
    first.print(&[
        "swarm", "approve", &code, "--rights", "r:*", "--label", "hall=2",
    ]);
    let joined: Value = serde_json::from_str(&ask.line()).unwrap();
    assert_eq!(joined["swarm"], first.row(&["status"])["swarm"]);
    let members = first.rows(&["swarm", "members"]);
    let tablet = members.iter().find(|row| row["name"] == "tablet").unwrap();
    assert_eq!(
        (&tablet["rights"], &tablet["labels"]),
        (&json!("r:*"), &json!({"hall": "2"}))
    );
    assert!(first.rows(&["swarm", "pending"]).is_empty());
}

#[test]
fn a_device_that_asks_can_be_sent_away() {
    let ((first, _one), (second, _two)) = (node(), node());
    let (ask, shown) = found_and_ask(&first, &second);
    first.print(&[
        "swarm",
        "reject",
        shown["device"]
            .as_str()
            .unwrap_or(shown["code"].as_str().unwrap()),
    ]);
    let (status, err) = ask.wait();
    assert_eq!(status.code(), Some(5), "{err}");
}

#[test]
fn the_root_key_is_shown_once_kept_nowhere_and_makes_issuers() {
    let first = quiet();
    let one = first.run_logging("trace");
    let (second, two) = node();
    let founded = first.row(&["swarm", "create", "plant", "--device", "office"]);
    let key = founded["rootKey"].as_str().unwrap().to_owned();
    assert!(key.starts_with("swarmlet-root:"));
    std::fs::write(second.beside("root.key"), &key).unwrap();
    let invite = first.print(&["swarm", "invite", "-q"]);
    second.print(&["swarm", "join", invite.trim(), "--device", "press-7"]);
    let digits = key.trim_start_matches("swarmlet-root:");
    let (code, error) = second.fail(&["swarm", "promote", &key]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_argument")));
    second.print(&["swarm", "promote", "@root.key"]);
    let invite = second.print(&["swarm", "invite", "-q"]);
    second.print(&["swarm", "withdraw", invite.trim()]);
    one.signal(rustix::process::Signal::TERM);
    let (_, err) = one.wait();
    assert!(err.contains("opened") && !err.contains(digits), "{err}");
    two.stop();
    for entry in std::fs::read_dir(first.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let digits = key.trim().trim_start_matches("swarmlet-root:").as_bytes();
        assert!(
            !bytes.windows(digits.len()).any(|part| part == digits),
            "{path:?}"
        );
    }
}

#[test]
fn a_swarm_is_founded_and_joined_without_a_node_that_runs() {
    let place = Place::new();
    let said = place.ask(&["swarm", "create", "plant"]).done(&["create"]);
    assert!(said.contains("root key  swarmlet-root:"), "{said}");
    let mode = place.path().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let said = place.ask(&["swarm", "invite", "--qr"]);
    assert!(said.err.contains("swarmlet run"), "{said:?}");
    assert!(
        said.out.contains('\u{2588}') && said.out.lines().count() > 20,
        "{}",
        said.out
    );
    let (code, error) = place.fail(&["swarm", "create", "other"]);
    assert_eq!((code, &error["kind"]), (2, &json!("already_exists")));
    let (code, error) = place.fail(&["swarm", "join", "no invite"]);
    assert_eq!((code, error["kind"].as_str().is_some()), (2, true));
}

#[test]
fn a_node_that_is_opened_for_one_command_bothers_nobody_unless_it_has_to() {
    let place = Place::new();
    let listen = r#"["quic://127.0.0.1:0"]"#;
    place.print(&["settings", "set", "network.listen", listen]);
    place.print(&["settings", "set", "network.discovery", "false"]);
    place.print(&["swarm", "create", "plant"]);
    let listening = |row: &Value| row["listening"].as_array().unwrap().clone();
    let own = |address: &Value| address.as_str().unwrap().starts_with("tcp://");
    let found = listening(&place.row(&["status"]));
    assert!(found.iter().all(own), "{found:?}");
    let said = place.ask(&["publish", "1"]);
    assert!(said.err.contains("other devices get it"), "{said:?}");
    let node = place.run();
    let found = listening(&place.row(&["status"]));
    assert!(!found.is_empty() && !found.iter().any(own), "{found:?}");
    node.stop();
}

#[test]
fn a_certificate_is_renewed_by_name() {
    let [(first, _one), (_second, _two)] = two();
    let row = first.row(&["swarm", "renew", "press-7"]);
    assert_eq!(row["name"], "press-7");
}
