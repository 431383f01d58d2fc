//! Sealing, merging, dropping, and the files that come and go with them.

use std::sync::{Arc, Mutex};

use super::bench::{Bench, call, everything, read, routed, signer};
use super::small_files::SmallFiles;
use crate::error::ErrorKind;
use crate::event::{StreamName, Timestamp};
use crate::log::{Log, LogOptions, Retention, Work};
use crate::segment::SegmentName;
use crate::storage::{Disk, Folder, SimDisk};

#[test]
fn full_files_are_sealed_and_the_answers_stay() {
    let mut bench = Bench::with(routed());
    bench.publish(&["a", "b"], 10).unwrap();
    bench.fill_files(2);
    let events = bench.events();
    bench.maintain();
    let stats = bench.reader().stats();
    assert_eq!((stats.segments, stats.log_files), (2, 1));
    assert_eq!(bench.events(), events);
    assert_eq!(bench.reopen().events(), events);
}

#[test]
fn eight_segments_become_one_and_those_are_removed() {
    let mut bench = Bench::new();
    for _ in 0..9 {
        bench.fill_files(1);
        bench.maintain();
    }
    let events = bench.events();
    let merged = SegmentName {
        first: 1,
        last: 8,
        revision: 0,
    };
    let names = bench.names(Folder::Segments);
    assert!(
        names.contains(&merged.file_name().name().to_owned()),
        "{names:?}"
    );
    assert_eq!(names.len(), 2);
    assert_eq!(bench.reopen().events(), events);
}

#[test]
fn superseded_files_found_at_opening_are_removed() {
    let mut bench = Bench::new();
    for _ in 0..8 {
        bench.fill_files(1);
        while bench.reader().stats().log_files > 1 {
            bench.step().unwrap();
        }
    }
    let before = bench.disk.files();
    bench.maintain();
    let events = bench.events();
    bench.log.close().unwrap();
    for (name, bytes) in before {
        let is_missing = !bench.disk.files().contains_key(&name);
        if is_missing {
            bench
                .disk
                .create(&name, 0)
                .unwrap()
                .write_at(&bytes, 0)
                .unwrap();
        }
    }
    let bench = Bench::on(bench.disk, LogOptions::default()).unwrap();
    assert_eq!(bench.names(Folder::Segments).len(), 1);
    assert_eq!(bench.events(), events);
}

#[test]
fn a_sealed_file_is_used_again() {
    let mut bench = Bench::new();
    bench.fill_files(1);
    bench.maintain();
    assert!(bench.names(Folder::Log).contains(&"spare".to_owned()));
    for _ in 0..20 {
        bench.fill_files(1);
        bench.maintain();
        assert_eq!(bench.names(Folder::Log).len(), 2);
    }
    let events = bench.events();
    assert_eq!(bench.power_loss().events(), events);
}

#[test]
fn retention_keeps_at_least_what_it_promises_and_says_what_it_dropped() {
    let mut options = LogOptions::default();
    let retention = Retention {
        events_max: Some(12),
        ..Retention::default()
    };
    options
        .streams
        .insert(StreamName::default_name(), retention);
    let mut bench = Bench::with(options);
    for _ in 0..6 {
        bench.fill_files(1);
        bench.maintain();
    }
    let info = bench.reader().streams().remove(0);
    let kept = bench.events();
    assert!(info.first.get() > 0);
    assert!(kept.len() >= 12);
    assert_eq!(kept[0].key.offset, info.first);
    let cursor = bench.reader().query(&everything()).unwrap();
    assert_eq!(cursor.skipped(), [(info.id, info.first)]);
    let bench = bench.reopen();
    assert_eq!(bench.events(), kept);
    assert_eq!(bench.reader().streams()[0].first, info.first);
}

#[test]
fn a_clock_set_back_does_not_make_old_events_of_new_ones() {
    let mut options = LogOptions::default();
    let retention = Retention {
        age_max_micros: Some(1_000_000),
        ..Retention::default()
    };
    options
        .streams
        .insert(StreamName::default_name(), retention);
    let mut bench = Bench::with(options);
    bench.now = 50_000_000;
    bench.fill_files(1);
    bench.now = 1_000;
    bench.fill_files(1);
    bench.now = 50_001_000;
    bench.publish(&["x"], 10).unwrap();
    let events = bench.events();
    bench.maintain();
    assert_eq!(bench.events(), events);
}

#[test]
fn a_step_cut_off_anywhere_changes_no_answer() {
    for nth in 1..60 {
        let mut bench = Bench::on(SimDisk::new(nth), routed()).unwrap();
        bench.publish(&["a", "b"], 100).unwrap();
        bench.fill_files(2);
        let events = bench.events();
        bench
            .disk
            .fail_nth_operation(nth, crate::storage::sim::Fault::PowerLoss);
        while bench.step().unwrap_or(false) {}
        let mut bench = bench.power_loss();
        assert_eq!(bench.events(), events, "operation {nth}");
        bench.maintain();
        assert_eq!(bench.events(), events, "operation {nth}");
    }
}

