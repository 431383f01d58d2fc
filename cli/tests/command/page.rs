//! The link to the page for people: what it opens, and what is said where there is none.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::harness::{Place, Running, fetch};

/// Starts the node with a gateway, at a port that is free.
fn start(place: &Place) -> Running {
    place.print(&["settings", "set", "gateway.listen", r#"["127.0.0.1:0"]"#]);
    let mut node = place.start(&["run", "--log", "warn"]);
    assert!(node.line().ends_with(" runs"));
    assert!(node.line().starts_with("apps find it at http://127.0.0.1:"));
    node
}

#[test]
fn a_link_opens_the_page_of_the_node_that_runs() {
    let place = Place::new();
    let mut node = start(&place);
    let hint = "people find it by the link that `swarmlet page` prints";
    assert_eq!(node.line(), hint);
    let row = place.row(&["page"]);
    let (address, token) = parts(row["url"].as_str().unwrap());
    let page = fetch(&address, "/page/index.html", None);
    assert!(
        page.starts_with("HTTP/1.0 200 ") && page.contains("<html"),
        "{page}"
    );
    let session = fetch(&address, "/page/v1/session", Some(&token));
    let session: Value = serde_json::from_str(session.lines().last().unwrap()).unwrap();
    assert_eq!(session["node"], place.row(&["status"])["node"]);
    assert_eq!(session["expires"], row["expires"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let later = now + Duration::from_secs(12 * 3600);
    assert!(row["expires"].as_u64().unwrap() <= later.as_secs());

    // For a shell it is the link and nothing else.
    let said = place.ask(&["page"]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 1));
    assert_eq!(parts(said.out.trim()).0, address);
    assert!(said.err.contains("12 hours"), "{}", said.err);
    assert_eq!(node.complaints(), "");
    node.stop();
}

#[test]
fn where_there_is_no_page_it_is_said_how_to_get_one() {
    let place = Place::new();
    let unavailable = |advice: &str| {
        let (code, error) = place.fail(&["page"]);
        assert_eq!((code, &error["kind"]), (3, &json!("unavailable")));
        assert!(
            error["advice"].as_str().unwrap().contains(advice),
            "{error}"
        );
    };
    assert_eq!(place.fail(&["page"]).1["kind"], "not_found");
    place.print(&["publish", "1"]);
    unavailable("swarmlet run");
    let node = place.run();
    unavailable("swarmlet settings set gateway.enabled true");
    node.stop();
    // That no node runs is not all that is in the way.
    unavailable(
        "swarmlet settings set gateway.enabled true`, then start the node with `swarmlet run",
    );
    place.print(&["settings", "set", "gateway.enabled", "true"]);
    place.print(&["settings", "set", "gateway.page", "false"]);
    let node = start(&place);
    unavailable("swarmlet settings set gateway.page true");
    node.stop();
}

/// The address and the token of a link.
fn parts(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, token) = rest.split_once("/#").unwrap();
    (address.to_owned(), token.to_owned())
}
