//! Blobs on the simulated disk: imports, parts, power losses, faults.

use std::sync::Arc;

use super::super::*;
use crate::blobs::limits::{FREE_BYTES_KEPT, PIECE_BYTES, PIECES_PER_ROOM_CHECK};
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::error::{ErrorKind, Result};
use crate::storage::sim::Fault;
use crate::storage::{Disk, FileName, Folder, SimDisk};

pub(super) fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len)
        .map(|index| (index / 7 + index % 251) as u8 ^ seed)
        .collect()
}

pub(super) fn open(disk: &SimDisk) -> BlobStore {
    BlobStore::open(Arc::new(disk.clone())).unwrap()
}

pub(super) fn import(store: &BlobStore, content: &[u8]) -> Result<Blob> {
    let mut import = store.import();
    for some in content.chunks(10_000) {
        import.write(some)?;
    }
    import.complete()
}

pub(super) fn all(blob: &Blob) -> Result<Vec<u8>> {
    let pieces = blob.size().pieces_of(0..u64::MAX);
    let read = pieces.map(|piece| blob.read(piece));
    Ok(read.collect::<Result<Vec<_>>>()?.concat())
}

pub(super) fn piece(size: BlobSize, number: u64) -> Piece {
    size.piece(number).unwrap()
}

/// What was fetched of a blob before, looked at a few pieces at a time.
pub(super) fn resumed(store: &BlobStore, id: BlobId) -> Result<Option<Part>> {
    let part = store.part(id)?;
    while let Some(part) = &part
        && !part.check(2)
    {
        assert!(!part.is_checked());
    }
    Ok(part)
}

/// Fetches what is missing of `part` from `source`.
pub(super) fn fetch(part: &Part, source: &Blob) -> Result<()> {
    for piece in part.missing().iter() {
        assert_eq!(part.write(piece, &source.encode(piece)?)?, Taken::Stored);
    }
    Ok(())
}

/// Begins to fetch from `source`, with the piece that proves its size.
pub(super) fn begin(store: &BlobStore, source: &Blob) -> Result<Part> {
    let last = source.size().last_piece();
    let begun = store.begin(source.id(), source.size(), (last, &source.encode(last)?), 0)?;
    Ok(begun.expect("the last piece proves the size"))
}

/// A blob in a store of its own, to fetch from.
pub(super) fn source(content: &[u8]) -> Blob {
    import(&open(&SimDisk::new(7)), content).unwrap()
}

