//! What a simulated disk does beyond the contract: restarts, faults, bounds, and that all of it
//! follows from the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use super::super::tests::{content, file_of, log, name, pattern};
use super::super::{Disk, FileName, Folder};
use super::random::Random;
use super::{Counters, Fault, FaultPlan, SimDisk};

/// Enough seeds that an outcome of a few percent is seen, and few enough to take no time.
const SEEDS: u64 = 300;

/// What is found after a story under every seed, each outcome once.
fn outcomes<T: Ord>(story: impl Fn(SimDisk) -> T) -> BTreeSet<T> {
    (0..SEEDS).map(|seed| story(SimDisk::new(seed))).collect()
}

/// The files after a story and a power failure, as text, each outcome once.
fn survivors(story: impl Fn(&SimDisk)) -> BTreeSet<String> {
    outcomes(|disk| {
        story(&disk);
        let describe = |(name, bytes): (FileName, Vec<u8>)| {
            format!("{name}={}", String::from_utf8_lossy(&bytes))
        };
        let files: Vec<String> = disk
            .power_loss()
            .files()
            .into_iter()
            .map(describe)
            .collect();
        files.join(" ")
    })
}

fn texts(expected: &[&str]) -> BTreeSet<String> {
    expected.iter().map(ToString::to_string).collect()
}

/// A file whose first version is durable and whose second is not.
fn overwrite(disk: &SimDisk, len: usize) {
    let file = disk.create(&log("a"), len as u64).unwrap();
    file.write_at(&vec![b'o'; len], 0).unwrap();
    file.sync_data().unwrap();
    file.write_at(&vec![b'n'; len], 0).unwrap();
}

#[test]
fn synced_content_survives_every_power_loss() {
    let found = outcomes(|disk| {
        let file = disk.create(&log("a"), 100).unwrap();
        file.write_at(&pattern(9000, 1), 50).unwrap();
        file.sync_data().unwrap();
        disk.power_loss().power_loss().files()
    });
    let expected = [vec![0; 50], pattern(9000, 1)].concat();
    assert_eq!(found, BTreeSet::from([[(log("a"), expected)].into()]));
}

#[test]
fn unsynced_sector_is_old_or_new() {
    assert_eq!(
        survivors(|disk| overwrite(disk, 4)),
        texts(&["log/a=oooo", "log/a=nnnn"])
    );
}

#[test]
fn unsynced_pages_and_sectors_survive_in_any_order() {
    for distance in [512, 4096] {
        let found = outcomes(|disk| {
            overwrite(&disk, 2 * distance);
            let bytes = disk.power_loss().files().remove(&log("a")).unwrap();
            for sector in bytes.chunks(512) {
                assert!(
                    sector.iter().all(|byte| *byte == sector[0]),
                    "a sector is never torn"
                );
            }
            [bytes[0], bytes[distance]]
        });
        assert_eq!(
            found,
            BTreeSet::from([*b"oo", *b"on", *b"no", *b"nn"]),
            "{distance}"
        );
    }
}

#[test]
fn each_unsynced_version_of_a_sector_may_be_the_one_that_survives() {
    let found = survivors(|disk| {
        let file = disk.create(&log("a"), 1).unwrap();
        file.write_at(b"1", 0).unwrap();
        file.write_at(b"2", 0).unwrap();
        file.write_at(b"3", 0).unwrap();
    });
    assert_eq!(found, texts(&["log/a=\0", "log/a=1", "log/a=2", "log/a=3"]));
}

#[test]
fn unsynced_length_may_be_lost_and_content_may_be_zeros() {
    let found = survivors(|disk| {
        let file = file_of(disk, &log("a"), b"ab");
        file.sync_data().unwrap();
        file.write_at(b"cd", 2).unwrap();
    });
    let expected = [
        "log/a=ab",
        "log/a=abc",
        "log/a=abcd",
        "log/a=ab\0",
        "log/a=ab\0\0",
    ];
    assert_eq!(found, texts(&expected));
}

#[test]
fn bytes_beyond_a_lost_length_do_not_come_back() {
    for seed in 0..SEEDS {
        let disk = SimDisk::new(seed);
        file_of(&disk, &log("a"), &[0xff; 9000]);
        let disk = disk.power_loss();
        let file = disk.open(&log("a")).unwrap();
        let len = file.len().unwrap();
        file.write_at(&[1], 20_000).unwrap();
        assert!(
            content(&*file)[len as usize..20_000]
                .iter()
                .all(|byte| *byte == 0)
        );
    }
}

