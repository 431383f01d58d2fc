//! Many requests over one socket.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::harness::{Place, SOON, until};
use crate::http::Ask;

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(place: &Place) -> Self {
        let url = format!("ws://{}/api/v2/events?{}", place.at(), place.token().await);
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn request(&mut self, id: u64, service: &str, payload: Value) {
        let frame = json!({
            "type": "request", "requestId": id, "serviceId": service, "payload": payload,
        });
        self.send(frame).await;
    }

    /// The next frame; none at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(SOON, self.0.next()).await.unwrap()? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Everything up to the end of a request.
    async fn rest(&mut self, id: u64) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.unwrap();
            assert_eq!(frame["requestId"], id);
            if frame["type"] == "complete" {
                return frames;
            }
            frames.push(frame);
        }
    }

    async fn fault(&mut self, id: u64) -> Value {
        let frames = self.rest(id).await;
        assert_eq!((frames.len(), &frames[0]["type"]), (1, &json!("error")));
        frames[0]["kind"].clone()
    }
}

fn events(count: u64) -> Value {
    let event = |number| json!({ "tags": ["a"], "payload": number });
    json!({ "data": (0..count).map(event).collect::<Vec<_>>() })
}

#[tokio::test]
async fn answers_are_lists_and_end() {
    let place = Place::open().await;
    let mut socket = Socket::open(&place).await;
    socket.request(0, "publish", events(2)).await;
    let frames = socket.rest(0).await;
    assert_eq!(frames[0]["payload"][0]["data"].as_array().unwrap().len(), 2);
    socket.request(1, "offsets", Value::Null).await;
    let frames = socket.rest(1).await;
    assert_eq!(
        frames[0]["payload"][0]["present"]
            .as_object()
            .unwrap()
            .len(),
        1
    );
    socket
        .request(2, "query", json!({ "query": "FROM 'a'", "order": "desc" }))
        .await;
    let frames = socket.rest(2).await;
    let answers: Vec<&Value> = frames
        .iter()
        .flat_map(|frame| frame["payload"].as_array().unwrap())
        .collect();
    let payloads: Vec<&Value> = answers.iter().map(|answer| &answer["payload"]).collect();
    assert_eq!(payloads, [&json!(1), &json!(0), &Value::Null]);
    assert_eq!(answers[2]["type"], "offsets");
}

#[tokio::test]
async fn what_cannot_be_answered_is_told_and_the_socket_goes_on() {
    let place = Place::open().await;
    let mut socket = Socket::open(&place).await;
    socket.request(1, "nothing", Value::Null).await;
    let unknown = socket.fault(1).await;
    assert_eq!(
        (&unknown["type"], &unknown["endpoint"]),
        (&json!("unknownEndpoint"), &json!("nothing"))
    );
    assert_eq!(unknown["validEndpoints"].as_array().unwrap().len(), 5);
    socket.request(1, "query", json!("x")).await;
    let message = "invalid type: string \"x\", expected struct QueryRequest";
    assert_eq!(
        socket.fault(1).await,
        json!({ "type": "badRequest", "message": message })
    );
    socket
        .request(
            1,
            "query",
            json!({ "query": "FROM 'a' AGGREGATE SUM(_)", "order": "asc" }),
        )
        .await;
    let value = "The query uses beta features that are not enabled: aggregate.";
    assert_eq!(
        socket.fault(1).await,
        json!({ "type": "serviceError", "value": value })
    );
    socket
        .request(1, "query", json!({ "query": "FROM x", "order": "asc" }))
        .await;
    let fault = socket.fault(1).await;
    assert!(
        fault["value"]
            .as_str()
            .unwrap()
            .starts_with("Invalid request.  --> 1:6"),
        "{fault}"
    );
    socket.request(1, "publish", events(1)).await;
    assert_eq!(socket.rest(1).await.len(), 1);
}

