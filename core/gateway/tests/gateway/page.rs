//! The page for people: who gets there, and who does not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL;
use serde::{Deserialize, Serialize};
use serde_json::json;
use swarmlet::Node;
use swarmlet_gateway::Settings;

use crate::harness::Place;
use crate::http::{Ask, Reply};

/// Every call of the page.
const CALLS: [(&str, &str); 11] = [
    ("GET", "session"),
    ("GET", "state"),
    ("POST", "invites"),
    ("POST", "invites/withdraw"),
    ("POST", "pending/x"),
    ("DELETE", "pending/x"),
    ("POST", "members/x/revoke"),
    ("GET", "blobs"),
    ("POST", "blobs?name=x"),
    ("GET", "blobs/x"),
    ("DELETE", "blobs/x"),
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const APP: &str = "swarmlet 2026-11 gateway app token 1";
const PERSON: &str = "swarmlet 2026-11 gateway person token 1";

#[tokio::test]
async fn a_link_opens_a_session_and_the_events_of_the_node() {
    let place = Place::open_with_page().await;
    let link = place.gateway.page().unwrap().link().unwrap();
    assert!(!format!("{link:?}").contains("http"));
    let (address, token) = link.url.split_once("/#").unwrap();
    assert_eq!(address, format!("http://{}", place.at()));
    let session = place.done(place.call("GET", "session")).await;
    assert_eq!(session["node"], place.node.id().to_string());
    assert_eq!(session["swarm"], json!(null));
    let left = session["expires"].as_u64().unwrap() - now().as_secs();
    assert!((12 * 3600 - 60..=12 * 3600).contains(&left), "{left}");

    let app_token = session["appToken"].as_str().unwrap();
    place.publish(app_token, "a", &[json!(1)]).await;
    let lines = place.query(app_token, "FROM 'a' & appId(me)").await.lines();
    assert_eq!(lines[0]["appId"], "com.swarmlet.page");

    let again = Ask::new("GET", "/page/v1/session").token(token);
    let place = place.reopened(Settings::new().page(true)).await;
    assert_eq!(place.send(again).await.status, 200);
}

#[tokio::test]
async fn the_token_for_the_api_ends_with_the_session_or_earlier() {
    let valid = async |settings: Settings, session_secs| {
        let place = Place::open_with(settings.page(true)).await;
        let person = made(&place, &place.node, PERSON, now(), session_secs);
        let session = place.done(session_by(&person)).await;
        let token = session["appToken"].as_str().unwrap().to_owned();
        let bytes = BASE64URL.decode(token.as_bytes()).unwrap();
        let claims = &bytes[1..bytes.len() - 64];
        minicbor_serde::from_slice::<Claims>(claims)
            .unwrap()
            .validity
    };
    let left = valid(Settings::new(), 600).await;
    assert!((500..=600).contains(&left), "{left}");
    let short = Settings::new()
        .token_valid(Duration::from_secs(60))
        .unwrap();
    assert_eq!(valid(short, 600).await, 60);
}

#[tokio::test]
async fn no_call_is_answered_without_a_good_token() {
    let place = Place::open_with_page().await;
    let other = Place::open_with_page().await;
    let (app, foreign) = (place.token().await, other.person_token());
    let own = place.person_token();
    for (method, path) in CALLS {
        let ask = |path: &str| Ask::new(method, format!("/page/v1/{path}"));
        let reply = place.send(ask(path)).await;
        assert_eq!(reply.problem(), refused("ERR_MISSING_AUTH_HEADER"));
        // Addresses are kept in the history of browsers.
        let joined = if path.contains('?') { '&' } else { '?' };
        let reply = place
            .send(ask(&format!("{path}{joined}access_token={own}")))
            .await;
        assert_eq!(reply.problem(), refused("ERR_MISSING_AUTH_HEADER"));
        let basic = ask(path).header("Authorization", "Basic eDp4");
        let reply = place.send(basic).await;
        assert_eq!(reply.problem(), refused("ERR_UNSUPPORTED_AUTH_TYPE"));
        for token in ["", "nonsense", "AAAA", &app, &foreign] {
            let reply = place.send(ask(path).token(token)).await;
            let expected = refused("ERR_TOKEN_UNAUTHORIZED");
            assert_eq!(reply.problem(), expected, "{method} {path} {token}");
            assert!(!reply.text().contains("nonsense"));
        }
    }
}

#[tokio::test]
async fn no_part_of_a_persons_token_can_be_changed() {
    let place = Place::open_with_page().await;
    let token = place.person_token();
    for index in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        let reply = place.send(session_by(&forged)).await;
        assert_eq!(
            reply.problem(),
            refused("ERR_TOKEN_UNAUTHORIZED"),
            "{index}"
        );
    }
}