#[test]
fn creation_is_durable_when_it_returns() {
    let found = survivors(|disk| drop(disk.create(&log("a"), 3).unwrap()));
    assert_eq!(found, texts(&["log/a=\0\0\0"]));
}

#[test]
fn rename_is_durable_only_after_the_folder_is_synced() {
    let renamed = |disk: &SimDisk| {
        file_of(disk, &log("a"), b"old").sync_data().unwrap();
        file_of(disk, &log("b"), b"new").sync_data().unwrap();
        disk.rename(&log("b"), &log("a")).unwrap();
    };
    assert_eq!(
        survivors(renamed),
        texts(&["log/a=old log/b=new", "log/a=new"])
    );
    let synced = survivors(|disk| {
        renamed(disk);
        disk.sync_folder(Folder::Log).unwrap();
    });
    assert_eq!(synced, texts(&["log/a=new"]));
}

#[test]
fn name_may_survive_without_content() {
    let found = survivors(|disk| {
        file_of(disk, &log("a"), b"x");
        disk.rename(&log("a"), &log("b")).unwrap();
        disk.sync_folder(Folder::Log).unwrap();
    });
    assert_eq!(found, texts(&["log/b=", "log/b=\0", "log/b=x"]));
}

#[test]
fn removed_file_may_come_back_with_its_durable_content() {
    let found = survivors(|disk| {
        file_of(disk, &log("a"), b"x").sync_data().unwrap();
        disk.remove(&log("a")).unwrap();
    });
    assert_eq!(found, texts(&["", "log/a=x"]));
}

#[test]
fn changes_of_one_folder_survive_in_order_and_of_two_in_any() {
    let found = survivors(|disk| {
        for name in [log("a"), log("b"), name(Folder::Segments, "c")] {
            disk.create(&name, 0).unwrap();
        }
        disk.remove(&log("a")).unwrap();
        disk.remove(&log("b")).unwrap();
        disk.remove(&name(Folder::Segments, "c")).unwrap();
    });
    let expected = [
        "log/a= log/b= segments/c=",
        "log/a= log/b=",
        "log/b= segments/c=",
        "log/b=",
        "segments/c=",
        "",
    ];
    assert_eq!(found, texts(&expected));
}

#[test]
fn syncing_a_folder_commits_what_its_changes_build_on_and_no_more() {
    let found = survivors(|disk| {
        for text in ["a", "b"] {
            disk.create(&log(text), 0).unwrap();
        }
        disk.create(&name(Folder::Segments, "x"), 0).unwrap();
        disk.remove(&name(Folder::Segments, "x")).unwrap();
        disk.rename(&log("a"), &log("c")).unwrap();
        disk.rename(&log("c"), &name(Folder::Aside, "c")).unwrap();
        disk.remove(&log("b")).unwrap();
        disk.sync_folder(Folder::Aside).unwrap();
    });
    let expected = [
        "log/b= segments/x= aside/c=",
        "log/b= aside/c=",
        "segments/x= aside/c=",
        "aside/c=",
    ];
    assert_eq!(found, texts(&expected));
}

#[test]
fn kill_keeps_everything_visible_and_makes_nothing_durable() {
    let found = outcomes(|disk| {
        overwrite(&disk, 1);
        let disk = disk.kill();
        assert_eq!(disk.files()[&log("a")], b"n");
        disk.power_loss().files().remove(&log("a")).unwrap()
    });
    assert_eq!(found, BTreeSet::from([b"o".to_vec(), b"n".to_vec()]));
}

#[test]
fn disks_and_files_of_before_a_restart_are_dead() {
    for restart in [SimDisk::power_loss, SimDisk::kill] {
        let old = SimDisk::new(1);
        let file = disk_file(&old);
        let new = restart(&old);
        let before = new.files();
        assert!(file.write_at(b"x", 0).is_err());
        assert!(file.read_at(&mut [0], 0).is_err());
        assert!(file.sync_data().is_err());
        assert!(file.len().is_err());
        assert!(old.remove(&log("a")).is_err());
        assert!(old.open(&log("a")).is_err());
        assert!(old.create(&log("b"), 0).is_err());
        assert!(old.sync_folder(Folder::Log).is_err());
        assert_eq!(new.files(), before);
        drop(file);
        new.open(&log("a")).unwrap();
        restart(&old).list(Folder::Log).unwrap();
        new.list(Folder::Log).unwrap();
    }
}

