//! Blobs: storing them, reading them a piece at a time, and what is known of them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::arguments::{byte_limit, number, time_limit};
use crate::blob_values::{
    BlobExtent, BlobPresence, BlobReport, BlobRoom, BlobSaid, GivenBlob, ListedFile, StoredBlob,
    WrittenFolder, byte_range,
};
use crate::call::{answered, awaited};
use crate::failure::Result;

/// The blobs of a node.
#[derive(uniffi::Object)]
pub(crate) struct Blobs(swarmlet_facade::Blobs);

/// Takes bytes into a blob. Freed before it is finished, it leaves nothing behind.
#[derive(uniffi::Object)]
pub(crate) struct BlobWriter(swarmlet_facade::BlobWriter);

/// Some bytes of a blob, to be read once. Freed, it gives up what is not here yet.
#[derive(uniffi::Object)]
pub(crate) struct BlobReader(swarmlet_facade::BlobReader);

/// The records that are here. Freed, it ends.
#[derive(uniffi::Object)]
pub(crate) struct BlobList(swarmlet_facade::BlobInfos);

/// What records and deletions say, as they come. Freed, it ends.
#[derive(uniffi::Object)]
pub(crate) struct BlobChanges(swarmlet_facade::BlobSayings);

/// How much of a blob is here, each time that changes. Freed, it ends.
#[derive(uniffi::Object)]
pub(crate) struct BlobStates(swarmlet_facade::BlobStates);

impl Blobs {
    pub(crate) fn new(blobs: swarmlet_facade::Blobs) -> Self {
        Self(blobs)
    }
}

#[uniffi::export]
impl Blobs {
    /// Begins a blob of bytes that come chunk by chunk.
    pub(crate) async fn writer(&self, given: GivenBlob) -> Result<Arc<BlobWriter>> {
        let options = given.into_options()?;
        let writer = answered(|completion| self.0.writer(options, completion)).await?;
        Ok(Arc::new(BlobWriter(writer)))
    }

    /// Stores the bytes of a file. Dropping the wait gives the call up, and leaves nothing.
    pub(crate) async fn put_file(&self, path: String, given: GivenBlob) -> Result<StoredBlob> {
        let options = given.into_options()?;
        let path = PathBuf::from(path);
        let stored = awaited(|completion| self.0.put_file(path, options, completion)).await?;
        Ok(stored.into())
    }

    /// Stores the files of a folder.
    pub(crate) async fn put_folder(&self, path: String, given: GivenBlob) -> Result<StoredBlob> {
        let options = given.into_options()?;
        let path = PathBuf::from(path);
        let stored = awaited(|completion| self.0.put_folder(path, options, completion)).await?;
        Ok(stored.into())
    }

    /// The files of a collection. Dropping the wait gives it up.
    pub(crate) async fn collection(
        &self,
        id: String,
        timeout_micros: Option<i64>,
    ) -> Result<Vec<ListedFile>> {
        let timeout = time_limit(timeout_micros);
        let files = awaited(|completion| self.0.collection(&id, timeout, completion)).await?;
        Ok(files.into_iter().map(Into::into).collect())
    }

    /// Writes the files of a collection below a folder. Dropping the wait gives it up.
    pub(crate) async fn save_folder(
        &self,
        id: String,
        path: String,
        timeout_micros: Option<i64>,
    ) -> Result<WrittenFolder> {
        let timeout = time_limit(timeout_micros);
        let path = PathBuf::from(path);
        let saved = awaited(|completion| self.0.save_folder(&id, path, timeout, completion));
        Ok(saved.await?.into())
    }

    /// Bytes of a blob; nothing is read or fetched before somebody looks.
    pub(crate) fn reader(
        &self,
        id: String,
        start: i64,
        end: Option<i64>,
    ) -> Result<Arc<BlobReader>> {
        let (start, end) = byte_range(start, end)?;
        Ok(Arc::new(BlobReader(self.0.get(&id, start, end)?)))
    }

    /// How much of a blob is here.
    pub(crate) async fn state(&self, id: String) -> Result<BlobPresence> {
        let state = answered(|completion| self.0.state(id, completion)).await?;
        Ok(state.into())
    }

    /// How much of a blob is here, now and each time that changes.
    pub(crate) fn watch(&self, id: String) -> Result<Arc<BlobStates>> {
        Ok(Arc::new(BlobStates(self.0.watch(&id)?)))
    }

    /// All that is known of a blob.
    pub(crate) async fn stat(&self, id: String) -> Result<BlobReport> {
        let stat = answered(|completion| self.0.stat(id, completion)).await?;
        Ok(stat.into())
    }

    /// How much of this device blobs take.
    pub(crate) async fn usage(&self) -> Result<BlobRoom> {
        let usage = answered(|completion| self.0.usage(completion)).await?;
        Ok(usage.into())
    }

