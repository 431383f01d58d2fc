//! Answers as lines of JSON, in the body of a response.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;

use super::answer::Answer;
use super::answers::{Answers, Cut};
use crate::desk::Desk;
use crate::limits::KEEP_ALIVE;
use crate::negotiation::NDJSON;

/// A response that goes on as long as there are answers. What is cut off has no proper end, so that
/// clients see it.
pub(crate) fn respond(answers: Answers, desk: Arc<Desk>) -> Response {
    let lines = stream::try_unfold((answers, desk), |(mut answers, desk)| async move {
        let chunk = tokio::select! {
            chunk = next(&mut answers, &desk) => chunk?,
            () = desk.closing() => return Err(cut_off()),
        };
        Ok(chunk.map(|chunk| (chunk, (answers, desk))))
    });
    ([(CONTENT_TYPE, NDJSON)], Body::from_stream(lines)).into_response()
}

/// The next lines, or an empty one that says that the connection is alive.
async fn next(answers: &mut Answers, desk: &Desk) -> Result<Option<Bytes>, std::io::Error> {
    match tokio::time::timeout(KEEP_ALIVE, answers.next(&desk.reads)).await {
        Ok(Ok(Some(answers))) => Ok(Some(lines(&answers)?.into())),
        Ok(Ok(None)) => Ok(None),
        Ok(Err(Cut)) => Err(cut_off()),
        Err(_) => Ok(Some(Bytes::from_static(b"\n"))),
    }
}

fn lines(answers: &[Answer]) -> Result<Vec<u8>, std::io::Error> {
    let mut lines = Vec::new();
    for answer in answers {
        serde_json::to_writer(&mut lines, answer)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn cut_off() -> std::io::Error {
    std::io::ErrorKind::ConnectionAborted.into()
}
