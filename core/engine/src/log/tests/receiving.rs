//! Runs from one log to another.

use std::sync::Arc;

use super::bench::{Bench, call, everything, read, routed};
use super::small_files::SmallFiles;
use crate::error::ErrorKind;
use crate::event::{DeviceKey, Event, Lamport, Offset, Run, Signer, StreamId, Timestamp};
use crate::limits::LAMPORT_JUMP_MAX;
use crate::log::{Committed, Log, LogOptions, LogReader, Received};
use crate::storage::{Disk, SimDisk};

/// A log of another device on a disk of its own.
pub(super) fn other(seed: u8) -> (SimDisk, Log) {
    let disk = SimDisk::new(u64::from(seed));
    (disk.clone(), open_other(disk, seed))
}

pub(super) fn open_other(disk: SimDisk, seed: u8) -> Log {
    let signer = Arc::new(DeviceKey::from_seed(&[seed; 32]));
    Log::open(
        Arc::new(SmallFiles::of(disk, 512 * 1024)),
        signer,
        LogOptions::default(),
    )
    .unwrap()
}

/// What is on `disk`, on another one: what a clone of a device has.
pub(super) fn copy_of(disk: &SimDisk) -> SimDisk {
    let copy = SimDisk::new(1);
    for (name, bytes) in disk.files() {
        let file = copy.create(&name, 0).unwrap();
        file.write_at(&bytes, 0).unwrap();
    }
    copy
}

pub(super) fn events(log: &Log) -> Vec<Event> {
    read(&log.reader(), &everything()).unwrap()
}

/// All runs of `stream` in `reader` from `from` on.
pub(super) fn runs(reader: &LogReader, stream: StreamId, from: u64) -> Vec<Run> {
    let mut from = Offset::new(from).unwrap();
    let mut runs = Vec::new();
    while let Some(run) = reader.read_run(stream, from).unwrap() {
        runs.push(Run::check(run.bytes.into()).unwrap());
        from = run.last.advanced(1).unwrap();
    }
    runs
}

fn all_runs(reader: &LogReader) -> Vec<Run> {
    let streams = reader.streams().into_iter();
    streams.flat_map(|info| runs(reader, info.id, 0)).collect()
}

pub(super) fn receive(log: &mut Log, runs: &[Run]) -> Vec<Received> {
    let committed = log.commit_with(&[], runs, Timestamp::from_micros(5));
    committed.unwrap().received
}

#[test]
fn what_one_log_sends_another_has_as_it_was() {
    let mut bench = Bench::with(routed());
    bench.publish(&["a", "b", "c"], 10).unwrap();
    bench.publish(&["a", "d"], 10).unwrap();
    let (disk, mut log) = other(9);
    let outcomes = receive(&mut log, &all_runs(&bench.reader()));
    assert_eq!(
        outcomes,
        [Received::Taken(2), Received::Taken(2), Received::Taken(1)]
    );
    assert_eq!(events(&log), bench.events());
    assert_eq!(log.reader().present(), bench.reader().present());
    let before = log.reader().position();
    assert_eq!(
        receive(&mut log, &all_runs(&bench.reader())),
        [Received::Known; 3]
    );
    assert_eq!(log.reader().position(), before);
    drop(log);
    assert_eq!(events(&open_other(disk.power_loss(), 9)), bench.events());
}

#[test]
fn sealed_and_merged_streams_are_sent_as_they_were_written() {
    let mut bench = Bench::new();
    for _ in 0..24 {
        bench.fill_files(1);
        bench.maintain();
    }
    bench.publish(&["last"], 10).unwrap();
    let (_, mut log) = other(9);
    let mut maintenance = log.maintenance().unwrap();
    for run in all_runs(&bench.reader()) {
        assert!(matches!(
            receive(&mut log, &[run])[..],
            [Received::Taken(_)]
        ));
        while maintenance
            .step(Timestamp::from_micros(9))
            .unwrap()
            .is_some()
        {}
    }
    assert!(log.reader().stats().segments > 0);
    assert_eq!(events(&log), bench.events());
    let head = |reader: &LogReader, stream| reader.head(stream).unwrap();
    let stream = bench.reader().streams()[0].id;
    assert_eq!(head(&log.reader(), stream), head(&bench.reader(), stream));
    // A third log gets from the second what the first has written.
    let (_, mut third) = other(8);
    for run in all_runs(&log.reader()) {
        receive(&mut third, &[run]);
    }
    assert_eq!(events(&third), bench.events());
}

