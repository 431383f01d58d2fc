//! A WebSocket as the predecessor's SDK uses it: many requests, each with a number.

use anyhow::{Context, Result, bail};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::http::Api;

/// The side that asks.
pub(crate) struct Asking {
    sink: SplitSink<WebSocketStream<TcpStream>, Message>,
    next_id: u64,
}

/// The side that is answered.
pub(crate) struct Answered(SplitStream<WebSocketStream<TcpStream>>);

/// A frame of the server.
pub(crate) struct Frame(pub(crate) Utf8Bytes);

/// What a frame means for its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Meaning {
    /// There are answers in it.
    Next,
    /// There are no more answers.
    Complete,
    /// Something went wrong.
    Error,
}

/// Opens a socket.
pub(crate) async fn open(api: &Api) -> Result<(Asking, Answered)> {
    let stream = TcpStream::connect(api.address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{}/api/v2/events?{}", api.address, api.token);
    let (socket, _) = tokio_tungstenite::client_async(url, stream).await?;
    let (sink, stream) = socket.split();
    Ok((Asking { sink, next_id: 0 }, Answered(stream)))
}

impl Asking {
    /// Sends a request, whose payload is JSON.
    pub(crate) async fn ask(&mut self, service: &str, payload: &str) -> Result<()> {
        let id = self.next_id;
        self.next_id += 1;
        let frame = format!(
            "{{\"type\":\"request\",\"serviceId\":\"{service}\",\"requestId\":{id},\
             \"payload\":{payload}}}"
        );
        Ok(self.sink.send(Message::text(frame)).await?)
    }
}

impl Answered {
    /// The next frame.
    pub(crate) async fn next(&mut self) -> Result<Frame> {
        loop {
            match self
                .0
                .next()
                .await
                .context("the server closed the socket")??
            {
                Message::Text(text) => return Ok(Frame(text)),
                Message::Ping(_) | Message::Pong(_) => {}
                other => bail!("the server sent {other:?}"),
            }
        }
    }
}

impl Frame {
    /// What it means; a mistake of ours is an error.
    pub(crate) fn meaning(&self) -> Result<Meaning> {
        #[derive(Deserialize)]
        struct Shape {
            #[serde(rename = "type")]
            meaning: Meaning,
        }
        let Shape { meaning } = serde_json::from_str(&self.0)?;
        if meaning == Meaning::Error {
            bail!("the server said {}", self.0.as_str());
        }
        Ok(meaning)
    }
}
