//! Parts of blobs: what came of one so far, each piece proven before it is written.

use std::sync::Arc;

use super::files::Files;
use super::names::Pair;
use super::whole::Blob;
use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::error::{Error, Result};
use crate::storage::Disk;

/// A blob that is being fetched. Dropping it loses nothing that came.
#[derive(Debug)]
pub struct Part {
    disk: Arc<dyn Disk>,
    files: Files,
    missing: PieceSet,
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
    /// What was begun with these files; reads all of it to see what is there.
    pub(super) fn resume(disk: Arc<dyn Disk>, files: Files) -> Result<Self> {
        let size = files.tree.size();
        let mut missing = PieceSet::none(size);
        for piece in PieceSet::all(size).iter() {
            if files.encode(piece)?.is_none() {
                missing.insert(piece);
            }
        }
        Ok(Self {
            disk,
            files,
            missing,
        })
    }

    /// Nothing yet.
    pub(super) fn begun(disk: Arc<dyn Disk>, files: Files) -> Self {
        let missing = PieceSet::all(files.tree.size());
        Self {
            disk,
            files,
            missing,
        }
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

    /// The pieces that are not here.
    #[must_use]
    pub fn missing(&self) -> &PieceSet {
        &self.missing
    }

    /// Checks a piece and writes it. What is written is not durable; if it is lost, it is missing
    /// again.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`; the piece is missing then.
    pub fn write(&mut self, piece: Piece, encoded: &[u8]) -> Result<Taken> {
        let Some(proven) = self.files.tree.prove(piece, encoded) else {
            return Ok(Taken::Unproven);
        };
        let write = || {
            let at = self.size().range(piece).start;
            self.files.content.write_at(&proven.content, at)?;
            let Some(hashes) = &self.files.hashes else {
                return Ok(());
            };
            let mut pairs = proven.pairs.iter();
            pairs.try_for_each(|(at, pair)| hashes.write_at(pair, *at))
        };
        write().map_err(|error| {
            Error::io("cannot write a piece of a blob", error)
                .with("blob", self.id())
                .with("piece", piece.get())
        })?;
        self.missing.remove(piece);
        Ok(Taken::Stored)
    }

    /// The bytes of a piece; `None` if it is not here.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn read(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        self.here(piece, Files::read)
    }

    /// The piece with the hashes that prove it to others; `None` if it is not here.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub fn encode(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        self.here(piece, Files::encode)
    }

    fn here(
        &self,
        piece: Piece,
        read: impl Fn(&Files, Piece) -> Result<Option<Vec<u8>>>,
    ) -> Result<Option<Vec<u8>>> {
        match self.missing.contains(piece) {
            true => Ok(None),
            false => read(&self.files, piece),
        }
    }

    /// Makes it a whole blob, durably, once nothing is missing.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`; all that came is kept as a part then.
    ///
    /// # Panics
    ///
    /// If a piece is missing.
    pub fn complete(self) -> Result<Blob> {
        assert!(
            self.missing.is_empty(),
            "a part is completed when it is whole"
        );
        let id = self.id();
        let keep = || {
            self.files.sync()?;
            Pair::whole(id).take_over(self.disk.as_ref(), &Pair::part(id))
        };
        keep().map_err(|error| Error::io("cannot keep a blob", error).with("blob", id))?;
        Ok(Blob::new(self.files))
    }
}
