//! One conversation, as the person sees it: the request, then what comes is shown as it comes, and
//! files go their way.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::pin::pin;

use swarmlet::{Collection, ErrorKind};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::errand::{Content, Errand, Place};
use super::files::{self, Sink};
use super::folder::{Folder, files_of};
use super::source::Source;
use crate::failure::{Failure, Result};
use crate::limits::CHUNK_BYTES;
use crate::request::Request;
use crate::show::{Fields, Format, Gauge, Printer};
use crate::wire::{Frame, Opening, Progress, Sort, read_frame, write_frame};

/// A stream of bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What was opened for a conversation, before anything is asked: a file that cannot be written is
/// found out first.
pub(super) struct Conversation {
    request: Request,
    source: Option<Outgoing>,
    gauge: Gauge,
    listener: Listener,
}

/// What the node gets.
enum Outgoing {
    File(Source),
    Folder(Folder),
}

/// Where what is answered goes.
struct Listener {
    bytes_to: Option<Sink>,
    /// Whether the files of a folder may come instead of bytes.
    takes_folder: bool,
    /// These files, if they did.
    folder: Option<Collection>,
    rows_to: Option<Sink>,
    offsets_to: Option<PathBuf>,
    /// Whether the node is sent a file, whose progress is known here.
    is_sending: bool,
    printer: Printer,
}

/// Whether more is to come.
enum Next {
    More,
    Done,
}

impl Conversation {
    pub(super) fn new(errand: Errand, format: Format, is_quiet: bool) -> Result<Self> {
        let source = errand.source.as_ref();
        let source = source.map(|(place, content)| Outgoing::open(place, *content));
        let source = source.transpose()?;
        let begin = |place, is_text| Sink::begin(place, is_text);
        let takes_folder = errand.folder_to.is_some();
        // Whether a folder comes, which may go into one that is there, the node will say.
        let is_folder = |place: &&Place| matches!(place, Place::File(path) if path.is_dir());
        let bytes_to = errand.bytes_to.as_ref();
        let bytes_to = bytes_to.filter(|place| !(takes_folder && is_folder(place)));
        let rows_to = errand.rows_to.as_ref();
        let listener = Listener {
            takes_folder,
            folder: None,
            bytes_to: bytes_to.map(|place| begin(place, false)).transpose()?,
            rows_to: rows_to.map(|place| begin(place, true)).transpose()?,
            offsets_to: errand.offsets_to,
            is_sending: source.is_some(),
            printer: Printer::new(format, is_quiet, errand.layout),
        };
        Ok(Self {
            request: errand.request,
            source,
            gauge: Gauge::new(!is_quiet && format == Format::Table),
            listener,
        })
    }

    /// Asks on `stream`, and shows what is answered, to its end; gives the files of a folder that
    /// are still to be saved. If nobody reads what is shown any more, that is an end as well.
    pub(super) async fn hold(self, stream: impl Stream) -> Result<Option<Collection>> {
        let (read, mut write) = tokio::io::split(stream);
        send_request(&mut write, self.request).await?;
        let (source, gauge) = (self.source, self.gauge);
        let sending = async {
            match source {
                Some(source) => send(&mut write, source, gauge).await,
                None => Ok(None),
            }
        };
        // Each goes on where it was until it ends: half a frame that was read must not be lost.
        let mut listening = pin!(self.listener.listen(BufReader::new(read)));
        tokio::select! {
            heard = &mut listening => heard,
            sent = sending => match sent {
                Err(failure) if !failure.is(ErrorKind::Closed) => Err(failure),
                Ok(Some(damage)) => Err(with_answer(damage, listening.await.map(drop))),
                // Why the node does not want more, it says itself.
                _ => listening.await,
            },
        }
    }
}

/// Why not all of a file was sent, and what became of the part that was.
fn with_answer(damage: Failure, heard: Result<()>) -> Failure {
    match heard {
        Ok(()) => damage.advise("the records before that are imported"),
        Err(failure) => Failure {
            message: format!("{}; {}", damage.message, failure.message),
            ..failure
        },
    }
}

impl Outgoing {
    fn open(place: &Place, content: Content) -> Result<Self> {
        match (place, content) {
            (Place::File(path), Content::Folder) => Folder::open(path).map(Self::Folder),
            _ => Source::open(place, content).map(Self::File),
        }
    }
}

impl Listener {
    /// Takes frames to the last one.
    async fn listen(mut self, mut read: impl AsyncRead + Unpin) -> Result<Option<Collection>> {
        loop {
            let frame = read_frame(&mut read).await.map_err(hung_up)?;
            let frame = frame.ok_or_else(|| hung_up(io::ErrorKind::UnexpectedEof.into()))?;
            if let Next::Done = self.take(frame)? {
                return self.end();
            }
        }
    }

    fn end(self) -> Result<Option<Collection>> {
        if self.folder.is_some() {
            return Ok(self.folder);
        }
        if self.takes_folder && self.bytes_to.is_none() {
            return Err(no_folder());
        }
        let mut sinks = [self.bytes_to, self.rows_to].into_iter().flatten();
        written(sinks.try_for_each(Sink::complete)).map(|_| None)
    }

