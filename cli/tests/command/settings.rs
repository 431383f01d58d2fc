//! What a node is opened with, and scripts for shells.

use serde_json::json;

use crate::harness::Place;

#[test]
fn settings_are_checked_kept_and_used_from_the_next_start_on() {
    let place = Place::new();
    let value = r#"["tcp://127.0.0.1:0"]"#;
    place.print(&["settings", "set", "network.listen", value]);
    place.print(&["settings", "set", "app", "com.example.press"]);
    let row = place.row(&["settings", "get", "network.listen"]);
    assert_eq!(row["value"], json!(["tcp://127.0.0.1:0"]));
    place.print(&["publish", "1"]);
    assert_eq!(place.row(&["query"])["appId"], "com.example.press");
    let node = place.run();
    let said = place.ask(&["settings", "set", "app", "com.example.saw"]);
    assert!(said.err.contains("next start"), "{said:?}");
    place.print(&["publish", "2"]);
    node.stop();
    place.print(&["publish", "3"]);
    let apps: Vec<_> = place
        .rows(&["query"])
        .iter()
        .map(|row| row["appId"].clone())
        .collect();
    assert_eq!(
        apps,
        ["com.example.press", "com.example.press", "com.example.saw"]
    );
    place.print(&["settings", "set", "app", "null"]);
    let (code, error) = place.fail(&["settings", "get", "app"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
    let text = place.print(&["settings", "get"]);
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(all["network"]["listen"], json!(["tcp://127.0.0.1:0"]));
}

#[test]
fn what_cannot_be_set_changes_nothing_and_says_what_can() {
    let place = Place::new();
    place.print(&["settings", "set", "app", "com.example.press"]);
    for (path, value) in [
        ("colour", "1"),
        ("app", "7"),
        ("app.name", "x"),
        ("cache_bytes", "1"),
        ("network.listen", r#"["127.0.0.1"]"#),
        ("network..listen", "[]"),
    ] {
        let (code, error) = place.fail(&["settings", "set", path, value]);
        assert_eq!(
            (code, &error["kind"]),
            (2, &json!("invalid_argument")),
            "{path}"
        );
    }
    let row = place.row(&["settings", "get"]);
    assert_eq!(row["app"], "com.example.press");
    std::fs::write(place.path().join("settings.json"), "{\"colour\": 1}").unwrap();
    let (code, error) = place.fail(&["run"]);
    assert_eq!(code, 2);
    assert!(
        error["message"].as_str().unwrap().contains("settings.json"),
        "{error}"
    );
}

#[test]
fn the_schema_and_the_words_of_shells_need_no_folder() {
    let place = Place::new();
    let schema: serde_json::Value =
        serde_json::from_str(&place.print(&["settings", "schema"])).unwrap();
    assert!(schema["properties"]["network"].is_object(), "{schema}");
    assert_eq!(place.row(&["settings", "schema"]), schema);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(place.print(&["completions", shell]).contains("swarmlet"));
    }
    assert!(!place.path().exists());
}
