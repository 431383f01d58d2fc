//! Bytes of a blob, handed out as they come, or all at once.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use swarmlet::{BlobId, BlobProgress, ErrorKind};

use super::handle::Place;
use crate::completion::{Answer, Completion, Stop, Waiting};
use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::guard::guarded;
use crate::stream::{Queue, Source, Stream, Weigh};

/// Bytes of a blob, piece by piece: look, then take.
pub type Pieces = Stream<Queue<Piece>>;

/// Some bytes of a blob that follow each other.
#[derive(Clone, Debug)]
pub struct Piece {
    /// At most 64 KiB, and never none.
    pub bytes: Bytes,
    /// Where in the blob they end.
    end: u64,
}

/// Some bytes of a blob, each of them checked against its id. Bytes that are not here are fetched.
///
/// It has one user at a time: whoever takes pieces, reads or saves. Dropping it, or cancelling its
/// pieces, gives up what is not here yet, and ends with `Cancelled` what reads or saves; what came
/// is kept.
pub struct BlobReader {
    pieces: Pieces,
    origin: OwnProcess<Origin>,
}

struct Origin {
    place: Place,
    id: BlobId,
    range: Range<u64>,
}

impl BlobReader {
    pub(super) fn new(place: Place, id: BlobId, range: Range<u64>) -> Self {
        let reader = place.blobs.range_of(id, range.clone());
        let pieces = Stream::read_ahead("get", Reading(reader), place.lease.clone());
        let origin = OwnProcess::new(Origin { place, id, range });
        Self { pieces, origin }
    }

    /// The id of the blob.
    pub fn id(&self) -> Result<BlobId> {
        Ok(self.origin.value()?.id)
    }

    /// The bytes as they come.
    pub fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    /// Reads the rest into memory; refused if that is more than `bytes_max`. It is taken when
    /// [`BlobReader::finish`] says that it has arrived: an answer that nobody waited for loses
    /// nothing.
    pub fn read(
        &self,
        bytes_max: usize,
        timeout: Option<Duration>,
        completion: Completion<Vec<u8>>,
    ) -> Waiting {
        self.wait("read", timeout, completion, move |mut rest| async move {
            rest.read_all(bytes_max).await
        })
    }

    /// Writes the rest to a file, which appears when all of it is there. It is taken when
    /// [`BlobReader::finish`] says so. Of a call that was given up, or ran out of time, nothing is
    /// left soon after, unless the file was just getting its name.
    pub fn save(
        &self,
        path: PathBuf,
        timeout: Option<Duration>,
        completion: Completion<()>,
    ) -> Waiting {
        self.wait("save", timeout, completion, move |mut rest| async move {
            rest.save(path).await
        })
    }

    /// All was taken: nothing is left to be read.
    pub fn finish(&self) -> Result<()> {
        self.pieces.take_all()
    }

    /// How much of the blob is here.
    pub fn progress(&self, completion: Completion<BlobProgress>) {
        let answer = Answer::new("progress", completion);
        let origin = match self.origin.value() {
            Ok(origin) => origin,
            Err(failure) => return answer.give(Err(failure)),
        };
        let reader = origin.place.blobs.get(origin.id);
        origin.place.lease.handle().spawn_blocking(move || {
            answer.give(guarded("progress", || Ok(reader.progress()?)));
        });
    }

    /// A call for the bytes that were not taken yet.
    fn wait<T, F>(
        &self,
        operation: &'static str,
        timeout: Option<Duration>,
        completion: Completion<T>,
        call: impl FnOnce(swarmlet::BlobReader) -> F,
    ) -> Waiting
    where
        T: Send + 'static,
        F: Future<Output = swarmlet::Result<T>> + Send + 'static,
    {
        let answer = Answer::new(operation, completion);
        let (rest, stop, origin) = match self.rest() {
            Ok(begun) => begun,
            Err(failure) => {
                answer.give(Err(failure));
                return Waiting::default();
            }
        };
        let lease = origin.place.lease.clone();
        let called = within_time(origin.id, timeout, call(rest));
        let waited = async move {
            let called = async { called.await.map_err(Failure::from) };
            let outcome = stop.run(operation, called).await;
            outcome.map_err(|failure| lease.judged(failure))
        };
        Waiting::spawn(origin.place.lease.handle(), answer, waited)
    }

    /// What was not taken yet, and what ends reading it.
    fn rest(&self) -> Result<(swarmlet::BlobReader, Stop, &Origin)> {
        let origin = self.origin.value()?;
        let Range { start, end } = origin.range;
        let at = start.max(self.pieces.reached()?);
        let rest = origin.place.blobs.range_of(origin.id, at..end);
        Ok((rest, self.pieces.stop()?, origin))
    }
}

async fn within_time<T>(
    id: BlobId,
    timeout: Option<Duration>,
    call: impl Future<Output = swarmlet::Result<T>>,
) -> swarmlet::Result<T> {
    let Some(timeout) = timeout else {
        return call.await;
    };
    let outcome = tokio::time::timeout(timeout, call).await;
    outcome.unwrap_or_else(|_| Err(late(id)))
}

fn late(id: BlobId) -> swarmlet::Error {
    let message = "the bytes of a blob did not come in time";
    swarmlet::Error::new(ErrorKind::Timeout, message).with("blob", id)
}

/// What the pieces come from.
struct Reading(swarmlet::BlobReader);

impl Source for Reading {
    type Item = Piece;

    async fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        let Some(bytes) = self.0.next_chunk().await? else {
            return Ok(None);
        };
        let end = self.0.position();
        Ok(Some(vec![Piece { bytes, end }]))
    }
}

impl Weigh for Piece {
    fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn reaches(&self) -> u64 {
        self.end
    }
}