    fn take(&mut self, frame: Frame) -> Result<Next> {
        if self.takes_folder && frame.sort == Sort::Row {
            self.folder = Some(files_of(&read_json(&frame)?)?);
            return Ok(Next::More);
        }
        if self.takes_folder && frame.sort == Sort::Bytes && self.bytes_to.is_none() {
            return Err(no_folder());
        }
        match (frame.sort, &mut self.bytes_to, &mut self.rows_to) {
            (Sort::Bytes, Some(sink), _) => written(sink.write_all(&frame.body)),
            (Sort::Row, _, Some(sink)) => {
                let line = sink.write_all(&frame.body);
                written(line.and_then(|()| sink.write_all(b"\n")))
            }
            (Sort::Offsets, ..) => {
                if let Some(path) = &self.offsets_to {
                    files::replace(path, &frame.body)?;
                }
                Ok(Next::More)
            }
            (Sort::Progress, ..) if self.is_sending => Ok(Next::More),
            _ => show(frame, &mut self.printer),
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

/// Sends a file, or all files of a folder, and tells how far it is. Gives what has ended it early,
/// where what came before that is of use.
async fn send(
    write: &mut (impl AsyncWrite + Unpin),
    outgoing: Outgoing,
    mut gauge: Gauge,
) -> Result<Option<Failure>> {
    let damage = match outgoing {
        Outgoing::File(mut source) => send_bytes(write, &mut source, None, &mut gauge).await?,
        Outgoing::Folder(mut folder) => {
            let mut sent = Progress {
                done: 0,
                total: Some(folder.size()),
                is_bytes: true,
            };
            while let Some((path, mut source)) = folder.next_file()? {
                let begun = write_frame(write, Sort::File, path.as_str().as_bytes()).await;
                begun.map_err(hung_up)?;
                send_bytes(write, &mut source, Some(sent), &mut gauge).await?;
                sent.done += source.bytes_read();
            }
            None
        }
    };
    gauge.hide();
    let ended = async {
        write_frame(write, Sort::End, &[]).await?;
        write.flush().await
    };
    ended.await.map_err(hung_up)?;
    Ok(damage)
}

/// Sends the bytes of a file, which may be one of several of which some were sent.
async fn send_bytes(
    write: &mut (impl AsyncWrite + Unpin),
    source: &mut Source,
    before: Option<Progress>,
    gauge: &mut Gauge,
) -> Result<Option<Failure>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let len = match source.fill(&mut chunk).await {
            Ok(0) => return Ok(None),
            Ok(len) => len,
            Err(failure) if source.is_records() => return Ok(Some(failure)),
            Err(failure) => return Err(failure),
        };
        let sent = write_frame(write, Sort::Bytes, &chunk[..len]).await;
        sent.map_err(hung_up)?;
        gauge.show(Progress {
            done: before.map_or(0, |before| before.done) + source.bytes_read(),
            total: before.map_or(source.size(), |before| before.total),
            is_bytes: true,
        });
    }
}

fn no_folder() -> Failure {
    let failure = Failure::invalid("the blob is a file, and what was named for it is a folder");
    failure.advise("name a file in that folder")
}

fn show(frame: Frame, printer: &mut Printer) -> Result<Next> {
    let shown = match frame.sort {
        Sort::Row => printer.row(&frame.body),
        Sort::Pause => printer.pause(),
        Sort::Note => {
            printer.note(&read_json::<String>(&frame)?);
            Ok(())
        }
        Sort::Warning => {
            printer.warning(&read_json::<String>(&frame)?);
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
        Sort::Request | Sort::File | Sort::End | Sort::Bytes | Sort::Offsets => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::Layout;

    /// Rows come in pieces while a file is sent: neither must disturb the other.
    #[tokio::test]
    async fn what_is_heard_in_pieces_while_a_file_is_sent_is_heard_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (source, rows) = (folder.path().join("source"), folder.path().join("rows"));
        std::fs::write(&source, vec![7; 40 * CHUNK_BYTES]).unwrap();
        let errand = Errand::new(Request::Import { skip: None }, Layout::Card);
        let errand = errand.reading(Place::File(source));
        let errand = errand.writing_rows(Place::File(rows.clone()));
        let conversation = Conversation::new(errand, Format::Json, true).unwrap();
        let (ours, theirs) = tokio::io::duplex(CHUNK_BYTES);
        let (mut read, mut write) = tokio::io::split(theirs);
        let answering = async {
            let mut frames = Vec::new();
            while let Some(frame) = read_frame(&mut read).await.unwrap() {
                if frame.sort == Sort::Bytes {
                    frames.clear();
                    write_frame(&mut frames, Sort::Row, b"{}").await.unwrap();
                    for byte in &frames {
                        write.write_all(&[*byte]).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                } else if frame.sort == Sort::End {
                    write_frame(&mut write, Sort::Done, &[]).await.unwrap();
                    break;
                }
            }
        };
        let (held, ()) = tokio::join!(conversation.hold(ours), answering);
        held.unwrap();
        let rows = std::fs::read_to_string(rows).unwrap();
        assert_eq!(rows, "{}\n".repeat(40));
    }
}
