//! Those who send too much, too slowly, or nothing, and those who do not read.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Place, SOON, until};
use crate::http::{Ask, Reply};

#[tokio::test]
async fn a_thousand_idle_connections_are_in_nobodys_way() {
    let place = Place::open().await;
    let mut idle = Vec::new();
    for index in 0..1000 {
        let mut stream = TcpStream::connect(place.at()).await.unwrap();
        if index % 2 == 0 {
            // What a browser leaves behind, or somebody who never comes to an end.
            let _ = stream
                .write_all(b"GET /api/v2/node/id HTTP/1.1\r\nX: ")
                .await;
        }
        idle.push(stream);
    }
    let token = place.token().await;
    assert_eq!(place.publish(&token, "a", &[json!(1)]).await.len(), 1);
    // The oldest made room.
    let mut byte = [0];
    let read = tokio::time::timeout(SOON, idle[0].read(&mut byte))
        .await
        .unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
}

#[tokio::test]
async fn those_who_never_finish_asking_for_a_token_are_in_nobodys_way() {
    let place = Place::open().await;
    let mut slow = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(place.at()).await.unwrap();
        let head = "POST /api/v2/auth HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
        let _ = stream.write_all(head.as_bytes()).await;
        slow.push(stream);
    }
    let token = place.token().await;
    assert_eq!(place.publish(&token, "a", &[json!(1)]).await.len(), 1);
}

#[tokio::test]
async fn connections_that_are_in_use_do_not_make_room() {
    let place = Place::open().await;
    let token = place.token().await;
    let body = json!({ "query": "FROM 'a'" });
    let ask = Ask::new("POST", "/api/v2/events/subscribe")
        .token(&token)
        .json(&body);
    let mut subscriber = TcpStream::connect(place.at()).await.unwrap();
    subscriber.write_all(&ask.bytes(place.at())).await.unwrap();
    let mut seen = String::new();
    read_until(&mut subscriber, &mut seen, "offsets").await;
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(TcpStream::connect(place.at()).await.unwrap());
    }
    place.publish(&token, "a", &[json!("still here")]).await;
    read_until(&mut subscriber, &mut seen, "still here").await;
}

#[tokio::test]
async fn while_all_connections_are_in_use_what_is_short_is_answered() {
    let place = Place::open_with_page().await;
    let token = place.token().await;
    let ask = || {
        let body = json!({ "query": "FROM 'a'" });
        let ask = Ask::new("POST", "/api/v2/events/subscribe").token(&token);
        ask.json(&body).bytes(place.at())
    };
    let mut subscribers = Vec::new();
    for _ in 0..256 {
        let mut subscriber = TcpStream::connect(place.at()).await.unwrap();
        subscriber.write_all(&ask()).await.unwrap();
        read_until(&mut subscriber, &mut String::new(), "offsets").await;
        subscribers.push(subscriber);
    }
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(place.at()).await.unwrap());
    }
    for path in ["/healthz", "/readyz", "/metrics", "/"] {
        let ask = Ask::new("GET", path).header("Accept", "text/html");
        let reply = place.send(ask).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    place.done(place.call("GET", "state")).await;
    let reply = place.query(&token, "FROM 'a'").await;
    assert_eq!(reply.problem(), (503, "ERR_SERVICE_OVERLOADED".into()));
    subscribers.pop();
    until(async || place.query(&token, "FROM 'a'").await.status == 200).await;
}

