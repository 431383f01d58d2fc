//! Blobs on the simulated disk: imports, parts, power losses, faults.

use std::sync::Arc;

use super::*;
use crate::blobs::limits::{FREE_BYTES_KEPT, PIECE_BYTES};
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{ErrorKind, Result};
use crate::storage::{Disk, Folder, SimDisk};

fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len)
        .map(|index| (index / 7 + index % 251) as u8 ^ seed)
        .collect()
}

fn open(disk: &SimDisk) -> BlobStore {
    BlobStore::open(Arc::new(disk.clone())).unwrap()
}

fn import(store: &BlobStore, content: &[u8]) -> Result<Blob> {
    let mut import = store.import()?;
    for some in content.chunks(10_000) {
        import.write(some)?;
    }
    import.complete()
}

fn all(blob: &Blob) -> Result<Vec<u8>> {
    let pieces = blob.size().pieces_of(0..u64::MAX);
    let read = pieces.map(|piece| blob.read(piece));
    Ok(read.collect::<Result<Vec<_>>>()?.concat())
}

fn piece(size: BlobSize, number: u64) -> Piece {
    size.piece(number).unwrap()
}

/// Fetches what is missing of `part` from `source`.
fn fetch(part: &mut Part, source: &Blob) -> Result<()> {
    for piece in part.missing().clone().iter() {
        assert_eq!(part.write(piece, &source.encode(piece)?)?, Taken::Stored);
    }
    Ok(())
}

/// Begins to fetch from `source`, with the piece that proves its size.
fn begin(store: &BlobStore, source: &Blob) -> Result<Part> {
    let last = source.size().last_piece();
    let begun = store.begin(source.id(), source.size(), (last, &source.encode(last)?), 0)?;
    Ok(begun.expect("the last piece proves the size"))
}

/// A blob in a store of its own, to fetch from.
fn source(content: &[u8]) -> Blob {
    import(&open(&SimDisk::new(7)), content).unwrap()
}

#[test]
fn what_is_imported_is_there_by_its_hash() {
    for len in [0, 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024, 300_000] {
        let disk = SimDisk::new(1);
        let content = bytes(len, 0);
        let id = import(&open(&disk), &content).unwrap().id();
        assert_eq!(id, BlobId::of(&content));
        let again = open(&disk.power_loss());
        assert_eq!(all(&again.blob(id).unwrap().unwrap()).unwrap(), content);
    }
}

#[test]
fn the_same_bytes_are_stored_once() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let first = import(&store, &bytes(300_000, 0)).unwrap().id();
    let files = disk.list(Folder::Blobs).unwrap();
    assert_eq!(import(&store, &bytes(300_000, 0)).unwrap().id(), first);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), files);
    assert_eq!(store.list().unwrap(), [first]);
}

#[test]
fn an_import_that_is_given_up_leaves_nothing() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let mut given_up = store.import().unwrap();
    given_up.write(&bytes(300_000, 0)).unwrap();
    drop(given_up);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), []);
    let mut killed = store.import().unwrap();
    killed.write(&bytes(300_000, 0)).unwrap();
    let disk = disk.kill();
    drop(killed);
    assert_eq!(disk.list(Folder::Blobs).unwrap().len(), 1);
    open(&disk);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), []);
}

#[test]
fn whatever_operation_fails_a_blob_is_whole_or_not_there() {
    let content = bytes(100_000, 3);
    let id = BlobId::of(&content);
    for nth in 1.. {
        let disk = SimDisk::new(nth);
        let store = open(&disk);
        disk.fail_nth_operation(nth, crate::storage::sim::Fault::PowerLoss);
        let outcome = import(&store, &content).map(|blob| blob.id());
        let disk = disk.power_loss();
        let store = open(&disk);
        let found = store.blob(id).unwrap();
        if let Some(blob) = &found {
            assert_eq!(all(blob).unwrap(), content, "operation {nth}");
        }
        if outcome.is_ok() {
            assert!(found.is_some(), "what was acknowledged is durable");
            return;
        }
        assert_eq!(import(&store, &content).unwrap().id(), id);
    }
}

