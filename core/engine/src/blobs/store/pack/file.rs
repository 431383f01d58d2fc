//! Files of small blobs: a range of a pack, and bytes in memory.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::DiskFile;

/// The bytes of one blob in a pack. They never change.
#[derive(Debug)]
pub(super) struct PackedFile {
    pub(super) pack: Arc<dyn DiskFile>,
    pub(super) start: u64,
    pub(super) len: u64,
}

impl DiskFile for PackedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let count = left.min(buffer.len() as u64) as usize;
        if count == 0 {
            return Ok(0);
        }
        self.pack.read_at(&mut buffer[..count], self.start + offset)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    /// What is shared are whole files.
    fn clone_to(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that come into a pack when all of them are there.
#[derive(Debug, Default)]
pub(in super::super) struct MemoryFile {
    bytes: Mutex<Vec<u8>>,
}

impl MemoryFile {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.bytes();
        let start = bytes
            .len()
            .min(usize::try_from(offset).unwrap_or(usize::MAX));
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, written: &[u8], offset: u64) -> io::Result<()> {
        let mut bytes = self.bytes();
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let start = usize::try_from(offset).map_err(too_large)?;
        let end = start + written.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(written);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn clone_to(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }
}
