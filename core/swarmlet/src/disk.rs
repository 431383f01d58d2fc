//! The disk with a stopwatch: how long syncs take.
//!
//! The engine has no clock, so the node measures from outside. It changes nothing else.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use swarmlet_engine::storage::{Disk, DiskFile, FileName, Folder};

use crate::clock::Stopwatch;
use crate::metrics::Recorders;

/// A disk whose syncs of file content are measured.
#[derive(Debug)]
pub(crate) struct MeasuredDisk {
    inner: Arc<dyn Disk>,
    recorders: Arc<Recorders>,
}

impl MeasuredDisk {
    pub(crate) fn new(inner: Arc<dyn Disk>, recorders: Arc<Recorders>) -> Self {
        Self { inner, recorders }
    }

    fn measured(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(MeasuredFile {
            inner: file,
            recorders: self.recorders.clone(),
        })
    }
}

impl Disk for MeasuredDisk {
    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.measured(self.inner.create(name, bytes_preallocated)?))
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        // Nothing of the log is made so, and only its syncs are measured.
        self.inner.create_unsynced(name)
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        let file = self.inner.open(name)?;
        match name.folder() {
            Folder::Blobs => Ok(file),
            _ => Ok(self.measured(file)),
        }
    }

    fn create_clone(&self, name: &FileName, of: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        self.inner.create_clone(name, of)
    }

    fn open_outside(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.inner.open_outside(path)
    }

    fn list(&self, folder: Folder) -> io::Result<Vec<FileName>> {
        self.inner.list(folder)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &FileName) -> io::Result<()> {
        self.inner.remove(name)
    }

    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        self.inner.sync_folder(folder)
    }

    fn bytes_free(&self) -> io::Result<u64> {
        self.inner.bytes_free()
    }
}

struct MeasuredFile {
    inner: Box<dyn DiskFile>,
    recorders: Arc<Recorders>,
}

impl fmt::Debug for MeasuredFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(out)
    }
}

impl DiskFile for MeasuredFile {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.inner.write_at(bytes, offset)
    }

    fn clone_to(&self, path: &Path) -> io::Result<bool> {
        self.inner.clone_to(path)
    }

    fn sync_data(&self) -> io::Result<()> {
        let taken = Stopwatch::start();
        let synced = self.inner.sync_data();
        self.recorders.sync.record(taken.elapsed());
        synced
    }

    fn sync_all(&self) -> io::Result<()> {
        self.inner.sync_all()
    }
}