fn disk_file(disk: &SimDisk) -> Box<dyn super::super::DiskFile> {
    disk.create(&log("a"), 10).unwrap()
}

#[test]
fn failed_sync_forgets_pages_and_the_next_one_succeeds_without_them() {
    let found = outcomes(|disk| {
        overwrite(&disk, 1);
        disk.fail_next_sync(1);
        let file = disk.open(&log("a")).unwrap();
        file.sync_data().unwrap_err();
        let shown = content(&*file)[0];
        file.sync_data().unwrap();
        assert_eq!(content(&*file)[0], shown);
        (shown, disk.power_loss().files()[&log("a")][0])
    });
    // What is shown after the failure may be lost all the same.
    assert_eq!(
        found,
        BTreeSet::from([(b'n', b'n'), (b'n', b'o'), (b'o', b'o')])
    );
}

#[test]
fn write_after_a_failed_sync_does_not_bring_back_what_was_lost() {
    let found = outcomes(|disk| {
        overwrite(&disk, 1024);
        disk.fail_next_sync(1);
        let file = disk.open(&log("a")).unwrap();
        file.sync_data().unwrap_err();
        file.write_at(b"N", 0).unwrap();
        file.sync_data().unwrap();
        let bytes = disk.power_loss().files().remove(&log("a")).unwrap();
        assert_eq!(bytes[0], b'N');
        bytes[512]
    });
    assert_eq!(found, BTreeSet::from([b'n', b'o']));
}

#[test]
fn nth_sync_counts_syncs_of_files_only() {
    let disk = SimDisk::new(1);
    disk.fail_next_sync(2);
    let file = disk.create(&log("a"), 10).unwrap();
    disk.sync_folder(Folder::Log).unwrap();
    file.sync_data().unwrap();
    file.sync_all().unwrap_err();
    file.sync_data().unwrap();
}

/// One of each operation, stopping at the first error.
fn every_operation(disk: &SimDisk) -> std::io::Result<()> {
    let file = disk.create(&log("a"), 5000)?;
    file.write_at(b"abc", 0)?;
    file.sync_data()?;
    file.len()?;
    file.read_at(&mut [0; 3], 0)?;
    disk.rename(&log("a"), &log("b"))?;
    disk.open(&log("b"))?;
    disk.sync_folder(Folder::Log)?;
    disk.list(Folder::Log)?;
    disk.bytes_free()?;
    disk.remove(&log("b"))
}

#[test]
fn every_operation_can_be_made_to_fail() {
    let disk = SimDisk::new(1);
    every_operation(&disk).unwrap();
    let operations = disk.counters().operations;
    assert_eq!(operations, 14);
    for nth in 1..=operations {
        for fault in [Fault::Eio, Fault::PowerLoss] {
            let disk = SimDisk::new(nth);
            disk.fail_nth_operation(nth, fault);
            every_operation(&disk).unwrap_err();
            assert_eq!(disk.counters().faults, 1, "{nth} {fault:?}");
            assert_eq!(disk.counters().operations, nth);
            assert_eq!(disk.list(Folder::Log).is_err(), fault == Fault::PowerLoss);
            disk.power_loss().list(Folder::Log).unwrap();
        }
    }
    let disk = SimDisk::new(1);
    disk.fail_nth_operation(operations + 1, Fault::Eio);
    every_operation(&disk).unwrap();
}

#[test]
fn full_disk_strikes_only_what_allocates() {
    for nth in 1..=14 {
        let disk = SimDisk::new(nth);
        disk.fail_nth_operation(nth, Fault::Enospc);
        match every_operation(&disk) {
            Err(err) => assert_eq!(err.kind(), ErrorKind::StorageFull),
            Ok(()) => assert!(nth > 9, "{nth}"),
        }
    }
}

