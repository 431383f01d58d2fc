//! The store: which blobs there are.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::Files;
use super::import::Import;
use super::names::{Named, Pair, found, pin};
use super::opening::{files, open_packs, put_right};
use super::pack::MemoryFile;
use super::part::Part;
use super::reference::{LostFiles, Reference};
use super::shelves::Shelves;
use super::whole::Blob;
use crate::blobs::hashes::HashFile;
use crate::blobs::limits::{FREE_BYTES_KEPT, PACK_BYTES_MAX, PACKED_BYTES_MAX};
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Disk, DiskFile, Folder};

/// The blobs of one data folder. Shared by threads as it is; one blob is fetched by one of them.
#[derive(Debug)]
pub struct BlobStore {
    pub(super) shelves: Shelves,
    imports: AtomicU64,
    lost: LostFiles,
}

impl BlobStore {
    /// Opens what is on `disk`, ends what a crash interrupted, and removes what it left over.
    ///
    /// # Errors
    ///
    /// `storage` if the folder cannot be read.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self> {
        Self::open_with_packs_of(disk, PACK_BYTES_MAX)
    }

    /// As [`BlobStore::open`]; packs become so large.
    pub(super) fn open_with_packs_of(disk: Arc<dyn Disk>, bytes: u64) -> Result<Self> {
        let listed = files(disk.as_ref())?;
        let packs = open_packs(&disk, &listed, bytes);
        put_right(disk.as_ref(), &listed, &packs);
        Ok(Self {
            shelves: Shelves::new(disk, packs, &listed),
            imports: AtomicU64::new(0),
            lost: LostFiles::default(),
        })
    }

    /// What was found wrong in the packs of small blobs when the store was opened: the rest of them
    /// can be used, and what is damaged was left as it is.
    #[must_use]
    pub fn faults(&self) -> &[Error] {
        self.shelves.packs.faults()
    }

    /// Makes room that small blobs have left in their packs, a little of it; says whether there may
    /// be more to do.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`: nothing is lost, and the next call tries it again.
    pub fn tidy(&self) -> Result<bool> {
        self.shelves.packs.tidy()
    }

    /// Begins to import bytes.
    #[must_use]
    pub fn import(&self) -> Import {
        Import::begin(self.shelves.clone(), self.temporary())
    }

    /// Begins to import all bytes of a file of the user, shared with it on the medium: what it is
    /// at this moment, whatever becomes of it. `None` where the filesystem cannot do that, and for
    /// small files: then the bytes are to be copied.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`, `permission_denied`, those of opening the file, and
    /// `invalid_argument` if it is too large.
    pub fn import_clone(&self, of: &Path) -> Result<Option<Import>> {
        Import::clone(self.shelves.clone(), self.temporary(), of)
    }

    /// Completes imports, of which the small ones share a sync; as [`Import::complete`].
    ///
    /// # Errors
    ///
    /// As [`Import::complete`]; some may be kept.
    pub fn complete_imports(&self, imports: Vec<Import>) -> Result<Vec<Blob>> {
        Import::complete_all(&self.shelves.packs, imports)
    }

    fn temporary(&self) -> Pair {
        Pair::temporary(self.imports.fetch_add(1, Ordering::Relaxed))
    }

    /// Begins to store a file of the user by reference: its bytes stay there, the store keeps its
    /// hashes and the path, which is absolute.
    ///
    /// # Errors
    ///
    /// Those of opening the file; `invalid_argument` if it is too large, or its path is not
    /// absolute or not Unicode.
    pub fn refer(&self, to: &Path) -> Result<Import> {
        let to = (to, self.lost.clone());
        Import::refer(self.shelves.clone(), self.temporary(), to)
    }

    /// The whole blob `id`, if it is here, or in the file that it was stored in by reference.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn blob(&self, id: BlobId) -> Result<Option<Blob>> {
        match self.find(id)? {
            Some(found) => Ok(found.ok()),
            None => Ok(None),
        }
    }

    /// As [`BlobStore::blob`]. That the file which a blob was stored in by reference is not what it
    /// was is an error, until [`BlobStore::set_back`] notes that it is known.
    ///
    /// # Errors
    ///
    /// `storage`; `corrupt`, with the path of the file.
    pub fn expect_blob(&self, id: BlobId) -> Result<Option<Blob>> {
        match self.find(id)? {
            Some(Err(_)) if self.lost.is_known(id) => Ok(None),
            Some(found) => found.map(Some),
            None => Ok(None),
        }
    }

    /// The whole blob, or why the file that it was stored in by reference is not taken for it.
    fn find(&self, id: BlobId) -> Result<Option<Result<Blob>>> {
        let disk = self.shelves.disk.as_ref();
        if let Some(files) = self.shelves.packs.open_blob(id)? {
            return Ok(Some(Ok(Blob::new(files))));
        }
        if !self.shelves.may_have_files(id) {
            return Ok(None);
        }
        if let Some(files) = Files::open(disk, id, &Pair::whole(id))? {
            return Ok(Some(Ok(Blob::new(files))));
        }
        let Some(reference) = Reference::read(disk, id)? else {
            return Ok(None);
        };
        Ok(Some(self.lost.open(disk, reference, id)))
    }

    /// What is here of `id`, of which a part was fetched before; [`Part::check`] says how much that
    /// is. `None` if there is nothing that can be gone on with.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn part(&self, id: BlobId) -> Result<Option<Part>> {
        let Some(files) = self.part_files(id)? else {
            return Ok(None);
        };
        // Without the piece that proves it, the size is none.
        let proven = files.encode(files.tree.size().last_piece())?;
        Ok(proven.map(|_| self.found(files)))
    }

    /// Whether a piece proves that a blob has this size.
    #[must_use]
    pub fn is_proof(&self, id: BlobId, size: BlobSize, piece: Piece, encoded: &[u8]) -> bool {
        piece == size.last_piece() && Tree::new(id, size).prove(piece, encoded).is_some()
    }

    /// Begins to fetch `id`, with a piece that proves the size; what is there of that size is gone
    /// on with. `None` if it does not prove it: then nothing was changed. `promised` bytes are
    /// still to come of other parts.
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
        if !self.is_proof(id, size, piece, encoded) {
            return Ok(None);
        }
        if let Some(files) = self.part_files(id)?.filter(|files| files.can_be(size)) {
            let part = self.found(files);
            part.write(piece, encoded)?;
            return Ok(Some(part));
        }
        self.check_room(id, size, promised)?;
        let begun = self.begin_files(id, tree);
        let files = begun
            .map_err(|error| Error::io("cannot begin to fetch a blob", error).with("blob", id))?;
        let part = Part::begun(self.shelves.clone(), files);
        part.write(piece, encoded)?;
        Ok(Some(part))
    }

    /// The files of what was fetched of a blob before.
    fn part_files(&self, id: BlobId) -> Result<Option<Files>> {
        match self.shelves.may_have_files(id) {
            true => Files::open(self.shelves.disk.as_ref(), id, &Pair::part(id)),
            false => Ok(None),
        }
    }

    /// Empty files for what is fetched of a blob; of a small one they are in memory.
    fn begin_files(&self, id: BlobId, tree: Tree) -> io::Result<Files> {
        let disk = self.shelves.disk.as_ref();
        let names = Pair::part(id);
        if self.shelves.may_have_files(id) {
            names.remove(disk)?;
            self.shelves.doubts.settle(id);
        }
        let is_small = tree.size().get() <= PACKED_BYTES_MAX;
        let content: io::Result<Box<dyn DiskFile>> = match is_small {
            true => Ok(Box::new(MemoryFile::default())),
            false => disk.create_unsynced(&names.content),
        };
        let hashes = Tree::has_hashes(tree.size()).then(|| disk.create_unsynced(&names.hashes));
        if !is_small {
            self.shelves.note_files(id);
        }
        Ok(Files {
            id,
            tree,
            content: content?,
            hashes: hashes.transpose()?.map(HashFile::new),
        })
    }

    /// Makes whole blobs of parts of which nothing is missing, durably; what came of each, in the
    /// same order. One sync makes the names of all of them durable, and one all small ones. A part
    /// of which a sync had failed is copied.
    ///
    /// `disk_full`, `storage`: all that came is kept as a part, but for small blobs, and is to be
    /// looked at anew.
    ///
    /// # Panics
    ///
    /// If a piece is missing.
    pub fn complete(&self, parts: &[&Part]) -> Vec<Result<()>> {
        let (small, large): (Vec<&Part>, Vec<&Part>) =
            parts.iter().partition(|part| part.is_small());
        let mut small = self.complete_small(&small).into_iter();
        let mut large = self.complete_large(&large).into_iter();
        let outcome = |part: &&Part| match part.is_small() {
            true => small.next(),
            false => large.next(),
        };
        let outcomes = parts.iter().map(outcome);
        outcomes
            .map(|outcome| outcome.expect("each has one"))
            .collect()
    }

    fn complete_large(&self, parts: &[&Part]) -> Vec<Result<()>> {
        let become_whole = |part: &&Part| part.become_whole();
        let mut outcomes: Vec<Result<()>> = parts.iter().map(become_whole).collect();
        if outcomes.iter().any(Result::is_ok)
            && let Err(error) = self.shelves.disk.sync_folder(Folder::Blobs)
        {
            let error = Arc::new(error);
            for (outcome, part) in outcomes.iter_mut().zip(parts) {
                let error = io::Error::new(error.kind(), error.clone());
                let failed = Error::io("cannot keep a blob", error).with("blob", part.id());
                *outcome = std::mem::replace(outcome, Ok(())).and(Err(failed));
            }
        }
        for (outcome, part) in outcomes.iter().zip(parts) {
            if outcome.is_ok() {
                self.shelves.supersede_reference(part.id());
            }
        }
        outcomes
    }

    fn complete_small(&self, parts: &[&Part]) -> Vec<Result<()>> {
        let contents: Vec<Result<Vec<u8>>> = parts.iter().map(|part| part.content()).collect();
        let with_ids = parts.iter().map(|part| part.id()).zip(&contents);
        let there = with_ids.filter_map(|(id, content)| Some((id, content.as_deref().ok()?)));
        let there: Vec<(BlobId, &[u8])> = there.collect();
        let kept = self.shelves.packs.keep(&there).map_err(Arc::new);
        let outcomes = parts.iter().zip(contents).map(|(part, content)| {
            content?;
            kept.clone().map_err(|error| {
                let failed = Error::new(error.kind(), "cannot keep a blob");
                failed.with("blob", part.id()).because(error)
            })?;
            self.shelves.supersede_files(part.id());
            Ok(())
        });
        outcomes.collect()
    }

    fn found(&self, files: Files) -> Part {
        Part::found(self.shelves.clone(), files)
    }

    /// Refuses what would take room that is kept for other things.
    fn check_room(&self, id: BlobId, size: BlobSize, promised: u64) -> Result<()> {
        let free = self.shelves.disk.bytes_free();
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
    /// what is missing can be fetched. Of a file of the user nothing is taken then: one with other
    /// bytes until it is stored again or the store is opened, one that is away until it is back. Of
    /// a small blob nothing is left, unless it is sound.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn set_back(&self, id: BlobId) -> Result<()> {
        if self.shelves.packs.set_back(id)? {
            return Ok(());
        }
        let renamed = Pair::part(id).take_over(self.shelves.disk.as_ref(), &Pair::whole(id));
        self.shelves.note_files(id);
        let renamed = found(renamed)
            .map_err(|error| Error::io("cannot set a blob back", error).with("blob", id))?;
        if renamed.is_none() {
            let found = self.find(id)?;
            if let Some(found) = found {
                self.lost.note(id, found.is_ok());
            }
        }
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
        let files = files(self.shelves.disk.as_ref())?.into_iter();
        let mut ids: BTreeSet<BlobId> = files.filter_map(whole).collect();
        ids.extend(self.shelves.packs.ids());
        Ok(ids.into_iter().collect())
    }

    /// Removes all there is of a blob in the store, durably; says whether there was something.
    /// Whoever reads it reads on. A small blob may be there again after a power failure, and its
    /// bytes take room until [`BlobStore::tidy`] finds too many of them.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn remove(&self, id: BlobId) -> Result<bool> {
        self.lost.forget(id);
        let failed = |error| Error::io("cannot remove a blob", error).with("blob", id);
        // The file first: after an error the blob is there as before.
        let removed = self.shelves.may_have_files(id) && self.remove_files(id).map_err(failed)?;
        Ok(self.shelves.packs.remove(id) | removed)
    }

    fn remove_files(&self, id: BlobId) -> io::Result<bool> {
        let disk = self.shelves.disk.as_ref();
        self.shelves.forget_files(id);
        let remove = || {
            let mut removed = false;
            for names in Pair::all(id) {
                removed |= names.remove(disk)?;
            }
            self.shelves.doubts.settle(id);
            if removed {
                disk.sync_folder(Folder::Blobs)?;
            }
            Ok(removed)
        };
        remove().inspect_err(|_| self.shelves.note_files(id))
    }

    /// The blobs of which something is here, whole, in part or by reference, in the order of their
    /// ids.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn ids(&self) -> Result<BTreeSet<BlobId>> {
        let here = |(_, named)| match named {
            Named::Whole(id) | Named::Part(id) | Named::Reference(id) => Some(id),
            _ => None,
        };
        let files = files(self.shelves.disk.as_ref())?.into_iter();
        let mut ids: BTreeSet<BlobId> = files.filter_map(here).collect();
        ids.extend(self.shelves.packs.ids());
        Ok(ids)
    }

    /// How many bytes of the disk a blob takes, or will when all of it has come, without those of
    /// a file of the user; none if there is nothing of it. What removed ones have left in packs
    /// counts for none.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn bytes_of(&self, id: BlobId) -> Result<u64> {
        let failed = |error| Error::io("cannot measure a blob", error).with("blob", id);
        let mut bytes = self.shelves.packs.bytes_of(id).unwrap_or(0);
        if !self.shelves.may_have_files(id) {
            return Ok(bytes);
        }
        for names in Pair::all(id) {
            for name in [names.content, names.hashes] {
                let file = found(self.shelves.disk.open(&name)).map_err(failed)?;
                bytes += file.map_or(Ok(0), |file| file.len()).map_err(failed)?;
            }
        }
        Ok(bytes)
    }

    /// Notes that a blob is kept here whatever records say; durable when it returns.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`.
    pub fn pin(&self, id: BlobId) -> Result<()> {
        match self.shelves.disk.create(&pin(id), 0) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(Error::io("cannot pin a blob", error).with("blob", id)),
        }
    }

    /// Takes that back, durably.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn unpin(&self, id: BlobId) -> Result<()> {
        let unpin = || match found(self.shelves.disk.remove(&pin(id)))? {
            Some(()) => self.shelves.disk.sync_folder(Folder::Blobs),
            None => Ok(()),
        };
        unpin().map_err(|error| Error::io("cannot unpin a blob", error).with("blob", id))
    }

    /// The blobs that are pinned.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn pins(&self) -> Result<BTreeSet<BlobId>> {
        let pinned = |(_, named)| match named {
            Named::Pin(id) => Some(id),
            _ => None,
        };
        let files = files(self.shelves.disk.as_ref())?.into_iter();
        Ok(files.filter_map(pinned).collect())
    }
}
