//! Parts of blobs: what came of one so far, each piece proven before it is written.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::files::Files;
use super::import::Import;
use super::names::Pair;
use super::shelves::Shelves;
use crate::blobs::limits::{FREE_BYTES_KEPT, PACKED_BYTES_MAX, PIECE_BYTES, PIECES_PER_ROOM_CHECK};
use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::error::{Error, ErrorKind, Result};

/// A blob that is being fetched. Dropping it loses nothing that came. Threads share it: nobody
/// waits for the disk of another.
#[derive(Debug)]
pub struct Part {
    shelves: Shelves,
    files: Files,
    pieces: Mutex<Pieces>,
    /// Bytes written since [`Part::is_sync_due`] said so last.
    unsynced: AtomicU64,
    /// Pieces that may be written until it is looked again whether there is room.
    roomy: AtomicU64,
    /// Pieces written, and one for what was there before.
    writes: AtomicU64,
    /// How many of these a sync has made durable.
    synced: AtomicU64,
}

/// What is known of the pieces.
#[derive(Debug)]
struct Pieces {
    missing: PieceSet,
    /// How many were looked at; nothing is known of those behind them, but what was written since.
    checked: u32,
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is here now.
    Stored,
    /// It does not belong to the blob: whoever sent it lied, or the size is another one.
    Unproven,
}

impl Part {
    /// What was begun with these files; [`Part::check`] says what of it is there.
    pub(super) fn found(shelves: Shelves, files: Files) -> Self {
        let missing = PieceSet::all(files.tree.size());
        let checked = 0;
        Self {
            shelves,
            files,
            pieces: Mutex::new(Pieces { missing, checked }),
            unsynced: AtomicU64::new(0),
            roomy: AtomicU64::new(0),
            writes: AtomicU64::new(1),
            synced: AtomicU64::new(0),
        }
    }

    /// Nothing yet.
    pub(super) fn begun(shelves: Shelves, files: Files) -> Self {
        let checked = files.tree.size().pieces();
        let part = Self::found(shelves, files);
        part.pieces().checked = checked;
        part
    }

    /// Looks at the next pieces, so many at most, whether they are here; says whether it has looked
    /// at all of them.
    ///
    /// One that cannot be read is not here: it can be written again.
    pub fn check(&self, pieces: u32) -> bool {
        let (first, all) = (self.pieces().checked, self.size().pieces());
        let end = first.saturating_add(pieces).min(all);
        for number in first..end {
            let piece = self.size().piece(number.into());
            let piece = piece.expect("it is below the number of pieces");
            let is_here = matches!(self.files.encode(piece), Ok(Some(_)));
            let mut known = self.pieces();
            if is_here {
                known.missing.remove(piece);
            }
            known.checked = number + 1;
        }
        end == all
    }

