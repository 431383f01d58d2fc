//! Importing: bytes of a length that nobody knows yet become a whole blob.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::names::Pair;
use super::pack::{MemoryFile, Packs};
use super::reference::{LostFiles, Reference};
use super::shelves::Shelves;
use super::whole::Blob;
use crate::blobs::hashes::HashFile;
use crate::blobs::limits::{IMPORT_READ_BYTES, PACKED_BYTES_MAX};
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize};
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile};

/// Bytes on their way into the store. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Import {
    shelves: Shelves,
    temporary: Temporary,
    content: Content,
    hashes: Option<Box<dyn DiskFile>>,
    len: u64,
    /// Where the bytes stay, if they are not to come into the store.
    reference: Option<(Reference, LostFiles)>,
    /// The name, once all is hashed and synced.
    sealed: Option<BlobId>,
}

/// What was written.
#[derive(Debug)]
enum Content {
    /// So few bytes that they go into a pack.
    Small(Vec<u8>),
    /// All others.
    File(Box<dyn DiskFile>),
}

/// Where it is meanwhile. Dropping it removes what is still there.
#[derive(Debug)]
struct Temporary {
    disk: Arc<dyn Disk>,
    names: Pair,
    /// Whether there may be files with these names that are to be removed.
    is_made: bool,
}

impl Import {
    /// Nothing yet. A file with these names is made when there are too many bytes for a pack.
    pub(super) fn begin(shelves: Shelves, names: Pair) -> Self {
        Self::of(shelves, names, Content::Small(Vec::new()))
    }

    /// Of all bytes of a file of the user, if it can be cloned and is worth a file of its own.
    pub(super) fn clone(shelves: Shelves, names: Pair, of: &Path) -> Result<Option<Self>> {
        let disk = shelves.disk.as_ref();
        let failed = |error| failed(error).with("path", of.display());
        let len = disk.open_outside(of).and_then(|file| file.len());
        if len.map_err(failed)? <= PACKED_BYTES_MAX {
            return Ok(None);
        }
        let cloned = disk.create_clone(&names.content, of).map_err(failed)?;
        let Some(content) = cloned else {
            return Ok(None);
        };
        let size = BlobSize::new(content.len().map_err(failed)?);
        let mut import = Self::of(shelves, names, Content::File(content));
        import.len = size?.get();
        Ok(Some(import))
    }

    /// Of a file of the user in which the bytes stay.
    pub(super) fn refer(
        shelves: Shelves,
        names: Pair,
        (to, lost): (&Path, LostFiles),
    ) -> Result<Self> {
        let opened = shelves
            .disk
            .open_outside(to)
            .and_then(|file| Ok((file.len()?, file)));
        let (len, file) = opened.map_err(|error| failed(error).with("path", to.display()))?;
        let reference = Reference::new(to, BlobSize::new(len)?)?;
        let mut import = Self::of(shelves, names, Content::File(file));
        import.len = len;
        import.reference = Some((reference, lost));
        Ok(import)
    }

