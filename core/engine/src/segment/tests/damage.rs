//! Damage is an error that says where, never a panic and never a wrong answer.

use std::sync::Arc;

use super::super::sizes::Sizes;
use super::super::writer::{SegmentWriter, StreamStart};
use super::super::{BlockCache, Floors, Segment, SegmentName};
use super::model::{Bench, Model, SMALL, as_ref, name};
use super::reading::many;
use crate::error::ErrorKind;
use crate::event::codec::checksum;
use crate::storage::{Disk, SimDisk};

/// A small file of a merged segment.
fn file() -> (SegmentName, Vec<u8>) {
    let bench = Bench::new();
    let segments = bench.seal(&Model::new(&many(60, 5), 30), SMALL);
    let merged = bench.merge(&segments, &Floors::new(), SMALL);
    let name = merged.name();
    let bytes = bench.sim.files().remove(&name.file_name()).unwrap();
    (name, bytes)
}

fn check(name: SegmentName, bytes: &[u8]) -> crate::error::Result<()> {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    disk.create(&name.file_name(), 0)
        .unwrap()
        .write_at(bytes, 0)
        .unwrap();
    let segment = Segment::open(&disk, name, Arc::new(BlockCache::new(1 << 20)))?;
    Arc::new(segment).verify()
}

#[test]
fn every_damaged_byte_is_noticed() {
    let (name, bytes) = file();
    check(name, &bytes).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let error = check(name, &damaged).expect_err(&format!("byte {at}"));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}");
        assert!(
            error.context().any(|(name, _)| name == "file"),
            "byte {at}: {error}"
        );
    }
}

#[test]
fn damage_of_a_dictionary_is_noticed() {
    let bench = Bench::new();
    let sizes = Sizes {
        waiting_bytes: 1 << 20,
        ..SMALL
    };
    let segment = &bench.seal(&Model::new(&many(600, 12), usize::MAX), sizes)[0];
    let dictionary = segment.directory().codebooks[0].dictionary.unwrap();
    let bytes = bench
        .sim
        .files()
        .remove(&segment.name().file_name())
        .unwrap();
    for at in (dictionary.position..dictionary.end()).step_by(101) {
        let mut damaged = bytes.clone();
        damaged[at as usize] ^= 0x10;
        let error = check(segment.name(), &damaged).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}");
    }
}

#[test]
fn every_truncation_is_noticed() {
    let (name, bytes) = file();
    for len in (0..bytes.len()).step_by(7) {
        assert_eq!(
            check(name, &bytes[..len]).unwrap_err().kind(),
            ErrorKind::Corrupt,
            "{len}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(check(name, &longer).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_later_version_is_told_apart_from_damage() {
    let (name, mut bytes) = file();
    bytes[8] = 2;
    let sum = checksum(&[&bytes[..32]]);
    bytes[32..40].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(
        check(name, &bytes).unwrap_err().kind(),
        ErrorKind::Incompatible
    );
}

#[test]
fn a_file_under_the_name_of_another_is_noticed() {
    let (name, bytes) = file();
    let other = SegmentName {
        revision: 9,
        ..name
    };
    assert_eq!(check(other, &bytes).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn batches_that_do_not_follow_each_other_are_refused() {
    let model = Model::new(&many(20, 3), usize::MAX);
    let bench = Bench::new();
    let mine: Vec<_> = model.batches_of(super::model::stream_id(0));
    let start = |index: usize| StreamStart {
        stream: mine[index].header.stream,
        name: name(),
        first_offset: mine[index].header.first_offset,
        previous: mine[index].header.previous,
    };
    let own = SegmentName {
        first: 1,
        last: 1,
        revision: 0,
    };
    let create = || SegmentWriter::create(Arc::clone(&bench.disk), own).unwrap();

    let mut writer = create();
    assert!(writer.push_batch(&as_ref(&mine[0])).is_err());
    writer.begin_stream(start(0)).unwrap();
    writer.push_batch(&as_ref(&mine[0])).unwrap();
    assert!(writer.push_batch(&as_ref(&mine[2])).is_err());

    let mut writer = create();
    writer.begin_stream(start(0)).unwrap();
    writer.push_batch(&as_ref(&mine[0])).unwrap();
    assert!(writer.begin_stream(start(0)).is_err());

    let mut writer = create();
    writer.begin_stream(start(0)).unwrap();
    let mut unsigned = mine[0].clone();
    unsigned.signature = None;
    writer.push_batch(&as_ref(&unsigned)).unwrap();
    let error = writer.finish(&Floors::new(), &bench.cache).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(!bench.sim.files().contains_key(&own.file_name()));
}

#[test]
fn a_segment_that_was_finished_survives_power_loss() {
    for seed in 0..20 {
        let model = Model::new(&many(20, 3), usize::MAX);
        let sim = SimDisk::new(seed);
        let disk: Arc<dyn Disk> = Arc::new(sim.clone());
        let bench = Bench {
            disk,
            sim: sim.clone(),
            cache: Arc::new(BlockCache::new(1 << 20)),
        };
        let name = bench.seal(&model, SMALL)[0].name();
        let disk: Arc<dyn Disk> = Arc::new(sim.power_loss());
        let segment = Segment::open(&disk, name, Arc::new(BlockCache::new(1 << 20))).unwrap();
        Arc::new(segment).verify().unwrap();
    }
}
