//! Who gets a token, and what it is good for.

use std::time::Duration;

use serde_json::json;
use swarmlet::{Node, Options};
use swarmlet_gateway::{Gateway, Settings};

use crate::harness::{Place, manifest, until};
use crate::http::Ask;

const OFFSETS: &str = "/api/v2/events/offsets";

#[tokio::test]
async fn a_token_is_good_after_a_restart() {
    let place = Place::open().await;
    let token = place.token().await;
    let place = place.reopened(Settings::new()).await;
    let reply = place.send(Ask::new("GET", OFFSETS).token(&token)).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_token_that_is_over_is_told_so_that_clients_ask_for_another() {
    let shortest = Settings::new().token_valid(Duration::from_secs(1));
    let place = Place::open_with(shortest.unwrap()).await;
    let token = place.token().await;
    let ask = async || place.send(Ask::new("GET", OFFSETS).token(&token)).await;
    until(async || ask().await.status != 200).await;
    let reply = ask().await;
    assert_eq!(reply.problem(), (401, "ERR_TOKEN_EXPIRED".into()));
    let shorter = Duration::from_millis(999);
    assert!(Settings::new().token_valid(shorter).is_err());
}

#[tokio::test]
async fn a_token_of_another_device_is_refused() {
    let (place, other) = (Place::open().await, Place::open().await);
    let token = other.token().await;
    let reply = place.send(Ask::new("GET", OFFSETS).token(&token)).await;
    assert_eq!(reply.problem(), (401, "ERR_TOKEN_UNAUTHORIZED".into()));
}

/// Clients ask for another token only then.
#[tokio::test]
async fn a_token_of_the_device_that_was_here_before_is_over() {
    let old = Place::open().await;
    let (at, token) = (old.at(), old.token().await);
    old.gateway.close().await;
    let folder = tempfile::tempdir().unwrap();
    let node = Node::open(folder.path().join("node"), Options::new())
        .await
        .unwrap();
    let gateway = Gateway::bind(node, Settings::new().listen(at))
        .await
        .unwrap();
    let reply = Ask::new("GET", OFFSETS).token(&token).send(at).await;
    assert_eq!(reply.problem(), (401, "ERR_TOKEN_EXPIRED".into()));
    gateway.close().await;
}

#[tokio::test]
async fn no_part_of_a_token_can_be_changed() {
    let place = Place::open().await;
    let token = place.token().await;
    for index in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        let reply = place.send(Ask::new("GET", OFFSETS).token(&forged)).await;
        let (status, code) = reply.problem();
        assert!([400, 401].contains(&status), "{index}: {status}");
        assert!(["ERR_TOKEN_UNAUTHORIZED", "ERR_TOKEN_INVALID"].contains(&code.as_str()));
    }
}

#[tokio::test]
async fn what_is_no_token_is_told_apart() {
    let place = Place::open().await;
    for (token, why) in [
        ("", "Missing token bytes."),
        ("invalid", "Cannot parse token bytes."),
        ("AAAA", "Not a signed token."),
        (&"A".repeat(400), "Not a signed token."),
    ] {
        let reply = place.send(Ask::new("GET", OFFSETS).token(token)).await;
        assert_eq!(reply.problem(), (400, "ERR_TOKEN_INVALID".into()));
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(why), "{message}");
        assert!(message.len() < 400, "{message}");
    }
}

#[tokio::test]
async fn a_manifest_says_who_an_app_is_or_gives_no_token() {
    let place = Place::open().await;
    let with = |name: &str, value: serde_json::Value| {
        let mut manifest = manifest("com.example.app");
        manifest[name] = value;
        manifest
    };
    for manifest in [
        json!(null),
        json!([]),
        json!({ "appId": "com.example.app" }),
        with("appId", json!("com.example.")),
        with("appId", json!("com.example")),
        with("appId", json!("org.acme.app")),
        with("appId", json!(format!("com.example.{}", "a".repeat(200)))),
        with("displayName", json!("")),
        with("version", json!("1".repeat(1000))),
        with("version", json!(1)),
    ] {
        let reply = place.authenticate(&manifest).await;
        assert_eq!(
            reply.problem(),
            (400, "ERR_BAD_REQUEST".into()),
            "{manifest}"
        );
    }
    let reply = place.authenticate(&with("signature", json!("v2"))).await;
    assert_eq!(reply.problem(), (400, "ERR_MANIFEST_INVALID".into()));
    assert_eq!(
        place
            .authenticate(&with("more", json!({ "fields": 1 })))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn events_are_of_the_app_that_the_token_is_for() {
    let place = Place::open().await;
    let reply = place.authenticate(&manifest("com.example.other")).await;
    let other = reply.json()["token"].as_str().unwrap().to_owned();
    let token = place.token().await;
    place.publish(&token, "a", &[json!(1)]).await;
    place.publish(&other, "a", &[json!(2)]).await;
    for (token, app_id, payload) in [
        (&token, "com.example.app", 1),
        (&other, "com.example.other", 2),
    ] {
        let lines = place.query(token, "FROM 'a' & appId(me)").await.lines();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[0]["appId"], &lines[0]["payload"]),
            (&json!(app_id), &json!(payload))
        );
    }
}

#[tokio::test]
async fn apps_are_let_in_by_their_ids() {
    let settings = Settings::new().app("com.acme.*").unwrap();
    let place = Place::open_with(settings).await;
    assert_eq!(
        place.authenticate(&manifest("com.acme.press")).await.status,
        200
    );
    assert_eq!(
        place
            .authenticate(&manifest("com.other.press"))
            .await
            .status,
        400
    );
    assert!(Settings::new().app("*").is_err());
    assert!(Settings::new().vendor("key").is_err());
}
