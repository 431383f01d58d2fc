//! The two files of one blob: its bytes, and the pairs of hashes that prove them.

use std::io;
use std::ops::Range;

use super::names::{Pair, found};
use crate::blobs::hashes::HashFile;
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile};

/// The files of a blob, whole or in part.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) id: BlobId,
    pub(super) tree: Tree,
    pub(super) content: Box<dyn DiskFile>,
    pub(super) hashes: Option<HashFile>,
}

impl Files {
    /// Opens the files with these names; the blob is as long as the one with its bytes. `None` if
    /// there is none, or it is longer than a blob can be.
    pub(super) fn open(disk: &dyn Disk, id: BlobId, names: &Pair) -> Result<Option<Self>> {
        let failed = |error| Error::io("cannot read a blob", error).with("blob", id);
        let Some(content) = found(disk.open(&names.content)).map_err(failed)? else {
            return Ok(None);
        };
        let Ok(size) = BlobSize::new(content.len().map_err(failed)?) else {
            return Ok(None);
        };
        let hashes = match Tree::has_hashes(size) {
            true => found(disk.open(&names.hashes)).map_err(failed)?,
            false => None,
        };
        Ok(Some(Self {
            id,
            tree: Tree::new(id, size),
            content,
            hashes: hashes.map(HashFile::new),
        }))
    }

    /// Whether these are the files of a blob of this size.
    pub(super) fn can_be(&self, size: BlobSize) -> bool {
        let has_hashes = self.hashes.is_some() == Tree::has_hashes(size);
        self.tree.size() == size && has_hashes
    }

    /// The piece with the hashes that prove it; `None` if what is here does not prove it.
    pub(super) fn encode(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        if piece.get() >= self.tree.size().pieces() {
            // The file is not as long any more as it was when somebody asked for this.
            return Ok(None);
        }
        let (content, hashes) = (self.content.as_ref(), self.hashes.as_ref());
        let encoded = self.tree.encode(piece, content, hashes);
        encoded.map_err(|error| {
            Error::io("cannot read a blob", error)
                .with("blob", self.id)
                .with("piece", piece.get())
        })
    }

    /// The bytes of the piece; `None` if what is here does not prove them.
    pub(super) fn read(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        let encoded = self.encode(piece)?;
        Ok(encoded.map(|encoded| self.tree.content(piece, &encoded)))
    }

    /// The first bytes of `range`, which is not empty, up to the end of their piece; none if there
    /// is nothing behind its beginning. `None` if what is here does not prove that.
    pub(super) fn read_range(&self, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
        let size = self.tree.size();
        let first = range.start..range.start.saturating_add(1);
        let Some(piece) = size.pieces_of(first).next() else {
            // The last piece proves where the end is.
            let last = self.read(size.last_piece())?;
            return Ok(last.map(|_| Vec::new()));
        };
        Ok(self.read(piece)?.map(|bytes| cut(bytes, range)))
    }

    /// Makes both durable, not their names.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.content.sync_data()?;
        self.hashes.as_ref().map_or(Ok(()), HashFile::sync)
    }
}

/// Of the bytes of a piece those that lie in `range`, from its beginning on.
fn cut(mut piece: Vec<u8>, range: &Range<u64>) -> Vec<u8> {
    let skipped = (range.start % PIECE_BYTES) as usize;
    let most = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    piece.truncate(skipped.saturating_add(most));
    piece.drain(..skipped.min(piece.len()));
    piece
}
