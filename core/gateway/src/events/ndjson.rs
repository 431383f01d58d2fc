//! Answers as lines of JSON, in the body of a response.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::{self, Stream, TryStreamExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::answer::Answer;
use super::answers::{Answers, Cut};
use crate::desk::Desk;
use crate::negotiation::NDJSON;
use crate::problem::cut_off;
use crate::serving::Connection;

/// Answers on their way to whoever asked.
pub(super) struct Lines {
    pub(super) answers: Answers,
    pub(super) desk: Arc<Desk>,
    pub(super) connection: Connection,
    /// The place of the stream, held as long as it is open.
    pub(super) _place: OwnedSemaphorePermit,
}

/// The body of a response: lines, and empty ones while there are none.
struct Alive<L> {
    lines: L,
    connection: Connection,
}

impl Lines {
    /// A response that goes on as long as there are answers. What is cut off has no proper end, so
    /// that clients see it.
    pub(super) fn respond(self) -> Response {
        let (desk, connection) = (self.desk.clone(), self.connection.clone());
        let lines = stream::try_unfold(self, |mut lines| async move {
            let chunk = lines.next().await?;
            Ok(chunk.map(|chunk| (chunk, lines)))
        });
        let alive = Alive {
            lines: Box::pin(lines),
            connection,
        };
        let body = stream::try_unfold((alive, desk), |(mut alive, desk)| async move {
            let chunk = desk.unless_closing(alive.next()).await?;
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, (alive, desk))))
        });
        ([(CONTENT_TYPE, NDJSON)], Body::from_stream(body)).into_response()
    }

    /// The next lines. Nothing is held while nothing happens; what was read is held in a turn until
    /// there is room for it.
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        loop {
            self.answers.changed().await;
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
    }
}

impl<L: Stream<Item = Result<Bytes, io::Error>> + Unpin> Alive<L> {
    /// The next lines, or an empty one that says that the connection is alive, whatever the lines
    /// wait for: they go on waiting where they are.
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        loop {
            tokio::select! {
                lines = self.lines.try_next() => return lines,
                () = sleep(self.connection.periods.alive) => {}
            }
            // Whoever has something to take sees that. And if this were added to it without end,
            // the lines would be asked for no more, and keep a turn that they wait for.
            if self.connection.outflow.is_empty() {
                let room = self.connection.outflow.draw(ALIVE.len()).await;
                return Ok(Some(room.house(ALIVE.to_vec())));
            }
        }
    }
}

const ALIVE: &[u8] = b"\n";

fn lines(answers: &[Answer]) -> Result<Vec<u8>, io::Error> {
    let mut lines = Vec::new();
    for answer in answers {
        serde_json::to_writer(&mut lines, answer)?;
        lines.push(b'\n');
    }
    lines.shrink_to_fit();
    Ok(lines)
}