/// Nor is a token of an app one of a person, which the calls above are tried with.
#[tokio::test]
async fn a_persons_token_is_none_of_an_app() {
    let place = Place::open_with_page().await;
    let token = place.person_token();
    let reply = place.query(&token, "FROM 'a'").await;
    assert_eq!(reply.problem(), refused("ERR_TOKEN_UNAUTHORIZED"));
    let socket = Ask::new("GET", format!("/api/v2/events?{token}"))
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let reply = place.send(socket).await;
    assert_eq!(reply.problem(), refused("ERR_TOKEN_UNAUTHORIZED"));
}

/// What a token says, as the documents have it.
#[derive(Serialize, Deserialize)]
struct Claims {
    node: [u8; 32],
    port: u16,
    created: u64,
    app_id: String,
    app_version: String,
    validity: u64,
}

/// A token as the device makes it, for a purpose and a time.
fn made(place: &Place, by: &Node, purpose: &str, created: Duration, valid_secs: u64) -> String {
    let claims = Claims {
        node: *by.id().as_bytes(),
        port: place.at().port(),
        created: created.as_micros() as u64,
        app_id: "com.swarmlet.page".into(),
        app_version: "1".into(),
        validity: valid_secs,
    };
    let mut bytes = vec![2];
    bytes.extend(minicbor_serde::to_vec(&claims).unwrap());
    let signature = by.attest(purpose, &bytes);
    bytes.extend(signature.as_bytes());
    BASE64URL.encode(&bytes)
}

#[tokio::test]
async fn a_token_is_good_in_its_time_and_for_its_use() {
    let place = Place::open_with_page().await;
    let (own, hour) = (&place.node, Duration::from_secs(3600));
    let person = |created, valid_secs| made(&place, own, PERSON, created, valid_secs);
    let by = async |token: String| place.send(session_by(&token)).await;
    assert_eq!(by(person(now(), 60)).await.status, 200);
    for (created, valid_secs) in [(now(), 0), (now() - hour, 3600), (now() + hour, 3600)] {
        let reply = by(person(created, valid_secs)).await;
        assert_eq!(reply.problem(), refused("ERR_TOKEN_EXPIRED"));
    }
    let of_app = || made(&place, own, APP, now(), 60);
    assert_eq!(place.query(&of_app(), "FROM 'a'").await.status, 200);
    assert_eq!(
        by(of_app()).await.problem(),
        refused("ERR_TOKEN_UNAUTHORIZED")
    );
    // Who was at this port before has links in windows that are still open.
    let other = Place::open().await;
    let reply = by(made(&place, &other.node, PERSON, now(), 60)).await;
    assert_eq!(reply.problem(), refused("ERR_TOKEN_EXPIRED"));
}

#[tokio::test]
async fn pages_of_other_origins_get_nothing_even_if_they_may_use_the_api() {
    let place = Place::open_with(Settings::new().page(true).origin("*").unwrap()).await;
    place.node.swarm().create("plant", "office").unwrap();
    let port = place.at().port();
    for origin in [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        "http://localhost:3000".to_owned(),
        format!("http://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://named.actyx.localhost:{port}"),
    ] {
        let api = Ask::new("GET", "/api/v2/node/id").header("Origin", &origin);
        assert_eq!(place.send(api).await.status, 200, "{origin}");
        for (method, path) in CALLS {
            let call = place.call(method, path).header("Origin", &origin);
            let reply = place.send(call.json(&json!({}))).await;
            let expected = (403, "ERR_ORIGIN_NOT_ALLOWED".into());
            assert_eq!(reply.problem(), expected, "{origin} {method} {path}");
        }
        let page = Ask::new("GET", "/").header("Origin", &origin);
        assert_eq!(place.send(page).await.status, 403, "{origin}");
    }
    let own = format!("http://{}", place.at());
    let invite = || place.call("POST", "invites").json(&json!({}));
    place.done(invite().header("Origin", &own)).await;
    let two = invite().header("Origin", &own).header("Origin", &own);
    assert_eq!(place.send(two).await.status, 403);
}

