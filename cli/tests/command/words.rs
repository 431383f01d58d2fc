//! Words that are no command: what is said of them, to people and to scripts.

use serde_json::Value;

use crate::harness::Place;

#[test]
fn a_mistake_in_the_words_is_json_where_json_is_wanted() {
    let place = Place::new();
    for (words, named) in [
        (&["status", "--colour"][..], "--colour"),
        (&["dance"], "dance"),
        (&["blobs", "stat"], "<BLOB>"),
        (&["blobs", "get", "film", "--within", "soon"], "30s"),
        (&["status", "--csv"], "--csv"),
    ] {
        let (code, error) = place.fail(words);
        assert_eq!(
            (code, &error["kind"]),
            (2, &Value::from("invalid_argument"))
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(named), "{error}");
        assert!(
            error["advice"].as_str().unwrap().contains("--help"),
            "{error}"
        );
        let said = place.ask(&[words, &["--json"]].concat());
        assert_eq!((said.out.as_str(), said.err.lines().count()), ("", 1));
    }
    let said = place.ask(&["dance"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.starts_with("error: ") && said.err.contains("Usage: "),
        "{said:?}"
    );
}

#[test]
fn help_and_the_version_are_texts_that_were_asked_for() {
    let place = Place::new();
    for words in [
        ["--help", "--json"],
        ["--version", "--json"],
        ["help", "status"],
    ] {
        let said = place.ask(&words);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{words:?}");
        assert!(said.out.contains("swarmlet"), "{said:?}");
    }
}
