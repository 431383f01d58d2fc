//! A disk on which syncs wait for writes, so that it is certain what happens at the same time.

use std::io;
use std::sync::{Arc, Condvar, Mutex};

use crate::storage::{Disk, DiskFile, DiskLayer, FileLayer, FileName, SimDisk};

/// A disk whose first sync of a file waits until so much was written to files.
#[derive(Debug)]
pub(super) struct GatedDisk {
    disk: SimDisk,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct Gate {
    writes_needed: u64,
    writes: Mutex<u64>,
    written: Condvar,
}

#[derive(Debug)]
struct GatedFile {
    file: Box<dyn DiskFile>,
    gate: Arc<Gate>,
}

impl GatedDisk {
    pub(super) fn new(disk: &SimDisk, writes_needed: u64) -> Self {
        Self {
            disk: disk.clone(),
            gate: Arc::new(Gate {
                writes_needed,
                writes: Mutex::default(),
                written: Condvar::new(),
            }),
        }
    }

    fn gated(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        let gate = self.gate.clone();
        Box::new(GatedFile { file, gate })
    }
}

impl DiskLayer for GatedDisk {
    fn below(&self) -> &dyn Disk {
        &self.disk
    }

    fn create(&self, name: &FileName, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.gated(self.disk.create(name, bytes)?))
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.gated(self.disk.create_unsynced(name)?))
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.gated(self.disk.open(name)?))
    }
}

impl FileLayer for GatedFile {
    fn below(&self) -> &dyn DiskFile {
        self.file.as_ref()
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)?;
        *self.gate.writes.lock().unwrap() += 1;
        self.gate.written.notify_all();
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let writes = self.gate.writes.lock().unwrap();
        let is_too_little = |writes: &mut u64| *writes < self.gate.writes_needed;
        drop(self.gate.written.wait_while(writes, is_too_little).unwrap());
        self.file.sync_data()
    }
}
