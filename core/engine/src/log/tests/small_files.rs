//! The simulated disk with small log files, on which something can happen in between.

use std::io;
use std::sync::{Arc, Mutex};

use crate::limits::LOG_FILE_BYTES;
use crate::storage::{Disk, DiskFile, DiskLayer, FileName, SimDisk};

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

impl DiskLayer for SmallFiles {
    fn below(&self) -> &dyn Disk {
        &self.disk
    }

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
}

pub(super) const SMALL_FILE_BYTES: u64 = 32 * 1024;
