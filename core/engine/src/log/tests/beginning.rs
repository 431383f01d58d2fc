//! Streams that begin in the middle, because nobody has what comes before.

use super::bench::{Bench, call, everything, read};
use super::receiving::{copy_of, events, open_other, other, receive, runs};
use super::small_files::SmallFiles;
use crate::event::batch::{BatchPlace, BodyBuilder};
use crate::event::{
    AppId, Batch, BatchHash, DeviceKey, Event, Lamport, Offset, Run, Signer, StreamId, StreamName,
    StreamNumber, Timestamp,
};
use crate::log::{Log, LogOptions, Maintenance, Received, Retention};
use crate::storage::SimDisk;

/// An author that keeps few events and has dropped some; and where its stream begins now.
fn author() -> (Bench, StreamId, u64) {
    let mut bench = Bench::with(keeping(12));
    while bench
        .reader()
        .streams()
        .first()
        .is_none_or(|info| info.first == Offset::ZERO)
    {
        bench.fill_files(1);
        bench.maintain();
    }
    let info = bench.reader().streams().remove(0);
    (bench, info.id, info.first.get())
}

fn keeping(events_max: u64) -> LogOptions {
    let retention = Retention {
        events_max: Some(events_max),
        ..Retention::default()
    };
    let mut options = LogOptions::default();
    options
        .streams
        .insert(StreamName::default_name(), retention);
    options
}

/// The runs of a stream from `first` on, of which the first may be taken though the stream goes on
/// at `next` here.
fn beginning(bench: &Bench, stream: StreamId, first: u64, next: u64) -> Vec<Run> {
    let mut runs = runs(&bench.reader(), stream, first);
    let begins = runs.remove(0).beginning_behind(next);
    runs.insert(0, begins.expect("each batch says the name of its stream"));
    runs
}

fn maintain(maintenance: &mut Maintenance) {
    let now = Timestamp::from_micros(9);
    while maintenance.step(now).unwrap().is_some() {}
}

fn open_small(disk: &SimDisk) -> Log {
    let signer = std::sync::Arc::new(DeviceKey::from_seed(&[9; 32]));
    let disk = std::sync::Arc::new(SmallFiles::new(disk.clone()));
    Log::open(disk, signer, LogOptions::default()).unwrap()
}

/// The log has what the author keeps, shows it as one that has dropped the rest, and gives it to a
/// third one.
fn check(log: &Log, bench: &Bench, stream: StreamId, first: u64) {
    let reader = log.reader();
    assert_eq!(events(log), kept(bench, first));
    assert_eq!(reader.present(), bench.reader().present());
    let info = reader.streams().remove(0);
    assert_eq!((info.first.get(), info.last), (first, last(bench, stream)));
    let cursor = reader.query(&everything()).unwrap();
    assert_eq!(cursor.skipped(), [(stream, info.first)]);
    let (_, mut third) = other(8);
    let mut again = runs(&reader, stream, first);
    let begins = again.remove(0).beginning_behind(0).unwrap();
    assert_eq!(
        receive(&mut third, std::slice::from_ref(&begins)),
        [Received::Taken(begins.events())]
    );
    receive(&mut third, &again);
    assert_eq!(events(&third), kept(bench, first));
}

fn kept(bench: &Bench, first: u64) -> Vec<Event> {
    let mut events = bench.events();
    events.retain(|event| event.key.offset.get() >= first);
    events
}

fn last(bench: &Bench, stream: StreamId) -> Offset {
    bench.reader().head(stream).unwrap().last
}

#[test]
fn a_stream_begins_where_its_author_still_has_it() {
    let (mut bench, stream, first) = author();
    let (disk, mut log) = other(9);
    let without_word = runs(&bench.reader(), stream, first);
    assert_eq!(
        receive(&mut log, &without_word[..1]),
        [Received::Gap(0)],
        "nobody said that it may begin there"
    );
    receive(&mut log, &beginning(&bench, stream, first, 0));
    check(&log, &bench, stream, first);
    drop(log);
    let mut log = open_other(disk.power_loss(), 9);
    check(&log, &bench, stream, first);
    bench.publish(&["more"], 10).unwrap();
    let next = last(&bench, stream).get();
    receive(&mut log, &runs(&bench.reader(), stream, next));
    check(&log, &bench, stream, first);
}