#[test]
fn on_a_full_disk_retention_still_makes_room() {
    let mut options = LogOptions::default();
    let retention = Retention {
        events_max: Some(1),
        ..Retention::default()
    };
    options
        .streams
        .insert(StreamName::default_name(), retention);
    let mut bench = Bench::with(options);
    bench.fill_files(3);
    while bench.step().unwrap() && bench.reader().stats().log_files > 1 {}
    let spare = crate::log::log_file::spare_name();
    let _ = bench.disk.remove(&spare);
    bench.fill_disk_but(8192);
    let now = Timestamp::from_micros(bench.now);
    let mut drops = 0;
    while let Ok(Some(work)) = bench.maintenance.step(now) {
        drops += u32::from(work == Work::Drop);
    }
    assert!(drops > 0);
}

#[test]
fn on_a_full_disk_retention_makes_room_for_sealing() {
    let mut options = LogOptions::default();
    let retention = Retention {
        events_max: Some(1),
        ..Retention::default()
    };
    let name = StreamName::default_name();
    options.streams.insert(name.clone(), retention);
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.fill_file_with_noise();
        bench.maintain();
    }
    bench.options = options;
    let mut bench = bench.reopen();
    bench.fill_file_with_noise();
    bench.fill_disk_but(4096);
    while let Ok(true) = bench.step() {}
    let stats = bench.reader().stats();
    assert_eq!((stats.log_files, stats.seals), (1, 1));
    assert!(stats.drops > 0);
    assert!(stats.events_dropped > 0);
    assert!(stats.segment_index_bytes > 0);
    assert!(stats.segment_index_bytes < stats.segment_bytes);
    assert!(stats.index_bytes > 0);
}

#[test]
fn a_segment_that_found_the_disk_full_gives_its_room_back() {
    let mut bench = Bench::new();
    for _ in 0..8 {
        bench.fill_file_with_noise();
        while bench.reader().stats().log_files > 1 {
            bench.step().unwrap();
        }
    }
    // The merged segment does not fit, one that is sealed does.
    bench.fill_disk_but(48 * 1024);
    assert_eq!(bench.step().unwrap_err().kind(), ErrorKind::DiskFull);
    let names = bench.names(Folder::Segments);
    assert!(
        !names.iter().any(|name| name.ends_with(".tmp")),
        "{names:?}"
    );
    bench.fill_file_with_noise();
    assert!(bench.step().unwrap());
    assert_eq!(bench.reader().stats().seals, 9);
}

#[test]
fn the_writer_may_start_a_file_while_maintenance_makes_the_spare() {
    let disk = SimDisk::new(1);
    let small = SmallFiles::new(disk.clone());
    let shared: Arc<dyn Disk> = Arc::new(small.clone());
    let mut log = Log::open(shared, signer(), LogOptions::default()).unwrap();
    let mut maintenance = log.maintenance().unwrap();
    let publish = |log: &mut Log| {
        let call = call("com.example", &["x"], 3000);
        log.commit(&[call], Timestamp::from_micros(1)).unwrap();
    };
    publish(&mut log);
    let log = Arc::new(Mutex::new(log));
    let writer = log.clone();
    small.while_creating("spare.tmp", move || {
        let mut log = writer.lock().unwrap();
        (0..12).for_each(|_| publish(&mut log));
        assert_eq!(log.reader().stats().log_files, 2);
    });
    maintenance.step(Timestamp::from_micros(1)).unwrap();
    let mut log = log.lock().unwrap();
    publish(&mut log);
    let expected = read(&log.reader(), &everything()).unwrap();
    assert_eq!(expected.len(), 14);
    let bench = Bench::on(disk.power_loss(), LogOptions::default()).unwrap();
    assert_eq!(bench.events(), expected);
}

#[test]
fn tags_that_occur_once_end_a_log_file_before_they_fill_memory() {
    let disk = Arc::new(SimDisk::new(1));
    let mut log = Log::open(disk, signer(), LogOptions::default()).unwrap();
    let mut number = 0;
    for round in 0..40 {
        let names: Vec<String> = (number..number + 1_000)
            .map(|n| format!("order:{n}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        number += 1_000;
        let now = Timestamp::from_micros(round);
        log.commit(&[call("com.example", &names, 1)], now).unwrap();
    }
    // Forty thousand events of 30 bytes are a small part of a file, their tags are not.
    assert!(log.reader().stats().log_files > 1);
}
