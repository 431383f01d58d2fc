//! Clients that are slow, and a device that is: with periods that tests can wait for.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use swarmlet::{NewEvent, Options, Payload, Tags};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::auth::token::{self, Bearer, Issued, TokenUse};
use crate::limits::{
    CONNECTIONS_MAX, INFLOW_BYTES_MAX, INFLOW_OWN_BYTES, OUTFLOW_BYTES_MAX, OUTFLOW_OWN_BYTES,
    PUBLISH_BYTES_MAX, READS_MAX,
};
use crate::periods::Periods;
use crate::problem::Problem;
use crate::serving::Outflow;

/// Long enough for a machine that is busy with other things.
const SOON: Duration = Duration::from_secs(30);
/// What a test waits for.
const SHORT: Duration = Duration::from_millis(300);

struct Place {
    node: Node,
    gateway: Gateway,
    token: String,
    _folder: tempfile::TempDir,
}

impl Place {
    /// One with other periods than usual.
    async fn open(change: impl FnOnce(&mut Periods)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::open(folder.path().join("node"), Options::new());
        let node = node.await.unwrap();
        let mut settings = Settings::new().listen("127.0.0.1:0".parse().unwrap());
        change(&mut settings.periods);
        let gateway = Gateway::bind(node.clone(), settings).await.unwrap();
        let bearer = Bearer {
            app_id: &"com.example.app".parse().unwrap(),
            app_version: "1",
            valid: SOON,
        };
        let Issued { token, .. } = token::issue(&gateway.desk, TokenUse::App, bearer).unwrap();
        Self {
            node,
            gateway,
            token,
            _folder: folder,
        }
    }

    /// A connection on which a request was begun.
    async fn begin(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.gateway.local_addr()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    fn head(&self, method: &str, path: &str, headers: &str) -> String {
        let token = &self.token;
        format!(
            "{method} /api/v2/{path} HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bearer {token}\r\n{headers}\r\n"
        )
    }

    async fn post(&self, path: &str, body: &Value) -> String {
        rest(self.ask(path, body).await).await
    }

    /// A connection on which something was asked for.
    async fn ask(&self, path: &str, body: &Value) -> TcpStream {
        self.send("POST", path, "", &body.to_string()).await
    }

    /// A connection on which a request was sent, and that ends with its answer.
    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let headers = format!("Connection: close\r\n{headers}");
        self.begin(&self.request(method, path, &headers, body))
            .await
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let headers = format!("Content-Length: {}\r\n{headers}", body.len());
        self.head(method, path, &headers) + body
    }

    /// So many events, in tens.
    async fn publish(&self, count: usize, bytes: usize) {
        let event = NewEvent {
            tags: Tags::new(["a"]).unwrap(),
            payload: Payload::from_serde(&"x".repeat(bytes)).unwrap(),
        };
        for _ in 0..count / 10 {
            let events = vec![event.clone(); 10];
            self.node.publish_many(events).await.unwrap();
        }
    }

    /// Asks for all events, and takes nothing of the answer but its beginning.
    async fn ask_and_stand_still(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(self.gateway.local_addr()).await;
        let mut stream = stream.unwrap();
        let query = json!({ "query": "FROM 'a'", "order": "asc" });
        let request = self.request("POST", "events/query", "", &query.to_string());
        stream.write_all(request.as_bytes()).await.unwrap();
        // It is being answered.
        let begun = timeout(SOON, stream.read_exact(&mut [0; 17])).await;
        begun.unwrap().unwrap();
        stream
    }

    async fn until_nobody_is_there(&self) {
        let left = async {
            while self.gateway.desk.seats.count() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, left).await.unwrap();
    }
}

/// What comes until the connection ends.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // Who cuts a connection off need not end it in the usual way.
    let _ = timeout(SOON, stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let place = Place::open(|periods| periods.head = SHORT).await;
    let idle = place.begin("GET /api/v2/node/id HTTP/1.1\r\nX: ");
    rest(idle.await).await;
    place.until_nobody_is_there().await;
}

