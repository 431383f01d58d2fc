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

/// Pairs that are read at a time. The three in a piece lie behind each other, behind those on the
/// way to it that the piece before had not.
const AHEAD_PAIRS: usize = 8;

/// Pairs that were read at once for one piece. For another piece they are read anew: they may have
/// come meanwhile.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    at: u64,
    pairs: Vec<HashPair>,
}

impl Ahead {
    fn pair(&self, at: u64) -> Option<HashPair> {
        let index = at.checked_sub(self.at)? / HASH_PAIR_BYTES as u64;
        self.pairs.get(usize::try_from(index).ok()?).copied()
    }
}

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

    /// The pair at a position, of those that were read for this piece if it is there. What is not
    /// in the file is zero, and so proves nothing.
    pub(super) fn read(&self, at: u64, ahead: &mut Ahead) -> io::Result<HashPair> {
        if let Some((_, pair)) = self.proven().iter().find(|(known, _)| *known == at) {
            return Ok(*pair);
        }
        if let Some(pair) = ahead.pair(at) {
            return Ok(pair);
        }
        let mut pairs = [[0; HASH_PAIR_BYTES]; AHEAD_PAIRS];
        self.file.read_at(pairs.as_flattened_mut(), at)?;
        *ahead = Ahead {
            at,
            pairs: pairs.to_vec(),
        };
        Ok(pairs[0])
    }

    /// Writes the pairs that prove a piece, but those that are there. Nothing of it is durable.
    pub(super) fn write(&self, pairs: Vec<(u64, HashPair)>) -> io::Result<()> {
        let new: Vec<_> = {
            let proven = self.proven();
            let is_new = |pair: &&(u64, HashPair)| !proven.contains(pair);
            pairs.iter().filter(is_new).collect()
        };
        let is_next = |one: &&(u64, HashPair), next: &&(u64, HashPair)| {
            one.0 + HASH_PAIR_BYTES as u64 == next.0
        };
        for run in new.chunk_by(is_next) {
            let bytes: Vec<u8> = run.iter().flat_map(|(_, pair)| *pair).collect();
            self.file.write_at(&bytes, run[0].0)?;
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

    /// The pair at a position, for a piece of its own.
    fn read(hashes: &HashFile, at: u64) -> HashPair {
        hashes.read(at, &mut Ahead::default()).unwrap()
    }

    #[test]
    fn what_proved_the_last_piece_is_neither_read_nor_written_again() {
        let disk = SimDisk::new(1);
        let (one, another) = (on(&disk), on(&disk));
        one.write(vec![(0, [1; 64]), (64, [2; 64])]).unwrap();
        another.file.write_at(&[9; 64], 0).unwrap();
        assert_eq!(read(&one, 0), [1; 64]);
        one.write(vec![(0, [1; 64]), (128, [3; 64])]).unwrap();
        assert_eq!(read(&another, 0), [9; 64]);
        assert_eq!(read(&another, 128), [3; 64]);
        // That of the piece before was let go of.
        another.file.write_at(&[8; 64], 64).unwrap();
        assert_eq!(read(&one, 64), [8; 64]);
    }

    #[test]
    fn another_pair_in_the_same_place_is_written() {
        let disk = SimDisk::new(1);
        let (one, another) = (on(&disk), on(&disk));
        one.write(vec![(0, [1; 64])]).unwrap();
        one.write(vec![(0, [2; 64])]).unwrap();
        assert_eq!(read(&one, 0), [2; 64]);
        assert_eq!(read(&another, 0), [2; 64]);
    }

    #[test]
    fn pairs_beside_each_other_are_read_and_written_at_once() {
        let disk = SimDisk::new(1);
        let (one, another) = (on(&disk), on(&disk));
        let pairs: Vec<(u64, HashPair)> = (0..12).map(|at| (at * 64, [at as u8; 64])).collect();
        let before = disk.counters().operations;
        one.write([&pairs[..4], &pairs[5..]].concat()).unwrap();
        assert_eq!(disk.counters().operations - before, 2);
        let mut ahead = Ahead::default();
        for (at, pair) in &pairs {
            let expected = if *at == 4 * 64 { [0; 64] } else { *pair };
            assert_eq!(another.read(*at, &mut ahead).unwrap(), expected);
        }
        assert_eq!(disk.counters().operations - before, 4);
    }
}
