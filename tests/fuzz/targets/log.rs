//! Recovery over frames and batches of any content: a log that opens can be read, written, sealed
//! and opened again; one that does not open is left as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::Event;
use swarmlet_engine::log::Log;
use swarmlet_engine::storage::SimDisk;
use swarmlet_fuzz::{inspect, log_image, read_back, sample};

fn read(log: &Log) -> Vec<Event> {
    read_back::log(&log.reader()).expect("a log that opened can be read")
}

fn reopen(disk: &SimDisk) -> Log {
    sample::open(disk).expect("a log that opened once opens again")
}

/// Publishes one event more; streams may have come to their end.
fn write(log: &mut Log, events: &mut Vec<Event>) {
    let publish = sample::publish("com.example.late", 0..1, 16);
    if log.commit(&[publish], sample::NOW).is_ok() {
        let now = read(log);
        assert_eq!(now.len(), events.len() + 1);
        *events = now;
    }
}

/// Seals what is full.
fn seal(log: &mut Log) {
    let mut maintenance = log.maintenance().expect("nobody else asked for it");
    while maintenance.is_behind() {
        if maintenance.step(sample::NOW).is_err() {
            return;
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let files = log_image::log_files(input).into_iter();
    let names = (1..).map(sample::log_file_name);
    let disk = sample::disk_with(names.zip(files));
    sample::make_small_spare(&disk);
    let before = disk.files();
    let is_sound = inspect::is_sound(&disk);
    let opened = sample::open(&disk);
    if let Err(error) = &opened {
        // Whose the log is nobody tells an inspection.
        let is_own_gap = error.message() == "events of our own stream are missing";
        assert!(
            !is_sound || is_own_gap,
            "a sound log does not open: {error}"
        );
    }
    let Ok(mut log) = opened else {
        assert!(
            disk.files() == before,
            "a log that does not open was changed"
        );
        return;
    };
    let mut events = read(&log);
    log.mark_idle().expect("the disk has no faults");
    drop(log);
    log = reopen(&disk);
    assert_eq!(read(&log), events);
    write(&mut log, &mut events);
    seal(&mut log);
    assert_eq!(read(&log), events);
    drop(log);
    assert_eq!(read(&reopen(&disk)), events);
});