pub(super) fn complete(store: &BlobStore, part: &Part) -> Result<()> {
    store.complete(&[part]).remove(0)
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
    let mut given_up = store.import();
    given_up.write(&bytes(300_000, 0)).unwrap();
    drop(given_up);
    assert_eq!(disk.list(Folder::Blobs).unwrap(), []);
    let mut killed = store.import();
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
        disk.fail_nth_operation(nth, Fault::PowerLoss);
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
fn what_is_durable_was_stored_whatever_becomes_of_its_name() {
    for nth in 1.. {
        let disk = SimDisk::new(nth);
        let mut import = open(&disk).import();
        import.write(&bytes(100_000, 3)).unwrap();
        import.seal().unwrap();
        let before = disk.counters();
        disk.fail_nth_operation(nth, Fault::Eio);
        let outcome = import.complete();
        let after = disk.counters();
        let is_durable = after.folder_syncs > before.folder_syncs;
        assert_eq!(outcome.is_ok(), is_durable, "operation {nth}");
        if after.faults == 0 {
            return;
        }
    }
}

#[test]
fn a_part_becomes_whole_and_gives_what_it_has_meanwhile() {
    let content = bytes(5 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let part = begin(&store, &source).unwrap();
    let last = source.size().last_piece();
    assert_eq!(
        part.read(last).unwrap().unwrap(),
        source.read(last).unwrap()
    );
    assert_eq!(part.encode(last).unwrap(), source.encode(last).ok());
    assert_eq!(part.read(piece(source.size(), 0)).unwrap(), None);
    assert!(store.blob(source.id()).unwrap().is_none());
    fetch(&part, &source).unwrap();
    complete(&store, &part).unwrap();
    let whole = store.blob(source.id()).unwrap();
    assert_eq!(all(&whole.unwrap()).unwrap(), content);
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
    let part = begin(&store, &source).unwrap();
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
    let mut kept = 0;
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let part = begin(&open(&disk), &source).unwrap();
        for number in [piece(source.size(), 2), piece(source.size(), 5)] {
            part.write(number, &source.encode(number).unwrap()).unwrap();
        }
        let disk = if seed % 2 == 0 {
            disk.kill()
        } else {
            disk.power_loss()
        };
        let store = open(&disk);
        let part = match resumed(&store, source.id()).unwrap() {
            Some(part) => part,
            None => begin(&store, &source).unwrap(),
        };
        assert_eq!(part.size(), source.size());
        if seed % 2 == 0 {
            assert_eq!(part.missing().len(), 7, "a kill loses nothing");
        }
        kept += u32::from(part.missing().len() < 10);
        fetch(&part, &source).unwrap();
        complete(&store, &part).unwrap();
        let whole = store.blob(source.id()).unwrap().unwrap();
        assert_eq!(all(&whole).unwrap(), content);
    }
    assert!(kept > 30);
}

#[test]
fn whatever_operation_fails_a_fetch_can_be_gone_on_with() {
    let content = bytes(2 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    for nth in 1.. {
        let disk = SimDisk::new(nth);
        let attempt = |store: &BlobStore| -> Result<()> {
            let part = match resumed(store, source.id())? {
                Some(part) => part,
                None => begin(store, &source)?,
            };
            fetch(&part, &source)?;
            complete(store, &part)
        };
        let store = open(&disk);
        disk.fail_nth_operation(nth, Fault::PowerLoss);
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
    let part = resumed(&store, blob.id()).unwrap().unwrap();
    assert_eq!(part.missing().iter().collect::<Vec<_>>(), [second]);
    fetch(&part, &source).unwrap();
    complete(&store, &part).unwrap();
    let whole = store.blob(source.id()).unwrap().unwrap();
    assert_eq!(all(&whole).unwrap(), content);
}

#[test]
fn a_blob_that_lost_its_end_does_not_pass_for_a_shorter_one() {
    let content = bytes(300_000, 0);
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let blob = import(&store, &content).unwrap();
    let last = blob.size().last_piece();
    assert!(blob.read_range(&(300_000..300_001)).unwrap().is_empty());
    assert_eq!(
        blob.read_range(&(70_000..70_003)).unwrap(),
        content[70_000..70_003]
    );
    assert_eq!(blob.proven_size().unwrap(), blob.size());
    for len in [0, 1, PIECE_BYTES, 299_999] {
        let names = disk.list(Folder::Blobs).unwrap();
        disk.remove(&names[0]).unwrap();
        let cut = disk.create_unsynced(&names[0]).unwrap();
        cut.write_at(&content[..len as usize], 0).unwrap();
        let blob = store.blob(blob.id()).unwrap().unwrap();
        for lost in [
            blob.read_range(&(len..300_001)).map(drop),
            blob.proven_size().map(drop),
            blob.encode(last).map(drop),
        ] {
            assert_eq!(lost.unwrap_err().kind(), ErrorKind::Corrupt, "{len}");
        }
    }
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
fn a_pin_is_durable_and_needs_no_blob() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let (one, other) = (BlobId::of(b"one"), BlobId::of(b"other"));
    for id in [one, other, one] {
        store.pin(id).unwrap();
    }
    store.unpin(other).unwrap();
    store.unpin(other).unwrap();
    let again = open(&disk.power_loss());
    assert_eq!(again.pins().unwrap().into_iter().collect::<Vec<_>>(), [one]);
    assert!(again.ids().unwrap().is_empty());
}

#[test]
fn what_is_here_is_listed_with_the_room_it_takes() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let whole = import(&store, &bytes(300_000, 0)).unwrap();
    let source = source(&bytes(200_000, 1));
    begin(&store, &source).unwrap();
    let mut expected = vec![whole.id(), source.id()];
    expected.sort_unstable();
    assert_eq!(
        store.ids().unwrap().into_iter().collect::<Vec<_>>(),
        expected
    );
    assert_eq!(store.bytes_of(whole.id()).unwrap(), 300_000 + 18 * 64);
    assert!(store.bytes_of(source.id()).unwrap() > 0);
    assert_eq!(store.bytes_of(BlobId::of(b"?")).unwrap(), 0);
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

#[test]
fn whatever_fails_while_a_blob_is_set_back_only_what_is_damaged_is_missing() {
    let content = bytes(300_000, 0);
    let source = source(&content);
    for (fault, restart) in [
        (Fault::Eio, SimDisk::kill as fn(&SimDisk) -> SimDisk),
        (Fault::PowerLoss, SimDisk::power_loss),
    ] {
        for nth in 1.. {
            let disk = SimDisk::new(nth);
            let store = open(&disk);
            import(&store, &content).unwrap();
            let file = disk.list(Folder::Blobs).unwrap().remove(0);
            disk.flip_bit(&file, 70_000, 3);
            disk.fail_nth_operation(nth, fault);
            let outcome = store.set_back(source.id());
            let again = open(&restart(&disk));
            if again.blob(source.id()).unwrap().is_some() {
                again.set_back(source.id()).unwrap();
            }
            let part = resumed(&again, source.id()).unwrap().unwrap();
            let missing: Vec<Piece> = part.missing().iter().collect();
            assert_eq!(missing, [piece(source.size(), 1)], "operation {nth}");
            if outcome.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn what_was_not_synced_is_not_taken_for_there() {
    let content = bytes(300_000, 0);
    for seed in 0..40 {
        let disk = SimDisk::new(seed);
        let store = open(&disk);
        // The files have their names, but nobody knows for how long.
        let mut unsynced = 0;
        for nth in 1.. {
            disk.fail_next_sync(nth);
            if import(&store, &content).is_ok() {
                break;
            }
            unsynced += 1;
        }
        assert!(unsynced > 1, "files and the folder are synced");
        let again = open(&disk.power_loss());
        let whole = again.blob(BlobId::of(&content)).unwrap();
        assert_eq!(all(&whole.unwrap()).unwrap(), content);
    }
}

#[test]
fn whatever_fails_while_a_blob_is_stored_again_it_stays_what_it_was() {
    let content = bytes(300_000, 0);
    let id = BlobId::of(&content);
    for nth in 1.. {
        let disk = SimDisk::new(nth);
        let store = open(&disk);
        import(&store, &content).unwrap();
        disk.fail_nth_operation(nth, Fault::Eio);
        let is_stored = import(&store, &content).is_ok();
        for is_restarted in [false, true] {
            let again = is_restarted.then(|| open(&disk.kill()));
            let whole = again.as_ref().unwrap_or(&store).blob(id).unwrap().unwrap();
            let is_right = all(&whole).is_ok_and(|bytes| bytes == content);
            assert!(is_right, "operation {nth}");
        }
        if is_stored {
            return;
        }
    }
}

#[test]
fn what_is_damaged_is_mended_by_storing_it_again() {
    let content = bytes(300_000, 0);
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let blob = import(&store, &content).unwrap();
    for file in disk.list(Folder::Blobs).unwrap() {
        disk.flip_bit(&file, 10, 3);
    }
    assert!(all(&blob).is_err());
    let again = import(&store, &content).unwrap();
    assert_eq!(all(&again).unwrap(), content);
}

#[test]
fn damage_where_the_size_is_proven_costs_no_more_than_other_damage() {
    let content = bytes(300_000, 0);
    let source = source(&content);
    let damages: [fn(&SimDisk, &[FileName]); 2] = [
        |disk, files| disk.flip_bit(&files[0], 299_999, 0),
        |disk, files| disk.flip_bit(&files[1], 0, 0),
    ];
    for damage in damages {
        let disk = SimDisk::new(2);
        let store = open(&disk);
        import(&store, &content).unwrap();
        damage(&disk, &disk.list(Folder::Blobs).unwrap());
        store.set_back(source.id()).unwrap();
        assert!(store.part(source.id()).unwrap().is_none());
        let part = begin(&store, &source).unwrap();
        while !part.check(2) {}
        assert_eq!(part.missing_count(), 0, "what proves the size has come");
        complete(&store, &part).unwrap();
        let whole = store.blob(source.id()).unwrap().unwrap();
        assert_eq!(all(&whole).unwrap(), content);
    }
}

#[test]
fn a_part_does_not_take_the_room_that_others_left() {
    let content = bytes(2 * (PIECES_PER_ROOM_CHECK * PIECE_BYTES) as usize, 0);
    let source = source(&content);
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let part = begin(&store, &source).unwrap();
    disk.set_bytes_capacity(Some(FREE_BYTES_KEPT + 2 * PIECE_BYTES));
    let refused = fetch(&part, &source).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DiskFull);
    let expected = part.expect_room().unwrap_err();
    assert_eq!(expected.kind(), ErrorKind::DiskFull);
    disk.set_bytes_capacity(None);
    part.expect_room().unwrap();
    fetch(&part, &source).unwrap();
    complete(&store, &part).unwrap();
}
