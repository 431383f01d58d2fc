//! Storing a blob: bytes first, then the record that tells of them.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use swarmlet_engine::blobs::{BlobRecord, Import};
use swarmlet_engine::event::{AppId, Content, Event};
use swarmlet_engine::log::Publish;
use swarmlet_engine::{Error, Result};

use super::info::{BlobInfo, Checked};
use super::keeper::BlobKeeper;
use crate::limits::BLOB_READ_BYTES;
use crate::state::State;
use crate::writer::Writer;

/// Bytes on their way into a blob, of a length that nobody need know before. Dropping it leaves
/// nothing behind.
///
/// Its calls write to the disk and may wait for it.
#[derive(Debug)]
pub struct BlobWriter {
    import: Import,
    options: Checked,
    publisher: Publisher,
}

/// What it takes to store a blob and to publish its record. It does not keep the node open.
#[derive(Clone, Debug)]
pub(super) struct Publisher {
    pub(super) keeper: Arc<BlobKeeper>,
    pub(super) writer: Arc<Writer>,
    pub(super) state: Arc<State>,
    pub(super) app_id: AppId,
}

impl BlobWriter {
    pub(super) fn begin(options: Checked, publisher: Publisher) -> Result<Self> {
        Ok(Self {
            import: publisher.keeper.store.import()?,
            options,
            publisher,
        })
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the blob becomes too large, `disk_full`, `storage`, `closed`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.publisher.state.check_open()?;
        self.import.write(bytes)
    }

    /// Keeps the blob, durably, and publishes its record; when this returns both are on the disk.
    /// The same bytes are kept once, however often they are stored.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`, `closed`; a blob without a record may be left then.
    pub fn finish_blocking(self) -> Result<BlobInfo> {
        let Self {
            import,
            options,
            publisher,
        } = self;
        // A closed node's folder is not its own any more.
        publisher.state.check_open()?;
        let blob = import.complete()?;
        let record = BlobRecord {
            id: blob.id(),
            size: blob.size(),
            name: options.name,
            media_type: options.media_type,
            hold: options.hold,
        };
        let content = Content::new(&record.tags(&options.tags)?, &record.payload()?);
        let publish = Publish::new(publisher.app_id.clone(), vec![content.clone()])?;
        let published = publisher.writer.publish_blocking(publish)?;
        publisher.keeper.note_gained(record.id);
        let missing = || {
            Error::new(
                swarmlet_engine::ErrorKind::Internal,
                "a record has no answer",
            )
        };
        let published = published.first().ok_or_else(missing)?;
        let event = Event::new(
            published.key,
            published.timestamp,
            publisher.app_id,
            content,
        );
        BlobInfo::from_event(&event).ok_or_else(|| {
            Error::new(
                swarmlet_engine::ErrorKind::Internal,
                "a record cannot be read",
            )
        })
    }

    /// Adds all bytes of a file. One that changes meanwhile gives a blob of what was read.
    pub(super) fn copy_file(&mut self, path: &Path) -> Result<()> {
        let failed =
            |error| Error::io("cannot read the file to store", error).with("path", path.display());
        let mut file = std::fs::File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Error::invalid("only a file can be stored").with("path", path.display()));
        }
        let mut buffer = vec![0; BLOB_READ_BYTES];
        loop {
            let len = file.read(&mut buffer).map_err(failed)?;
            if len == 0 {
                return Ok(());
            }
            self.write(&buffer[..len])?;
        }
    }
}
