//! The disk of the operating system.
//!
//! The only place in the engine that touches files. It maps each call of [`Disk`] to the system
//! calls that keep its contract, and adds no cache, no retry and no recovery. Of what is not a
//! [`FileName`] below its root it only reads files that it is told of, and makes files that did not
//! exist. Sits below [`Disk`].
//!
//! On Apple systems the standard library syncs with `F_FULLFSYNC`, which reaches the medium; on
//! Linux with `fdatasync`, which sends the device a flush.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the one disk implementation that everything else goes through"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Disk, DiskFile, FileName, Folder};

/// A data folder on a filesystem.
///
/// ```
/// use swarmlet_engine::storage::{Disk, FileName, Folder, FsDisk};
///
/// # let folder = tempfile::tempdir()?;
/// let disk = FsDisk::open(folder.path())?;
/// let name = FileName::new(Folder::Log, "0000000000000001.wal")?;
/// let file = disk.create(&name, 64 * 1024)?;
/// file.write_at(b"an event", 0)?;
/// file.sync_data()?;
/// assert_eq!(disk.list(Folder::Log)?, [name]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FsDisk {
    root: PathBuf,
}

impl FsDisk {
    /// Opens the data folder `root`, which must exist, and makes the folders in it that do not.
    ///
    /// A relative path is taken from the current folder of the process now, not later.
    ///
    /// On a disk that can only be read nothing is made, and a folder that is not there is empty.
    /// Locking the data folder against a second process is up to the caller.
    ///
    /// # Errors
    ///
    /// `NotFound` or `NotADirectory` if `root` is not a folder, else those of the system.
    pub fn open(root: impl AsRef<Path>) -> io::Result<Self> {
        let disk = Self {
            root: std::path::absolute(root)?,
        };
        if !fs::metadata(&disk.root)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let mut is_changed = false;
        for folder in Folder::ALL {
            is_changed |= make_folder(&disk.folder_path(folder))?;
        }
        if is_changed {
            disk.sync_folder(Folder::Root)?;
        }
        Ok(disk)
    }

    fn folder_path(&self, folder: Folder) -> PathBuf {
        match folder {
            Folder::Root => self.root.clone(),
            below => self.root.join(below.path()),
        }
    }

    fn file_path(&self, name: &FileName) -> PathBuf {
        self.folder_path(name.folder()).join(name.name())
    }

    fn create_empty(&self, name: &FileName) -> io::Result<FsFile> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.file_path(name))?;
        Ok(FsFile {
            file,
            write_refusal: None,
        })
    }
}