#[test]
fn a_stream_that_began_in_the_middle_is_sealed_merged_and_found_again() {
    let (mut bench, stream, first) = author();
    let disk = SimDisk::new(9);
    let mut log = open_small(&disk);
    let mut maintenance = log.maintenance().unwrap();
    for run in beginning(&bench, stream, first, 0) {
        receive(&mut log, &[run]);
    }
    for _ in 0..20 {
        bench.fill_files(1);
        let next = log.reader().present().next(stream);
        for run in runs(&bench.reader(), stream, next) {
            assert!(matches!(
                receive(&mut log, &[run])[..],
                [Received::Taken(_)]
            ));
            maintain(&mut maintenance);
        }
        bench.maintain();
    }
    assert!(log.reader().stats().merges > 0);
    let before = events(&log);
    assert_eq!(before[0].key.offset.get(), first);
    assert_eq!(log.reader().streams()[0].first.get(), first);
    log.close().unwrap();
    assert_eq!(events(&open_small(&disk)), before);
}

/// Receives what the author had, fills `files` log files with something else, then lets the stream
/// begin once more.
fn behind_a_gap(files: usize, is_maintained: bool) -> (Bench, StreamId, u64, SimDisk, Log) {
    let mut bench = Bench::with(keeping(12));
    (0..5).for_each(|_| bench.publish_noise());
    let stream = bench.reader().streams()[0].id;
    let disk = SimDisk::new(9);
    let mut log = open_small(&disk);
    let mut maintenance = log.maintenance().unwrap();
    receive(&mut log, &runs(&bench.reader(), stream, 0));
    for _ in 0..files * 12 {
        publish_own(&mut log);
        if is_maintained {
            maintain(&mut maintenance);
        }
    }
    while bench.reader().streams()[0].first.get() <= 5 {
        bench.fill_files(1);
        bench.maintain();
    }
    let first = bench.reader().streams()[0].first.get();
    let begins = beginning(&bench, stream, first, 5);
    let events = begins[0].events();
    assert_eq!(receive(&mut log, &begins[..1]), [Received::Taken(events)]);
    for run in &begins[1..] {
        receive(&mut log, std::slice::from_ref(run));
    }
    (bench, stream, first, disk, log)
}

fn publish_own(log: &mut Log) {
    let own = call("com.example", &["own"], 3000);
    log.commit(&[own], Timestamp::from_micros(5)).unwrap();
}

/// Publishes as much as fills a log file.
fn fill_file(log: &mut Log) {
    (0..12).for_each(|_| publish_own(log));
}

fn of(log: &Log, stream: StreamId) -> Vec<Event> {
    let mut events = events(log);
    events.retain(|event| event.key.stream == stream);
    events
}

#[test]
fn a_stream_begins_once_more_where_nobody_has_what_follows() {
    for (files, is_maintained) in [(0, false), (1, false), (2, false), (2, true), (12, true)] {
        let (bench, stream, first, disk, log) = behind_a_gap(files, is_maintained);
        let expected = kept(&bench, first);
        assert_eq!(of(&log, stream), expected);
        let reader = log.reader();
        assert_eq!(reader.present().last(stream), Some(last(&bench, stream)));
        let cursor = reader.query(&everything()).unwrap();
        let floor = Offset::new(first).unwrap();
        assert_eq!(cursor.skipped(), [(stream, floor)]);
        drop((log, cursor));
        let disk = disk.power_loss();
        let mut log = open_small(&disk);
        assert_eq!(of(&log, stream), expected, "{files} files");
        let mut maintenance = log.maintenance().unwrap();
        maintain(&mut maintenance);
        // Until it is sealed there is a floor that no segment tells of.
        for _ in 0..60 {
            publish_own(&mut log);
            maintain(&mut maintenance);
            let again = open_small(&copy_of(&disk));
            assert_eq!(of(&again, stream), expected, "{files} files");
        }
        let stored = log.reader().stats().events_stored;
        assert_eq!(stored, events(&log).len() as u64, "what is hidden is gone");
        log.close().unwrap();
        assert_eq!(of(&open_small(&disk), stream), expected);
    }
}

#[test]
fn a_stream_that_began_twice_is_found_after_each_step_of_maintenance() {
    let (mut bench, stream, _, disk, mut log) = behind_a_gap(0, false);
    fill_file(&mut log);
    let next = last(&bench, stream).get() + 1;
    while bench.reader().streams()[0].first.get() <= next {
        bench.fill_files(1);
        bench.maintain();
    }
    let first = bench.reader().streams()[0].first.get();
    for run in beginning(&bench, stream, first, next) {
        receive(&mut log, &[run]);
    }
    fill_file(&mut log);
    let expected = kept(&bench, first);
    drop(log);
    let mut log = open_small(&disk);
    let mut maintenance = log.maintenance().unwrap();
    let mut steps = 0;
    while maintenance
        .step(Timestamp::from_micros(9))
        .unwrap()
        .is_some()
    {
        steps += 1;
        let again = open_small(&copy_of(&disk));
        assert_eq!(of(&again, stream), expected, "after step {steps}");
    }
    assert!(log.reader().stats().seals > 1);
}

