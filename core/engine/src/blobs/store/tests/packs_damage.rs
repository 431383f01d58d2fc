//! Packs that are not what they were: torn, decayed, of another version.

use super::super::*;
use super::files::{all, begin, bytes, complete, import, open, source};
use super::packs::names;
use crate::blobs::BlobId;
use crate::error::ErrorKind;
use crate::storage::{Disk, FileName, Folder, SimDisk};

fn pack(number: u64) -> FileName {
    FileName::new(Folder::Blobs, format!("{number:016x}.pack")).unwrap()
}

/// Three blobs of 1 000 bytes in one pack, which is ended or not; each entry takes 1 088 bytes.
fn three(is_ended: bool) -> (SimDisk, [BlobId; 3]) {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let ids = [0, 1, 2].map(|seed| import(&store, &bytes(1_000, seed)).unwrap().id());
    if is_ended {
        drop(store);
    }
    (disk.kill(), ids)
}

/// Where the n-th of them has its entry.
fn entry(number: u64) -> u64 {
    64 + number * 1_088
}

fn is_right(store: &BlobStore, id: BlobId) -> bool {
    let blob = store.blob(id).unwrap();
    blob.is_some_and(|blob| all(&blob).is_ok_and(|bytes| BlobId::of(&bytes) == id))
}

#[test]
fn a_damaged_blob_is_noticed_and_can_be_fetched_again() {
    let (disk, ids) = three(true);
    disk.flip_bit(&pack(1), entry(1) + 500, 3);
    let store = open(&disk);
    assert!(store.faults().is_empty());
    let blob = store.blob(ids[1]).unwrap().unwrap();
    let damaged = blob.encode(blob.size().last_piece()).unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::Corrupt);
    for id in ids {
        // What is sound is not set back.
        store.set_back(id).unwrap();
    }
    assert!(store.blob(ids[1]).unwrap().is_none());
    assert!(is_right(&store, ids[0]) && is_right(&store, ids[2]));
    let mut again = ids.to_vec();
    again.sort_unstable();
    again.retain(|id| *id != ids[1]);
    assert_eq!(open(&disk.kill()).list().unwrap(), again, "nor found again");
    let store = open(&disk.kill());
    let source = source(&bytes(1_000, 1));
    complete(&store, &begin(&store, &source).unwrap()).unwrap();
    let store = open(&disk.power_loss());
    assert!(ids.iter().all(|id| is_right(&store, *id)));
}

#[test]
fn of_two_entries_of_one_blob_the_later_one_counts() {
    let (disk, ids) = three(true);
    disk.flip_bit(&pack(1), entry(1) + 500, 3);
    let store = open(&disk);
    import(&store, &bytes(1_000, 1)).unwrap();
    assert!(is_right(&store, ids[1]));
    let disk = disk.power_loss();
    assert_eq!(names(&disk).len(), 2);
    // The first one may count no more in its pack, or not know of that.
    for _ in 0..2 {
        let store = open(&disk);
        assert_eq!(store.list().unwrap().len(), 3);
        assert!(is_right(&store, ids[1]));
        let before = disk.files()[&pack(1)][entry(1) as usize];
        disk.flip_bit(&pack(1), entry(1), 0);
        disk.flip_bit(&pack(1), entry(1), 1);
        assert!([1, 2].contains(&before));
    }
}

#[test]
fn a_damaged_head_costs_one_blob_and_is_told() {
    for is_ended in [true, false] {
        for (at, bit) in [(0, 7), (1, 0), (2, 6), (3, 6), (3, 2)] {
            let (disk, ids) = three(is_ended);
            disk.flip_bit(&pack(1), entry(1) + at, bit);
            let store = open(&disk);
            assert!(is_right(&store, ids[0]) && is_right(&store, ids[2]), "{at}");
            assert!(!is_right(&store, ids[1]));
            let is_told = !store.faults().is_empty();
            assert_eq!(is_told, is_ended, "{at}");
            // Nothing of it is removed.
            store.remove(ids[0]).unwrap();
            store.remove(ids[2]).unwrap();
            while store.tidy().unwrap() {}
            assert_eq!(names(&disk).is_empty(), !is_told, "{at}");
        }
    }
}

#[test]
fn a_pack_with_a_damaged_header_or_of_a_later_version_is_left_alone() {
    for at in [0, 8, 16] {
        let (disk, ids) = three(true);
        disk.flip_bit(&pack(1), at, 0);
        let before = disk.files();
        let store = open(&disk);
        let fault = &store.faults()[0];
        assert_eq!(fault.kind(), ErrorKind::Corrupt);
        assert!(
            fault.to_string().contains("0000000000000001.pack"),
            "{fault}"
        );
        assert!(store.ids().unwrap().is_empty());
        while store.tidy().unwrap() {}
        import(&store, &bytes(1_000, 1)).unwrap();
        assert!(is_right(&store, ids[1]));
        assert_eq!(disk.files()[&pack(1)], before[&pack(1)]);
        assert_eq!(names(&disk).len(), 2);
    }
}