#[tokio::test]
async fn a_body_beyond_its_bound_is_refused_before_it_was_sent() {
    let place = Place::open().await;
    let token = place.token().await;
    for (path, bytes) in [
        ("/api/v2/auth", 65 * 1024),
        ("/api/v2/events/query", 1024 * 1024 + 1),
        ("/api/v2/events/publish", 8 * 1024 * 1024 + 1),
        ("/api/v2/files", 133 * 1024 * 1024),
    ] {
        let mut stream = TcpStream::connect(place.at()).await.unwrap();
        let form = match path {
            "/api/v2/files" => "Content-Type: multipart/form-data; boundary=x\r\n",
            _ => "",
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {bytes}\r\n{form}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(SOON, stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        let reply = Reply::parse(&answer);
        assert_eq!(
            reply.problem(),
            (413, "ERR_PAYLOAD_TOO_LARGE".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_ends_at_its_bound() {
    let place = Place::open().await;
    let mut stream = TcpStream::connect(place.at()).await.unwrap();
    let head =
        "POST /api/v2/auth HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..17 {
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    assert_eq!(Reply::parse(&answer).status, 413);
}

#[tokio::test]
async fn a_head_has_bounds() {
    let place = Place::open().await;
    let long = Ask::new("GET", "/api/v2/node/id").header("X", &"x".repeat(80 * 1024));
    assert_eq!(place.send(long).await.status, 431);
    let many = (0..200).fold(Ask::new("GET", "/api/v2/node/id"), |ask, index| {
        ask.header(&format!("X-{index}"), "x")
    });
    assert_eq!(place.send(many).await.status, 431);
}

#[tokio::test]
async fn as_much_is_published_at_once_as_the_node_takes() {
    let place = Place::open().await;
    let token = place.token().await;
    let path = "/api/v2/events/publish";
    let events = |count: usize| json!({ "data": vec![json!({ "tags": [], "payload": 0 }); count] });
    assert_eq!(
        place.post(path, &token, &events(16 * 1024)).await.status,
        200
    );
    let reply = place.post(path, &token, &events(16 * 1024 + 1)).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
    let large = json!({ "tags": [], "payload": "x".repeat(1_000_000) });
    let reply = place
        .post(path, &token, &json!({ "data": vec![large; 5] }))
        .await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
    assert_eq!(
        place
            .node
            .offsets()
            .unwrap()
            .present
            .iter()
            .next()
            .unwrap()
            .1
            .get(),
        16 * 1024 - 1
    );
}

/// More at once than is received at once: one after the other, and not each a part for ever.
#[tokio::test]
async fn large_requests_wait_for_each_other() {
    let place = Place::open().await;
    let token = place.token().await;
    let body = json!({ "data": [{ "tags": ["a"], "payload": 1 }] }).to_string();
    let body = format!("{body}{}", " ".repeat(8 * 1024 * 1024 - body.len()));
    let publish = || {
        let ask = Ask::new("POST", "/api/v2/events/publish").token(&token);
        place.send(ask.body(body.clone()))
    };
    let replies = tokio::join!(publish(), publish(), publish());
    for reply in [replies.0, replies.1, replies.2] {
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let state = vec![b'x'; 9 * 1024 * 1024];
    let keep = |name: &str| {
        let ask = Ask::new("PUT", format!("/api/v2/blob/-/{name}")).token(&token);
        place.send(ask.body(state.clone()))
    };
    let replies = tokio::join!(keep("a"), keep("b"), keep("c"));
    for reply in [replies.0, replies.1, replies.2] {
        assert_eq!(reply.status, 204, "{}", reply.text());
    }
}

#[tokio::test]
async fn who_does_not_read_is_in_nobodys_way() {
    let place = Place::open().await;
    let token = place.token().await;
    let payload = json!("x".repeat(100_000));
    for _ in 0..8 {
        place
            .publish(&token, "large", &vec![payload.clone(); 25])
            .await;
    }
    let body = json!({ "query": "FROM 'large'", "order": "asc" });
    let ask = Ask::new("POST", "/api/v2/events/query")
        .token(&token)
        .json(&body);
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(place.at()).await.unwrap();
        stream.write_all(&ask.bytes(place.at())).await.unwrap();
        slow.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(place.query(&token, "FROM 'large'").await.lines().len(), 201);
    for mut stream in slow {
        let mut answer = Vec::new();
        tokio::time::timeout(SOON, stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(Reply::parse(&answer).lines().len(), 201);
    }
}

/// Reads until a text has come.
async fn read_until(stream: &mut TcpStream, seen: &mut String, text: &str) {
    let reading = async {
        while !seen.contains(text) {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "the connection ended after {seen}");
            seen.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    };
    tokio::time::timeout(SOON, reading).await.unwrap();
}
