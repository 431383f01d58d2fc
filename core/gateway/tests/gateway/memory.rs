//! What a node with a gateway takes, in a process of its own, whoever connects and does not read.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures::SinkExt as _;
use serde_json::{Value, json};
use swarmlet::{Network, Node, Options};
use swarmlet_gateway::{Gateway, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::{SOON, manifest, until};
use crate::http::{Ask, Reply};

/// The process that the test below starts; nothing if nobody has.
#[tokio::test]
async fn serves_for_another_process() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let options = Options::new().network(network);
    let node = Node::open(folder.join("node"), options).await.unwrap();
    let settings = Settings::new().listen("127.0.0.1:0".parse().unwrap());
    let gateway = Gateway::bind(node, settings).await.unwrap();
    let begun = folder.join("begun");
    std::fs::write(&begun, gateway.local_addr().to_string()).unwrap();
    std::fs::rename(begun, folder.join(ADDRESS)).unwrap();
    // Whoever started it holds the other end.
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_connects_and_does_not_read_costs_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::start(folder.path()).await;
    let token = other.token().await;
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(TcpStream::connect(other.at).await.unwrap());
    }
    let mut sockets = Vec::new();
    for _ in 0..1000 {
        match other.socket(&token).await {
            Ok(socket) => sockets.push(socket),
            Err(Error::Http(refused)) => {
                assert_eq!(refused.status(), 503);
                let why = String::from_utf8_lossy(refused.body().as_ref().unwrap());
                assert!(why.contains("ERR_SERVICE_OVERLOADED"), "{why}");
            }
            Err(error) => panic!("no clear answer: {error}"),
        }
    }
    assert_eq!(sockets.len(), 128);
    for socket in &mut sockets {
        for id in 0..20 {
            subscribe(socket, id).await;
        }
    }
    // There are more than there may be.
    let body = json!({ "query": "FROM 'a'" });
    let ask = Ask::new("POST", "/api/v2/events/subscribe").token(&token);
    let ask = ask.json(&body).bytes(other.at);
    let mut streams = Vec::new();
    let refused = loop {
        let mut stream = TcpStream::connect(other.at).await.unwrap();
        stream.write_all(&ask).await.unwrap();
        let mut begin = [0; 13];
        let came = timeout(SOON, stream.read_exact(&mut begin));
        came.await.unwrap().unwrap();
        if &begin != b"HTTP/1.1 200 " {
            let mut answer = begin.to_vec();
            stream.read_to_end(&mut answer).await.unwrap();
            break Reply::parse(&answer);
        }
        streams.push(stream);
    };
    assert_eq!(refused.problem(), (503, "ERR_SERVICE_OVERLOADED".into()));
    for (rounds, tag, count, bytes) in [(40, "a", 400, 2_000), (8, "large", 2, 500_000)] {
        let event = json!({ "tags": [tag], "payload": "x".repeat(bytes) });
        let body = json!({ "data": vec![event; count] });
        for _ in 0..rounds {
            let reply = other.post("events/publish", &token, &body).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }
    let health = Ask::new("GET", "/healthz").send(other.at).await;
    assert_eq!(health.status, 200);
    if let Some(bytes) = other.resident_bytes_most() {
        assert!(bytes <= RESIDENT_BYTES_MAX, "{} MiB", bytes >> 20);
    }
}

/// Asks for events in one of the ways there are.
async fn subscribe(socket: &mut Socket, id: u64) {
    let tag = if id.is_multiple_of(4) { "large" } else { "a" };
    let query = format!("FROM '{tag}'");
    let (service, payload) = match id % 2 {
        0 => ("subscribe", json!({ "query": query })),
        _ => (
            "subscribe_monotonic",
            json!({ "query": query, "session": "s", "lowerBound": {} }),
        ),
    };
    let frame = json!({
        "type": "request", "requestId": id, "serviceId": service, "payload": payload,
    });
    // What nobody answers any more need not be sent.
    let _ = timeout(SOON, socket.send(Message::text(frame.to_string())))
        .await
        .unwrap();
}

type Socket = WebSocketStream<TcpStream>;

/// A process with a node and a gateway.
struct Other {
    process: Child,
    at: SocketAddr,
}

impl Other {
    async fn start(folder: &Path) -> Self {
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::serves_for_another_process"])
            .env(FOLDER, folder)
            // As the unit for systemd has it: what glibc keeps for threads differs by tens of MiB
            // from run to run.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let address = async || std::fs::read_to_string(folder.join(ADDRESS));
        until(async || address().await.is_ok()).await;
        let at = address().await.unwrap().parse().unwrap();
        Self { process, at }
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        let ask = Ask::new("POST", format!("/api/v2/{path}")).token(token);
        timeout(SOON, ask.json(body).send(self.at)).await.unwrap()
    }

    async fn token(&self) -> String {
        let ask = Ask::new("POST", "/api/v2/auth").json(&manifest("com.example.app"));
        let reply = ask.send(self.at).await;
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    /// A socket that has hardly any room for what it does not read.
    async fn socket(&self, token: &str) -> Result<Socket, Error> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(self.at).await.unwrap();
        let url = format!("ws://{}/api/v2/events?{token}", self.at);
        let opened = tokio_tungstenite::client_async(url, stream);
        Ok(timeout(SOON, opened).await.unwrap()?.0)
    }

    /// The most that ever was resident, if the system tells.
    fn resident_bytes_most(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kilobytes * 1024)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Names the folder to the process that serves it.
const FOLDER: &str = "SWARMLET_GATEWAY_TEST_FOLDER";
/// The file in it that says where.
const ADDRESS: &str = "address";
/// What a node takes that publishes as much without subscriptions, 48 MiB, what waits to be sent,
/// and the buffers of sockets.
const RESIDENT_BYTES_MAX: u64 = 192 * 1024 * 1024;