#[test]
fn a_run_is_taken_only_where_the_stream_goes_on() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.publish(&["a"], 10).unwrap();
    }
    let stream = bench.reader().streams()[0].id;
    let reader = bench.reader();
    let (_, mut log) = other(9);
    let tail = runs(&reader, stream, 1);
    assert_eq!(receive(&mut log, &tail), [Received::Gap(0)]);
    assert!(events(&log).is_empty());
    assert_eq!(
        receive(&mut log, &runs(&reader, stream, 0)),
        [Received::Taken(3)]
    );
    bench.publish(&["a"], 10).unwrap();
    // Of a run that begins before the end of the stream, what is new is taken.
    assert_eq!(
        receive(&mut log, &runs(&reader, stream, 1)),
        [Received::Taken(1)]
    );
    assert_eq!(events(&log), bench.events());
}

#[test]
fn received_and_own_events_share_a_sync_and_a_clock() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.publish(&["a"], 10).unwrap();
    }
    let (_, mut log) = other(9);
    let own = [call("com.example", &["own"], 1)];
    let now = Timestamp::from_micros(5);
    let runs = all_runs(&bench.reader());
    let committed = log.commit_with(&own, &runs, now).unwrap();
    assert_eq!(committed.received, [Received::Taken(5)]);
    assert_eq!(committed.published[0].len(), 1);
    assert_eq!(log.reader().stats().groups_committed, 1);
    let next = log.commit(&own, now).unwrap();
    assert_eq!(next[0][0].key.lamport.get(), 6);
    assert_eq!(events(&log).len(), 7);
}

/// A log in which five events of another device and one of its own are written, not yet synced.
fn halfway() -> (Bench, SimDisk, Log) {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.publish(&["a"], 10).unwrap();
    }
    let (disk, mut log) = other(9);
    let own = [call("com.example", &["own"], 1)];
    let runs = all_runs(&bench.reader());
    let shown = log.append(&own, &runs, Timestamp::from_micros(5)).unwrap();
    assert_eq!(shown, 5);
    (bench, disk, log)
}

#[test]
fn what_was_received_is_shown_when_written_and_our_own_when_synced() {
    let (bench, _, mut log) = halfway();
    let reader = log.reader();
    let stream = bench.reader().streams()[0].id;
    let own = StreamId::new(DeviceKey::from_seed(&[9; 32]).node_id(), stream.number);
    assert_eq!(events(&log), bench.events());
    assert_eq!(reader.present(), bench.reader().present());
    // Peers are told of nothing, and of our own nothing can leave the device.
    assert!(reader.durable().is_empty());
    assert_eq!(reader.head(stream), None);
    assert_eq!(reader.position(), 0);
    assert_eq!(reader.read_run(own, Offset::ZERO).unwrap(), None);
    assert_eq!(reader.read_run_with(own, Offset::ZERO).unwrap(), None);
    let committed = log.complete().unwrap();
    assert_eq!(committed.received, [Received::Taken(5)]);
    assert_eq!(committed.published[0][0].key.stream, own);
    assert_eq!(events(&log).len(), 6);
    assert_eq!(reader.durable(), reader.present());
    assert_eq!(reader.position(), 6);
    // Nothing is completed twice.
    assert_eq!(log.complete().unwrap(), Committed::default());
}

#[test]
fn what_was_shown_before_a_power_loss_is_received_again() {
    let (bench, disk, log) = halfway();
    drop(log);
    let mut log = open_other(disk.power_loss(), 9);
    let again = receive(&mut log, &all_runs(&bench.reader()));
    assert!(matches!(again[..], [Received::Taken(5) | Received::Known]));
    let node = bench.events()[0].key.stream.node;
    let mut events = events(&log);
    events.retain(|event| event.key.stream.node == node);
    assert_eq!(events, bench.events());
}

