//! The simulated disk with smaller log files, and copies of it.
//!
//! A log file is as large as the file it was made of, so making small ones reaches sealing,
//! merging and retention after kilobytes instead of megabytes. Nothing else is changed.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use swarmlet_engine::limits::LOG_FILE_BYTES;
use swarmlet_engine::storage::{Disk, DiskFile, DiskLayer, FileName, SimDisk};

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

impl DiskLayer for SmallFiles {
    fn below(&self) -> &dyn Disk {
        &self.disk
    }

    fn create(&self, name: &FileName, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let bytes = match bytes {
            LOG_FILE_BYTES => self.log_file_bytes,
            other => other,
        };
        self.disk.create(name, bytes)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        self.disk.rename(from, to)?;
        if from.name().ends_with(".wal") {
            self.is_recycling.store(true, Relaxed);
        }
        Ok(())
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
