//! The files of the person: opened here, with the person's rights, whoever runs the node.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use tokio::io::AsyncRead;

use super::errand::Place;
use crate::failure::{Failure, Result};

/// Bytes to read, and how many, if that is known.
pub(super) struct Source {
    pub(super) bytes: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) size: Option<u64>,
}

/// Opens what the node is to get.
pub(super) fn open(place: &Place) -> Result<Source> {
    let path = match place {
        Place::Standard => {
            return Ok(Source {
                bytes: Box::new(tokio::io::stdin()),
                size: None,
            });
        }
        Place::File(path) => path,
    };
    let failed = |error| Failure::io(format!("cannot read {}", path.display()), error);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        let message = format!("{} is a folder", path.display());
        return Err(Failure::invalid(message).advise("name a file, or pack the folder into one"));
    }
    let file = File::open(path).map_err(failed)?;
    Ok(Source {
        bytes: Box::new(tokio::fs::File::from_std(file)),
        size: metadata.is_file().then_some(metadata.len()),
    })
}

/// A file that appears under its name when all of it is there; dropped before, it leaves nothing.
pub(super) enum Sink {
    Standard(io::Stdout),
    File {
        file: tempfile::NamedTempFile,
        path: PathBuf,
    },
}

impl Sink {
    /// Begins to write; bytes that are no text are not written to a terminal.
    pub(super) fn begin(place: &Place, is_text: bool) -> Result<Self> {
        let path = match place {
            Place::Standard if io::stdout().is_terminal() && !is_text => {
                let message = "the bytes of a blob are no text for a terminal";
                return Err(Failure::invalid(message).advise("name a file, or use a pipe"));
            }
            Place::Standard => return Ok(Self::Standard(io::stdout())),
            Place::File(path) => path,
        };
        let failed = |error| Failure::io(format!("cannot write {}", path.display()), error);
        let path = std::path::absolute(path).map_err(failed)?;
        let file = new_file(&path).map_err(failed)?;
        Ok(Self::File { file, path })
    }

    /// All is there: it appears, durably.
    pub(super) fn complete(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Standard(_) => Ok(()),
            Self::File { file, path } => {
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

/// Beside the one that it becomes, and with the rights that new files have.
fn new_file(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut made = tempfile::Builder::new();
    #[cfg(unix)]
    made.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    made.tempfile_in(folder)
}

/// Replaces a small file whole.
pub(super) fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = new_file(&std::path::absolute(path)?)?;
        file.write_all(text)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| Failure::io(format!("cannot write {}", path.display()), error))
}
