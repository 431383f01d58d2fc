//! Parts that become whole blobs, and what happens to them when something fails.

use super::super::*;
use super::files::{all, begin, bytes, complete, fetch, open, resumed, source};
use crate::blobs::limits::PIECE_BYTES;
use crate::storage::sim::Fault;
use crate::storage::{Folder, SimDisk};

/// Makes a part of all pieces whole, with a fault at the operation `nth`; says whether it was told
/// to have gone well, and what there is after a restart.
fn complete_with_fault(source: &Blob, nth: u64, fault: Fault) -> (bool, SimDisk) {
    let disk = SimDisk::new(nth);
    let store = open(&disk);
    let part = begin(&store, source).unwrap();
    fetch(&part, source).unwrap();
    disk.fail_nth_operation(nth, fault);
    let is_complete = complete(&store, &part).is_ok();
    (is_complete, disk)
}

fn disk_files(store: &BlobStore) -> usize {
    store.shelves.disk.list(Folder::Blobs).unwrap().len()
}

#[test]
fn whatever_fails_while_a_part_becomes_whole_nothing_of_it_is_lost() {
    let content = bytes(2 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    for nth in 1.. {
        let (is_complete, disk) = complete_with_fault(&source, nth, Fault::Eio);
        let again = open(&disk.kill());
        let whole = again.blob(source.id()).unwrap();
        assert!(!is_complete || whole.is_some(), "operation {nth}");
        if whole.is_none() {
            let part = match resumed(&again, source.id()).unwrap() {
                Some(part) => part,
                None => begin(&again, &source).unwrap(),
            };
            // A failed sync of one of the two files may forget what was written.
            assert!(nth <= 2 || part.missing_count() == 0, "operation {nth}");
            fetch(&part, &source).unwrap();
            complete(&again, &part).unwrap();
        }
        assert_eq!(disk_files(&again), 2, "operation {nth}");
        let whole = again.blob(source.id()).unwrap().unwrap();
        assert_eq!(all(&whole).unwrap(), content);
        if is_complete {
            return;
        }
    }
}

#[test]
fn what_a_failed_sync_was_to_write_is_not_taken_for_durable() {
    let content = bytes(2 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    for seed in 0..40 {
        let mut disk = SimDisk::new(seed);
        let mut store = open(&disk);
        let part = begin(&store, &source).unwrap();
        fetch(&part, &source).unwrap();
        disk.fail_next_sync(1 + seed % 2);
        let synced = match seed % 20 < 10 {
            true => complete(&store, &part),
            false => part.sync(),
        };
        synced.unwrap_err();
        if seed < 20 {
            // What the process knew is lost, what it has written is not.
            disk = disk.kill();
            store = open(&disk);
        }
        let part = match resumed(&store, source.id()).unwrap() {
            Some(part) => part,
            None => begin(&store, &source).unwrap(),
        };
        while !part.check(1) {}
        fetch(&part, &source).unwrap();
        complete(&store, &part).unwrap();
        assert_eq!(disk_files(&store), 2);
        let again = open(&disk.power_loss());
        let whole = again.blob(source.id()).unwrap().unwrap();
        let is_right = all(&whole).is_ok_and(|bytes| bytes == content);
        assert!(is_right, "seed {seed}");
    }
}

#[test]
fn a_failed_sync_that_cannot_be_noted_takes_the_part_with_it() {
    let content = bytes(2 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    for seed in 0..20 {
        let mut disk = SimDisk::new(seed);
        let mut store = open(&disk);
        let part = begin(&store, &source).unwrap();
        fetch(&part, &source).unwrap();
        disk.fail_next_sync(1);
        disk.fail_nth_operation(2, Fault::Enospc);
        part.sync().unwrap_err();
        assert_eq!(disk_files(&store), 0, "seed {seed}");
        if seed % 2 == 0 {
            disk = disk.kill();
            store = open(&disk);
        }
        assert!(store.part(source.id()).unwrap().is_none());
        let part = begin(&store, &source).unwrap();
        fetch(&part, &source).unwrap();
        complete(&store, &part).unwrap();
        let again = open(&disk.power_loss());
        let whole = again.blob(source.id()).unwrap().unwrap();
        assert_eq!(all(&whole).unwrap(), content, "seed {seed}");
    }
}

#[test]
fn parts_that_are_completed_together_become_durable_with_one_sync_of_their_names() {
    let sources = [1, 2, 3].map(|seed| source(&bytes(19_000, seed)));
    for nth in 1.. {
        let disk = SimDisk::new(nth);
        let store = open(&disk);
        let parts = [0, 1, 2].map(|at| begin(&store, &sources[at]).unwrap());
        parts[0].sync().unwrap();
        assert!(parts[0].is_sync_due(19_000));
        assert!(!parts[0].is_sync_due(1) && !parts[1].is_sync_due(19_100));
        let before = disk.counters();
        disk.fail_nth_operation(nth, Fault::Eio);
        let outcomes = store.complete(&parts.each_ref());
        let has_failed = disk.counters().faults > before.faults;
        let kept = open(&disk.power_loss()).list().unwrap();
        for (outcome, part) in outcomes.iter().zip(&parts) {
            assert!(
                outcome.is_err() || kept.contains(&part.id()),
                "operation {nth}"
            );
        }
        if !has_failed {
            assert!(outcomes.iter().all(Result::is_ok));
            assert_eq!(disk.counters().folder_syncs - before.folder_syncs, 1);
            return;
        }
    }
}

#[test]
fn what_comes_after_a_sync_is_synced_and_nothing_twice() {
    let content = bytes(2 * PIECE_BYTES as usize + 9, 0);
    let source = source(&content);
    for seed in 0..20 {
        let disk = SimDisk::new(seed);
        let store = open(&disk);
        // With its last piece, which proves the size.
        let part = begin(&store, &source).unwrap();
        part.sync().unwrap();
        let before = disk.counters().syncs;
        part.sync().unwrap();
        assert_eq!(disk.counters().syncs, before);
        fetch(&part, &source).unwrap();
        complete(&store, &part).unwrap();
        assert_eq!(disk.counters().syncs, before + 2, "content and hashes");
        let whole = open(&disk.power_loss()).blob(source.id()).unwrap().unwrap();
        assert_eq!(all(&whole).unwrap(), content, "seed {seed}");
    }
}
