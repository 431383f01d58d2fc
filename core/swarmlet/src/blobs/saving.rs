//! Saving: a file outside of the data folder that appears when all of it is there.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use swarmlet_engine::blobs::{Blob, BlobId};
use swarmlet_engine::{Error, Result};
use tempfile::NamedTempFile;

use crate::limits::BLOB_READ_BYTES;

/// A file that is being written under another name. Dropping it leaves nothing behind.
pub(super) struct Saving {
    file: NamedTempFile,
    path: PathBuf,
}

impl Saving {
    /// An empty one.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        let path = absolute(path)?;
        let mut made = tempfile::Builder::new();
        #[cfg(unix)]
        made.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = made.tempfile_in(folder_of(&path));
        let file = file.map_err(|error| failed(&path, error))?;
        Ok(Self { file, path })
    }

    /// One that shares all bytes of a blob, if its filesystem can do that and they are what they
    /// were.
    pub(super) fn clone(path: &Path, blob: &Blob) -> Result<Option<Self>> {
        let path = absolute(path)?;
        let share = |temporary: &Path| match blob.clone_to(temporary) {
            Ok(true) => Ok(()),
            Ok(false) => Err(io::ErrorKind::Unsupported.into()),
            Err(error) => Err(io::Error::other(error)),
        };
        // Whatever the reason why not: it is written then, which says what is wrong.
        let Ok(made) = tempfile::Builder::new().make_in(folder_of(&path), share) else {
            return Ok(None);
        };
        let ((), temporary) = made.into_parts();
        let file = File::open(&temporary).map_err(|error| failed(&path, error))?;
        let reader = BufReader::with_capacity(BLOB_READ_BYTES, &file);
        let id = BlobId::of_reader(reader).map_err(|error| failed(&path, error))?;
        let file = NamedTempFile::from_parts(file, temporary);
        Ok((id == blob.id()).then_some(Self { file, path }))
    }

    /// Adds bytes at the end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| failed(&self.path, error))
    }

    /// Gives it its name, durably.
    pub(super) fn complete(self) -> Result<()> {
        let Self { file, path } = self;
        let complete = || {
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync_folder(folder_of(&path))
        };
        complete().map_err(|error| failed(&path, error))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| failed(path, error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::io("cannot save a blob", error).with("path", path.display())
}

#[cfg(not(windows))]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no documented way to sync a folder.
#[cfg(windows)]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
