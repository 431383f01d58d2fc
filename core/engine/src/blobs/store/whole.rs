//! Whole blobs, read a piece at a time and checked on the way.

use super::files::Files;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{Error, Result};

/// A whole blob. It can be read on after it was removed.
#[derive(Debug)]
pub struct Blob {
    files: Files,
}

impl Blob {
    pub(super) fn new(files: Files) -> Self {
        Self { files }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> BlobId {
        self.files.id
    }

    /// Its length.
    #[must_use]
    pub fn size(&self) -> BlobSize {
        self.files.tree.size()
    }

    /// The bytes of a piece, checked against the id.
    ///
    /// # Errors
    ///
    /// `corrupt` if they are not what they were: then [`BlobStore::set_back`] keeps what still is.
    ///
    /// [`BlobStore::set_back`]: super::BlobStore::set_back
    pub fn read(&self, piece: Piece) -> Result<Vec<u8>> {
        self.files.read(piece)?.ok_or_else(|| self.damaged(piece))
    }

    /// The piece with the hashes that prove it to others.
    ///
    /// # Errors
    ///
    /// As [`Blob::read`].
    pub fn encode(&self, piece: Piece) -> Result<Vec<u8>> {
        self.files.encode(piece)?.ok_or_else(|| self.damaged(piece))
    }

    fn damaged(&self, piece: Piece) -> Error {
        Error::corrupt("a blob changed after it was stored")
            .with("blob", self.id())
            .with("position", self.size().range(piece).start)
    }
}