#[test]
fn a_failed_sync_takes_back_what_was_shown() {
    let (_, disk, mut log) = halfway();
    disk.fail_next_sync(1);
    assert_eq!(log.complete().unwrap_err().kind(), ErrorKind::Storage);
    // Nobody knows whether it can be read now.
    assert!(log.reader().present().is_empty());
    assert!(events(&log).is_empty());
    let now = Timestamp::from_micros(6);
    let refused = log.append(&[call("com.example", &["own"], 1)], &[], now);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Storage);
}

#[test]
fn two_batches_at_one_place_are_a_fork_and_the_first_one_stays() {
    let seed = 3;
    let (disk, mut log) = other(seed);
    let call_of = |tag: &str| [call("com.example", &[tag], 1)];
    let now = Timestamp::from_micros(5);
    log.commit(&call_of("common"), now).unwrap();
    let mut clone = open_other(copy_of(&disk), seed);
    log.commit(&call_of("here"), now).unwrap();
    clone.commit(&call_of("there"), now).unwrap();
    clone.commit(&call_of("and on"), now).unwrap();
    let (_, mut third) = other(9);
    receive(&mut third, &all_runs(&log.reader()));
    let fork = Received::Forked(Offset::new(1).unwrap());
    assert_eq!(receive(&mut third, &all_runs(&clone.reader())), [fork]);
    let stream = log.reader().streams()[0].id;
    assert_eq!(
        receive(&mut third, &runs(&clone.reader(), stream, 1)),
        [fork]
    );
    let on = Received::Forked(Offset::new(2).unwrap());
    assert_eq!(receive(&mut third, &runs(&clone.reader(), stream, 2)), [on]);
    assert_eq!(events(&third), events(&log));
}

#[test]
fn a_poisoned_lamport_is_refused_and_does_no_harm() {
    let signer = DeviceKey::from_seed(&[4; 32]);
    let run = |lamport| {
        let mut body = crate::event::batch::BodyBuilder::new();
        let content = call("com.example", &["x"], 1).events()[0].clone();
        let lamport = Lamport::new(lamport).unwrap();
        body.push(lamport, Timestamp::from_micros(0), content.as_bytes());
        let place = crate::event::batch::BatchPlace {
            stream: StreamId::new(signer.node_id(), crate::event::StreamNumber::DEFAULT),
            name: crate::event::StreamName::default_name(),
            first_offset: Offset::ZERO,
            previous: crate::event::BatchHash::GENESIS,
        };
        let mut batch = body.finish(place, crate::event::AppId::new("com.example").unwrap());
        batch.signature = Some(batch.header.hash().signed_by(&signer));
        let mut bytes = Vec::new();
        batch.encode(&mut bytes);
        Run::check(bytes.into()).unwrap()
    };
    let (_, mut log) = other(9);
    assert_eq!(
        receive(&mut log, &[run(LAMPORT_JUMP_MAX + 1)]),
        [Received::LamportTooFar]
    );
    let own = log
        .commit(&[call("com.example", &["own"], 1)], Timestamp::MIN)
        .unwrap();
    assert_eq!(own[0][0].key.lamport.get(), 1);
    assert_eq!(
        receive(&mut log, &[run(LAMPORT_JUMP_MAX)]),
        [Received::Taken(1)]
    );
}

#[test]
fn no_run_begins_in_the_middle_of_a_batch() {
    let mut bench = Bench::new();
    bench.publish(&["a", "b", "c"], 10).unwrap();
    let stream = bench.reader().streams()[0].id;
    let at = |offset| {
        bench
            .reader()
            .read_run(stream, Offset::new(offset).unwrap())
            .unwrap()
    };
    assert!(at(0).is_some());
    assert!(at(1).is_none());
    assert!(at(3).is_none());
}
