//! Importing: bytes of a length that nobody knows yet become a whole blob.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::names::Pair;
use super::reference::{LostFiles, Reference, supersede_reference};
use super::whole::Blob;
use crate::blobs::hashes::HashFile;
use crate::blobs::limits::IMPORT_READ_BYTES;
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize};
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile};

/// Bytes on their way into the store. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Import {
    temporary: Temporary,
    content: Box<dyn DiskFile>,
    hashes: Option<Box<dyn DiskFile>>,
    len: u64,
    /// Where the bytes stay, if they are not to come into the store.
    reference: Option<(Reference, LostFiles)>,
    /// The name, once all is hashed and synced.
    sealed: Option<BlobId>,
}

/// Where it is meanwhile. Dropping it removes what is still there.
#[derive(Debug)]
struct Temporary {
    disk: Arc<dyn Disk>,
    names: Pair,
    is_left: bool,
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
        let is_left = false;
        Self {
            temporary: Temporary {
                disk,
                names,
                is_left,
            },
            content,
            hashes: None,
            len: 0,
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
            let Temporary { disk, names, .. } = &self.temporary;
            let made = disk.create_unsynced(&names.hashes);
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
        let (size, path) = (BlobSize::new(self.len)?, self.keep(id)?);
        // Not by its name: somebody may be setting back what it took the place of.
        let files = Files {
            id,
            tree: Tree::new(id, size),
            content: self.content,
            hashes: self.hashes.map(HashFile::new),
        };
        Ok(match path {
            Some(path) => Blob::of_file(files, path),
            None => Blob::new(files),
        })
    }

    /// Gives it its name; says in which file of the user its bytes stay, if they do.
    fn keep(&mut self, id: BlobId) -> Result<Option<PathBuf>> {
        let Temporary { disk, names, .. } = &self.temporary;
        let disk = disk.as_ref();
        if let Some((reference, lost)) = self.reference.take() {
            let kept = reference.keep(disk, names, &Pair::reference(id));
            kept.map_err(failed)?;
            lost.forget(id);
            return Ok(Some(reference.into_path()));
        }
        Pair::whole(id).take_over(disk, names).map_err(failed)?;
        supersede_reference(disk, id);
        Ok(None)
    }

    /// Gives it up without removing what was written: opening the store does that.
    pub fn leave(mut self) {
        self.temporary.is_left = true;
    }

    fn sync(&self) -> io::Result<()> {
        self.content.sync_data()?;
        match &self.hashes {
            Some(hashes) => hashes.sync_data(),
            None => Ok(()),
        }
    }
}

impl Drop for Temporary {
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
