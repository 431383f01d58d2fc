//! One conversation, as the person sees it: the request, then what comes is shown as it comes, and
//! files go their way.

use std::io::{self, Write as _};

use swarmlet::ErrorKind;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::errand::Errand;
use super::files::{self, Sink, Source};
use super::reach::Stream;
use crate::failure::{Failure, Result};
use crate::limits::CHUNK_BYTES;
use crate::request::Request;
use crate::show::{Fields, Format, Printer};
use crate::wire::{Frame, Opening, Progress, Sort, read_frame, write_frame};

/// What was opened for a conversation, before anything is asked: a file that cannot be written is
/// found out first.
pub(super) struct Conversation {
    request: Request,
    source: Option<Source>,
    bytes_to: Option<Sink>,
    rows_to: Option<Sink>,
    offsets_to: Option<std::path::PathBuf>,
    printer: Printer,
}

/// Whether more is to come.
enum Next {
    More,
    Done,
}

impl Conversation {
    pub(super) fn new(errand: Errand, format: Format, is_quiet: bool) -> Result<Self> {
        let source = errand.source.as_ref().map(files::open).transpose()?;
        let begin = |place, is_text| Sink::begin(place, is_text);
        let bytes_to = errand.bytes_to.as_ref();
        let rows_to = errand.rows_to.as_ref();
        Ok(Self {
            request: errand.request,
            source,
            bytes_to: bytes_to.map(|place| begin(place, false)).transpose()?,
            rows_to: rows_to.map(|place| begin(place, true)).transpose()?,
            offsets_to: errand.offsets_to,
            printer: Printer::new(format, is_quiet, errand.layout),
        })
    }

