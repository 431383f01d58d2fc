//! Storing a blob: bytes first, then the record that tells of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use swarmlet_engine::blobs::limits::PACKED_BYTES_MAX;
use swarmlet_engine::blobs::{BlobId, BlobRecord, BlobSize, Import};
use swarmlet_engine::event::{AppId, Content, Event};
use swarmlet_engine::log::Publish;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::info::{BlobInfo, Checked};
use super::keeper::{BlobKeeper, Lease, Reserved};
use crate::limits::BLOB_READ_BYTES;
use crate::metrics::AppRecorder;
use crate::state::State;
use crate::writer::Writer;

/// Bytes on their way into a blob, of a length that nobody need know before. Dropping it leaves
/// nothing behind.
///
/// Its calls write to the disk and may wait for it.
#[derive(Debug)]
pub struct BlobWriter {
    incoming: Incoming,
    options: Checked,
    publisher: Publisher,
    room: Reserved,
}

/// Bytes that are in the store and in no blob yet.
#[derive(Debug)]
struct Incoming {
    import: Option<Import>,
    state: Arc<State>,
}

/// A whole blob that no record tells of yet.
#[derive(Debug)]
pub(super) struct Kept {
    lease: Lease,
    size: BlobSize,
}

/// What it takes to store a blob and to publish its record. It does not keep the node open.
#[derive(Clone, Debug)]
pub(super) struct Publisher {
    pub(super) keeper: Arc<BlobKeeper>,
    pub(super) writer: Arc<Writer>,
    pub(super) state: Arc<State>,
    pub(super) app_id: AppId,
    /// What is counted of the app.
    pub(super) recorder: Arc<AppRecorder>,
}

impl Incoming {
    fn import(&mut self) -> &mut Import {
        self.import.as_mut().expect(TAKEN_ONCE)
    }

    fn take(&mut self) -> Import {
        self.import.take().expect(TAKEN_ONCE)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(import) = self.import.take()
            && self.state.check_open().is_err()
        {
            // The folder may be another node's by now, which has removed this when it was opened.
            import.leave();
        }
    }
}

impl Kept {
    pub(super) fn id(&self) -> BlobId {
        self.lease.id()
    }

    pub(super) fn size(&self) -> BlobSize {
        self.size
    }

    /// Its record is published.
    pub(super) fn note_gained(&self) {
        self.lease.note_gained();
    }
}

impl Publisher {
    /// Publishes what is said of blobs, all of it or nothing, and returns the last; durable when it
    /// returns.
    pub(super) fn publish(&self, contents: Vec<Content>) -> Result<Event> {
        let nothing = || Error::new(ErrorKind::Internal, "a record has no answer");
        let last = contents.last().cloned().ok_or_else(nothing)?;
        let publish = Publish::new(self.app_id.clone(), contents)?;
        let published = self.writer.publish_blocking(publish, &self.recorder)?;
        let published = published.last().ok_or_else(nothing)?;
        let app_id = self.app_id.clone();
        Ok(Event::new(published.key, published.timestamp, app_id, last))
    }
}

impl BlobWriter {
    pub(super) fn begin(options: Checked, publisher: Publisher) -> Self {
        Self {
            incoming: Incoming {
                import: Some(publisher.keeper.store.import()),
                state: publisher.state.clone(),
            },
            options,
            room: Reserved::none(publisher.keeper.clone()),
            publisher,
        }
    }

    /// Takes all bytes of a file at once, in the place of what was written: by reference, or if
    /// its filesystem can share them. Says whether it can.
    fn take_file(&mut self, path: &Path, is_reference: bool) -> Result<bool> {
        let store = &self.publisher.keeper.store;
        let import = match is_reference {
            true => store.refer(path)?,
            false => match store.import_clone(path)? {
                Some(import) => import,
                None => return Ok(false),
            },
        };
        if !is_reference {
            self.room.grow(import.bytes())?;
        }
        *self.incoming.import() = import;
        Ok(true)
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the blob becomes too large, `disk_full`, `storage`, `closed`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.publisher.state.check_open()?;
        self.room.grow(bytes.len() as u64)?;
        self.incoming.import().write(bytes)
    }

