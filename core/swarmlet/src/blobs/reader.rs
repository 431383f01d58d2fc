//! Reading a blob: piece after piece, each checked against the id, fetched where it is not here.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use swarmlet_engine::blobs::limits::PIECE_BYTES;
use swarmlet_engine::blobs::{Blob, BlobId};
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::watch;

use super::keeper::{BlobKeeper, Here, Wait};
use super::saving::Saving;
use super::worker::{Job, is_damage};
use crate::clock::Stopwatch;
use crate::park::block_on_for;
use crate::state::State;

/// The bytes of a blob, as they are asked for. Dropping it gives up what is not here yet; what came
/// is kept.
#[derive(Debug)]
pub struct BlobReader {
    source: Arc<Source>,
    /// The bytes that are still to be read; the end is `u64::MAX` while the size is not known.
    range: Range<u64>,
    moved: watch::Receiver<()>,
}

/// How much of a blob is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobProgress {
    /// Its length in bytes, once that is known.
    pub size: Option<u64>,
    /// About how many bytes of it are here.
    pub here: u64,
}

/// Where the bytes come from.
#[derive(Debug)]
struct Source {
    keeper: Arc<BlobKeeper>,
    state: Arc<State>,
    id: BlobId,
    whole: Mutex<Option<Arc<Blob>>>,
    wait: Mutex<Option<Wait>>,
}

impl BlobReader {
    pub(super) fn new(
        keeper: Arc<BlobKeeper>,
        state: Arc<State>,
        id: BlobId,
        range: Range<u64>,
    ) -> Self {
        keeper.note_use(id);
        let moved = keeper.moves.watch();
        let source = Source {
            keeper,
            state,
            id,
            whole: Mutex::default(),
            wait: Mutex::default(),
        };
        Self {
            source: Arc::new(source),
            range,
            moved,
        }
    }

    /// The id of the blob.
    #[must_use]
    pub fn id(&self) -> BlobId {
        self.source.id
    }