    /// Asks on `stream`, and shows what is answered, to its end. If nobody reads what is shown any
    /// more, that is an end as well.
    pub(super) async fn hold(self, stream: impl Stream) -> Result<()> {
        let (read, mut write) = tokio::io::split(stream);
        let mut read = BufReader::new(read);
        let Self {
            request,
            source,
            mut printer,
            mut bytes_to,
            mut rows_to,
            offsets_to,
        } = self;
        send_request(&mut write, request).await?;
        let (told, mut sent_so_far) = tokio::sync::watch::channel(0);
        let size = source.as_ref().and_then(|source| source.size);
        let sending = async {
            match source {
                Some(source) => send_bytes(&mut write, source, told).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(sending);
        let mut is_sending = true;
        loop {
            let frame = tokio::select! {
                frame = read_frame(&mut read) => frame.map_err(hung_up)?,
                sent = &mut sending, if is_sending => {
                    is_sending = false;
                    // Why the node does not want more, it says itself.
                    match sent {
                        Err(failure) if !failure.is(ErrorKind::Closed) => return Err(failure),
                        _ => continue,
                    }
                }
                Ok(()) = sent_so_far.changed() => {
                    let done = *sent_so_far.borrow_and_update();
                    printer.progress(Progress { done, total: size, is_bytes: true });
                    continue;
                }
            };
            let frame = frame.ok_or_else(|| hung_up(io::ErrorKind::UnexpectedEof.into()))?;
            let next = match (frame.sort, &mut bytes_to, &mut rows_to) {
                (Sort::Bytes, Some(sink), _) => written(sink.write_all(&frame.body))?,
                (Sort::Row, _, Some(sink)) => {
                    let line = sink.write_all(&frame.body);
                    written(line.and_then(|()| sink.write_all(b"\n")))?
                }
                (Sort::Offsets, ..) => {
                    if let Some(path) = &offsets_to {
                        files::replace(path, &frame.body)?;
                    }
                    Next::More
                }
                // What the node says of how far it has read is behind what was sent.
                (Sort::Progress, ..) if size.is_some() => Next::More,
                _ => show(frame, &mut printer)?,
            };
            if let Next::Done = next {
                let mut sinks = [bytes_to, rows_to].into_iter().flatten();
                return written(sinks.try_for_each(Sink::complete)).map(drop);
            }
        }
    }
}

/// Asks on `stream` for something that is not shown, and gives the first row of the answer, if it
/// has one.
pub(crate) async fn first_row(mut stream: impl Stream, request: Request) -> Result<Option<Fields>> {
    send_request(&mut stream, request).await?;
    loop {
        let frame = read_frame(&mut stream).await.map_err(hung_up)?;
        let frame = frame.ok_or_else(|| hung_up(io::ErrorKind::UnexpectedEof.into()))?;
        match frame.sort {
            Sort::Row => return read_json(&frame).map(Some),
            Sort::Failure => return Err(read_json(&frame)?),
            Sort::Done => return Ok(None),
            _ => {}
        }
    }
}

async fn send_request(write: &mut (impl AsyncWrite + Unpin), request: Request) -> Result<()> {
    let opening = Opening {
        release: env!("CARGO_PKG_VERSION").to_owned(),
        request,
    };
    let body = serde_json::to_vec(&opening).map_err(io::Error::from);
    let body = body.map_err(|error| Failure::io("cannot ask the node", error))?;
    let sent = async {
        write_frame(write, Sort::Request, &body).await?;
        write.flush().await
    };
    // Who has hung up may have said why, which is read next.
    match sent.await {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Failure::invalid(format!(
            "the request is too long: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Sends a file to its end, and tells how far it is.
async fn send_bytes(
    write: &mut (impl AsyncWrite + Unpin),
    mut source: Source,
    told: tokio::sync::watch::Sender<u64>,
) -> Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let len = fill(&mut source.bytes, &mut chunk).await;
        let len = len.map_err(|error| Failure::io("cannot read the file", error))?;
        if len == 0 {
            break;
        }
        let sent = write_frame(write, Sort::Bytes, &chunk[..len]).await;
        sent.map_err(hung_up)?;
        told.send_modify(|sent| *sent += len as u64);
    }
    let ended = async {
        write_frame(write, Sort::End, &[]).await?;
        write.flush().await
    };
    ended.await.map_err(hung_up)
}

/// Reads as much as fits; less only at the end.
async fn fill(from: &mut (impl AsyncRead + Unpin), chunk: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < chunk.len() {
        match from.read(&mut chunk[len..]).await? {
            0 => break,
            read => len += read,
        }
    }
    Ok(len)
}

fn show(frame: Frame, printer: &mut Printer) -> Result<Next> {
    let shown = match frame.sort {
        Sort::Row => printer.row(&frame.body),
        Sort::Pause => printer.pause(),
        Sort::Note => {
            printer.note(&read_json::<String>(&frame)?);
            Ok(())
        }
        Sort::Progress => {
            printer.progress(read_json(&frame)?);
            Ok(())
        }
        Sort::Failure => {
            // Rows that came before it are true.
            let _ = printer.end();
            return Err(read_json(&frame)?);
        }
        Sort::Done => return written(printer.end()).map(|_| Next::Done),
        Sort::Request | Sort::End | Sort::Bytes | Sort::Offsets => {
            Err(io::ErrorKind::InvalidData.into())
        }
    };
    written(shown)
}

/// Who does not read any more has seen enough.
fn written(shown: io::Result<()>) -> Result<Next> {
    match shown {
        Ok(()) => Ok(Next::More),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Next::Done),
        Err(error) => Err(Failure::io("cannot write what was asked for", error)),
    }
}

fn read_json<T: serde::de::DeserializeOwned>(frame: &Frame) -> Result<T> {
    serde_json::from_slice(&frame.body).map_err(|error| {
        let message = format!("the node's answer cannot be understood: {error}");
        Failure::new(ErrorKind::Internal, message)
    })
}

fn hung_up(error: io::Error) -> Failure {
    let message = format!("the node has gone while it answered: {error}");
    Failure::new(ErrorKind::Closed, message)
}