#[tokio::test]
async fn under_a_name_that_is_not_ours_there_is_no_page() {
    let place = Place::open_with(Settings::new().page(true).origin("*").unwrap()).await;
    let paths = ["/", "/page/index.html", "/page/v1/session"];
    for path in paths {
        let ask = Ask::new("GET", path).token(&place.person_token());
        let reply = place.send(ask.header("Host", "evil.example:4454")).await;
        assert_eq!(reply.problem(), (403, "ERR_HOST_NOT_ALLOWED".into()));
    }
}

/// Their origin is that of whoever named them, in the whole swarm.
#[tokio::test]
async fn pages_of_files_are_not_beside_the_page_for_people() {
    let place = Place::open_with(Settings::new().page(true).origin("*").unwrap()).await;
    let token = place.token().await;
    let form = "--xx\r\nContent-Disposition: form-data; name=\"file\"; \
                filename=\"index.html\"\r\n\r\n<p>plant\r\n--xx--\r\n";
    let upload = Ask::new("POST", "/api/v2/files").token(&token);
    let upload = upload.header("Content-Type", "multipart/form-data; boundary=xx");
    let cid = place.send(upload.body(form)).await;
    let give = Ask::new("PUT", "/api/v2/files/plant").token(&token);
    let given = place.send(give.body(cid.text())).await;
    assert_eq!(given.status, 204);
    for (host, status) in [("plant", 200), ("other", 404)] {
        let host = format!("{host}.actyx.localhost:4454");
        let ask = |method, path: &str| Ask::new(method, path).header("Host", &host);
        let root = place.send(ask("GET", "/")).await;
        assert_eq!(root.status, status);
        assert_ne!(root.header("content-security-policy"), Some(POLICY));
        for path in ["/page/index.html", "/page/v1/session", "/page/v1/state"] {
            let reply = place
                .send(ask("GET", path).token(&place.person_token()))
                .await;
            assert_eq!(reply.status, 404, "{host} {path}");
        }
        let invite = ask("POST", "/page/v1/invites").token(&place.person_token());
        assert_eq!(place.send(invite.json(&json!({}))).await.status, 405);
    }
}

#[tokio::test]
async fn browsers_are_kept_to_what_the_page_needs() {
    let place = Place::open_with_page().await;
    let page = Ask::new("GET", "/").header("Accept", "text/html,*/*;q=0.8");
    let page = place.send(page).await;
    let file = place.send(Ask::new("GET", "/page/index.html")).await;
    assert_eq!((page.status, &page.body), (200, &file.body));
    let state = place.send(place.call("GET", "state")).await;
    for (reply, kind) in [
        (&page, "text/html; charset=utf-8"),
        (&file, "text/html; charset=utf-8"),
        (&state, "application/json"),
    ] {
        check_headers(reply);
        assert_eq!(reply.header("content-type"), Some(kind));
    }
    check_headers(&place.send(Ask::new("GET", "/page/v1/state")).await);
    let paths = [
        "/",
        "/page/x",
        "/page/",
        "/page/..%2findex.html",
        "/page/v1/x",
    ];
    for path in paths {
        let reply = place.send(Ask::new("GET", path)).await;
        assert_eq!(reply.problem(), (404, "ERR_NOT_FOUND".into()), "{path}");
    }
    assert_eq!(place.send(Ask::new("POST", "/")).await.status, 405);
}

fn check_headers(reply: &Reply) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn there_is_no_page_unless_the_program_wants_one() {
    let place = Place::open().await;
    assert!(place.gateway.page().is_none());
    for path in ["/", "/page/index.html", "/page/v1/session"] {
        let reply = place.send(Ask::new("GET", path)).await;
        assert_eq!(reply.problem(), (404, "ERR_NOT_FOUND".into()), "{path}");
    }
}

fn session_by(token: &str) -> Ask {
    Ask::new("GET", "/page/v1/session").token(token)
}

fn refused(code: &str) -> (u16, String) {
    (401, code.to_owned())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
