//! HTTP as apps use it: connections that are kept, with a token.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// Where a server is, and what it lets us in with.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// One connection, for one request at a time.
pub(crate) struct Connection {
    api: Api,
    sender: SendRequest<Full<Bytes>>,
}

impl Api {
    /// Asks for a token.
    pub(crate) async fn of(address: SocketAddr) -> Result<Self> {
        let token = String::new();
        let api = Self { address, token };
        let manifest = json!({
            "appId": "com.example.bench", "displayName": "bench", "version": "1.0.0",
        });
        let mut connection = api.connect().await?;
        let answer = connection.post("auth", manifest.to_string()).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let token = answer["token"].as_str().context("no token")?.to_owned();
        Ok(Self { address, token })
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let api = self.clone();
        Ok(Connection { api, sender })
    }
}

impl Connection {
    /// The whole answer to a request.
    pub(crate) async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Result<Bytes> {
        let body = self.send(path, "application/json", body.into()).await?;
        Ok(body.collect().await?.to_bytes())
    }

    /// The answer to a request, as it comes: lines of JSON.
    pub(crate) async fn lines(&mut self, path: &str, body: &Value) -> Result<Incoming> {
        let body = body.to_string().into();
        self.send(path, "application/x-ndjson", body).await
    }

    async fn send(&mut self, path: &str, accept: &str, body: Bytes) -> Result<Incoming> {
        let request = Request::post(format!("/api/v2/{path}"))
            .header(HOST, self.api.address.to_string())
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.api.token))
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        if !status.is_success() {
            let why = answer.into_body().collect().await?.to_bytes();
            let why = String::from_utf8_lossy(&why).into_owned();
            anyhow::bail!("the server said {status}: {why}");
        }
        ensure!(status == 200, "the server said {status}");
        Ok(answer.into_body())
    }
}