#[tokio::test]
async fn events_are_published_in_the_order_in_which_they_came() {
    let place = Place::open().await;
    let mut socket = Socket::open(&place).await;
    for id in 0..200 {
        let event = json!({ "tags": ["a"], "payload": id });
        socket
            .request(id, "publish", json!({ "data": [event] }))
            .await;
    }
    let token = place.token().await;
    until(async || place.query(&token, "FROM 'a'").await.lines().len() == 201).await;
    let lines = place.query(&token, "FROM 'a'").await.lines();
    let payloads: Vec<u64> = lines
        .iter()
        .filter_map(|line| line["payload"].as_u64())
        .collect();
    assert_eq!(payloads, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_id_that_is_used_again_is_the_new_request() {
    let place = Place::open().await;
    let mut socket = Socket::open(&place).await;
    socket
        .request(5, "subscribe", json!({ "query": "FROM 'old'" }))
        .await;
    assert_eq!(
        socket.next().await.unwrap()["payload"][0]["type"],
        "offsets"
    );
    socket
        .request(5, "subscribe", json!({ "query": "FROM 'a'" }))
        .await;
    assert_eq!(
        socket.next().await.unwrap()["payload"][0]["type"],
        "offsets"
    );
    let token = place.token().await;
    place.publish(&token, "old", &[json!("old")]).await;
    place.publish(&token, "a", &[json!("new")]).await;
    assert_eq!(socket.next().await.unwrap()["payload"][0]["payload"], "new");
    socket
        .send(json!({ "type": "cancel", "requestId": 5 }))
        .await;
    socket
        .send(json!({ "type": "cancel", "requestId": 99 }))
        .await;
    socket.request(6, "offsets", Value::Null).await;
    assert_eq!(socket.rest(6).await.len(), 1);
}

#[tokio::test]
async fn a_socket_answers_so_many_requests_at_a_time() {
    let place = Place::open().await;
    let mut socket = Socket::open(&place).await;
    let query = json!({ "query": "FROM 'a'" });
    for id in 0..512 {
        socket.request(id, "subscribe", query.clone()).await;
        assert_eq!(socket.next().await.unwrap()["requestId"], id);
    }
    socket.request(512, "subscribe", query.clone()).await;
    let overloaded = json!({
        "type": "serviceError", "value": "Channel towards event store is overloaded.",
    });
    assert_eq!(socket.fault(512).await, overloaded);
    socket
        .send(json!({ "type": "cancel", "requestId": 7 }))
        .await;
    socket.request(512, "subscribe", query).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
}

#[tokio::test]
async fn who_asks_and_does_not_read_is_not_read_either() {
    let place = Place::open().await;
    let token = place.token().await;
    let payload = json!("x".repeat(100_000));
    place.publish(&token, "large", &vec![payload; 30]).await;
    let mut socket = Socket::open(&place).await;
    let query = json!({ "query": "FROM 'large'", "order": "asc" });
    // There is an end to what fits into the buffers on the way.
    for id in 0.. {
        let asking = socket.request(id, "query", query.clone());
        if tokio::time::timeout(Duration::from_millis(500), asking)
            .await
            .is_err()
        {
            break;
        }
        assert!(id < 1_000_000);
    }
    assert_eq!(place.query(&token, "FROM 'large'").await.lines().len(), 31);
}

#[tokio::test]
async fn monotonic_subscriptions_say_when_they_have_caught_up() {
    let place = Place::open().await;
    let token = place.token().await;
    place.publish(&token, "a", &[json!(0)]).await;
    let mut socket = Socket::open(&place).await;
    let payload = json!({ "query": "FROM 'a'", "session": "s", "lowerBound": {} });
    socket.request(1, "subscribe_monotonic", payload).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let frame = socket.next().await.unwrap();
        seen.extend(frame["payload"].as_array().unwrap().clone());
    }
    assert_eq!(
        (&seen[0]["caughtUp"], &seen[1]["type"]),
        (&json!(false), &json!("offsets"))
    );
    place.publish(&token, "a", &[json!(1), json!(2)]).await;
    while seen.len() < 4 {
        let frame = socket.next().await.unwrap();
        seen.extend(frame["payload"].as_array().unwrap().clone());
    }
    assert_eq!(
        (&seen[2]["caughtUp"], &seen[3]["caughtUp"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn who_does_not_speak_the_protocol_is_put_out() {
    let place = Place::open().await;
    for message in [
        Message::text("nonsense"),
        Message::text(r#"{"type":"request","requestId":1}"#),
        Message::text(r#"{"type":"other","requestId":1}"#),
        Message::text(r#"{"type":"cancel","requestId":-1}"#),
        Message::binary(vec![1, 2, 3]),
        Message::text("x".repeat(8 * 1024 * 1024 + 1)),
    ] {
        let mut socket = Socket::open(&place).await;
        let _ = socket.0.send(message).await;
        assert_eq!(socket.next().await, None);
    }
}

#[tokio::test]
async fn a_socket_needs_a_token() {
    let place = Place::open().await;
    let upgrade = |path: &str| {
        Ask::new("GET", path)
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let reply = place.send(upgrade("/api/v2/events")).await;
    assert_eq!(reply.problem(), (401, "ERR_MISSING_TOKEN_PARAM".into()));
    let reply = place.send(upgrade("/api/v2/events?nonsense")).await;
    assert_eq!(reply.problem(), (400, "ERR_TOKEN_INVALID".into()));
    let token = place.token().await;
    let reply = place
        .send(Ask::new("GET", format!("/api/v2/events/?{token}")))
        .await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
}

#[tokio::test]
async fn closing_the_gateway_ends_sockets() {
    let place = Place::open().await;
    let mut socket = Socket::open(&place).await;
    socket
        .request(1, "subscribe", json!({ "query": "FROM 'a'" }))
        .await;
    assert!(socket.next().await.is_some());
    tokio::time::timeout(SOON, place.gateway.close())
        .await
        .unwrap();
    assert_eq!(socket.next().await, None);
}
