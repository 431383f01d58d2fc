//! Publishing and asking, of a node that runs and of a folder.

use serde_json::json;

use crate::harness::Place;

fn check_publish_and_query(place: &Place) {
    let payload = r#"{"reason":"jam","at":1.50}"#;
    let published = place.row(&["publish", payload, "-t", "press:7", "-t", "stopped"]);
    assert_eq!(published["offset"], 0);
    let row = place.row(&["query", "FROM 'press:7' & 'stopped'"]);
    assert_eq!(row["payload"], json!({"reason": "jam", "at": 1.5}));
    assert_eq!(row["tags"], json!(["press:7", "stopped"]));
    assert_eq!(row["appId"], "swarmlet.command");
    for field in ["lamport", "stream", "offset", "timestamp"] {
        assert_eq!(row[field], published[field], "{field}");
    }
    let app = ["--app", "com.example.press"];
    place.print(&[&["publish", "[1,2]", "-t", "b"][..], &app].concat());
    let own = place.row(&[&["query", "FROM appId(me)"][..], &app].concat());
    assert_eq!(own["payload"], json!([1, 2]));
    let newest = place.rows(&["query", "--order", "desc"]);
    assert_eq!((newest.len(), &newest[0]["payload"]), (2, &json!([1, 2])));
    let aql = "FROM `press:{$id}` SELECT { r: _.reason, x: $x }";
    let row = place.row(&["query", aql, "-p", "id=7", "-p", "x=it's"]);
    assert_eq!(row["payload"], json!({"r": "jam", "x": "it's"}));
}

#[test]
fn a_folder_is_asked_where_no_node_runs() {
    check_publish_and_query(&Place::new());
}

#[test]
fn a_node_that_runs_is_asked_and_says_the_same() {
    let place = Place::new();
    let node = place.run();
    check_publish_and_query(&place);
    node.stop();
    assert_eq!(place.rows(&["query"]).len(), 2);
}

#[test]
fn tables_have_one_heading_and_csv_can_be_read_back() {
    let place = Place::new();
    place.print(&["publish", r#""a, \"b\"""#, "-t", "x", "-t", "y"]);
    place.print(&["publish", r#""\u001b[31mred\n""#, "-t", "x"]);
    let table = place.print(&["query"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[0].starts_with("TIME ") && lines[0].ends_with("PAYLOAD"),
        "{table}"
    );
    assert!(lines[1].ends_with(r#"x, y  a, "b""#), "{table}");
    assert!(lines[2].ends_with(r"\u{1b}[31mred\n"), "{table}");
    let csv = place.print(&["query", "--csv"]);
    let (heading, rows) = csv.split_once('\n').unwrap();
    assert!(heading.ends_with("appId,tags,payload"), "{heading}");
    assert!(rows.contains(r#""[""x"",""y""]","a, ""b""""#), "{rows}");
}

#[test]
fn follow_gives_what_is_there_and_then_what_comes() {
    let place = Place::new();
    let node = place.run();
    place.print(&["publish", "1", "-t", "a"]);
    let mut follow = place.start(&["query", "FROM 'a'", "--follow", "--json"]);
    assert!(follow.line().contains(r#""payload":1"#));
    place.print(&["publish", "2", "-t", "a"]);
    assert!(follow.line().contains(r#""payload":2"#));
    node.stop();
    let (status, err) = follow.wait();
    assert_eq!(status.code(), Some(4), "{err}");
    assert!(err.contains(r#""kind":"closed""#), "{err}");
}

#[test]
fn texts_come_from_files_and_from_the_standard_input() {
    let place = Place::new();
    std::fs::write(place.beside("payload.json"), "{\"n\": 1}").unwrap();
    place.print(&["publish", "@payload.json"]);
    let said = place.feed(&["publish", "@-"], b"[2]");
    said.done(&["publish"]);
    let rows = place.feed(
        &["query", "@-", "--json"],
        b"FROM allEvents SELECT _.n ?? 0",
    );
    assert_eq!(rows.done(&["query"]).lines().count(), 2);
    let (code, error) = place.fail(&["publish", "@missing.json"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
}

#[test]
fn a_wrong_query_is_shown_with_its_place() {
    let place = Place::new();
    place.print(&["publish", "1"]);
    let said = place.ask(&["query", "FROM 'a' AND 'b'"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("^---") && said.out.is_empty(), "{said:?}");
    let (code, error) = place.fail(&["query", "FROM 'a' AND 'b'"]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_query")));
    assert!(error["picture"].as_str().unwrap().contains("^---"));
    let (code, error) = place.fail(&["publish", "no json"]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_argument")));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let place = Place::new();
    place.print(&["publish", "1"]);
    let mut command = place.command(&["query", "FROM allEvents", "--json"]);
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer);
    drop(reader);
    let said = crate::harness::Said::of(&mut command);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}