#[test]
fn a_part_becomes_whole_and_gives_what_it_has_meanwhile() {
    let content = bytes(5 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let mut part = begin(&store, &source).unwrap();
    let last = source.size().last_piece();
    assert_eq!(
        part.read(last).unwrap().unwrap(),
        source.read(last).unwrap()
    );
    assert_eq!(part.encode(last).unwrap(), source.encode(last).ok());
    assert_eq!(part.read(piece(source.size(), 0)).unwrap(), None);
    assert!(store.blob(source.id()).unwrap().is_none());
    fetch(&mut part, &source).unwrap();
    let whole = part.complete().unwrap();
    assert_eq!(all(&whole).unwrap(), content);
    let again = open(&disk.power_loss()).blob(source.id()).unwrap();
    assert_eq!(all(&again.unwrap()).unwrap(), content);
}

#[test]
fn a_piece_of_something_else_is_not_taken() {
    let (source, other) = (source(&bytes(300_000, 0)), source(&bytes(300_000, 1)));
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let last = source.size().last_piece();
    for (number, encoded) in [
        (last, other.encode(last)),
        (
            piece(source.size(), 0),
            source.encode(piece(source.size(), 0)),
        ),
    ] {
        let begun = store.begin(source.id(), source.size(), (number, &encoded.unwrap()), 0);
        assert!(begun.unwrap().is_none());
        assert!(disk.list(Folder::Blobs).unwrap().is_empty());
    }
    let mut part = begin(&store, &source).unwrap();
    let (first, second) = (piece(source.size(), 0), piece(source.size(), 1));
    for (number, encoded) in [(first, other.encode(first)), (first, source.encode(second))] {
        let taken = part.write(number, &encoded.unwrap()).unwrap();
        assert_eq!(taken, Taken::Unproven);
    }
    assert_eq!(part.write(first, &[]).unwrap(), Taken::Unproven);
    assert_eq!(part.missing().len(), source.size().pieces() - 1);
}

#[test]
fn a_part_goes_on_after_a_crash_with_what_its_hashes_prove() {
    let content = bytes(9 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    let mut resumed = 0;
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let mut part = begin(&open(&disk), &source).unwrap();
        for number in [piece(source.size(), 2), piece(source.size(), 5)] {
            part.write(number, &source.encode(number).unwrap()).unwrap();
        }
        let disk = if seed % 2 == 0 {
            disk.kill()
        } else {
            disk.power_loss()
        };
        let store = open(&disk);
        let mut part = match store.part(source.id()).unwrap() {
            Some(part) => part,
            None => begin(&store, &source).unwrap(),
        };
        assert_eq!(part.size(), source.size());
        if seed % 2 == 0 {
            assert_eq!(part.missing().len(), 7, "a kill loses nothing");
        }
        resumed += u32::from(part.missing().len() < 10);
        fetch(&mut part, &source).unwrap();
        assert_eq!(all(&part.complete().unwrap()).unwrap(), content);
    }
    assert!(resumed > 30);
}

#[test]
fn whatever_operation_fails_a_fetch_can_be_gone_on_with() {
    let content = bytes(2 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    for nth in 1.. {
        let disk = SimDisk::new(nth);
        let attempt = |store: &BlobStore| -> Result<()> {
            let mut part = match store.part(source.id())? {
                Some(part) => part,
                None => begin(store, &source)?,
            };
            fetch(&mut part, &source)?;
            part.complete().map(drop)
        };
        let store = open(&disk);
        disk.fail_nth_operation(nth, crate::storage::sim::Fault::PowerLoss);
        let outcome = attempt(&store);
        let disk = disk.power_loss();
        let store = open(&disk);
        if let Some(blob) = store.blob(source.id()).unwrap() {
            assert_eq!(all(&blob).unwrap(), content, "operation {nth}");
        } else {
            assert!(outcome.is_err(), "what was completed is durable");
            attempt(&store).unwrap();
        }
        let names = disk.list(Folder::Blobs).unwrap();
        assert_eq!(names.len(), 2, "nothing is left beside it: {names:?}");
        if outcome.is_ok() {
            return;
        }
    }
}

#[test]
fn damage_is_found_and_only_what_is_damaged_is_fetched_again() {
    let content = bytes(300_000, 0);
    let source = source(&content);
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let blob = import(&store, &content).unwrap();
    let file = disk.list(Folder::Blobs).unwrap().remove(0);
    disk.flip_bit(&file, 70_000, 3);
    let (first, second) = (piece(blob.size(), 0), piece(blob.size(), 1));
    assert_eq!(blob.read(second).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(blob.encode(second).unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(blob.read(first).is_ok());
    store.set_back(blob.id()).unwrap();
    assert!(store.blob(blob.id()).unwrap().is_none());
    let mut part = store.part(blob.id()).unwrap().unwrap();
    assert_eq!(part.missing().iter().collect::<Vec<_>>(), [second]);
    fetch(&mut part, &source).unwrap();
    assert_eq!(all(&part.complete().unwrap()).unwrap(), content);
}

#[test]
fn a_full_disk_is_an_error_before_it_is_full() {
    let source = source(&bytes(300_000, 0));
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let too_little = FREE_BYTES_KEPT + 200_000;
    disk.set_bytes_capacity(Some(too_little));
    let refused = begin(&store, &source).map(drop);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::DiskFull);
    disk.set_bytes_capacity(Some(FREE_BYTES_KEPT + 400_000));
    let last = source.size().last_piece();
    let encoded = source.encode(last).unwrap();
    let refused = store.begin(source.id(), source.size(), (last, &encoded), 200_000);
    assert_eq!(refused.map(drop).unwrap_err().kind(), ErrorKind::DiskFull);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), []);
    disk.set_bytes_capacity(Some(100_000));
    let refused = import(&store, &bytes(300_000, 0)).map(drop);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::DiskFull);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), []);
}

#[test]
fn what_is_removed_is_gone_and_can_be_read_on() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let content = bytes(300_000, 0);
    let blob = import(&store, &content).unwrap();
    assert!(store.remove(blob.id()).unwrap());
    assert!(!store.remove(blob.id()).unwrap());
    assert_eq!(all(&blob).unwrap(), content);
    let disk = disk.power_loss();
    assert_eq!(open(&disk).list().unwrap(), []);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), []);
}
