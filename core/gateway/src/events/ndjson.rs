//! Answers as lines of JSON, in the body of a response.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::answers::{Answers, Cut};
use crate::desk::Desk;
use crate::limits::KEEP_ALIVE;
use crate::negotiation::NDJSON;
use crate::serving::Connection;

/// Answers on their way to whoever asked.
pub(super) struct Lines {
    pub(super) answers: Answers,
    pub(super) desk: Arc<Desk>,
    pub(super) connection: Connection,
    /// The place of the stream, held as long as it is open.
    pub(super) _place: OwnedSemaphorePermit,
}

impl Lines {
    /// A response that goes on as long as there are answers. What is cut off has no proper end, so
    /// that clients see it.
    pub(super) fn respond(self) -> Response {
        let lines = stream::try_unfold(self, |mut lines| async move {
            let desk = lines.desk.clone();
            let chunk = tokio::select! {
                chunk = lines.next() => chunk?,
                () = desk.closing() => return Err(cut_off()),
            };
            Ok(chunk.map(|chunk| (chunk, lines)))
        });
        ([(CONTENT_TYPE, NDJSON)], Body::from_stream(lines)).into_response()
    }

    /// The next lines, or an empty one that says that the connection is alive.
    ///
    /// Nothing is held while nothing happens; what was read is held in a turn until there is room
    /// for it.
    async fn next(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        let alive_at = Instant::now() + KEEP_ALIVE;
        while Instant::now() < alive_at {
            if timeout_at(alive_at, self.answers.changed()).await.is_err() {
                break;
            }
            let _turn = self.desk.reads.acquire().await;
            match self.answers.next().await {
                Ok(Some(answers)) if answers.is_empty() => {}
                Ok(Some(answers)) => {
                    let bytes = lines(&answers)?;
                    drop(answers);
                    let room = self.connection.outflow.draw(bytes.len()).await;
                    return Ok(Some(room.house(bytes)));
                }
                Ok(None) => return Ok(None),
                Err(Cut) => return Err(cut_off()),
            }
        }
        Ok(Some(Bytes::from_static(b"\n")))
    }
}

fn lines(answers: &[Answer]) -> Result<Vec<u8>, std::io::Error> {
    let mut lines = Vec::new();
    for answer in answers {
        serde_json::to_writer(&mut lines, answer)?;
        lines.push(b'\n');
    }
    lines.shrink_to_fit();
    Ok(lines)
}

fn cut_off() -> std::io::Error {
    std::io::ErrorKind::ConnectionAborted.into()
}
