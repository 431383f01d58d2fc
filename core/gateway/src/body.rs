//! Bodies of requests: read whole within bounds of size and time, and parsed once.

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use swarmlet::json::parse;

use crate::limits::PAYLOAD_LEVELS;
use crate::negotiation;
use crate::problem::Problem;
use crate::serving::{Connection, Pace};

/// A body that was not read yet, with the headers that came before it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) connection: Connection,
    body: Body,
    pace: Pace,
}

impl Sent {
    /// Reads at most so many bytes.
    pub(crate) async fn whole(self, bytes_max: usize) -> Result<Received, Problem> {
        let bytes = whole(self.body, bytes_max, &self.connection).await?;
        Ok(Received {
            bytes,
            connection: self.connection,
        })
    }

    /// Reads at most so many bytes of JSON.
    pub(crate) async fn text(self, bytes_max: usize) -> Result<Received, Problem> {
        negotiation::check_json(&self.headers)?;
        self.whole(bytes_max).await
    }

    /// Reads the next of its bytes; nothing at the end. Who sends them too slowly is given up.
    /// Whoever deals with them settles that with the connection.
    pub(crate) async fn next_chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            match self.pace.keep(self.body.frame()).await? {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.pace.credit(bytes.len());
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(Problem::invalid(error)),
                None => return Ok(None),
            }
        }
    }

    /// Refuses a body that says of itself that it has more than so many bytes.
    pub(crate) fn check_size(&self, bytes_max: usize) -> Result<(), Problem> {
        check_size(&self.body, bytes_max)
    }

    /// Reads at most so many bytes, and what they say in JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self, bytes_max: usize) -> Result<T, Problem> {
        self.text(bytes_max).await?.parse()
    }
}

/// A body that was read, and counts as received until something is made of it or it is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Bytes,
    connection: Connection,
}

impl Received {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes themselves.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        std::mem::take(&mut self.bytes)
    }

    /// What they say in JSON. They are gone after that.
    pub(crate) fn parse<T: DeserializeOwned>(self) -> Result<T, Problem> {
        parse(&self.bytes, PAYLOAD_LEVELS).map_err(Problem::invalid)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // Others get its room, so that it has to be gone before.
        self.bytes = Bytes::new();
        self.connection.inflow.settle();
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        // Every request comes over a connection.
        let connection: Option<Connection> = parts.extensions.remove();
        let connection = connection.ok_or(Problem::Internal)?;
        Ok(Self {
            headers: parts.headers,
            pace: connection.pace(),
            connection,
            body,
        })
    }
}

fn check_size(body: &Body, limit: usize) -> Result<(), Problem> {
    let size = body.size_hint().lower();
    if size <= limit as u64 {
        return Ok(());
    }
    let size = Some(size);
    Err(Problem::PayloadTooLarge { size, limit })
}

async fn whole(body: Body, bytes_max: usize, from: &Connection) -> Result<Bytes, Problem> {
    // Whoever says how much there will be is refused before it is sent.
    check_size(&body, bytes_max)?;
    let limit = bytes_max;
    let bytes = body.size_hint().exact();
    let bytes = bytes.map_or(limit, |bytes| bytes as usize);
    // All of what is received at once may be large bodies of slow clients.
    let room = tokio::time::timeout(from.periods.body, from.inflow.prepare(bytes)).await;
    room.map_err(|_| Problem::Overloaded)?;
    let read = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(from.periods.body, read).await {
        Ok(Ok(collected)) => {
            from.inflow.complete();
            Ok(collected.to_bytes())
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::PayloadTooLarge { size: None, limit })
        }
        Ok(Err(error)) => Err(Problem::invalid(error)),
        Err(_) => Err(Problem::RequestTimeout),
    }
}
