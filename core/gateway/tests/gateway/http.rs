//! As much of an HTTP client as tests need: one request a connection, nothing hidden.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request that is being put together.
pub(crate) struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Has its body changed, if it has one.
    pub(crate) fn change_body(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        if !self.body.is_empty() {
            change(&mut self.body);
        }
        self
    }

    /// The bytes of the request, on a connection that ends with it.
    pub(crate) fn bytes(&self, at: SocketAddr) -> Vec<u8> {
        let has = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !has("Host") {
            text += &format!("Host: {at}\r\n");
        }
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.body.len()
        );
        let mut bytes = text.into_bytes();
        bytes.extend(&self.body);
        bytes
    }

    pub(crate) async fn send(self, at: SocketAddr) -> Reply {
        let mut stream = TcpStream::connect(at).await.unwrap();
        // Who refuses a request need not read all of it.
        let _ = stream.write_all(&self.bytes(at)).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        Reply::parse(&bytes)
    }
}

impl Reply {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let head = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let head = head.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(bytes)));
        let (head, body) = (
            std::str::from_utf8(&bytes[..head]).unwrap(),
            &bytes[head + 4..],
        );
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let is_chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        let body = if is_chunked {
            unchunked(body)
        } else {
            body.to_vec()
        };
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.text().lines().filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The status, and the code of the error.
    pub(crate) fn problem(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap().to_owned();
        (self.status, code)
    }
}

/// The content of as many chunks as there are.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = body.windows(2).position(|bytes| bytes == b"\r\n") {
        let length = std::str::from_utf8(&body[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        let Some(chunk) = body.get(end + 2..end + 2 + length) else {
            break;
        };
        content.extend(chunk);
        body = body.get(end + 4 + length..).unwrap_or_default();
    }
    content
}