#[test]
fn failed_write_may_have_been_done_in_part() {
    let found = outcomes(|disk| {
        let file = disk.create(&log("a"), 3).unwrap();
        disk.fail_nth_operation(1, Fault::Eio);
        file.write_at(b"abc", 0).unwrap_err();
        content(&*file)
    });
    let expected = [b"\0\0\0", b"a\0\0", b"ab\0", b"abc"].map(|bytes| bytes.to_vec());
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn capacity_bounds_creation_and_growth_and_comes_back_on_removal() {
    let disk = SimDisk::new(1);
    disk.set_bytes_capacity(Some(3 * 4096 + 5));
    let full = |result: std::io::Result<()>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::StorageFull)
    };
    let file = disk.create(&log("a"), 4097).unwrap();
    assert_eq!(disk.bytes_free().unwrap(), 4096);

    full(disk.create(&log("b"), 4097).map(drop));
    assert_eq!(disk.list(Folder::Log).unwrap(), [log("a")]);
    full(file.write_at(&[1; 8192], 8000));
    assert_eq!(file.len().unwrap(), 3 * 4096);
    assert_eq!(disk.bytes_free().unwrap(), 0);
    file.write_at(&[2; 100], 0).unwrap();
    disk.create(&log("empty"), 0).unwrap();

    disk.remove(&log("a")).unwrap();
    assert_eq!(disk.bytes_free().unwrap(), 0, "the handle keeps the bytes");
    drop(file);
    assert_eq!(disk.bytes_free().unwrap(), 3 * 4096);
    disk.create(&log("b"), 3 * 4096).unwrap();
}

#[test]
fn read_only_disk_can_be_read() {
    let disk = SimDisk::new(1);
    let file = file_of(&disk, &log("a"), b"x");
    disk.set_read_only(true);
    let refused = |result: std::io::Result<()>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem)
    };
    refused(file.write_at(b"y", 0));
    refused(disk.create(&log("b"), 0).map(drop));
    refused(disk.rename(&log("a"), &log("b")));
    refused(disk.remove(&log("a")));
    assert_eq!(content(&*disk.open(&log("a")).unwrap()), b"x");
}

#[test]
fn flipped_bit_is_read_and_survives() {
    let disk = SimDisk::new(1);
    file_of(&disk, &log("a"), b"ab").sync_data().unwrap();
    disk.flip_bit(&log("a"), 1, 0);
    assert_eq!(disk.files()[&log("a")], b"ac");
    assert_eq!(disk.power_loss().files()[&log("a")], b"ac");
}

#[test]
fn counters_count_what_reaches_the_platter() {
    let disk = SimDisk::new(1);
    let file = disk.create(&log("a"), 8192).unwrap();
    file.write_at(&[1; 100], 500).unwrap();
    file.write_at(&[1; 100], 500).unwrap();
    file.sync_data().unwrap();
    file.sync_data().unwrap();
    file.read_at(&mut [0; 5], 0).unwrap();
    let counters = disk.counters();
    assert_eq!(counters.operations, 9);
    assert_eq!((counters.reads, counters.writes), (1, 2));
    assert_eq!((counters.syncs, counters.folder_syncs), (3, 1));
    assert_eq!(counters.bytes_written, 8192 + 200);
    assert_eq!(counters.bytes_synced, 8192 + 1024);
    assert_eq!(counters.faults, 0);
}

/// Does a bit of everything with few names, under faults and power failures, and returns all
/// that can be seen of it.
fn turmoil(seed: u64) -> (Vec<Option<String>>, BTreeMap<FileName, Vec<u8>>, Counters) {
    let mut disk = SimDisk::new(seed);
    disk.set_fault_plan(FaultPlan::from_seed(seed));
    let mut random = Random::new(seed);
    let mut errors = Vec::new();
    for round in 0..200 {
        let folder = random.pick(&Folder::ALL);
        let from = name(folder, random.pick(&["a", "b", "c"]));
        let to = name(random.pick(&Folder::ALL), random.pick(&["a", "b", "c"]));
        let result = match random.below(6) {
            0 => disk.create(&from, 3000).map(drop),
            1 => disk
                .open(&from)
                .and_then(|file| file.write_at(&pattern(5000, round), 100)),
            2 => disk.open(&from).and_then(|file| file.sync_data()),
            3 => disk.rename(&from, &to),
            4 => disk.remove(&from),
            _ => disk.sync_folder(folder),
        };
        errors.push(result.err().map(|err| err.to_string()));
        if disk.list(folder).is_err() || random.below(50) == 0 {
            disk = disk.power_loss();
        }
    }
    (errors, disk.files(), disk.counters())
}

#[test]
fn same_seed_gives_the_same_outcome_and_another_seed_another() {
    let mut distinct = BTreeSet::new();
    for seed in 0..50 {
        let outcome = turmoil(seed);
        assert_eq!(outcome, turmoil(seed));
        distinct.insert(outcome.0);
    }
    assert_eq!(distinct.len(), 50);
}
