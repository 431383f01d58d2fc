//! The simulated disk with small log files, on which something can happen in between.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::limits::LOG_FILE_BYTES;
use crate::storage::{Disk, DiskFile, FileName, Folder, SimDisk};

type Hook = Box<dyn FnOnce() + Send>;

/// A disk with log files of 32 KiB, or as small as wanted, on which something can happen while a
/// file is made.
#[derive(Clone)]
pub(super) struct SmallFiles {
    disk: SimDisk,
    file_bytes: u64,
    while_creating: Arc<Mutex<Option<(String, Hook)>>>,
}

impl SmallFiles {
    pub(super) fn new(disk: SimDisk) -> Self {
        Self::of(disk, SMALL_FILE_BYTES)
    }

    pub(super) fn of(disk: SimDisk, file_bytes: u64) -> Self {
        Self {
            disk,
            file_bytes,
            while_creating: Arc::default(),
        }
    }

    pub(super) fn while_creating(&self, name: &str, hook: impl FnOnce() + Send + 'static) {
        *self.while_creating.lock().unwrap() = Some((name.to_owned(), Box::new(hook)));
    }
}

impl std::fmt::Debug for SmallFiles {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.disk.fmt(out)
    }
}

impl Disk for SmallFiles {
    fn create(&self, name: &FileName, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let file = match bytes {
            LOG_FILE_BYTES => self.disk.create(name, self.file_bytes),
            other => self.disk.create(name, other),
        };
        let armed = self
            .while_creating
            .lock()
            .unwrap()
            .take_if(|(wanted, _)| wanted == name.name());
        if let Some((_, hook)) = armed {
            hook();
        }
        file
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create_unsynced(name)
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(name)
    }

    fn create_clone(&self, name: &FileName, of: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        self.disk.create_clone(name, of)
    }

    fn open_outside(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open_outside(path)
    }

    fn list(&self, folder: Folder) -> io::Result<Vec<FileName>> {
        self.disk.list(folder)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &FileName) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }

    fn bytes_free(&self) -> io::Result<u64> {
        self.disk.bytes_free()
    }
}

pub(super) const SMALL_FILE_BYTES: u64 = 32 * 1024;