impl Disk for FsDisk {
    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>> {
        let created = self.create_empty(name)?;
        let filled = write_zeros(&created.file, bytes_preallocated)
            .and_then(|()| created.file.sync_all())
            .and_then(|()| self.sync_folder(name.folder()));
        if let Err(err) = filled {
            drop(created);
            // The first error is the one to report; a file left behind is in the contract.
            let _ = fs::remove_file(self.file_path(name));
            return Err(err);
        }
        Ok(Box::new(created))
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(self.create_empty(name)?))
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        let path = self.file_path(name);
        let (file, write_refusal) = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => (file, None),
            Err(err) if is_read_only(&err) => (File::open(&path)?, Some(err.kind())),
            Err(err) => return Err(err),
        };
        Ok(Box::new(FsFile {
            file,
            write_refusal,
        }))
    }

    fn create_clone(&self, name: &FileName, of: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        let made = clone_file(&open_outside(of)?, &self.file_path(name))?;
        Ok(made.map(|file| -> Box<dyn DiskFile> {
            Box::new(FsFile {
                file,
                write_refusal: None,
            })
        }))
    }

    fn open_outside(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FsFile {
            file: open_outside(path)?,
            write_refusal: Some(io::ErrorKind::PermissionDenied),
        }))
    }

    fn list(&self, folder: Folder) -> io::Result<Vec<FileName>> {
        let entries = match fs::read_dir(self.folder_path(folder)) {
            Ok(entries) => entries,
            // Nothing of ours removes a folder: this is a disk that can only be read.
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(err) => return Err(err),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if !entry.file_type()?.is_file() {
                continue;
            }
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            names.extend(FileName::new(folder, name).ok());
        }
        names.sort();
        Ok(names)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        fs::rename(self.file_path(from), self.file_path(to))
    }

    fn remove(&self, name: &FileName) -> io::Result<()> {
        fs::remove_file(self.file_path(name))
    }

    #[cfg(not(windows))]
    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        File::open(self.folder_path(folder))?.sync_all()
    }

    /// Does nothing: Windows has no documented way to sync a folder. NTFS commits changes of
    /// names in order through its own log, so they stay consistent but may come late.
    #[cfg(windows)]
    fn sync_folder(&self, _folder: Folder) -> io::Result<()> {
        Ok(())
    }

    #[cfg(unix)]
    fn bytes_free(&self) -> io::Result<u64> {
        let filesystem = rustix::fs::statvfs(&self.root)?;
        Ok(filesystem.f_bavail.saturating_mul(filesystem.f_frsize))
    }

    /// The standard library cannot tell, and a dependency for a hint is not worth it.
    #[cfg(not(unix))]
    fn bytes_free(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

/// An open file of an [`FsDisk`].
#[derive(Debug)]
struct FsFile {
    file: File,
    /// Why the file could be opened for reading only, if so.
    write_refusal: Option<io::ErrorKind>,
}

impl DiskFile for FsFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match position::read(&self.file, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(refusal) = self.write_refusal {
            return Err(refusal.into());
        }
        let mut written = 0;
        while written < bytes.len() {
            match position::write(&self.file, &bytes[written..], offset + written as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    fn clone_to(&self, path: &Path) -> io::Result<bool> {
        Ok(clone_file(&self.file, path)?.is_some())
    }

    fn sync_data(&self) -> io::Result<()> {
        if cfg!(windows) && self.write_refusal.is_some() {
            // There only whoever may write can sync.
            return Ok(());
        }
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// Reading and writing at a position, which every system has and the standard library names
/// differently.
#[cfg(unix)]
mod position {
    pub(super) use std::os::unix::fs::FileExt;

    pub(super) fn read(file: &super::File, buffer: &mut [u8], at: u64) -> std::io::Result<usize> {
        file.read_at(buffer, at)
    }

    pub(super) fn write(file: &super::File, bytes: &[u8], at: u64) -> std::io::Result<usize> {
        file.write_at(bytes, at)
    }
}

/// As above. These calls also move the file's cursor, which nobody reads.
#[cfg(windows)]
mod position {
    pub(super) use std::os::windows::fs::FileExt;

    pub(super) fn read(file: &super::File, buffer: &mut [u8], at: u64) -> std::io::Result<usize> {
        file.seek_read(buffer, at)
    }

    pub(super) fn write(file: &super::File, bytes: &[u8], at: u64) -> std::io::Result<usize> {
        file.seek_write(bytes, at)
    }
}

/// Opens a file of the user for reading. What is something else might make whoever opens it wait.
fn open_outside(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Makes the file `to`, which does not exist, of all bytes of `from`, and opens it; `None` if that
/// cannot be done. Whatever the reason: whoever copies the bytes then learns of what is wrong.
///
/// On Linux and Android btrfs, XFS and some others can do it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn clone_file(from: &File, to: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let made = options.read(true).write(true).create_new(true).open(to)?;
    if rustix::fs::ioctl_ficlone(&made, from).is_ok() {
        return Ok(Some(made));
    }
    drop(made);
    fs::remove_file(to)?;
    Ok(None)
}

/// As above; APFS can do it. The clone has the mode of `from`, which may forbid its owner to write.
#[cfg(target_vendor = "apple")]
pub(super) fn clone_file(from: &File, to: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{CWD, CloneFlags, fclonefileat};

    match fclonefileat(from, CWD, to, CloneFlags::NOOWNERCOPY) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => return Ok(None),
    }
    let open = || {
        let mode = fs::metadata(to)?.permissions().mode();
        fs::set_permissions(to, fs::Permissions::from_mode(mode | 0o600))?;
        OpenOptions::new().read(true).write(true).open(to)
    };
    match open() {
        Ok(made) => Ok(Some(made)),
        Err(_) => fs::remove_file(to).map(|()| None),
    }
}

/// Windows can clone on ReFS only, which is rare on devices; others have no common way.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn clone_file(_from: &File, _to: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Makes a folder unless it is there or the disk can only be read; says whether it made it.
fn make_folder(path: &Path) -> io::Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(err) if is_read_only(&err) => Ok(false),
        Err(err) => Err(err),
    }
}

fn is_read_only(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

fn write_zeros(mut file: &File, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; ZEROS_CHUNK_BYTES];
    let mut left = bytes;
    while left > 0 {
        let chunk = left.min(zeros.len() as u64);
        file.write_all(&zeros[..chunk as usize])?;
        left -= chunk;
    }
    Ok(())
}

/// Few system calls for a log file, and too little to show in the memory of the process.
const ZEROS_CHUNK_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FileName {
        FileName::new(Folder::Log, text).unwrap()
    }

    #[test]
    fn open_makes_the_folders_and_finds_the_files_again() {
        let root = tempfile::tempdir().unwrap();
        let disk = FsDisk::open(root.path()).unwrap();
        disk.create(&name("a"), 1).unwrap();
        for folder in ["log", "segments", "aside", "blobs"] {
            assert!(root.path().join(folder).is_dir(), "{folder}");
        }
        let again = FsDisk::open(root.path()).unwrap();
        assert_eq!(again.list(Folder::Log).unwrap(), [name("a")]);
        assert!(root.path().join("log").join("a").is_file());
    }

    #[test]
    fn root_must_be_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let missing = FsDisk::open(root.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        fs::write(root.path().join("file"), "").unwrap();
        let file = FsDisk::open(root.path().join("file")).unwrap_err();
        assert_eq!(file.kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn what_the_engine_could_not_have_named_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let disk = FsDisk::open(root.path()).unwrap();
        for foreign in [".hidden", "With Capitals", "Thumbs.db"] {
            fs::write(root.path().join("log").join(foreign), "").unwrap();
        }
        fs::create_dir(root.path().join("log").join("folder")).unwrap();
        assert_eq!(disk.list(Folder::Log).unwrap(), []);
        assert_eq!(disk.list(Folder::Root).unwrap(), []);
    }

    #[test]
    fn preallocation_leaves_no_hole() {
        let root = tempfile::tempdir().unwrap();
        let disk = FsDisk::open(root.path()).unwrap();
        let bytes = 3 * ZEROS_CHUNK_BYTES as u64 + 100;
        disk.create(&name("a"), bytes).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let metadata = fs::metadata(root.path().join("log/a")).unwrap();
            assert!(metadata.blocks() * 512 >= bytes);
        }
    }

    #[cfg(unix)]
    #[test]
    fn folder_that_cannot_be_written_can_be_read() {
        use std::os::unix::fs::PermissionsExt;

        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("log");
        let disk = FsDisk::open(root.path()).unwrap();
        disk.create(&name("a"), 0)
            .unwrap()
            .write_at(b"x", 0)
            .unwrap();
        fs::remove_dir(root.path().join("aside")).unwrap();
        let set_mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set_mode(&log.join("a"), 0o400);
        set_mode(&log, 0o500);
        set_mode(root.path(), 0o500);
        // The superuser may write anywhere, so there is nothing to see then.
        if fs::write(log.join("probe"), "").is_err() {
            read_but_not_write(&FsDisk::open(root.path()).unwrap());
        }
        set_mode(root.path(), 0o700);
        set_mode(&log, 0o700);
    }

    #[cfg(unix)]
    fn read_but_not_write(disk: &FsDisk) {
        let refused = |result: io::Result<()>| {
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        };
        assert_eq!(disk.list(Folder::Log).unwrap(), [name("a")]);
        assert_eq!(disk.list(Folder::Aside).unwrap(), []);
        let file = disk.open(&name("a")).unwrap();
        let mut buffer = [0];
        file.read_exact_at(&mut buffer, 0).unwrap();
        assert_eq!(&buffer, b"x");
        refused(file.write_at(b"y", 0));
        refused(disk.create(&name("b"), 0).map(drop));
        refused(disk.rename(&name("a"), &name("b")));
        refused(disk.remove(&name("a")));
    }
}
