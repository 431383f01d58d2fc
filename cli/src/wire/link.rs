//! The node's end of a conversation: rows and bytes out, bytes in, each at the pace of the slower.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use serde::Serialize;
use swarmlet::ErrorKind;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufWriter};
use tokio::sync::mpsc;

use super::frame::{Sort, write_frame};
use crate::failure::{Failure, Result};

/// What the handler of a request talks to. If the person has gone its calls fail, or the handler is
/// dropped where it waits.
pub(crate) struct Link {
    out: BufWriter<Pin<Box<dyn AsyncWrite + Send>>>,
    incoming: mpsc::Receiver<Part>,
}

/// What the person sends, one after the other.
pub(crate) enum Part {
    /// A file of a folder begins, with this path.
    File(Bytes),
    /// Bytes of a file.
    Bytes(Bytes),
    /// There is no more.
    End,
}

/// How far long work is.
#[derive(Clone, Copy, Debug, Serialize, serde::Deserialize)]
pub(crate) struct Progress {
    /// How much is done.
    pub(crate) done: u64,
    /// Of how much, if that is known.
    pub(crate) total: Option<u64>,
    /// Whether it is bytes that are counted.
    pub(crate) is_bytes: bool,
}

impl Link {
    pub(super) fn new(
        out: impl AsyncWrite + Send + 'static,
        incoming: mpsc::Receiver<Part>,
    ) -> Self {
        let out: Pin<Box<dyn AsyncWrite + Send>> = Box::pin(out);
        Self {
            out: BufWriter::new(out),
            incoming,
        }
    }

    /// Gives a row, which is written as a JSON object. It may wait in a buffer until
    /// [`Link::pause`].
    pub(crate) async fn row(&mut self, row: &impl Serialize) -> Result<()> {
        self.json(Sort::Row, row).await
    }

    /// A line for people.
    pub(crate) async fn note(&mut self, note: impl Into<String>) -> Result<()> {
        self.json(Sort::Note, &note.into()).await
    }

    /// Says that something is missing from the answer.
    pub(crate) async fn warning(&mut self, warning: impl Into<String>) -> Result<()> {
        self.json(Sort::Warning, &warning.into()).await
    }

    /// Says how far the work is, and sends all that waits.
    pub(crate) async fn progress(&mut self, progress: Progress) -> Result<()> {
        self.json(Sort::Progress, &progress).await?;
        self.out.flush().await.map_err(gone)
    }

    /// Says how far a subscription is: those rows that went before are dealt with then. Sends all
    /// that waits.
    pub(crate) async fn offsets(&mut self, offsets: &impl Serialize) -> Result<()> {
        self.json(Sort::Offsets, offsets).await?;
        self.out.flush().await.map_err(gone)
    }

    /// Gives bytes of a file.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.frame(Sort::Bytes, bytes).await
    }

    /// Sends all that waits, and has it shown.
    pub(crate) async fn pause(&mut self) -> Result<()> {
        self.frame(Sort::Pause, &[]).await?;
        self.out.flush().await.map_err(gone)
    }

    /// The next bytes of the file that the person gives; nothing at its end.
    pub(crate) async fn receive(&mut self) -> Result<Option<Bytes>> {
        match self.receive_part().await? {
            Part::Bytes(bytes) => Ok(Some(bytes)),
            Part::End => Ok(None),
            Part::File(_) => Err(Failure::invalid("a folder came where a file was expected")),
        }
    }

    /// The next of what the person gives, where it is a folder.
    pub(crate) async fn receive_part(&mut self) -> Result<Part> {
        let received = self.incoming.recv().await;
        received.ok_or_else(|| Failure::new(ErrorKind::Cancelled, "the command has gone"))
    }

    /// Says how it ended, and that is the last.
    pub(super) async fn end(mut self, outcome: Result<()>) -> io::Result<()> {
        match outcome {
            Ok(()) => write_frame(&mut self.out, Sort::Done, &[]).await?,
            Err(failure) => {
                let body = serde_json::to_vec(&failure).map_err(io::Error::from)?;
                write_frame(&mut self.out, Sort::Failure, &body).await?;
            }
        }
        self.out.shutdown().await
    }

    async fn json(&mut self, sort: Sort, value: &impl Serialize) -> Result<()> {
        let body = serde_json::to_vec(value).map_err(|error| {
            Failure::new(ErrorKind::Internal, format!("a row is no JSON: {error}"))
        })?;
        self.frame(sort, &body).await
    }

    async fn frame(&mut self, sort: Sort, body: &[u8]) -> Result<()> {
        write_frame(&mut self.out, sort, body).await.map_err(gone)
    }
}

fn gone(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::new(ErrorKind::Unsupported, error.to_string()),
        _ => Failure::new(
            ErrorKind::Cancelled,
            format!("the command has gone: {error}"),
        ),
    }
}
