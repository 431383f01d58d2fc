//! The simulated disk with smaller log files, and copies of it.
//!
//! A log file is as large as the file it was made of, so making small ones reaches sealing,
//! merging and retention after kilobytes instead of megabytes. Nothing else is changed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use swarmlet_engine::limits::LOG_FILE_BYTES;
use swarmlet_engine::storage::{Disk, DiskFile, FileName, Folder, SimDisk};

/// A [`SimDisk`] on which log files have a length of their own.
#[derive(Clone, Debug)]
pub struct SmallFiles {
    /// The disk below.
    pub disk: SimDisk,
    /// Bytes of a log file.
    pub log_file_bytes: u64,
    /// Set once a sealed log file waits to be used again.
    pub is_recycling: Arc<AtomicBool>,
}

impl Disk for SmallFiles {
    fn create(&self, name: &FileName, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let bytes = match bytes {
            LOG_FILE_BYTES => self.log_file_bytes,
            other => other,
        };
        self.disk.create(name, bytes)
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
        self.disk.rename(from, to)?;
        if from.name().ends_with(".wal") {
            self.is_recycling.store(true, Relaxed);
        }
        Ok(())
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

/// A disk of its own that holds `files`, all durable.
pub fn disk_with(files: &BTreeMap<FileName, Vec<u8>>) -> io::Result<SimDisk> {
    let disk = SimDisk::new(0);
    for (name, bytes) in files {
        let file = disk.create(name, 0)?;
        file.write_at(bytes, 0)?;
        file.sync_all()?;
    }
    Ok(disk)
}
