//! The files of the person: opened here, with the person's rights, whoever runs the node.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use super::errand::Place;
use crate::failure::{Failure, Result};

/// Where bytes go.
pub(super) enum Sink {
    Standard(io::Stdout),
    /// What is there and is no regular file, such as a device or a pipe: written as they come.
    Stream(File),
    /// A file that appears under its name when all of it is there; dropped before, it leaves
    /// nothing, and what was there before stays.
    File {
        file: tempfile::NamedTempFile,
        path: PathBuf,
    },
}

impl Sink {
    /// Begins to write; bytes that are no text are not written to a terminal.
    pub(super) fn begin(place: &Place, is_text: bool) -> Result<Self> {
        let sink = match place {
            Place::Standard => Self::Standard(io::stdout()),
            Place::File(path) => Self::at(path).map_err(|error| cannot_write(path, error))?,
            Place::Member(path) => {
                Self::in_place_of(path).map_err(|error| cannot_write(path, error))?
            }
        };
        if sink.is_terminal() && !is_text {
            let message = "the bytes of a blob are no text for a terminal";
            return Err(Failure::invalid(message).advise("name a file, or use a pipe"));
        }
        Ok(sink)
    }

    /// Begins to write what a path leads to.
    fn at(path: &Path) -> io::Result<Self> {
        let there = match std::fs::metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::new_at(path),
            Err(error) => return Err(error),
        };
        // Also of a file that is to be replaced: who may not write it may not replace it either.
        let file = File::options().write(true).open(path)?;
        if !there.is_file() {
            return Ok(Self::Stream(file));
        }
        let path = path.canonicalize()?;
        let file = tempfile::NamedTempFile::new_in(folder_of(&path))?;
        keep_rights(&there, file.as_file())?;
        Ok(Self::File { file, path })
    }

    /// Begins to write what takes the place of whatever a path is itself.
    fn in_place_of(path: &Path) -> io::Result<Self> {
        match path.symlink_metadata() {
            Ok(there) if there.is_file() => Self::at(path),
            _ => Self::fresh(path),
        }
    }

    /// Begins to write what is not there.
    fn new_at(path: &Path) -> io::Result<Self> {
        if path.is_symlink() {
            let message = "it is a link to what is not there";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Self::fresh(path)
    }

    /// Begins to write a file with the rights that new ones have.
    fn fresh(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let mut made = tempfile::Builder::new();
        #[cfg(unix)]
        made.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = made.tempfile_in(folder_of(&path))?;
        Ok(Self::File { file, path })
    }

    fn is_terminal(&self) -> bool {
        match self {
            Self::Standard(out) => out.is_terminal(),
            Self::Stream(file) => file.is_terminal(),
            Self::File { .. } => false,
        }
    }

    /// All is there: a file appears, durably.
    pub(super) fn complete(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Standard(_) | Self::Stream(_) => Ok(()),
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
            Self::Stream(file) => file.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::Stream(file) => file.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

/// Replaces a small file whole.
pub(super) fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut sink = Sink::at(path)?;
        sink.write_all(text)?;
        sink.complete()
    };
    write().map_err(|error| cannot_write(path, error))
}

/// Where what becomes the file at an absolute path is written: a rename does not leave the disk.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Gives a file the owner and the rights of the one that it replaces; never more rights.
#[cfg(unix)]
fn keep_rights(there: &std::fs::Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    // Only root gives files away; the file of another user becomes one's own.
    let _ = fchown(file, Some(there.uid()), None);
    let keeps_group = fchown(file, None, Some(there.gid())).is_ok();
    let mode = match keeps_group {
        true => there.mode() & 0o777,
        // What one group may do was not meant for another.
        false => there.mode() & 0o707,
    };
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// New files have the rights of their folder.
#[cfg(not(unix))]
fn keep_rights(_there: &std::fs::Metadata, _file: &File) -> io::Result<()> {
    Ok(())
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::io(format!("cannot write {}", path.display()), error)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_that_is_replaced_keeps_its_rights_and_the_links_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, link) = (folder.path().join("kept"), folder.path().join("link"));
        std::fs::write(&kept, "old").unwrap();
        symlink("kept", &link).unwrap();
        for mode in [0o600, 0o664] {
            std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(mode)).unwrap();
            replace(&link, b"new").unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read(&kept).unwrap(), b"new");
            let found = kept.metadata().unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode);
        }
        std::fs::remove_file(&kept).unwrap();
        replace(&link, b"new").unwrap_err();
        assert!(link.is_symlink() && !kept.exists());
    }

    #[test]
    fn what_is_in_the_place_of_a_file_of_a_folder_is_replaced_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, link) = (folder.path().join("outside"), folder.path().join("link"));
        std::fs::write(&outside, "kept").unwrap();
        for target in ["outside", "nothing", "/dev/null"] {
            symlink(target, &link).unwrap();
            let mut sink = Sink::begin(&Place::Member(link.clone()), false).unwrap();
            sink.write_all(b"new").unwrap();
            sink.complete().unwrap();
            assert!(link.symlink_metadata().unwrap().is_file(), "{target}");
            assert_eq!(std::fs::read(&link).unwrap(), b"new");
            std::fs::remove_file(&link).unwrap();
        }
        assert_eq!(std::fs::read(&outside).unwrap(), b"kept");
    }

    #[test]
    fn a_device_is_written_and_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        // By way of a link: who fails here has not replaced the device of this machine.
        let link = folder.path().join("null");
        symlink("/dev/null", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert!(link.metadata().unwrap().file_type().is_char_device());
    }
}