    /// The records that are here.
    pub(crate) fn list(&self) -> Result<Arc<BlobList>> {
        Ok(Arc::new(BlobList(self.0.list()?)))
    }

    /// The records that are here and those that come, and which were taken back.
    pub(crate) fn changes(&self) -> Result<Arc<BlobChanges>> {
        Ok(Arc::new(BlobChanges(self.0.changes()?)))
    }

    /// Takes the records of a blob back; says how many others keep it.
    pub(crate) async fn delete(&self, id: String) -> Result<i64> {
        let others = answered(|completion| self.0.delete(id, completion)).await?;
        Ok(number(others))
    }

    /// Keeps a blob on this device.
    pub(crate) async fn pin(&self, id: String) -> Result<()> {
        answered(|completion| self.0.pin(id, completion)).await
    }

    /// Takes that back.
    pub(crate) async fn unpin(&self, id: String) -> Result<()> {
        answered(|completion| self.0.unpin(id, completion)).await
    }

    /// The blobs that are pinned on this device.
    pub(crate) async fn pinned(&self) -> Result<Vec<String>> {
        let pinned = answered(|completion| self.0.pinned(completion)).await?;
        Ok(pinned.iter().map(ToString::to_string).collect())
    }
}

#[uniffi::export]
impl BlobWriter {
    /// Adds bytes in memory. Once it says true, flush and wait for that before more is added.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> Result<bool> {
        Ok(self.0.write(&bytes)?)
    }

    /// Writes what was added.
    pub(crate) async fn flush(&self) -> Result<()> {
        answered(|completion| self.0.flush(completion)).await
    }

    /// Keeps the blob and publishes its record.
    pub(crate) async fn finish(&self) -> Result<StoredBlob> {
        let stored = answered(|completion| self.0.finish(completion)).await?;
        Ok(stored.into())
    }
}

#[uniffi::export]
impl BlobReader {
    /// Waits until there is a piece to take (true) or none will come any more (false). Takes
    /// nothing.
    pub(crate) async fn ready(&self) -> Result<bool> {
        Ok(self.0.pieces().ready().await?)
    }

    /// The next piece, of at most 64 KiB, if it is there. Never waits.
    pub(crate) fn take(&self) -> Result<Option<Vec<u8>>> {
        let piece = self.0.pieces().take_one()?;
        Ok(piece.map(|piece| piece.bytes.into()))
    }

    /// All of the bytes at once. Dropping the wait gives the call up.
    pub(crate) async fn read(
        &self,
        bytes_max: i64,
        timeout_micros: Option<i64>,
    ) -> Result<Vec<u8>> {
        let bytes_max = byte_limit("read", bytes_max)?;
        let timeout = time_limit(timeout_micros);
        awaited(|completion| self.0.read(bytes_max, timeout, completion)).await
    }

    /// Writes all of the bytes to a file. Dropping the wait gives the call up.
    pub(crate) async fn save(&self, path: String, timeout_micros: Option<i64>) -> Result<()> {
        let (path, timeout) = (PathBuf::from(path), time_limit(timeout_micros));
        awaited(|completion| self.0.save(path, timeout, completion)).await
    }

    /// How much of the blob is here.
    pub(crate) async fn progress(&self) -> Result<BlobExtent> {
        let progress = answered(|completion| self.0.progress(completion)).await?;
        Ok(progress.into())
    }
}

#[uniffi::export]
impl BlobList {
    /// Waits until there is something to take (true) or nothing will come any more (false).
    pub(crate) async fn ready(&self) -> Result<bool> {
        Ok(self.0.ready().await?)
    }

    /// A chunk of what is there. Never waits.
    pub(crate) fn take(&self) -> Result<Vec<StoredBlob>> {
        let infos = self.0.take(CHUNK_RECORDS)?;
        Ok(infos.into_iter().map(Into::into).collect())
    }
}

#[uniffi::export]
impl BlobChanges {
    /// Waits until there is something to take (true) or nothing will come any more (false).
    pub(crate) async fn ready(&self) -> Result<bool> {
        Ok(self.0.ready().await?)
    }

    /// A chunk of what is there. Never waits.
    pub(crate) fn take(&self) -> Result<Vec<BlobSaid>> {
        let changes = self.0.take(CHUNK_RECORDS)?;
        Ok(changes.into_iter().map(Into::into).collect())
    }
}

#[uniffi::export]
impl BlobStates {
    /// Waits until there is something to take (true) or nothing will come any more (false).
    pub(crate) async fn ready(&self) -> Result<bool> {
        Ok(self.0.ready().await?)
    }

    /// The next state if it is there. Never waits.
    pub(crate) fn take(&self) -> Result<Option<BlobPresence>> {
        Ok(self.0.take_one()?.map(Into::into))
    }
}

/// Records that cross at once: more gain nothing, and make others wait.
const CHUNK_RECORDS: usize = 256;