#[tokio::test]
async fn who_is_there_beyond_all_seats_is_there_for_a_short_time() {
    let change = |periods: &mut Periods| (periods.spare, periods.head) = (SHORT, 2 * SOON);
    let place = Place::open(change).await;
    let taken = || {
        let seat = place.gateway.desk.seats.take().unwrap();
        seat.make_known();
        (seat.busy(), seat)
    };
    let _all = [(); CONNECTIONS_MAX].map(|()| taken());
    let idle = place.begin("GET /healthz HTTP/1.1\r\nX: ").await;
    assert_eq!(rest(idle).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_so_long() {
    let place = Place::open(|periods| periods.body = SHORT).await;
    let head = place.head("POST", "events/query", "Content-Length: 100\r\n");
    let answer = rest(place.begin(&(head + "{")).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("ERR_REQUEST_TIMEOUT"), "{answer}");
}

#[tokio::test]
async fn an_upload_that_trickles_is_given_up() {
    let place = Place::open(|periods| periods.body = SHORT).await;
    let headers = "Content-Length: 100000\r\nContent-Type: multipart/form-data; boundary=x\r\n";
    let head = place.head("POST", "files", headers);
    let part = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n";
    let (mut from, mut to) = place.begin(&(head + part)).await.into_split();
    // Each byte comes in time.
    let trickle = async {
        while to.write_all(b"x").await.is_ok() {
            sleep(SHORT / 10).await
        }
    };
    let mut answer = Vec::new();
    let answered = async {
        tokio::select! {
            _ = from.read_to_end(&mut answer) => {}
            () = async { trickle.await; std::future::pending().await } => {}
        }
    };
    timeout(SOON, answered).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let place = Place::open(|periods| periods.silence = SHORT).await;
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let path = format!("events?{}", place.token);
    let mut socket = place.begin(&place.head("GET", &path, headers)).await;
    let mut answer = Vec::new();
    // Pings are not answered either.
    let _ = timeout(SOON, socket.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    place.until_nobody_is_there().await;
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off() {
    let place = Place::open(|periods| periods.write = SHORT).await;
    place.publish(600, 20_000).await;
    let _still = place.ask_and_stand_still().await;
    place.until_nobody_is_there().await;
}

#[tokio::test]
async fn what_others_may_wait_for_is_taken_sooner() {
    let place = Place::open(|periods| periods.answer = SHORT).await;
    place.publish(40, 300_000).await;
    let _still = place.ask_and_stand_still().await;
    place.until_nobody_is_there().await;
}

/// Reads until a stream of results has said so often that it is alive.
async fn until_alive(stream: &mut TcpStream, times: usize) {
    let mut seen = String::new();
    while seen.matches("\r\n1\r\n\n").count() < times {
        let mut bytes = [0; 512];
        let count = timeout(SOON, stream.read(&mut bytes)).await.unwrap();
        let count = count.unwrap();
        assert_ne!(count, 0, "{seen}");
        seen += std::str::from_utf8(&bytes[..count]).unwrap();
    }
}

#[tokio::test]
async fn streams_are_alive_whatever_they_wait_for() {
    let place = Place::open(|periods| periods.alive = SHORT).await;
    let mut subscription = place
        .ask("events/subscribe", &json!({ "query": "FROM 'a'" }))
        .await;
    until_alive(&mut subscription, 2).await;
    drop(subscription);

    place.publish(10, 100_000).await;
    let desk = &place.gateway.desk;
    let query = async |held: Box<dyn Send>| {
        let query = json!({ "query": "FROM 'a'", "order": "asc" });
        let mut stream = place.ask("events/query", &query).await;
        until_alive(&mut stream, 2).await;
        drop(held);
        let rest = rest(stream).await;
        assert!(rest.contains("offsets") && rest.ends_with("\r\n0\r\n\r\n"));
    };
    let turns = desk.reads.clone().acquire_many_owned(READS_MAX as u32);
    query(Box::new(turns.await.unwrap())).await;
    let others = Arc::new(Outflow::new(desk.outflow.clone(), SOON));
    query(Box::new(others.draw(OUTFLOW_BYTES_MAX).await)).await;
}

#[tokio::test]
async fn a_device_with_too_much_to_do_says_so() {
    let place = Place::open(|periods| periods.publish = SHORT).await;
    let desk = place.gateway.desk.clone();
    let taken = desk.room_to_publish(2 * PUBLISH_BYTES_MAX).await.unwrap();
    let events = json!({ "data": [{ "tags": ["a"], "payload": 1 }] });
    let answer = place.post("events/publish", &events).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let text = "Service overloaded. Channel towards event store is overloaded.";
    assert!(
        answer.contains("ERR_SERVICE_OVERLOADED") && answer.contains(text),
        "{answer}"
    );

    let url = format!(
        "ws://{}/api/v2/events?{}",
        place.gateway.local_addr(),
        place.token
    );
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let frame = json!({
        "type": "request", "requestId": 1, "serviceId": "publish", "payload": events,
    });
    let mut next = async || {
        socket.send(Message::text(frame.to_string())).await.unwrap();
        loop {
            let message = timeout(SOON, socket.next()).await.unwrap().unwrap();
            if let Message::Text(text) = message.unwrap() {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] != "complete" {
                    return frame;
                }
            }
        }
    };
    let kind = json!({
        "type": "serviceError", "value": "Channel towards event store is overloaded.",
    });
    assert_eq!(next().await["kind"], kind);
    drop(taken);
    assert_eq!(next().await["type"], "next");
    let answer = place.post("events/publish", &events).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn what_publishing_needs_is_waited_for_so_long_altogether() {
    let place = Place::open(|periods| periods.publish = SHORT).await;
    let desk = &place.gateway.desk;
    let [others, own] = [(); 2].map(|()| Arc::new(Outflow::new(desk.outflow.clone(), SOON)));
    let _held = others.draw(OUTFLOW_BYTES_MAX).await;
    let publishing = desk.room_to_publish(1).await.unwrap();
    sleep(SHORT).await;
    let room = publishing.room_for_answer(&own, OUTFLOW_BYTES_MAX);
    let room = timeout(SHORT / 2, room).await.unwrap();
    assert!(matches!(room, Err(Problem::Overloaded)));
}

/// It takes longer to be dealt with than it may take to come.
#[tokio::test]
async fn who_has_sent_all_is_not_given_up_while_the_device_has_too_much_to_do() {
    let body = Duration::from_secs(1);
    let place = Place::open(|periods| periods.body = body).await;
    let desk = &place.gateway.desk;
    let taken = desk.room_to_publish(2 * PUBLISH_BYTES_MAX).await.unwrap();
    let payload = "x".repeat(INFLOW_OWN_BYTES);
    let events = json!({ "data": [{ "tags": ["a"], "payload": payload }] });
    let mut stream = place.ask("events/publish", &events).await;
    let mut begin = [0; 13];
    let answered = timeout(2 * body, stream.read_exact(&mut begin)).await;
    assert!(answered.is_err(), "{answered:?}");
    drop(taken);
    let answered = timeout(SOON, stream.read_exact(&mut begin)).await;
    answered.unwrap().unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 ");
}

#[tokio::test]
async fn what_was_refused_is_not_held() {
    let place = Place::open(|periods| {
        periods.publish = SHORT;
        (periods.body, periods.head) = (2 * SOON, 2 * SOON);
    })
    .await;
    let desk = &place.gateway.desk;
    let _taken = desk.room_to_publish(2 * PUBLISH_BYTES_MAX).await.unwrap();
    let body = " ".repeat(PUBLISH_BYTES_MAX);
    let request = place.request("POST", "events/publish", "", &body);
    let mut streams = Vec::new();
    // More than there is room for at a time, each on a connection that goes on.
    for _ in 0..=INFLOW_BYTES_MAX / PUBLISH_BYTES_MAX {
        let mut begin = [0; 13];
        let answered = async {
            let mut stream = place.begin(&request).await;
            stream.read_exact(&mut begin).await.unwrap();
            stream
        };
        streams.push(timeout(SOON, answered).await.unwrap());
        assert_eq!(&begin, b"HTTP/1.1 503 ");
    }
}

#[tokio::test]
async fn what_is_large_waits_for_room_to_be_sent() {
    let place = Place::open(|_| {}).await;
    let kept = "x".repeat(2 * OUTFLOW_OWN_BYTES);
    let put = place.send("PUT", "blob/-/kept", "", &kept).await;
    assert!(rest(put).await.starts_with("HTTP/1.1 204 "));
    let part = |index| {
        let head = "--x\r\nContent-Disposition: form-data; name=\"f\"";
        format!("{head}; filename=\"{index:0>200}\"\r\n\r\n\r\n")
    };
    let form = (0..1000).map(part).collect::<String>() + "--x--\r\n";
    let kind = "Content-Type: multipart/form-data; boundary=x\r\n";
    let stored = rest(place.send("POST", "files", kind, &form).await).await;
    let (_, cid) = stored.rsplit_once("\r\n").unwrap();

    let others = Arc::new(Outflow::new(place.gateway.desk.outflow.clone(), SOON));
    for path in ["blob/-/kept", &format!("files/{cid}")] {
        let held = others.draw(OUTFLOW_BYTES_MAX).await;
        let stream = place.send("GET", path, "", "").await;
        let answered = timeout(SHORT, stream.readable()).await;
        assert!(answered.is_err(), "{path}");
        drop(held);
        let answer = rest(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}");
        assert!(answer.len() > 2 * OUTFLOW_OWN_BYTES, "{path}");
    }
}
