//! A log that is looked at from outside: what is in it, and every damage named.

use std::sync::Arc;

use super::bench::{Bench, log_file};
use crate::error::ErrorKind;
use crate::log::{FileReport, Inspection};
use crate::storage::{Disk, FileName, Folder, SimDisk};

fn inspect(disk: &SimDisk) -> Vec<FileReport> {
    let mut inspection = Inspection::begin(Arc::new(disk.clone())).unwrap();
    let mut reports = Vec::new();
    while let Some(report) = inspection.next_file() {
        reports.push(report);
        assert!(reports.len() < 100);
    }
    assert_eq!(inspection.files_left(), 0);
    reports
}

fn is_sound(reports: &[FileReport]) -> bool {
    reports.iter().all(|report| report.fault.is_none())
}

fn events(reports: &[FileReport]) -> u64 {
    reports.iter().map(|report| report.events).sum()
}

/// A log with a sealed segment and a file that is not sealed, of two streams.
fn log() -> (SimDisk, u64) {
    let mut bench = Bench::new();
    bench.fill_files(2);
    bench.maintain();
    bench.publish(&["x"], 300).unwrap();
    bench.publish(&["y"], 300).unwrap();
    let events = bench.events().len() as u64;
    bench.log.close().unwrap();
    (bench.disk, events)
}

#[test]
fn everything_is_found_and_nothing_is_changed() {
    let (disk, expected) = log();
    let before = disk.files();
    let reports = inspect(&disk);
    assert!(is_sound(&reports), "{reports:?}");
    assert_eq!(events(&reports), expected);
    assert!(reports.iter().any(|report| report.is_sealed));
    assert!(reports.iter().any(|report| !report.is_sealed));
    let last = reports.iter().rev().find(|report| report.events > 0);
    let streams = &last.unwrap().streams;
    assert_eq!(streams[0].name.as_str(), "default");
    assert_eq!(streams[0].last.get() + 1, expected);
    assert_eq!(disk.files(), before);
}

#[test]
fn an_empty_folder_is_sound() {
    assert!(inspect(&SimDisk::new(1)).is_empty());
}

#[test]
fn a_bit_that_flipped_is_found_wherever_it_counts() {
    let (disk, _) = log();
    for (name, bytes) in disk.files() {
        let is_segment = name.folder() == Folder::Segments;
        if !is_segment && name != log_file(3) {
            continue;
        }
        // Beyond its frames a log file has zeros, of which nothing is said.
        let len = if is_segment {
            bytes.len() as u64
        } else {
            4096 + 600
        };
        let step = (len / 40).max(1);
        for at in (0..len).step_by(step as usize) {
            let meaningless = !is_segment && (32..4096).contains(&at);
            disk.flip_bit(&name, at, 2);
            let reports = inspect(&disk);
            assert_eq!(is_sound(&reports), meaningless, "{name} at {at}");
            let fault = reports.iter().find_map(|report| report.fault.as_ref());
            if let Some(fault) = fault {
                let is_named = matches!(fault.kind(), ErrorKind::Corrupt | ErrorKind::Incompatible);
                assert!(is_named, "{name} at {at}: {fault}");
            }
            disk.flip_bit(&name, at, 2);
        }
    }
    assert!(is_sound(&inspect(&disk)));
}

#[test]
fn what_comes_behind_damage_is_looked_at() {
    let mut bench = Bench::new();
    bench.fill_files(3);
    bench.log.close().unwrap();
    let disk = bench.disk;
    disk.flip_bit(&log_file(1), 4096 + 500, 3);
    let faults: Vec<bool> = inspect(&disk)
        .iter()
        .map(|report| report.fault.is_some())
        .collect();
    assert!(faults[0] && faults.len() >= 3, "{faults:?}");
    // The second file goes on behind what could not be read; the third one is as it should be.
    assert!(!faults[2], "{faults:?}");
}

#[test]
fn files_that_are_missing_are_missed() {
    let (disk, _) = log();
    let segment = |name: &&FileName| name.folder() == Folder::Segments;
    let name = disk.files().keys().find(segment).unwrap().clone();
    disk.remove(&name).unwrap();
    assert!(!is_sound(&inspect(&disk)));
}

#[test]
fn a_torn_write_is_told_and_is_no_damage() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 300).unwrap();
    bench.publish(&["x"], 300).unwrap();
    let disk = bench.kill().disk;
    let reports = inspect(&disk);
    assert!(is_sound(&reports), "{reports:?}");
    // The last write, of which nothing says that it was synced.
    let file = disk.open(&log_file(1)).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    disk.flip_bit(&log_file(1), last, 0);
    let reports = inspect(&disk);
    assert!(is_sound(&reports), "{reports:?}");
    assert!(reports[0].torn_bytes > 0, "{reports:?}");
}