    /// Keeps the blob, durably, and publishes its record; when this returns both are on the disk.
    /// The same bytes are kept once, however often they are stored.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`, `closed`; a blob without a record may be left then.
    pub fn finish_blocking(self) -> Result<BlobInfo> {
        let (options, publisher) = (self.options.clone(), self.publisher.clone());
        let kept = self.keep()?;
        let record = BlobRecord {
            id: kept.id(),
            size: kept.size(),
            name: options.name,
            media_type: options.media_type,
            hold: options.hold,
            keep: options.keep,
            of: None,
        };
        let content = Content::new(&record.tags(&options.tags)?, &record.payload()?);
        let event = publisher.publish(vec![content])?;
        kept.note_gained();
        BlobInfo::of_own(&event)
    }

    /// Keeps the blob, durably, without a record: as long as what is returned is there nothing
    /// removes it.
    fn keep(self) -> Result<Kept> {
        let kept = Self::keep_all(vec![self])?.pop();
        kept.ok_or_else(|| Error::new(ErrorKind::Internal, "a blob was not kept"))
    }

    /// As [`BlobWriter::keep`], several at once: the small ones share a sync.
    pub(super) fn keep_all(mut writers: Vec<Self>) -> Result<Vec<Kept>> {
        let Some(first) = writers.first() else {
            return Ok(Vec::new());
        };
        let Publisher { keeper, state, .. } = first.publisher.clone();
        state.check_open()?;
        let imports = writers.iter_mut().map(|writer| writer.incoming.import());
        let ids: Vec<BlobId> = imports.map(Import::seal).collect::<Result<_>>()?;
        let _nothing_is_removed = keeper.hold_removal();
        // A closed node's folder is not its own any more.
        state.check_open()?;
        let measured = ids.iter().map(|id| Ok((*id, keeper.store.bytes_of(*id)?)));
        let mut measured: BTreeMap<BlobId, u64> = measured.collect::<Result<_>>()?;
        let imports = writers.iter_mut().map(|writer| writer.incoming.take());
        let blobs = keeper.store.complete_imports(imports.collect())?;
        let mut kept = Vec::new();
        for (writer, blob) in writers.into_iter().zip(blobs) {
            let (id, size) = (blob.id(), blob.size());
            let bytes = keeper.store.bytes_of(id)?;
            let before = measured.insert(id, bytes).unwrap_or(0);
            writer.room.keep(bytes.saturating_sub(before));
            let lease = keeper.lease(id);
            kept.push(Kept { lease, size });
        }
        Ok(kept)
    }

    /// Says what blob it is: nothing can be added any more.
    pub(super) fn seal(&mut self) -> Result<(BlobId, BlobSize)> {
        let import = self.incoming.import();
        Ok((import.seal()?, BlobSize::new(import.bytes())?))
    }

    /// Whether it has so few bytes that others share its sync.
    pub(super) fn is_small(&mut self) -> bool {
        self.incoming.import().bytes() <= PACKED_BYTES_MAX
    }
}

/// A file on its way into a blob, step by step, so that it can be given up and others have their
/// turn. Dropping it leaves nothing behind.
#[derive(Debug)]
pub(super) struct FileCopy {
    file: File,
    path: PathBuf,
    writer: BlobWriter,
    /// Empty once all was copied, or need not be.
    buffer: Vec<u8>,
    is_complete: bool,
    /// What the file was when this began, if its bytes stay there.
    referred: Option<Stamp>,
}

/// By what it is noticed that somebody writes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let found = file.metadata()?;
        Ok(Self {
            bytes: found.len(),
            changed: found.modified().ok(),
        })
    }
}

