//! Requests and frames that were changed at random: whatever comes, the gateway answers the next
//! one, and nothing in it panics.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Place, SOON, manifest};
use crate::http::Ask;

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() % end.max(1)
    }

    /// Changes, cuts, doubles or removes some bytes.
    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[at] = self.next() as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at.max(1)),
                3 => bytes.insert(at, b"\"{}[],:0\\\n\r\x00\xff"[self.below(13)]),
                _ => {
                    let piece: Vec<u8> = bytes[at..].iter().copied().take(20).collect();
                    bytes.splice(at..at, piece);
                }
            }
        }
    }
}

/// Counts panics of the gateway from here on.
fn watch_panics() -> &'static AtomicUsize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map(|place| place.file())
            .unwrap_or_default();
        if !place.contains("tests") {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        before(info);
    }));
    &PANICS
}

fn requests(token: &str) -> Vec<Ask> {
    let post = |path: &str| Ask::new("POST", format!("/api/v2/{path}")).token(token);
    let form = "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a/b\"\r\n\r\n\
                x\r\n--xx--";
    vec![
        Ask::new("POST", "/api/v2/auth").json(&manifest("com.example.app")),
        post("events/publish")
            .json(&json!({ "data": [{ "tags": ["a"], "payload": { "x": [1.5] } }] })),
        post("events/query").json(&json!({
            "query": "FROM 'a' & isLocal FILTER _.x > 1 SELECT _.x", "order": "desc",
            "lowerBound": { "aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkkk-0": 100 },
        })),
        post("files")
            .header("Content-Type", "multipart/form-data; boundary=xx")
            .body(form),
        post("blob/-/x").json(&json!({ "type": "setElasticity", "definition": {} })),
        Ask::new("PUT", "/api/v2/blob/-/a%20/b")
            .token(token)
            .body("content"),
        Ask::new(
            "GET",
            format!("/api/v2/events/offsets?access_token={token}"),
        ),
        Ask::new("GET", "/")
            .header("Host", "x.actyx.localhost")
            .header("Origin", "http://localhost"),
    ]
}

#[tokio::test]
async fn spoilt_requests_and_frames_harm_nobody() {
    let panics = watch_panics();
    let place = Place::open().await;
    let token = place.token().await;
    let mut random = Random(7);
    for round in 0..120 {
        for ask in requests(&token) {
            // What is spoilt in the head mostly ends there, by its token.
            let bytes = match round % 2 {
                0 => ask.change_body(|body| random.spoil(body)).bytes(place.at()),
                _ => {
                    let mut bytes = ask.bytes(place.at());
                    random.spoil(&mut bytes);
                    bytes
                }
            };
            let mut stream = TcpStream::connect(place.at()).await.unwrap();
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let reading = stream.read_to_end(&mut answer);
            // Streams of results have no end.
            let _ = tokio::time::timeout(Duration::from_millis(200), reading).await;
            assert_eq!(panics.load(Ordering::SeqCst), 0, "round {round}");
        }
    }
    spoilt_frames(&place, &token, &mut random).await;
    assert_eq!(panics.load(Ordering::SeqCst), 0);
    let published = place.publish(&token, "end", &[json!(1)]).await;
    assert_eq!(published.len(), 1);
}

async fn spoilt_frames(place: &Place, token: &str, random: &mut Random) {
    let frames = [
        json!({ "type": "request", "requestId": 1, "serviceId": "offsets", "payload": null }),
        json!({ "type": "request", "requestId": 1, "serviceId": "publish",
            "payload": { "data": [{ "tags": ["a", "b"], "payload": "text" }] } }),
        json!({ "type": "request", "requestId": 2, "serviceId": "subscribe_monotonic",
            "payload": { "query": "FROM 'a'", "session": "x", "lowerBound": {} } }),
        json!({ "type": "cancel", "requestId": 2 }),
    ];
    for _ in 0..150 {
        let url = format!("ws://{}/api/v2/events?{token}", place.at());
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        for frame in &frames {
            let mut bytes = frame.to_string().into_bytes();
            random.spoil(&mut bytes);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let _ = socket.send(Message::text(text)).await;
        }
        let _ = socket.close(None).await;
        let closing = async { while let Some(Ok(_)) = socket.next().await {} };
        tokio::time::timeout(SOON, closing).await.unwrap();
    }
}