    /// Whether all pieces were looked at.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.pieces().checked == self.size().pieces()
    }

    /// The name of the blob.
    #[must_use]
    pub fn id(&self) -> BlobId {
        self.files.id
    }

    /// Its length.
    #[must_use]
    pub fn size(&self) -> BlobSize {
        self.files.tree.size()
    }

    /// The pieces that are not here, as far as it was looked.
    #[must_use]
    pub fn missing(&self) -> PieceSet {
        self.pieces().missing.clone()
    }

    /// The pieces that are here, as far as it was looked.
    #[must_use]
    pub fn present(&self) -> PieceSet {
        self.pieces().missing.others()
    }

    /// How many pieces are not here, as far as it was looked.
    #[must_use]
    pub fn missing_count(&self) -> u32 {
        self.pieces().missing.len()
    }

    /// Checks a piece and writes it. What is written is not durable; if it is lost, it is missing
    /// again.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`; the piece is missing then.
    pub fn write(&self, piece: Piece, encoded: &[u8]) -> Result<Taken> {
        let Some(proven) = self.files.tree.prove(piece, encoded) else {
            return Ok(Taken::Unproven);
        };
        self.take_room()?;
        let write = || {
            let at = self.size().range(piece).start;
            self.files.content.write_at(&proven.content, at)?;
            match &self.files.hashes {
                Some(hashes) => hashes.write(proven.pairs),
                None => Ok(()),
            }
        };
        write().map_err(|error| {
            Error::io("cannot write a piece of a blob", error)
                .with("blob", self.id())
                .with("piece", piece.get())
        })?;
        // Before the piece counts as here: whoever completes the part has to sync it then.
        self.writes.fetch_add(1, Ordering::Release);
        self.pieces().missing.remove(piece);
        let bytes = encoded.len() as u64;
        self.unsynced.fetch_add(bytes, Ordering::Relaxed);
        Ok(Taken::Stored)
    }

    /// Refuses to take the room that is kept for other things: others may have used what there was
    /// when this was begun. Asked before a piece is fetched, and now and then when one is written.
    ///
    /// # Errors
    ///
    /// `disk_full` if there is no room for a piece; `storage`.
    pub fn expect_room(&self) -> Result<()> {
        let free = self.shelves.disk.bytes_free();
        let free = free.map_err(|error| Error::io("cannot tell how much room there is", error))?;
        let pieces = free.saturating_sub(FREE_BYTES_KEPT) / PIECE_BYTES;
        let roomy = pieces.min(PIECES_PER_ROOM_CHECK);
        self.roomy.store(roomy, Ordering::Relaxed);
        if roomy == 0 {
            let message = "there is too little room for a piece of a blob";
            return Err(Error::new(ErrorKind::DiskFull, message)
                .with("blob", self.id())
                .with("free", free)
                .with("kept free", FREE_BYTES_KEPT));
        }
        Ok(())
    }

    /// Whether so many bytes were written since this was so last.
    #[must_use]
    pub fn is_sync_due(&self, bytes: u64) -> bool {
        let is_due = self.unsynced.load(Ordering::Relaxed) >= bytes;
        if is_due {
            self.unsynced.store(0, Ordering::Relaxed);
        }
        is_due
    }

    /// Has the disk write what was written so far, unless that was done. Nothing depends on it: it
    /// makes completing quick, and spares the syncs of others from waiting behind all of it at
    /// once.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`; completing it copies it then.
    pub fn sync(&self) -> Result<()> {
        let writes = self.writes.load(Ordering::Acquire);
        if self.is_doubted() || self.synced.load(Ordering::Acquire) >= writes {
            return Ok(());
        }
        self.files.sync().map_err(|error| {
            self.shelves.doubts.note(self.id());
            Error::io("cannot keep a blob", error).with("blob", self.id())
        })?;
        self.synced.fetch_max(writes, Ordering::Release);
        Ok(())
    }

    /// The bytes of a piece; `None` if it is not here.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn read(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        self.files.read(piece)
    }

    /// The first bytes of `range`, which is not empty, up to the end of their piece; none if the
    /// blob ends before. `None` if they are not here.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn read_range(&self, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
        self.files.read_range(range)
    }

    /// The piece with the hashes that prove it to others; `None` if it is not here.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn encode(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        self.files.encode(piece)
    }

    /// Whether it is to become one of the blobs of a pack: then it has no files of its own, and it
    /// costs nothing to sync it.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.size().get() <= PACKED_BYTES_MAX
    }

    /// All bytes of a small one.
    ///
    /// # Panics
    ///
    /// If they are missing.
    pub(super) fn content(&self) -> Result<Vec<u8>> {
        self.assert_whole();
        let bytes = self.read(self.size().last_piece())?;
        bytes.ok_or_else(|| self.lost())
    }

    /// Makes it a whole blob, whose name is not durable yet. After a failed sync it is copied.
    ///
    /// # Panics
    ///
    /// If a piece is missing.
    pub(super) fn become_whole(&self) -> Result<()> {
        self.assert_whole();
        if self.is_doubted() {
            return self.copy();
        }
        self.sync()?;
        let id = self.id();
        let renamed = Pair::whole(id).rename_from(self.shelves.disk.as_ref(), &Pair::part(id));
        self.shelves.note_files(id);
        renamed.map_err(|error| Error::io("cannot keep a blob", error).with("blob", id))
    }

    fn is_doubted(&self) -> bool {
        self.shelves.doubts.are_of(self.id())
    }

    /// Makes it a whole blob in other files, which can be synced.
    fn copy(&self) -> Result<()> {
        let id = self.id();
        let names = Pair::copy(id);
        // One that failed may have been left.
        let _ = names.remove(self.shelves.disk.as_ref());
        let mut copy = Import::begin(self.shelves.clone(), names);
        for piece in PieceSet::all(self.size()).iter() {
            let bytes = self.read(piece)?;
            copy.write(&bytes.ok_or_else(|| self.lost())?)?;
        }
        copy.complete()?;
        // What stays beside the whole blob is removed when the store is opened.
        let _ = Pair::part(id).remove(self.shelves.disk.as_ref());
        self.shelves.doubts.settle(id);
        Ok(())
    }

    fn assert_whole(&self) {
        assert!(
            self.pieces().missing.is_empty(),
            "a part is completed when it is whole"
        );
    }

    fn lost(&self) -> Error {
        Error::corrupt("a piece of a blob was lost").with("blob", self.id())
    }

    /// Takes the room for a piece.
    fn take_room(&self) -> Result<()> {
        if self.roomy.load(Ordering::Relaxed) == 0 {
            self.expect_room()?;
        }
        let one_less = |roomy: u64| roomy.checked_sub(1);
        let order = Ordering::Relaxed;
        // If another took the last, it is looked again for the next.
        let _ = self.roomy.fetch_update(order, order, one_less);
        Ok(())
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
