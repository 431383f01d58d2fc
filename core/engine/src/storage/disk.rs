//! The contract between the engine and whatever keeps its bytes.
//!
//! Two traits: [`Disk`] for the files of one data folder, [`DiskFile`] for the bytes of one file.
//! They say what is visible at once and, separately, what is still there after power loss. They
//! never interpret bytes and never buffer. [`FsDisk`](super::FsDisk) and
//! [`SimDisk`](super::SimDisk) keep this contract; one test suite runs over both.
//!
//! **Visible** means: every later call of this process sees it, and so does the next process if
//! this one is killed. **Durable** means: it is still there after the power failed. What is
//! visible and not durable may survive a power failure in whole, in part or not at all, and
//! later writes may survive where earlier ones do not.
//!
//! Errors are those of the operating system, unchanged. Of those the engine tells apart:
//! `NotFound`, `AlreadyExists`, `StorageFull` and `QuotaExceeded` (the disk is full),
//! `PermissionDenied` and `ReadOnlyFilesystem` (the disk can only be read). After any other error
//! of a write or a sync the bytes concerned are unknown: see [`DiskFile::sync_data`].

use std::fmt;
use std::io;
use std::path::Path;

use super::{FileName, Folder};

/// The files of one data folder.
///
/// Folders always exist. Files the engine could not have named are not seen. One process at a
/// time uses a data folder; its threads share the disk freely.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Makes a file of `bytes_preallocated` zeros that did not exist before, and opens it.
    ///
    /// The zeros are really written, not left as a hole: overwriting them needs no new block, so
    /// it cannot find the disk full and its [`sync_data`](DiskFile::sync_data) has no file
    /// metadata to commit.
    ///
    /// Durability: name, length and zeros are durable when it returns. Other changes of the same
    /// folder become durable with it, as by [`sync_folder`](Disk::sync_folder). After a power
    /// failure while it runs, the file may exist with any shorter length.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` changes nothing. After any other error the file has been removed again; if
    /// the device failed in that as well, it may be left, with any length up to the one asked
    /// for.
    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>>;

    /// Makes an empty file that did not exist before, and opens it; nothing of it is durable yet.
    ///
    /// For files that are written in full, synced and renamed before they count: making one costs
    /// no sync.
    ///
    /// Durability: none until [`sync_folder`](Disk::sync_folder), for the name.
    ///
    /// # Errors
    ///
    /// As [`create`](Disk::create).
    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that exists; for reading and writing where the disk allows it, else for
    /// reading only, when writing to it fails with `PermissionDenied` or `ReadOnlyFilesystem`.
    ///
    /// Durability: none needed, none given. After a kill the content found may be visible only.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such file.
    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>>;

    /// Makes a file that did not exist before of all bytes of a file of the user, shared with it on
    /// the medium until either is written to: what the user's file was at one moment. `None`, and
    /// nothing is made, where the filesystem cannot do that.
    ///
    /// Durability: as of [`create_unsynced`](Disk::create_unsynced), of the bytes as well.
    ///
    /// # Errors
    ///
    /// As [`create_unsynced`](Disk::create_unsynced), and those of opening the user's file:
    /// `InvalidInput` if it is something else than a file.
    fn create_clone(&self, name: &FileName, of: &Path) -> io::Result<Option<Box<dyn DiskFile>>>;

    /// Opens a file of the user for reading: writing to it fails with `PermissionDenied`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is something else than a file, and those of the system.
    fn open_outside(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// The files of a folder, sorted by name. Names no [`FileName`] can have are left out.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    fn list(&self, folder: Folder) -> io::Result<Vec<FileName>>;

    /// Gives a file another name, replacing the file that had it; atomic, also across power
    /// failures: the new name is either the old file or the new one, whole.
    ///
    /// Handles keep their file, not its name. A handle of a file that was replaced keeps reading
    /// it.
    ///
    /// Durability: none until [`sync_folder`](Disk::sync_folder) of every folder involved. The
    /// new name can become durable before the content does, so sync the file first.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no file `from`. After an error nothing was renamed.
    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()>;

    /// Removes a file. Handles of it keep working; its space is free once they are dropped.
    ///
    /// Durability: none until [`sync_folder`](Disk::sync_folder); before that the file can come
    /// back, with its durable content.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such file. After an error nothing was removed.
    fn remove(&self, name: &FileName) -> io::Result<()>;

    /// Makes the names in a folder durable: every creation, rename and removal so far.
    ///
    /// It says nothing of the content of files, nor of other folders. Between syncs the changes
    /// of one folder become durable in the order they were made; changes of two folders in any
    /// order.
    ///
    /// # Errors
    ///
    /// After an error any leading part of the changes may be durable.
    fn sync_folder(&self, folder: Folder) -> io::Result<()>;

    /// Bytes this process may still allocate, by the filesystem's own account.
    ///
    /// `u64::MAX` where the system cannot tell: then only a failing write shows a full disk.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    fn bytes_free(&self) -> io::Result<u64>;
}

/// One open file. Positions are explicit, so threads share a handle without a lock.
#[expect(
    clippy::len_without_is_empty,
    reason = "a length that can fail; nobody asks for more"
)]
pub trait DiskFile: fmt::Debug + Send + Sync + 'static {
    /// The visible length of the file in bytes.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    fn len(&self) -> io::Result<u64>;

    /// Fills `buffer` with the visible bytes from `offset` on, and says how many there were:
    /// fewer than asked only where the file ends, zero at or past its end.
    ///
    /// # Errors
    ///
    /// After an error the content of `buffer` is unspecified.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Fills the whole of `buffer`, or fails.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before the buffer does, else as
    /// [`read_at`](DiskFile::read_at).
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.read_at(buffer, offset)? == buffer.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Writes all of `bytes` at `offset`; beyond the end it makes the file longer, and a gap
    /// reads as zeros.
    ///
    /// Durability: none until a sync. Without one, a power failure leaves each 512-byte sector
    /// old or new on its own, whatever the order of writing, and an extended file at any length
    /// between the durable one and the new one, with zeros where the bytes were lost.
    ///
    /// # Errors
    ///
    /// After an error any part of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the bytes and the length of the file durable: every write that returned before the
    /// call began, through whichever handle.
    ///
    /// It says nothing of the file's name: see [`Disk::sync_folder`].
    ///
    /// # Errors
    ///
    /// After an error nobody knows what is durable, and **calling it again proves nothing**: the
    /// operating system has marked the pages clean without writing them, may go on showing their
    /// new content, or the old one, and reports the loss only once. Whatever was not durable
    /// before must be treated as lost until it is read back after a restart.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes a file outside of the data folder, which is not there yet, share its visible bytes, as
    /// [`Disk::create_clone`] does; says whether the filesystem can do that. If not, nothing is
    /// made.
    ///
    /// Durability: none.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`, and those of making a file.
    fn clone_to(&self, path: &Path) -> io::Result<bool>;

    /// As [`sync_data`](DiskFile::sync_data), with the metadata that is not needed to read the
    /// bytes back. For files just made; on the commit path it only costs time.
    ///
    /// # Errors
    ///
    /// As [`sync_data`](DiskFile::sync_data).
    fn sync_all(&self) -> io::Result<()>;
}