    fn of(shelves: Shelves, names: Pair, content: Content) -> Self {
        let is_made = matches!(content, Content::File(_));
        Self {
            temporary: Temporary {
                disk: shelves.disk.clone(),
                names,
                is_made,
            },
            shelves,
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
        match &mut self.content {
            Content::Small(kept) if size.get() <= PACKED_BYTES_MAX => kept.extend_from_slice(bytes),
            Content::Small(kept) => {
                let file = self.temporary.file_with(&[kept, bytes]).map_err(failed)?;
                self.content = Content::File(file);
            }
            Content::File(file) => file.write_at(bytes, self.len).map_err(failed)?,
        }
        self.len = size.get();
        Ok(())
    }

    /// Hashes and syncs what was written, which may take a while; completing it takes none then. A
    /// small blob is synced when it is completed, with others that are.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`.
    pub fn seal(&mut self) -> Result<BlobId> {
        if let Some(id) = self.sealed {
            return Ok(id);
        }
        let id = match &self.content {
            Content::Small(bytes) => BlobId::of(bytes),
            Content::File(file) => {
                let size = BlobSize::new(self.len)?;
                if Tree::has_hashes(size) && self.hashes.is_none() {
                    let Temporary { disk, names, .. } = &self.temporary;
                    let made = disk.create_unsynced(&names.hashes);
                    self.hashes = Some(made.map_err(failed)?);
                }
                let content = Sequential {
                    file: file.as_ref(),
                    at: 0,
                };
                let content = io::BufReader::with_capacity(IMPORT_READ_BYTES, content);
                let id = Tree::hash(content, size, self.hashes.as_deref()).map_err(failed)?;
                self.sync(file.as_ref()).map_err(failed)?;
                id
            }
        };
        self.sealed = Some(id);
        Ok(id)
    }

    /// Keeps what was written, durably, under the name that it has by its content. If the blob was
    /// here already, it takes its place: that one may not be durable, or not be what it was.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`; nothing is kept then.
    pub fn complete(self) -> Result<Blob> {
        let packs = self.shelves.packs.clone();
        let blob = Self::complete_all(&packs, vec![self])?.pop();
        Ok(blob.expect("of each import comes a blob"))
    }

    /// Keeps several, as [`Import::complete`] does one; small ones share a sync.
    pub(super) fn complete_all(packs: &Packs, mut imports: Vec<Self>) -> Result<Vec<Blob>> {
        let sealed = imports.iter_mut().map(Self::seal);
        let ids = sealed.collect::<Result<Vec<BlobId>>>()?;
        let small = imports
            .iter()
            .zip(&ids)
            .filter_map(|(import, id)| match &import.content {
                Content::Small(bytes) => Some((*id, bytes.as_slice())),
                Content::File(_) => None,
            });
        packs.keep(&small.collect::<Vec<_>>())?;
        let sealed = imports.into_iter().zip(ids);
        sealed.map(|(import, id)| import.end(id)).collect()
    }

    /// The blob, once it is in a pack, or with a name of its own from here on.
    fn end(mut self, id: BlobId) -> Result<Blob> {
        let (content, path) = match std::mem::replace(&mut self.content, Content::Small(vec![])) {
            Content::Small(bytes) => return self.end_small(id, &bytes),
            Content::File(file) => (file, self.keep(id)?),
        };
        // Not by its name: somebody may be setting back what it took the place of.
        let files = Files {
            id,
            tree: Tree::new(id, BlobSize::new(self.len)?),
            content,
            hashes: self.hashes.map(HashFile::new),
        };
        Ok(match path {
            Some(path) => Blob::of_file(files, path),
            None => Blob::new(files),
        })
    }

    /// The blob, once it is in a pack.
    fn end_small(&self, id: BlobId, bytes: &[u8]) -> Result<Blob> {
        self.shelves.supersede_files(id);
        if let Some(files) = self.shelves.packs.open_blob(id)? {
            return Ok(Blob::new(files));
        }
        // Somebody has removed it again.
        let content = MemoryFile::default();
        content.write_at(bytes, 0).map_err(failed)?;
        Ok(Blob::new(Files {
            id,
            tree: Tree::new(id, BlobSize::new(self.len)?),
            content: Box::new(content),
            hashes: None,
        }))
    }

    /// Gives it its name; says in which file of the user its bytes stay, if they do.
    fn keep(&mut self, id: BlobId) -> Result<Option<PathBuf>> {
        let Temporary { disk, names, .. } = &self.temporary;
        let disk = disk.as_ref();
        if let Some((reference, lost)) = self.reference.take() {
            let kept = reference.keep(disk, names, &Pair::reference(id));
            self.shelves.note_files(id);
            kept.map_err(failed)?;
            lost.forget(id);
            return Ok(Some(reference.into_path()));
        }
        let kept = Pair::whole(id).take_over(disk, names);
        self.shelves.note_files(id);
        kept.map_err(failed)?;
        self.shelves.supersede_reference(id);
        Ok(None)
    }

    /// Gives it up without removing what was written: opening the store does that.
    pub fn leave(mut self) {
        self.temporary.is_made = false;
    }

    fn sync(&self, content: &dyn DiskFile) -> io::Result<()> {
        content.sync_data()?;
        match &self.hashes {
            Some(hashes) => hashes.sync_data(),
            None => Ok(()),
        }
    }
}

impl Temporary {
    /// Makes the file, with these bytes; after an error it is not there.
    fn file_with(&mut self, parts: &[&[u8]]) -> io::Result<Box<dyn DiskFile>> {
        self.is_made = true;
        let file = self.disk.create_unsynced(&self.names.content)?;
        match file.write_at(&parts.concat(), 0) {
            Ok(()) => Ok(file),
            Err(error) => {
                // Where that fails too, dropping the import tries it again.
                let _ = self.names.remove(self.disk.as_ref());
                Err(error)
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_made {
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
