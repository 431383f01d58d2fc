//! The files of the user of a simulated disk, beside the data folder.
//!
//! They are what the user makes of them: no fault of the disk damages them, and they take none of
//! its room. Sits below `machine`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The files by their paths.
#[derive(Debug, Default)]
pub(super) struct Outside {
    files: BTreeMap<PathBuf, OutsideFile>,
}

/// A file that goes on as long as somebody has it open.
#[derive(Clone, Debug, Default)]
pub(super) struct OutsideFile {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Outside {
    /// Makes a file, or gives one other bytes.
    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) {
        let file = self.files.entry(path.to_owned()).or_default();
        *file.bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
    }

    /// Removes a file; whoever has it open keeps it.
    pub(super) fn remove(&mut self, path: &Path) {
        self.files.remove(path);
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<OutsideFile> {
        let found = self.files.get(path).cloned();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl OutsideFile {
    /// All of it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let bytes = self.bytes.lock();
        bytes.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
