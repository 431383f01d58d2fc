//! Importing: bytes of a length that nobody knows yet become a whole blob.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::files::Files;
use super::names::Pair;
use super::reference::{LostFiles, Reference, supersede_reference};
use super::whole::Blob;
use crate::blobs::limits::IMPORT_READ_BYTES;
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize};
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile};

/// Bytes on their way into the store. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Import {
    disk: Arc<dyn Disk>,
    content: Box<dyn DiskFile>,
    hashes: Option<Box<dyn DiskFile>>,
    names: Pair,
    len: u64,
    is_left: bool,
    /// Where the bytes stay, if they are not to come into the store.
    reference: Option<(Reference, LostFiles)>,
    /// The name, once all is hashed and synced.
    sealed: Option<BlobId>,
}

impl Import {
    pub(super) fn begin(disk: Arc<dyn Disk>, names: Pair) -> Result<Self> {
        let content = disk.create_unsynced(&names.content).map_err(failed)?;
        Ok(Self::of(disk, names, content))
    }

    /// Of all bytes of a file of the user, if it can be cloned.
    pub(super) fn clone(disk: Arc<dyn Disk>, names: Pair, of: &Path) -> Result<Option<Self>> {
        let cloned = disk.create_clone(&names.content, of);
        let cloned = cloned.map_err(|error| failed(error).with("path", of.display()))?;
        let Some(content) = cloned else {
            return Ok(None);
        };
        let mut import = Self::of(disk, names, content);
        let size = BlobSize::new(import.content.len().map_err(failed)?)?;
        import.len = size.get();
        Ok(Some(import))
    }

    /// Of a file of the user in which the bytes stay.
    pub(super) fn refer(
        disk: Arc<dyn Disk>,
        names: Pair,
        to: &Path,
        lost: LostFiles,
    ) -> Result<Self> {
        let opened = disk
            .open_outside(to)
            .and_then(|file| Ok((file.len()?, file)));
        let (len, file) = opened.map_err(|error| failed(error).with("path", to.display()))?;
        let reference = Reference::new(to, BlobSize::new(len)?)?;
        let mut import = Self::of(disk, names, file);
        import.len = len;
        import.reference = Some((reference, lost));
        Ok(import)
    }

    fn of(disk: Arc<dyn Disk>, names: Pair, content: Box<dyn DiskFile>) -> Self {
        Self {
            disk,
            content,
            hashes: None,
            names,
            len: 0,
            is_left: false,
            reference: None,
            sealed: None,
        }
    }

    /// How many bytes were written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.len
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the blob becomes too large, `disk_full`, `storage`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sealed = None;
        let size = BlobSize::new(self.len.saturating_add(bytes.len() as u64))?;
        self.content.write_at(bytes, self.len).map_err(failed)?;
        self.len = size.get();
        Ok(())
    }

    /// Hashes and syncs what was written, which may take a while; completing it takes none then.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`.
    pub fn seal(&mut self) -> Result<BlobId> {
        if let Some(id) = self.sealed {
            return Ok(id);
        }
        let size = BlobSize::new(self.len)?;
        if Tree::has_hashes(size) && self.hashes.is_none() {
            let made = self.disk.create_unsynced(&self.names.hashes);
            self.hashes = Some(made.map_err(failed)?);
        }
        let content = Sequential {
            file: self.content.as_ref(),
            at: 0,
        };
        let content = io::BufReader::with_capacity(IMPORT_READ_BYTES, content);
        let id = Tree::hash(content, size, self.hashes.as_deref()).map_err(failed)?;
        self.sync().map_err(failed)?;
        self.sealed = Some(id);
        Ok(id)
    }

    /// Keeps what was written, durably, under the name that it has by its content. If the blob was
    /// here already, it takes its place: that one may not be durable, or not be what it was.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`; nothing is kept then.
    pub fn complete(mut self) -> Result<Blob> {
        let id = self.seal()?;
        let disk = self.disk.as_ref();
        if let Some((reference, lost)) = self.reference.take() {
            let kept = reference.keep(disk, &self.names, &Pair::reference(id));
            kept.map_err(failed)?;
            lost.forget(id);
            return reference.open(disk, id);
        }
        let names = Pair::whole(id);
        names.take_over(disk, &self.names).map_err(failed)?;
        supersede_reference(disk, id);
        let kept = Files::open(disk, id, &names)?;
        let kept = kept.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        Ok(Blob::new(kept))
    }

    /// Gives it up without removing what was written: opening the store does that.
    pub fn leave(mut self) {
        self.is_left = true;
    }

    fn sync(&self) -> io::Result<()> {
        self.content.sync_data()?;
        match &self.hashes {
            Some(hashes) => hashes.sync_data(),
            None => Ok(()),
        }
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        if !self.is_left {
            // What was kept has another name; what stays is removed when the store is opened.
            let _ = self.names.remove(self.disk.as_ref());
        }
    }
}

fn failed(error: io::Error) -> Error {
    Error::io("cannot import a blob", error)
}

/// A file read from its beginning to its end.
struct Sequential<'a> {
    file: &'a dyn DiskFile,
    at: u64,
}

impl Read for Sequential<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.file.read_at(buffer, self.at)?;
        self.at += len as u64;
        Ok(len)
    }
}
