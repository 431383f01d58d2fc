//! A disk on which syncs wait for writes, so that it is certain what happens at the same time.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use crate::storage::{Disk, DiskFile, FileName, Folder, SimDisk};

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

impl Disk for GatedDisk {
    fn create(&self, name: &FileName, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.gated(self.disk.create(name, bytes)?))
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.gated(self.disk.create_unsynced(name)?))
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.gated(self.disk.open(name)?))
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

impl DiskFile for GatedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
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

    fn clone_to(&self, path: &Path) -> io::Result<bool> {
        self.file.clone_to(path)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}
