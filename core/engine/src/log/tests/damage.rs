//! Bytes that changed behind the log's back: named, never skipped, never removed.

use super::bench::{Bench, log_file, routed};
use crate::error::{Error, ErrorKind};
use crate::log::LogOptions;
use crate::storage::{Disk, FileName, Folder, SimDisk};

fn open_error(disk: SimDisk) -> Error {
    Bench::on(disk, LogOptions::default())
        .err()
        .expect("the log is damaged")
}

fn closed(bench: Bench) -> SimDisk {
    bench.log.close().unwrap();
    bench.disk
}

fn context<'a>(error: &'a Error, wanted: &str) -> &'a str {
    let found = error.context().find(|(name, _)| *name == wanted);
    found
        .map(|(_, value)| value)
        .unwrap_or_else(|| panic!("{wanted} is missing: {error}"))
}

#[test]
fn damage_is_an_error_with_file_and_position_and_changes_nothing() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.publish(&["x"], 300).unwrap();
    }
    let disk = closed(bench);
    disk.flip_bit(&log_file(1), 4096 + 500, 3);
    let before = disk.files();
    let error = open_error(disk.clone());
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(context(&error, "file"), "log/0000000000000001.wal");
    let position: u64 = context(&error, "position").parse().unwrap();
    assert!((4096..4096 + 500).contains(&position), "{position}");
    assert_eq!(disk.files(), before);
}

#[test]
fn damage_to_the_last_group_of_a_closed_log_is_not_taken_for_a_torn_write() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 300).unwrap();
    let disk = closed(bench);
    disk.flip_bit(&log_file(1), 4096 + 100, 0);
    assert_eq!(open_error(disk).kind(), ErrorKind::Corrupt);
}

#[test]
fn a_kill_a_reopening_and_a_close_protect_the_last_group_too() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 300).unwrap();
    let disk = closed(bench.kill());
    disk.flip_bit(&log_file(1), 4096 + 100, 0);
    assert_eq!(open_error(disk).kind(), ErrorKind::Corrupt);
}

#[test]
fn damage_while_open_is_an_error_of_the_read_that_meets_it() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 300).unwrap();
    bench.publish(&["y"], 300).unwrap();
    bench.disk.flip_bit(&log_file(1), 4096 + 400, 0);
    let mut cursor = bench.reader().query(&super::bench::everything()).unwrap();
    let error = cursor.next_chunk(10, usize::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    // Asking again neither skips it nor ends.
    assert_eq!(
        cursor.next_chunk(10, usize::MAX).unwrap_err().kind(),
        ErrorKind::Corrupt
    );
}

#[test]
fn damage_to_a_sealed_event_is_met_by_every_try() {
    let mut bench = Bench::new();
    bench.fill_files(2);
    bench.maintain();
    let events = bench.events().len();
    let disk = closed(bench);
    let is_segment = |name: &&FileName| name.folder() == Folder::Segments;
    let segment = disk.files().keys().find(is_segment).unwrap().clone();
    disk.flip_bit(&segment, 60, 0);
    let bench = Bench::on(disk, LogOptions::default()).unwrap();
    let mut cursor = bench.reader().query(&super::bench::everything()).unwrap();
    let mut count = 0;
    for _ in 0..events + 3 {
        match cursor.next_chunk(1, usize::MAX) {
            Ok(chunk) => count += chunk.len(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
        }
    }
    assert_eq!(count, 0, "nothing is delivered behind what cannot be read");
}

#[test]
fn damaged_headers_and_other_versions_are_told_apart() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 10).unwrap();
    let disk = closed(bench);
    disk.flip_bit(&log_file(1), 17, 0);
    let error = open_error(disk.clone());
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    disk.flip_bit(&log_file(1), 17, 0);

    let mut header = disk.files()[&log_file(1)][..24].to_vec();
    header[8] = 2;
    let sum = crate::event::codec::checksum(&[&header]);
    let file = disk.open(&log_file(1)).unwrap();
    file.write_at(&header, 0).unwrap();
    file.write_at(&sum.to_le_bytes(), 24).unwrap();
    assert_eq!(open_error(disk).kind(), ErrorKind::Incompatible);
}

#[test]
fn a_missing_log_file_is_an_error() {
    let mut bench = Bench::new();
    bench.fill_files(2);
    let disk = closed(bench);
    disk.remove(&log_file(2)).unwrap();
    let error = open_error(disk.clone());
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(disk.files().contains_key(&log_file(1)));
}

#[test]
fn a_missing_segment_is_an_error() {
    let mut bench = Bench::with(routed());
    bench.fill_files(3);
    bench.maintain();
    let disk = closed(bench);
    let names: Vec<FileName> = disk.files().into_keys().collect();
    let segments: Vec<&FileName> = names
        .iter()
        .filter(|name| name.folder() == Folder::Segments)
        .collect();
    for segment in segments {
        let copy = SimDisk::new(0);
        for (name, bytes) in disk.files() {
            let file = copy.create(&name, 0).unwrap();
            file.write_at(&bytes, 0).unwrap();
        }
        copy.remove(segment).unwrap();
        assert_eq!(open_error(copy).kind(), ErrorKind::Corrupt, "{segment}");
    }
}
