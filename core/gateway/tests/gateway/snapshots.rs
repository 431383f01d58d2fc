//! What apps keep for themselves.

use serde_json::json;
use swarmlet_gateway::Settings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Place, SOON, manifest};
use crate::http::{Ask, Reply};

const FOLDER: &str = "/api/v2/blob/-/@pond/snap/semantics/entity";

#[tokio::test]
async fn snapshots_are_kept_as_pond_does_it() {
    let place = Place::open().await;
    let token = place.token().await;
    let elastic = json!({ "type": "setElasticity", "definition": { "mode": "elastic" } });
    assert_eq!(
        place
            .post("/api/v2/blob/-/@pond/snap", &token, &elastic)
            .await
            .status,
        204
    );
    let ask = |method, path: &str| Ask::new(method, format!("{FOLDER}{path}")).token(&token);
    assert_eq!(place.send(ask("GET", "")).await.status, 204);
    assert_eq!(place.send(ask("DELETE", "/1/tag")).await.status, 204);
    let state = ask("PUT", "/1/tag/blob")
        .header("Content-Type", "application/json")
        .body("{}");
    assert_eq!(place.send(state).await.status, 204);
    assert_eq!(
        place
            .send(ask("PUT", "/1/tag/meta").json(&json!({ "cycle": 1 })))
            .await
            .status,
        204
    );

    let listed = place.send(ask("GET", "")).await;
    assert_eq!(listed.json(), json!({ "1": { "type": "folder" } }));
    let listed = place.send(ask("GET", "/1/tag")).await.json();
    let blob = &listed["blob"];
    assert_eq!(
        (&blob["type"], &blob["originalSize"]),
        (&json!("file"), &json!(2))
    );
    assert_eq!(blob["mimeType"], "application/json");
    assert!(blob["ctimeMillis"].is_u64() && blob["atimeMillis"].is_u64());
    assert!(blob["compressedSize"].is_u64());

    let place = place.reopened(Settings::new()).await;
    let reply = place.send(ask("GET", "/1/tag/meta")).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.json(), json!({ "cycle": 1 }));
    assert_eq!(place.send(ask("DELETE", "/1")).await.status, 204);
    assert_eq!(place.send(ask("GET", "/1/tag/meta")).await.status, 204);
}

#[tokio::test]
async fn only_the_app_itself_changes_what_it_keeps() {
    let place = Place::open().await;
    let token = place.token().await;
    let other = place.authenticate(&manifest("com.example.other")).await;
    let other = other.json()["token"].as_str().unwrap().to_owned();
    let path = "/api/v2/blob/com.example.app/x";
    let write = |token: &str| Ask::new("PUT", path).token(token).body("content");
    assert_eq!(place.send(write(&token)).await.status, 204);
    assert_eq!(
        place.send(write(&other)).await.problem(),
        (403, "ERR_APP_UNAUTHORIZED".into())
    );
    assert_eq!(
        place
            .send(Ask::new("DELETE", path).token(&other))
            .await
            .status,
        403
    );
    let read = place.send(Ask::new("GET", path).token(&other)).await;
    assert_eq!((read.status, read.text()), (200, "content"));
    let own = Ask::new("GET", "/api/v2/blob/-/x").token(&other);
    assert_eq!(place.send(own).await.status, 204);
}

#[tokio::test]
async fn names_are_as_they_stand_in_the_address() {
    let place = Place::open().await;
    let token = place.token().await;
    let put = Ask::new("PUT", "/api/v2/blob/-/a/x%2Fy%zz")
        .token(&token)
        .body("content");
    assert_eq!(place.send(put).await.status, 204);
    let listed = place
        .send(Ask::new("GET", "/api/v2/blob/-/a").token(&token))
        .await
        .json();
    assert_eq!(listed["x%2Fy%zz"]["type"], "file");
}

#[tokio::test]
async fn how_much_is_kept_is_said_before() {
    let place = Place::open().await;
    let token = place.token().await;
    let head = format!(
        "PUT /api/v2/blob/-/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let mut stream = TcpStream::connect(place.at()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let answered = tokio::time::timeout(SOON, stream.read_to_end(&mut answer));
    answered.await.unwrap().unwrap();
    let reply = Reply::parse(&answer);
    assert_eq!(reply.problem(), (413, "ERR_PAYLOAD_TOO_LARGE".into()));
    let message = json!("Payload length unknown. Limit is 10485760");
    assert_eq!(reply.json()["message"], message);
}

/// An app may say that what it keeps is a page; the page for people has the same origin.
#[tokio::test]
async fn what_an_app_keeps_does_nothing_in_a_browser() {
    let place = Place::open_with_page().await;
    let token = place.token().await;
    let put = Ask::new("PUT", "/api/v2/blob/-/x").token(&token);
    let put = put.header("Content-Type", "text/html").body("<script>");
    assert_eq!(place.send(put).await.status, 204);
    for path in ["blob/-/x", "node/id", "nowhere"] {
        let ask = Ask::new("GET", format!("/api/v2/{path}")).token(&token);
        let reply = place.send(ask).await;
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("sandbox"), "{path}: {policy}");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn what_is_kept_has_bounds() {
    let place = Place::open().await;
    let token = place.token().await;
    let put = |path: &str| Ask::new("PUT", format!("/api/v2/blob/-/{path}")).token(&token);
    let large = place.send(put("x").body(vec![0; 10 * 1024 * 1024])).await;
    assert_eq!(large.status, 204);
    let larger = place
        .send(put("x").body(vec![0; 10 * 1024 * 1024 + 1]))
        .await;
    assert_eq!(larger.problem(), (413, "ERR_PAYLOAD_TOO_LARGE".into()));
    for path in ["", "a//b", &"x".repeat(2000), &"x/".repeat(40)] {
        assert_eq!(place.send(put(path)).await.status, 404, "{path}");
    }
    let nonsense = json!({ "type": "other" });
    let reply = place.post("/api/v2/blob/-/x", &token, &nonsense).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
}
