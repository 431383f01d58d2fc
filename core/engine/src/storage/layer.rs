//! Disks in front of others, which do one thing differently: they measure, or fail, or wait.
//!
//! Whoever implements [`DiskLayer`] is a [`Disk`], and says of it only what is different; the same
//! holds for [`FileLayer`]. The contract stays that of the traits below.

use std::fmt;
use std::io;
use std::path::Path;

use super::{Disk, DiskFile, FileName, Folder};

/// A disk in front of another, which does whatever this one does not say.
pub trait DiskLayer: fmt::Debug + Send + Sync + 'static {
    /// The disk behind it.
    fn below(&self) -> &dyn Disk;

    /// As [`Disk::create`].
    ///
    /// # Errors
    ///
    /// Those of the disk behind it.
    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>> {
        self.below().create(name, bytes_preallocated)
    }

    /// As [`Disk::create_unsynced`].
    ///
    /// # Errors
    ///
    /// Those of the disk behind it.
    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        self.below().create_unsynced(name)
    }

    /// As [`Disk::open`].
    ///
    /// # Errors
    ///
    /// Those of the disk behind it.
    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        self.below().open(name)
    }

    /// As [`Disk::rename`].
    ///
    /// # Errors
    ///
    /// Those of the disk behind it.
    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        self.below().rename(from, to)
    }
}

/// A file in front of another, which does whatever this one does not say.
pub trait FileLayer: fmt::Debug + Send + Sync + 'static {
    /// The file behind it.
    fn below(&self) -> &dyn DiskFile;

    /// As [`DiskFile::write_at`].
    ///
    /// # Errors
    ///
    /// Those of the file behind it.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.below().write_at(bytes, offset)
    }

    /// As [`DiskFile::sync_data`].
    ///
    /// # Errors
    ///
    /// Those of the file behind it.
    fn sync_data(&self) -> io::Result<()> {
        self.below().sync_data()
    }
}

impl<L: DiskLayer> Disk for L {
    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>> {
        DiskLayer::create(self, name, bytes_preallocated)
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        DiskLayer::create_unsynced(self, name)
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        DiskLayer::open(self, name)
    }

    fn create_clone(&self, name: &FileName, of: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        self.below().create_clone(name, of)
    }

    fn open_outside(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.below().open_outside(path)
    }

    fn list(&self, folder: Folder) -> io::Result<Vec<FileName>> {
        self.below().list(folder)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        DiskLayer::rename(self, from, to)
    }

    fn remove(&self, name: &FileName) -> io::Result<()> {
        self.below().remove(name)
    }

    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        self.below().sync_folder(folder)
    }

    fn bytes_free(&self) -> io::Result<u64> {
        self.below().bytes_free()
    }
}

impl<L: FileLayer> DiskFile for L {
    fn len(&self) -> io::Result<u64> {
        self.below().len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.below().read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileLayer::write_at(self, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        FileLayer::sync_data(self)
    }

    fn clone_to(&self, path: &Path) -> io::Result<bool> {
        self.below().clone_to(path)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.below().sync_all()
    }
}
