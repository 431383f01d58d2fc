//! Bodies of requests: read whole within bounds of size and time, and parsed once.

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::limits::BODY_TIME_MAX;
use crate::negotiation;
use crate::problem::Problem;

/// Reads a body of at most so many bytes, and what it says in JSON.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<T, Problem> {
    negotiation::check_json(headers)?;
    let bytes = whole(body, bytes_max).await?;
    serde_json::from_slice(&bytes).map_err(Problem::invalid)
}

/// Reads a body of at most so many bytes.
pub(crate) async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
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
