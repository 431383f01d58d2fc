//! The disk with a stopwatch: how long syncs take.
//!
//! The engine has no clock, so the node measures from outside. It changes nothing else.

use std::fmt;
use std::io;
use std::sync::Arc;

use swarmlet_engine::storage::{Disk, DiskFile, DiskLayer, FileLayer, FileName, Folder};

use crate::clock::Stopwatch;
use crate::metrics::Recorders;

/// A disk whose syncs of the files of the log are measured; no file of it is created unsynced.
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

impl DiskLayer for MeasuredDisk {
    fn below(&self) -> &dyn Disk {
        self.inner.as_ref()
    }

    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.measured(self.inner.create(name, bytes_preallocated)?))
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        let file = self.inner.open(name)?;
        match name.folder() {
            Folder::Blobs => Ok(file),
            _ => Ok(self.measured(file)),
        }
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

impl FileLayer for MeasuredFile {
    fn below(&self) -> &dyn DiskFile {
        self.inner.as_ref()
    }

    fn sync_data(&self) -> io::Result<()> {
        let taken = Stopwatch::start();
        let synced = self.inner.sync_data();
        self.recorders.sync.record(taken.elapsed());
        synced
    }
}