#[test]
fn a_pack_that_lost_its_end_has_the_rest_and_is_told() {
    let (disk, ids) = three(true);
    let bytes = disk.files().remove(&pack(1)).unwrap();
    disk.remove(&pack(1)).unwrap();
    let cut = disk.create(&pack(1), 0).unwrap();
    cut.write_at(&bytes[..entry(2) as usize + 100], 0).unwrap();
    let store = open(&disk);
    assert_eq!(store.faults()[0].kind(), ErrorKind::Corrupt);
    assert!(is_right(&store, ids[0]) && is_right(&store, ids[1]));
    assert!(store.blob(ids[2]).unwrap().is_none());
    // Where it ends is not believed if that decays.
    let (disk, ids) = three(true);
    disk.flip_bit(&pack(1), 24, 0);
    let store = open(&disk);
    assert!(store.faults().is_empty());
    assert!(ids.iter().all(|id| is_right(&store, *id)));
}

#[test]
fn what_the_power_took_from_the_end_is_not_there_and_the_rest_is() {
    let mut torn = 0;
    for seed in 0..200 {
        let disk = SimDisk::new(seed);
        let store = open(&disk);
        let kept: Vec<BlobId> = (0..3)
            .map(|number| import(&store, &bytes(3_000, number)).unwrap().id())
            .collect();
        disk.fail_next_sync(1);
        for number in 3..6 {
            // The first is written and not durable, the others are in the next pack.
            let _ = import(&store, &bytes(3_000, number));
        }
        let disk = disk.power_loss();
        let store = open(&disk);
        assert!(store.faults().is_empty());
        assert!(kept.iter().all(|id| is_right(&store, *id)), "seed {seed}");
        let ids = store.list().unwrap();
        assert!(ids.iter().all(|id| is_right(&store, *id)), "seed {seed}");
        torn += u32::from(ids.len() == 5);
        import(&store, &bytes(3_000, 9)).unwrap();
        assert!(is_right(
            &open(&disk.power_loss()),
            BlobId::of(&bytes(3_000, 9))
        ));
    }
    assert!(torn > 20);
}

#[test]
fn after_a_failed_sync_nobody_is_told_that_it_is_there() {
    let content = bytes(3_000, 7);
    for seed in 0..40 {
        let disk = SimDisk::new(seed);
        let store = open(&disk);
        let first = import(&store, &bytes(3_000, 1)).unwrap().id();
        disk.fail_next_sync(1);
        import(&store, &content).unwrap_err();
        let id = BlobId::of(&content);
        assert!(store.blob(id).unwrap().is_none());
        assert!(is_right(&store, first));
        import(&store, &content).unwrap();
        let store = open(&disk.power_loss());
        assert!(
            is_right(&store, id) && is_right(&store, first),
            "seed {seed}"
        );
    }
}

#[test]
fn looking_at_a_pack_finds_what_is_damaged() {
    let fault = |disk: &SimDisk| {
        let files = PackReport::files(disk).unwrap();
        assert_eq!(files, [pack(1)]);
        let report = PackReport::of(disk, &files[0]);
        assert!(report.bytes >= entry(3));
        report.fault.map(|fault| fault.kind())
    };
    for is_ended in [true, false] {
        let (disk, _) = three(is_ended);
        assert_eq!(fault(&disk), None);
        disk.flip_bit(&pack(1), entry(2) + 500, 3);
        let is_told = fault(&disk) == Some(ErrorKind::Corrupt);
        assert_eq!(is_told, is_ended, "the power may have failed");
        disk.flip_bit(&pack(1), 9, 3);
        assert_eq!(fault(&disk), Some(ErrorKind::Corrupt));
    }
}

#[test]
fn a_pack_that_cannot_be_read_is_told_and_left_alone() {
    let (disk, _) = three(true);
    // The list of names, opening the pack, its length, its header.
    for nth in 2..=4 {
        disk.fail_nth_operation(nth, crate::storage::sim::Fault::Eio);
        let store = open(&disk);
        assert_eq!(store.faults()[0].kind(), ErrorKind::Storage);
        while store.tidy().unwrap() {}
        drop(store);
    }
    assert_eq!(open(&disk).list().unwrap().len(), 3);
}

#[test]
fn whatever_is_in_a_pack_the_rest_is_found_and_nothing_else() {
    let mut chance = 1_u64;
    let mut below = |bound: u64| {
        chance = chance.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (chance >> 33) % bound
    };
    for round in 0..2_000 {
        let (disk, ids) = three(round % 2 == 0);
        for _ in 0..=below(3) {
            let at = 64 + below(3 * 1_088);
            let bits = 1 + below(8);
            (0..bits).for_each(|bit| disk.flip_bit(&pack(1), at, bit as u8));
        }
        let store = open(&disk);
        for id in store.list().unwrap() {
            assert!(ids.contains(&id) || !is_right(&store, id));
            store.set_back(id).unwrap();
        }
        for id in store.list().unwrap() {
            assert!(is_right(&store, id), "round {round}");
        }
        while store.tidy().unwrap() {}
        import(&store, &bytes(1_000, 1)).unwrap();
        assert!(is_right(&open(&disk.kill()), ids[1]));
    }
}
