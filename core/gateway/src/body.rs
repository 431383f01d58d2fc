//! Bodies of requests: read whole within bounds of size and time, and parsed once.

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::limits::BODY_TIME_MAX;
use crate::negotiation;
use crate::problem::Problem;
use crate::serving::Connection;

/// A body that was not read yet, with the headers that came before it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) connection: Connection,
    body: Body,
}

impl Sent {
    /// Reads at most so many bytes of JSON.
    pub(crate) async fn text(self, bytes_max: usize) -> Result<Text, Problem> {
        negotiation::check_json(&self.headers)?;
        let bytes = whole(self.body, bytes_max).await?;
        Ok(Text {
            bytes,
            connection: self.connection,
        })
    }

    /// Reads at most so many bytes, and what they say in JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self, bytes_max: usize) -> Result<T, Problem> {
        self.text(bytes_max).await?.parse()
    }
}

/// A body that was read.
#[derive(Debug)]
pub(crate) struct Text {
    bytes: Bytes,
    connection: Connection,
}

impl Text {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What it says. The bytes are gone after that, and count no longer as received.
    pub(crate) fn parse<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let parsed = serde_json::from_slice(&self.bytes).map_err(Problem::invalid);
        drop(self.bytes);
        self.connection.inflow.settle();
        parsed
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        // Every request comes over a connection.
        let connection = parts.extensions.remove().ok_or(Problem::Internal)?;
        Ok(Self {
            headers: parts.headers,
            connection,
            body,
        })
    }
}

async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    // Whoever says how much there will be is refused before it is sent.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Problem::PayloadTooLarge { limit: bytes_max });
    }
    let read = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(BODY_TIME_MAX, read).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::PayloadTooLarge { limit: bytes_max })
        }
        Ok(Err(error)) => Err(Problem::invalid(error)),
        Err(_) => Err(Problem::RequestTimeout),
    }
}
