//! Whole blobs, read a piece at a time and checked on the way.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::files::Files;
use super::reference::CHANGED;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{Error, Result};

/// A whole blob. It can be read on after it was removed.
#[derive(Debug)]
pub struct Blob {
    files: Files,
    /// The file of the user that its bytes are in, if they are not in the store.
    path: Option<PathBuf>,
}

impl Blob {
    pub(super) fn new(files: Files) -> Self {
        Self { files, path: None }
    }

    /// One whose bytes are in a file of the user.
    pub(super) fn of_file(files: Files, path: PathBuf) -> Self {
        let path = Some(path);
        Self { files, path }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> BlobId {
        self.files.id
    }

    /// Its length, as long as its file is what it was.
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
        let read = self.files.read(piece).map_err(|error| self.at(error))?;
        read.ok_or_else(|| self.damaged(piece))
    }

    /// The first bytes of `range`, which is not empty, up to the end of their piece, checked
    /// against the id; none if the blob ends before, which is checked as well.
    ///
    /// # Errors
    ///
    /// As [`Blob::read`].
    pub fn read_range(&self, range: &Range<u64>) -> Result<Vec<u8>> {
        let read = self
            .files
            .read_range(range)
            .map_err(|error| self.at(error))?;
        read.ok_or_else(|| self.damaged(self.size().last_piece()))
    }

    /// Its length, checked against the id: for whoever cannot check it himself.
    ///
    /// # Errors
    ///
    /// As [`Blob::read`].
    pub fn proven_size(&self) -> Result<BlobSize> {
        self.read(self.size().last_piece())?;
        Ok(self.size())
    }

    /// The piece with the hashes that prove it to others.
    ///
    /// # Errors
    ///
    /// As [`Blob::read`].
    pub fn encode(&self, piece: Piece) -> Result<Vec<u8>> {
        let encoded = self.files.encode(piece).map_err(|error| self.at(error))?;
        encoded.ok_or_else(|| self.damaged(piece))
    }

    /// Makes a file outside of the data folder, which is not there yet, share all bytes of the
    /// blob, unchecked; says whether the filesystem can do that. If not, nothing is made.
    ///
    /// # Errors
    ///
    /// Those of making a file.
    pub fn clone_to(&self, path: &Path) -> Result<bool> {
        let cloned = self.files.content.clone_to(path);
        cloned.map_err(|error| Error::io("cannot clone a blob", error).with("blob", self.id()))
    }

    fn damaged(&self, piece: Piece) -> Error {
        let what = match &self.path {
            Some(_) => CHANGED,
            None => "a blob changed after it was stored",
        };
        let error = Error::corrupt(what).with("blob", self.id());
        self.at(error.with("position", self.size().range(piece).start))
    }

    /// Says in which file of the user something failed.
    fn at(&self, error: Error) -> Error {
        match &self.path {
            Some(path) => error.with("path", path.display()),
            None => error,
        }
    }
}