    /// Where in the blob the next bytes are.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.range.start
    }

    /// How much of the blob is here.
    ///
    /// # Errors
    ///
    /// `storage`, `closed`.
    pub fn progress(&self) -> Result<BlobProgress> {
        self.source.state.check_open()?;
        Ok(match self.source.keeper.here(self.source.id)? {
            Here::Nothing => BlobProgress::default(),
            Here::All(size) => BlobProgress {
                size: Some(size.get()),
                here: size.get(),
            },
            Here::Part { size, missing } => BlobProgress {
                size: Some(size.get()),
                here: size.get().saturating_sub(u64::from(missing) * PIECE_BYTES),
            },
        })
    }

    /// Waits for the next bytes, at most 64 KiB; nothing at the end. Cancel-safe: a dropped future
    /// has consumed nothing, and what is fetched goes on being fetched.
    ///
    /// Bytes that are not here are fetched from whoever is connected and has them, those asked for
    /// first before others; while nobody has, this waits.
    ///
    /// # Errors
    ///
    /// `not_found` if they are not here and this node is in no swarm; `corrupt` if they have
    /// changed on the disk, `disk_full` if there is no room for them (the call can be repeated;
    /// they are fetched all the time); `storage`, `closed`.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            let (source, range) = (self.source.clone(), self.range.clone());
            self.moved.mark_unchanged();
            let read = tokio::task::spawn_blocking(move || source.read(range)).await;
            let read = read.unwrap_or_else(|error| Err(cut_off(&error)));
            if let Some(bytes) = read? {
                return Ok(self.taken(bytes));
            }
            // The keeper is borrowed with self.
            let _ = self.moved.changed().await;
        }
    }

    /// As [`BlobReader::next_chunk`], for callers without a runtime; `timeout` if it takes longer
    /// than that, and nothing is lost.
    ///
    /// # Errors
    ///
    /// As [`BlobReader::next_chunk`].
    pub fn next_chunk_blocking(&mut self, timeout: Option<Duration>) -> Result<Option<Bytes>> {
        let waited = Stopwatch::start();
        loop {
            self.moved.mark_unchanged();
            if let Some(bytes) = self.source.read(self.range.clone())? {
                return Ok(self.taken(bytes));
            }
            let changed = block_on_for(self.moved.changed(), left(timeout, &waited));
            if changed.is_none() {
                let message = "the bytes of a blob did not come in time";
                return Err(Error::new(ErrorKind::Timeout, message).with("blob", self.id()));
            }
        }
    }

    /// Reads the rest into memory; refused if that is more than `bytes_max`. If it fails, or the
    /// future is dropped, nothing was consumed: repeated, it gives all of the rest.
    ///
    /// # Errors
    ///
    /// As [`BlobReader::next_chunk`], and `invalid_argument` beyond the bound.
    pub async fn read_all(&mut self, bytes_max: usize) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        let mut rest = Rest::of(self);
        while let Some(bytes) = rest.reader.next_chunk().await? {
            append(&mut all, &bytes, bytes_max, rest.reader.id())?;
        }
        rest.is_done = true;
        Ok(all)
    }

    /// As [`BlobReader::read_all`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`BlobReader::read_all`]; `timeout` if it takes longer than that.
    pub fn read_all_blocking(
        &mut self,
        bytes_max: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<u8>> {
        let waited = Stopwatch::start();
        let mut all = Vec::new();
        let mut rest = Rest::of(self);
        while let Some(bytes) = rest.reader.next_chunk_blocking(left(timeout, &waited))? {
            append(&mut all, &bytes, bytes_max, rest.reader.id())?;
        }
        rest.is_done = true;
        Ok(all)
    }

    /// Writes the rest to a file, which appears under its name when all of it is there and synced;
    /// one that was there is replaced. If it fails, or the future is dropped, nothing is left and
    /// nothing was consumed. What a dropped future was doing on the disk is finished in the
    /// background: what was written is gone soon after, unless it was just getting its name.
    ///
    /// # Errors
    ///
    /// As [`BlobReader::next_chunk`], and those of the file.
    pub async fn save(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let (source, range) = (self.source.clone(), self.range.clone());
        let path = path.as_ref().to_owned();
        let mut rest = Rest::of(self);
        let begin = move || source.begin_saving(&range, &path);
        let (mut file, saved) = in_background(begin).await?;
        rest.reader.range.start += saved;
        while let Some(bytes) = rest.reader.next_chunk().await? {
            file = in_background(move || {
                file.write(&bytes)?;
                Ok(file)
            })
            .await?;
        }
        in_background(move || file.complete()).await?;
        rest.is_done = true;
        Ok(())
    }

    /// As [`BlobReader::save`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`BlobReader::save`]; `timeout` if it takes longer than that.
    pub fn save_blocking(
        &mut self,
        path: impl AsRef<Path>,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let waited = Stopwatch::start();
        let mut rest = Rest::of(self);
        let reader = &mut rest.reader;
        let (mut file, saved) = reader.source.begin_saving(&reader.range, path.as_ref())?;
        reader.range.start += saved;
        while let Some(bytes) = rest.reader.next_chunk_blocking(left(timeout, &waited))? {
            file.write(&bytes)?;
        }
        file.complete()?;
        rest.is_done = true;
        Ok(())
    }

    /// Goes on behind `bytes`; there are none at the end only.
    fn taken(&mut self, bytes: Bytes) -> Option<Bytes> {
        self.range.start += bytes.len() as u64;
        (!bytes.is_empty()).then_some(bytes)
    }
}

/// The rest of a blob, which is consumed whole or not at all.
struct Rest<'a> {
    reader: &'a mut BlobReader,
    start: u64,
    is_done: bool,
}

impl<'a> Rest<'a> {
    fn of(reader: &'a mut BlobReader) -> Self {
        let start = reader.range.start;
        let is_done = false;
        Self {
            reader,
            start,
            is_done,
        }
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.reader.range.start = self.start;
        }
    }
}