#[test]
fn a_failed_sync_shows_again_what_a_gap_had_hidden() {
    let mut bench = Bench::with(keeping(12));
    (0..5).for_each(|_| bench.publish_noise());
    let stream = bench.reader().streams()[0].id;
    let (disk, mut log) = other(9);
    receive(&mut log, &runs(&bench.reader(), stream, 0));
    let before = events(&log);
    while bench.reader().streams()[0].first.get() <= 5 {
        bench.fill_files(1);
        bench.maintain();
    }
    let first = bench.reader().streams()[0].first.get();
    let begins = beginning(&bench, stream, first, 5).remove(0);
    log.append(&[], &[begins], Timestamp::MIN).unwrap();
    let reader = log.reader();
    assert_eq!(reader.streams()[0].first.get(), first);
    assert_eq!(reader.first(stream), Offset::ZERO, "peers are told later");
    disk.fail_next_sync(1);
    assert!(log.complete().is_err());
    assert_eq!(reader.streams()[0].first, Offset::ZERO);
    assert_eq!(events(&log), before);
}

#[test]
fn where_a_stream_begins_is_forgotten_with_what_was_not_synced() {
    let (bench, stream, first) = author();
    for seed in 0..20 {
        let disk = SimDisk::new(seed);
        let mut log = open_other(disk.clone(), 9);
        let own = call("com.example", &["own"], 10);
        log.commit(std::slice::from_ref(&own), Timestamp::MIN)
            .unwrap();
        let begins = beginning(&bench, stream, first, 0);
        log.append(&[own], &begins, Timestamp::MIN).unwrap();
        assert_eq!(of(&log, stream), kept(&bench, first));
        drop(log);
        let mut log = open_other(disk.power_loss(), 9);
        if log.reader().head(stream).is_none() {
            assert!(log.reader().streams().iter().all(|info| info.id != stream));
            receive(&mut log, &begins);
        }
        assert_eq!(of(&log, stream), kept(&bench, first));
    }
}

#[test]
fn a_stream_begins_only_behind_the_gap_that_was_meant() {
    let (bench, stream, first) = author();
    let (_, mut log) = other(9);
    let meant = |next| beginning(&bench, stream, first, next).remove(0);
    assert_eq!(receive(&mut log, &[meant(3)]), [Received::Gap(0)]);
    let taken = meant(0);
    assert_eq!(
        receive(&mut log, std::slice::from_ref(&taken)),
        [Received::Taken(taken.events())]
    );
    assert_eq!(receive(&mut log, &[taken]), [Received::Known]);
}

#[test]
fn a_stream_has_one_name() {
    let signer = DeviceKey::from_seed(&[4; 32]);
    let batch = |name: &str, at: u64, before: Option<&Batch>| {
        let mut body = BodyBuilder::new();
        let content = call("com.example", &["x"], 1).events()[0].clone();
        let lamport = Lamport::new(at + 1).unwrap();
        body.push(lamport, Timestamp::from_micros(0), content.as_bytes());
        let place = BatchPlace {
            stream: StreamId::new(signer.node_id(), StreamNumber::DEFAULT),
            name: StreamName::new(name).unwrap(),
            first_offset: Offset::new(at).unwrap(),
            previous: before.map_or(BatchHash::GENESIS, |before| before.header.hash()),
        };
        let mut batch = body.finish(place, AppId::new("com.example").unwrap());
        batch.signature = Some(batch.header.hash().signed_by(&signer));
        batch
    };
    let encoded = |batches: &[&Batch]| {
        let mut bytes = Vec::new();
        batches.iter().for_each(|batch| batch.encode(&mut bytes));
        Run::check(bytes.into())
    };
    let first = batch("one", 0, None);
    let (same, another) = (batch("one", 1, Some(&first)), batch("two", 1, Some(&first)));
    assert!(encoded(&[&first, &same]).is_ok());
    assert!(encoded(&[&first, &another]).is_err());
    let (_, mut log) = other(9);
    receive(&mut log, &[encoded(&[&first]).unwrap()]);
    let at = Received::Forked(Offset::new(1).unwrap());
    assert_eq!(receive(&mut log, &[encoded(&[&another]).unwrap()]), [at]);
    let later = encoded(&[&batch("two", 5, Some(&first))]).unwrap();
    let later = later.beginning_behind(1).unwrap();
    let at = Received::Forked(Offset::new(5).unwrap());
    assert_eq!(receive(&mut log, &[later]), [at]);
    assert_eq!(read(&log.reader(), &everything()).unwrap().len(), 1);
}
