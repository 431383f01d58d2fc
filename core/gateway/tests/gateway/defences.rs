//! Pages of other sites in a browser on this machine.

use serde_json::json;
use swarmlet::ErrorKind;
use swarmlet_gateway::Settings;

use crate::harness::{Place, manifest};
use crate::http::Ask;

const ID: &str = "/api/v2/node/id";

#[test]
fn what_no_browser_sends_is_refused_when_it_is_set() {
    for host in ["edge-1:4454", "http://edge-1", ""] {
        let error = Settings::new().host(host).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{host}");
        assert!(error.message().contains("without port"), "{error}");
    }
    for origin in ["app.example", "https://app.example/shop", ""] {
        let error = Settings::new().origin(origin).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{origin}");
        assert!(error.message().contains("https://app.example"), "{error}");
    }
}

#[tokio::test]
async fn a_name_that_was_made_to_mean_this_machine_gets_nowhere() {
    let place = Place::open_with(Settings::new().host("edge-1.plant").unwrap()).await;
    for path in [ID, "/", "/metrics", "/api/v2/auth"] {
        let ask = Ask::new("GET", path).header("Host", "evil.example:4454");
        let reply = place.send(ask).await;
        assert_eq!(
            reply.problem(),
            (403, "ERR_HOST_NOT_ALLOWED".into()),
            "{path}"
        );
    }
    for host in [
        "localhost:4454",
        "127.0.0.1",
        "[::1]:4454",
        "edge-1.plant:80",
    ] {
        let reply = place.send(Ask::new("GET", ID).header("Host", host)).await;
        assert_eq!(reply.status, 200, "{host}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_can_do_nothing() {
    let place = Place::open().await;
    for origin in ["https://evil.example", "null"] {
        // Browsers send these without asking in advance.
        let manifest = manifest("com.example.app").to_string();
        let ask = Ask::new("POST", "/api/v2/auth")
            .header("Origin", origin)
            .body(manifest);
        let reply = place.send(ask).await;
        assert_eq!(reply.problem(), (403, "ERR_ORIGIN_NOT_ALLOWED".into()));
        assert_eq!(reply.header("access-control-allow-origin"), None);

        let reply = place.send(preflight(origin, "POST", "authorization")).await;
        assert_eq!(reply.status, 403);
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn pages_of_other_sites_open_no_socket() {
    let place = Place::open().await;
    let token = place.token().await;
    let ask = Ask::new("GET", format!("/api/v2/events?{token}"))
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Origin", "https://evil.example");
    assert_eq!(place.send(ask).await.status, 403);
}

#[tokio::test]
async fn pages_that_are_let_in_see_the_answers() {
    let settings = Settings::new().origin("https://app.example").unwrap();
    let place = Place::open_with(settings).await;
    for origin in ["https://app.example", "http://localhost:3000"] {
        let reply = place
            .send(Ask::new("GET", ID).header("Origin", origin))
            .await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("vary"), Some("Origin"));

        let reply = place
            .send(Ask::new("GET", "/nowhere").header("Origin", origin))
            .await;
        assert_eq!(reply.status, 404);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
    }
}

#[tokio::test]
async fn browsers_are_told_in_advance_what_pages_may_send() {
    let place = Place::open().await;
    let origin = "http://localhost:3000";
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let names = "Authorization,content-type, accept";
        let reply = place.send(preflight(origin, method, names)).await;
        assert_eq!(reply.status, 200, "{method}");
        let methods = reply.header("access-control-allow-methods").unwrap();
        assert!(methods.contains(method));
    }
    for (method, names) in [("PATCH", "accept"), ("POST", "accept, x-other")] {
        assert_eq!(
            place.send(preflight(origin, method, names)).await.status,
            403
        );
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_no_json() {
    let place = Place::open().await;
    let token = place.token().await;
    for path in ["publish", "query", "subscribe", "subscribe_monotonic"] {
        let ask = Ask::new("POST", format!("/api/v2/events/{path}")).token(&token);
        let ask = ask.header("Content-Type", "application/x-www-form-urlencoded");
        let reply = place.send(ask.body("{}")).await;
        let unsupported = (415, "ERR_UNSUPPORTED_MEDIA_TYPE".into());
        assert_eq!(reply.problem(), unsupported, "{path}");
    }
    let ask = Ask::new("POST", "/api/v2/auth").header("Content-Type", "text/plain");
    let reply = place
        .send(ask.body(manifest("com.example.app").to_string()))
        .await;
    assert_eq!(reply.problem(), (415, "ERR_UNSUPPORTED_MEDIA_TYPE".into()));
    let message = json!("The request's content-type is not supported.");
    assert_eq!(reply.json()["message"], message);
}

fn preflight(origin: &str, method: &str, names: &str) -> Ask {
    Ask::new("OPTIONS", "/api/v2/events/query")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", names)
}
