//! The file of the pairs of hashes of one blob.
//!
//! Two pieces that follow each other are proven by nearly the same pairs. Those of the last one are
//! kept in memory, so that a piece costs a few calls of the disk and not one for each level of the
//! tree.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::storage::DiskFile;

/// Two hashes: of what is on the left, and on the right.
pub(super) type HashPair = [u8; HASH_PAIR_BYTES];

/// Bytes of two hashes.
pub(super) const HASH_PAIR_BYTES: usize = 64;

/// The file, and what is known of it. Threads share it.
#[derive(Debug)]
pub(super) struct HashFile {
    file: Box<dyn DiskFile>,
    /// Pairs that are in the file and lead to the id, each with its position: those of one piece.
    proven: Mutex<Vec<(u64, HashPair)>>,
}

impl HashFile {
    pub(super) fn new(file: Box<dyn DiskFile>) -> Self {
        Self {
            file,
            proven: Mutex::default(),
        }
    }

    /// The pair at a position. What is not there is zero, and so proves nothing.
    pub(super) fn read(&self, at: u64) -> io::Result<HashPair> {
        if let Some((_, pair)) = self.proven().iter().find(|(known, _)| *known == at) {
            return Ok(*pair);
        }
        let mut pair = [0; HASH_PAIR_BYTES];
        self.file.read_at(&mut pair, at)?;
        Ok(pair)
    }

    /// Writes the pairs that prove a piece, but those that are there. Nothing of it is durable.
    pub(super) fn write(&self, pairs: Vec<(u64, HashPair)>) -> io::Result<()> {
        for (at, pair) in &pairs {
            if !self.proven().contains(&(*at, *pair)) {
                self.file.write_at(pair, *at)?;
            }
        }
        self.note_proven(pairs);
        Ok(())
    }

    /// Notes the pairs that have proven a piece, as they are in the file.
    pub(super) fn note_proven(&self, pairs: Vec<(u64, HashPair)>) {
        *self.proven() = pairs;
    }

    /// Makes what was written durable, not the name of the file.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn proven(&self) -> MutexGuard<'_, Vec<(u64, HashPair)>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Disk, FileName, Folder, SimDisk};

    fn on(disk: &SimDisk) -> HashFile {
        let name = FileName::new(Folder::Blobs, "hashes").unwrap();
        let opened = disk.open(&name).or_else(|_| disk.create_unsynced(&name));
        HashFile::new(opened.unwrap())
    }

    #[test]
    fn what_proved_the_last_piece_is_neither_read_nor_written_again() {
        let disk = SimDisk::new(1);
        let (one, another) = (on(&disk), on(&disk));
        one.write(vec![(0, [1; 64]), (64, [2; 64])]).unwrap();
        another.file.write_at(&[9; 64], 0).unwrap();
        assert_eq!(one.read(0).unwrap(), [1; 64]);
        one.write(vec![(0, [1; 64]), (128, [3; 64])]).unwrap();
        assert_eq!(another.read(0).unwrap(), [9; 64]);
        assert_eq!(another.read(128).unwrap(), [3; 64]);
        // That of the piece before was let go of.
        another.file.write_at(&[8; 64], 64).unwrap();
        assert_eq!(one.read(64).unwrap(), [8; 64]);
    }

    #[test]
    fn another_pair_in_the_same_place_is_written() {
        let disk = SimDisk::new(1);
        let (one, another) = (on(&disk), on(&disk));
        one.write(vec![(0, [1; 64])]).unwrap();
        one.write(vec![(0, [2; 64])]).unwrap();
        assert_eq!(one.read(0).unwrap(), [2; 64]);
        assert_eq!(another.read(0).unwrap(), [2; 64]);
    }
}