impl Source {
    /// The first bytes of `range`, up to the end of their piece: none at the end, and nothing if
    /// they are not here yet.
    fn read(&self, range: Range<u64>) -> Result<Option<Bytes>> {
        self.state.check_open()?;
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        if let Some(part) = self.keeper.part(self.id)
            && let Some(bytes) = part.read_range(&range)?
        {
            return Ok(Some(bytes.into()));
        }
        if let Some(bytes) = self.read_whole(&range)? {
            return Ok(Some(bytes));
        }
        if !self.keeper.is_expected() {
            let message = "the blob is not on this device, and there is nobody to fetch it from";
            return Err(Error::new(ErrorKind::NotFound, message).with("blob", self.id));
        }
        if let Some(failure) = self.keeper.take_failure(self.id) {
            // The next call wants it anew.
            *locked(&self.wait) = None;
            return Err(failure);
        }
        self.want(range);
        Ok(None)
    }

    /// The blob, if all of it is here; where it is stored by reference, in a file that is not what
    /// it was any more, that is told once.
    fn whole(&self) -> Result<Option<Arc<Blob>>> {
        let mut whole = locked(&self.whole);
        if whole.is_none() {
            *whole = self.keeper.store.expect_blob(self.id)?.map(Arc::new);
        }
        Ok(whole.clone())
    }

    fn read_whole(&self, range: &Range<u64>) -> Result<Option<Bytes>> {
        let read = match self.whole() {
            Ok(None) => return Ok(None),
            Ok(Some(whole)) => whole.read_range(range),
            Err(error) if error.kind() == ErrorKind::Corrupt => Err(error),
            // It may be sound: perhaps too many files are open.
            Err(error) => return Err(error),
        };
        if read.as_ref().is_err_and(is_damage) && self.keeper.is_expected() {
            let set_back = self.keeper.store.set_back(self.id);
            // Its files may have other names also after an error.
            self.keeper.ask(Job::Damaged(self.id));
            *locked(&self.whole) = None;
            *locked(&self.wait) = None;
            set_back?;
        }
        read.map(|bytes| Some(Bytes::from(bytes)))
    }

    /// Begins to save what lies in `range`; says how many bytes are saved already, all or none.
    fn begin_saving(&self, range: &Range<u64>, path: &Path) -> Result<(Saving, u64)> {
        self.state.check_open()?;
        if range.start == 0
            && let Ok(Some(whole)) = self.whole()
            && range.end >= whole.size().get()
            && let Some(cloned) = Saving::clone(path, &whole)?
        {
            return Ok((cloned, whole.size().get()));
        }
        Ok((Saving::begin(path)?, 0))
    }

    /// Has the bytes fetched, if that was not asked for already.
    fn want(&self, range: Range<u64>) {
        let mut wait = locked(&self.wait);
        if wait.is_none() {
            *wait = Some(self.keeper.want(self.id, range));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left of a limit of time.
fn left(timeout: Option<Duration>, waited: &Stopwatch) -> Option<Duration> {
    timeout.map(|timeout| timeout.saturating_sub(waited.elapsed()))
}

fn append(all: &mut Vec<u8>, bytes: &[u8], bytes_max: usize, id: BlobId) -> Result<()> {
    if all.len().saturating_add(bytes.len()) > bytes_max {
        return Err(Error::invalid("a blob is larger than may be read at once")
            .with("blob", id)
            .with("bytes at most", bytes_max));
    }
    all.extend_from_slice(bytes);
    Ok(())
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(cut_off(&error)))
}

fn cut_off(error: &tokio::task::JoinError) -> Error {
    let kind = match error.is_cancelled() {
        true => ErrorKind::Closed,
        false => ErrorKind::Internal,
    };
    Error::new(kind, "reading a blob was cut off").because(error.to_string())
}