impl FileCopy {
    /// Opens what is to be copied, or stays where it is.
    pub(super) fn open(path: &Path) -> Result<File> {
        let failed = |error| cannot_read(path, error);
        // Before it is opened: what is no file may wait for somebody at its other end.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Error::invalid("only a file can be stored").with("path", path.display()));
        }
        File::open(path).map_err(failed)
    }

    /// Where it can be cloned, or stays, there is nothing to copy.
    pub(super) fn new(file: File, path: &Path, mut writer: BlobWriter) -> Result<Self> {
        let failed = |error| cannot_read(path, error);
        let path = std::path::absolute(path).map_err(failed)?;
        let is_reference = writer.options.is_reference;
        let referred = is_reference.then(|| Stamp::of(&file)).transpose();
        let referred = referred.map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        // A small one is copied into a file that it shares with others.
        let may_be_taken = is_reference || bytes > PACKED_BYTES_MAX;
        let buffer = match may_be_taken && writer.take_file(&path, is_reference)? {
            true => Vec::new(),
            false => vec![0; buffer_bytes(bytes)],
        };
        Ok(Self {
            file,
            path,
            writer,
            buffer,
            is_complete: false,
            referred,
        })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Copies some bytes, or hashes and syncs all of them. A file that changes while it is copied
    /// gives a blob of what was read; one whose bytes are to stay there must not change.
    pub(super) fn step(mut self) -> Result<Self> {
        if self.buffer.is_empty() {
            self.writer.incoming.import().seal()?;
            self.check_unchanged()?;
            self.is_complete = true;
            return Ok(self);
        }
        let len = read_some(&mut self.file, &mut self.buffer);
        let len = len.map_err(|error| cannot_read(&self.path, error))?;
        self.writer.write(&self.buffer[..len])?;
        if len == 0 {
            self.buffer = Vec::new();
        }
        Ok(self)
    }

    fn check_unchanged(&self) -> Result<()> {
        let Some(before) = self.referred else {
            return Ok(());
        };
        // By its name: it may be another one by now.
        let now = File::open(&self.path).and_then(|file| Stamp::of(&file));
        match now.map_err(|error| cannot_read(&self.path, error))? == before {
            true => Ok(()),
            false => Err(
                Error::invalid("a file changed while it was stored by reference")
                    .with("path", self.path.display()),
            ),
        }
    }

    /// What was copied, to be kept without a record.
    pub(super) fn into_writer(self) -> BlobWriter {
        self.writer
    }

    /// Makes the blob of what was copied.
    pub(super) fn finish(self) -> Result<BlobInfo> {
        self.writer.finish_blocking()
    }
}

/// The buffer for a file that is said to have so many bytes, which is not true of all files: one
/// read takes a small one, and the next sees its end.
fn buffer_bytes(bytes: u64) -> usize {
    let bytes = bytes.saturating_add(1).max(PACKED_BYTES_MAX);
    usize::try_from(bytes).map_or(BLOB_READ_BYTES, |bytes| bytes.min(BLOB_READ_BYTES))
}

/// One read, again if a signal has interrupted it.
fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn cannot_read(path: &Path, error: io::Error) -> Error {
    Error::io("cannot read the file to store", error).with("path", path.display())
}

/// Only what ends a writer takes it.
const TAKEN_ONCE: &str = "the import is taken when the writer ends";

#[cfg(test)]
mod tests {
    use super::*;

    /// What is hit by a signal at every other read.
    struct Interrupted<'a> {
        bytes: &'a [u8],
        is_hit: bool,
    }

    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.is_hit = !self.is_hit;
            if self.is_hit {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.bytes.read(buffer)
        }
    }

    #[test]
    fn a_signal_does_not_end_the_reading_of_a_file() {
        let mut source = Interrupted {
            bytes: b"film",
            is_hit: false,
        };
        let mut buffer = [0; 3];
        assert_eq!(read_some(&mut source, &mut buffer).unwrap(), 3);
        assert_eq!(&buffer, b"fil");
        assert_eq!(read_some(&mut source, &mut buffer).unwrap(), 1);
        assert_eq!(read_some(&mut source, &mut buffer).unwrap(), 0);
    }
}
