//! Packs of which too little counts: what is needed moves, and the rest goes.

use std::sync::Arc;

use super::super::*;
use super::files::{all, bytes, import};
use super::packs::names;
use crate::blobs::BlobId;
use crate::storage::SimDisk;
use crate::storage::sim::Fault;

/// Ten blobs and a little fill one.
const PACK_BYTES: u64 = 11 * 1024;

pub(super) fn open_small(disk: &SimDisk) -> BlobStore {
    BlobStore::open_with_packs_of(Arc::new(disk.clone()), PACK_BYTES).unwrap()
}

fn content(number: u8) -> Vec<u8> {
    bytes(1_000, number)
}

fn store_some(store: &BlobStore, numbers: std::ops::Range<u8>) -> Vec<BlobId> {
    let stored = numbers.map(|number| import(store, &content(number)).unwrap().id());
    stored.collect()
}

fn tidy(store: &BlobStore) {
    while store.tidy().unwrap() {}
}

fn assert_right(store: &BlobStore, ids: &[BlobId]) {
    for id in ids {
        let blob = store.blob(*id).unwrap().expect("it was acknowledged");
        assert_eq!(BlobId::of(&all(&blob).unwrap()), *id);
    }
}

#[test]
fn a_pack_of_which_nothing_is_left_goes() {
    let disk = SimDisk::new(1);
    let store = open_small(&disk);
    let ids = store_some(&store, 0..25);
    tidy(&store);
    assert_eq!(names(&disk).len(), 3);
    for id in &ids[..10] {
        store.remove(*id).unwrap();
    }
    let before = disk.counters().syncs;
    tidy(&store);
    assert_eq!(disk.counters().syncs, before, "nothing moves");
    assert_eq!(names(&disk).len(), 2);
    assert_right(&store, &ids[10..]);
}

#[test]
fn a_pack_of_which_little_is_left_is_joined_with_the_next_one() {
    let disk = SimDisk::new(1);
    let store = open_small(&disk);
    let ids = store_some(&store, 0..25);
    for id in &ids[..5] {
        store.remove(*id).unwrap();
    }
    tidy(&store);
    assert_eq!(names(&disk).len(), 3, "as much is left as went");
    store.remove(ids[5]).unwrap();
    tidy(&store);
    assert_eq!(names(&disk).len(), 2);
    assert_right(&store, &ids[6..]);
    let store = open_small(&disk.power_loss());
    assert_right(&store, &ids[6..]);
    assert!(ids[..6].iter().all(|id| store.blob(*id).unwrap().is_none()));
}

#[test]
fn who_reads_a_blob_reads_on_while_it_moves_and_when_it_goes() {
    let disk = SimDisk::new(1);
    let store = open_small(&disk);
    let ids = store_some(&store, 0..15);
    let reading = [0, 9].map(|number: usize| store.blob(ids[number]).unwrap().unwrap());
    for id in &ids[..9] {
        store.remove(*id).unwrap();
    }
    tidy(&store);
    assert_eq!(names(&disk), ["0000000000000002.pack"]);
    assert_eq!(all(&reading[0]).unwrap(), content(0));
    assert_eq!(all(&reading[1]).unwrap(), content(9));
    assert_right(&store, &ids[9..]);
}

#[test]
fn whatever_fails_while_a_pack_is_tidied_nothing_is_lost() {
    for fault in [Fault::PowerLoss, Fault::Eio, Fault::Enospc] {
        for nth in 1.. {
            let disk = SimDisk::new(nth);
            let store = open_small(&disk);
            let ids = store_some(&store, 0..25);
            let (gone, kept) = (&ids[4..10], [&ids[..4], &ids[10..]].concat());
            for id in gone {
                store.remove(*id).unwrap();
            }
            disk.fail_nth_operation(nth, fault);
            let before = disk.counters().faults;
            let mut outcome = Ok(true);
            while matches!(outcome, Ok(true)) {
                outcome = store.tidy();
            }
            let is_struck = disk.counters().faults > before;
            if is_struck && fault != Fault::PowerLoss {
                assert_right(&store, &kept);
            }
            let disk = disk.power_loss();
            let store = open_small(&disk);
            assert_right(&store, &kept);
            tidy(&store);
            assert_right(&store, &kept);
            let store = open_small(&disk.power_loss());
            assert_right(&store, &kept);
            // What was removed may be there again.
            let ids = store.list().unwrap();
            assert!(ids.iter().all(|id| gone.contains(id) || kept.contains(id)));
            if !is_struck {
                assert!(nth > 10);
                break;
            }
        }
    }
}

#[test]
fn packs_that_ended_early_are_joined_when_there_are_many() {
    let disk = SimDisk::new(1);
    let mut ids = Vec::new();
    for number in 0..40 {
        let store = open_small(&disk);
        ids.extend(store_some(&store, number..number + 1));
        tidy(&store);
        assert!(names(&disk).len() <= 10, "{:?}", names(&disk));
        assert_right(&store, &ids);
        if number % 2 == 0 {
            // As by a kill: the pack is not ended.
            std::mem::forget(store);
        }
    }
    assert_right(&open_small(&disk.power_loss()), &ids);
}

#[test]
fn what_is_damaged_is_not_tidied_away() {
    let disk = SimDisk::new(1);
    let store = open_small(&disk);
    let ids = store_some(&store, 0..15);
    for id in &ids[1..10] {
        store.remove(*id).unwrap();
    }
    let first = disk.files().into_keys().next().unwrap();
    disk.flip_bit(&first, 500, 0);
    tidy(&store);
    assert_eq!(names(&disk).len(), 2);
    let blob = store.blob(ids[0]).unwrap().unwrap();
    assert!(all(&blob).is_err(), "it is noticed all the same");
    assert_right(&store, &ids[10..]);
}
