//! One conversation, as the node sees it: a request, what answers it, and its end.
//!
//! Who hangs up cancels: the handler is dropped where it waits. There is no other way to cancel, so
//! a command that was killed cancels as well.

use std::future::Future;
use std::io;

use serde::{Deserialize, Serialize};
use swarmlet::ErrorKind;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::frame::{Sort, read_frame, write_frame};
use super::link::{Link, Part};
use crate::failure::{Failure, Result};
use crate::limits::{FRAMES_AHEAD, REQUEST_WITHIN};
use crate::request::Request;

/// The first frame of a conversation.
#[derive(Serialize, Deserialize)]
pub(crate) struct Opening<R = Request> {
    /// The release of the command; rows and requests are those of one release.
    pub(crate) release: String,
    /// What is asked.
    pub(crate) request: R,
}

/// Only as much of the opening as every release understands.
#[derive(Deserialize)]
struct Release {
    release: String,
}

/// Reads a request from `stream`, has it answered, and says how that ended. An error means that
/// nobody is there any more to be told.
pub(crate) async fn serve<S, F>(
    stream: S,
    answer: impl FnOnce(Request, Link) -> F,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    F: Future<Output = (Link, Result<()>)>,
{
    let (mut read, write) = tokio::io::split(stream);
    let (tx, rx) = mpsc::channel(FRAMES_AHEAD);
    let link = Link::new(write, rx);
    let request = tokio::time::timeout(REQUEST_WITHIN, read_request(&mut read)).await;
    let request = match request.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))? {
        Ok(request) => request,
        Err(failure) => return link.end(Err(failure)).await,
    };
    tokio::select! {
        gone = pump(&mut read, tx) => gone,
        (link, outcome) = answer(request, link) => link.end(outcome).await,
    }
}

/// Says no to somebody before anything is asked.
pub(crate) async fn refuse(
    mut stream: impl AsyncWrite + Unpin,
    failure: &Failure,
) -> io::Result<()> {
    let body = serde_json::to_vec(failure).map_err(io::Error::from)?;
    write_frame(&mut stream, Sort::Failure, &body).await?;
    stream.flush().await
}

async fn read_request(read: &mut (impl AsyncRead + Unpin)) -> io::Result<Result<Request>> {
    match read_frame(read).await? {
        Some(frame) if frame.sort == Sort::Request => Ok(parse(&frame.body)),
        Some(_) => Err(io::ErrorKind::InvalidData.into()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn parse(body: &[u8]) -> Result<Request> {
    let ours = env!("CARGO_PKG_VERSION");
    let release = serde_json::from_slice::<Release>(body).map(|opening| opening.release);
    match release {
        Ok(release) if release == ours => {}
        Ok(release) => {
            let message =
                format!("the node that runs is of release {ours}, and the command of {release}");
            return Err(Failure::new(ErrorKind::Incompatible, message)
                .advise("start the node again with the release that is installed now"));
        }
        Err(error) => return Err(not_understood(&error)),
    }
    let opening: Result<Opening, _> = serde_json::from_slice(body);
    opening
        .map(|opening| opening.request)
        .map_err(|error| not_understood(&error))
}

fn not_understood(error: &serde_json::Error) -> Failure {
    Failure::invalid(format!("the request cannot be understood: {error}"))
}

/// Passes on what the person sends, and ends when they hang up.
async fn pump(read: &mut (impl AsyncRead + Unpin), to: mpsc::Sender<Part>) -> io::Result<()> {
    while let Some(frame) = read_frame(read).await? {
        let passed = match frame.sort {
            Sort::File => Part::File(frame.body),
            Sort::Bytes => Part::Bytes(frame.body),
            Sort::End => Part::End,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        // A handler that does not want them all is about to end.
        let _ = to.send(passed).await;
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}
