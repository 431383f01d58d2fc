//! The store: which blobs there are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::Files;
use super::import::Import;
use super::names::{Named, Pair, found, parse};
use super::part::Part;
use super::whole::Blob;
use crate::blobs::limits::FREE_BYTES_KEPT;
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Disk, FileName, Folder};

/// The blobs of one data folder. Shared by threads as it is; one blob is fetched by one of them.
#[derive(Debug)]
pub struct BlobStore {
    disk: Arc<dyn Disk>,
    imports: AtomicU64,
}

impl BlobStore {
    /// Opens what is on `disk`, and removes what a crash left half imported.
    ///
    /// # Errors
    ///
    /// `storage` if the folder cannot be read.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self> {
        let store = Self {
            disk,
            imports: AtomicU64::new(0),
        };
        let listed = store.files()?;
        let known: BTreeSet<Named> = listed.iter().map(|(_, named)| *named).collect();
        for (name, named) in &listed {
            let is_left = match named {
                Named::Temporary => true,
                Named::WholeHashes(id) => !known.contains(&Named::Whole(*id)),
                Named::PartHashes(id) => !known.contains(&Named::Part(*id)),
                Named::Whole(_) | Named::Part(_) => false,
            };
            if is_left {
                // What stays is found again next time.
                let _ = store.disk.remove(name);
            }
        }
        Ok(store)
    }

    /// Begins to import bytes.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`, `permission_denied`.
    pub fn import(&self) -> Result<Import> {
        let number = self.imports.fetch_add(1, Ordering::Relaxed);
        Import::begin(self.disk.clone(), number)
    }

    /// The whole blob `id`, if it is here.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn blob(&self, id: BlobId) -> Result<Option<Blob>> {
        let files = Files::open(self.disk.as_ref(), id, &Pair::whole(id))?;
        Ok(files.map(Blob::new))
    }

    /// What is here of `id`, of which a part was fetched before. All of it is read, to see what it
    /// is. `None` if there is nothing that can be gone on with.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn part(&self, id: BlobId) -> Result<Option<Part>> {
        let Some(files) = Files::open(self.disk.as_ref(), id, &Pair::part(id))? else {
            return Ok(None);
        };
        let size = files.tree.size();
        // The piece that proves the size came first: without it the size is none.
        if files.encode(size.last_piece())?.is_none() {
            return Ok(None);
        }
        Part::resume(self.disk.clone(), files).map(Some)
    }

    /// Begins to fetch `id`, with a piece that proves the size, in place of what was there of it.
    /// `None` if it does not prove it: then nothing was changed. `promised` bytes are still to come
    /// of other parts.
    ///
    /// # Errors
    ///
    /// `disk_full` if there is too little room for all of it, `storage`.
    pub fn begin(
        &self,
        id: BlobId,
        size: BlobSize,
        piece: (Piece, &[u8]),
        promised: u64,
    ) -> Result<Option<Part>> {
        let (piece, encoded) = piece;
        let tree = Tree::new(id, size);
        if piece != size.last_piece() || tree.prove(piece, encoded).is_none() {
            return Ok(None);
        }
        let failed = |error| Error::io("cannot begin to fetch a blob", error).with("blob", id);
        self.check_room(id, size, promised)?;
        let names = Pair::part(id);
        names.remove(self.disk.as_ref()).map_err(failed)?;
        let content = self.disk.create_unsynced(&names.content);
        let hashes = Tree::has_hashes(size).then(|| self.disk.create_unsynced(&names.hashes));
        let files = Files {
            id,
            tree,
            content: content.map_err(failed)?,
            hashes: hashes.transpose().map_err(failed)?,
        };
        let mut part = Part::begun(self.disk.clone(), files);
        part.write(piece, encoded)?;
        Ok(Some(part))
    }

    /// Refuses what would take room that is kept for other things.
    fn check_room(&self, id: BlobId, size: BlobSize, promised: u64) -> Result<()> {
        let free = self.disk.bytes_free();
        let free = free.map_err(|error| Error::io("cannot tell how much room there is", error))?;
        let kept = FREE_BYTES_KEPT.saturating_add(promised);
        if free.saturating_sub(kept) < size.get() {
            return Err(
                Error::new(ErrorKind::DiskFull, "there is too little room for a blob")
                    .with("blob", id)
                    .with("bytes", size.get())
                    .with("free", free)
                    .with("kept free", kept),
            );
        }
        Ok(())
    }

    /// Takes a whole blob for a part, because some of it was found damaged: the rest is kept, and
    /// what is missing can be fetched.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn set_back(&self, id: BlobId) -> Result<()> {
        let renamed = Pair::part(id).take_over(self.disk.as_ref(), &Pair::whole(id));
        found(renamed)
            .map_err(|error| Error::io("cannot set a blob back", error).with("blob", id))?;
        Ok(())
    }

    /// The whole blobs, in the order of their ids.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn list(&self) -> Result<Vec<BlobId>> {
        let whole = |(_, named)| match named {
            Named::Whole(id) => Some(id),
            _ => None,
        };
        Ok(self.files()?.into_iter().filter_map(whole).collect())
    }

    /// Removes all there is of a blob, durably; says whether there was something. Whoever reads it
    /// reads on.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn remove(&self, id: BlobId) -> Result<bool> {
        let disk = self.disk.as_ref();
        let remove = || {
            let removed = Pair::whole(id).remove(disk)? | Pair::part(id).remove(disk)?;
            if removed {
                disk.sync_folder(Folder::Blobs)?;
            }
            Ok(removed)
        };
        remove().map_err(|error| Error::io("cannot remove a blob", error).with("blob", id))
    }

    fn files(&self) -> Result<Vec<(FileName, Named)>> {
        let listed = self.disk.list(Folder::Blobs);
        let listed = listed.map_err(|error| Error::io("cannot list the blobs", error))?;
        let named = |name: FileName| parse(&name).map(|named| (name, named));
        Ok(listed.into_iter().filter_map(named).collect())
    }
}
