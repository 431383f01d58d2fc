//! Blobs of files of the user: clones of them, and references to them.

use std::path::Path;

use super::super::*;
use super::files::{all, begin, bytes, complete, fetch, open, source};
use crate::blobs::BlobId;
use crate::error::{ErrorKind, Result};
use crate::storage::sim::Fault;
use crate::storage::{Disk, FileName, Folder, SimDisk};

/// A disk that can clone, with a file of the user.
fn cloning(seed: u64, content: &[u8]) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.set_cloning(true);
    disk.put_outside("film", content);
    disk
}

#[test]
fn a_clone_is_what_the_file_was_at_one_moment() {
    let content = bytes(300_000, 0);
    let disk = cloning(1, &content);
    let store = open(&disk);
    let mut import = store.import_clone(Path::new("film")).unwrap().unwrap();
    assert_eq!(import.bytes(), 300_000);
    disk.put_outside("film", b"what is filmed next");
    assert_eq!(import.seal().unwrap(), BlobId::of(&content));
    let id = import.complete().unwrap().id();
    let again = open(&disk.power_loss()).blob(id).unwrap().unwrap();
    assert_eq!(all(&again).unwrap(), content);
    disk.set_cloning(false);
    let refused = open(&disk.kill()).import_clone(Path::new("film")).unwrap();
    assert!(refused.is_none());
    assert_eq!(disk.kill().list(Folder::Blobs).unwrap().len(), 2);
}

#[test]
fn whatever_operation_fails_a_clone_is_whole_or_not_there() {
    let content = bytes(100_000, 3);
    let id = BlobId::of(&content);
    for fault in [Fault::PowerLoss, Fault::Eio, Fault::Enospc] {
        for nth in 1.. {
            let disk = cloning(nth, &content);
            let store = open(&disk);
            disk.fail_nth_operation(nth, fault);
            let begun = store.import_clone(Path::new("film"));
            let outcome = begun.and_then(|import| import.map(Import::complete).transpose());
            let disk = disk.power_loss();
            let store = open(&disk);
            let found = store.blob(id).unwrap();
            if let Some(blob) = &found {
                assert_eq!(all(blob).unwrap(), content, "operation {nth}");
            }
            let temporary = |name: &FileName| name.name().starts_with("import");
            assert!(!disk.files().keys().any(temporary));
            if matches!(outcome, Ok(Some(_))) {
                assert!(found.is_some(), "what was acknowledged is durable");
                break;
            }
        }
    }
}

const FILM: &str = "/films/7";

/// A disk with a file of the user, stored by reference.
fn referring(seed: u64, content: &[u8]) -> (SimDisk, BlobStore) {
    let disk = SimDisk::new(seed);
    disk.put_outside(FILM, content);
    let store = open(&disk);
    let blob = store.refer(FILM.as_ref()).unwrap().complete().unwrap();
    assert_eq!(blob.id(), BlobId::of(content));
    (disk, store)
}

fn kind(outcome: Result<impl std::fmt::Debug>) -> ErrorKind {
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains(FILM), "{error}");
    error.kind()
}

#[test]
fn what_is_referred_to_is_read_where_it_is() {
    for len in [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000] {
        let content = bytes(len, 0);
        let id = BlobId::of(&content);
        let (disk, store) = referring(1, &content);
        let again = open(&disk.power_loss());
        assert!(store.blob(id).is_err(), "the power failed");
        assert_eq!(all(&again.blob(id).unwrap().unwrap()).unwrap(), content);
        assert_eq!(again.ids().unwrap().into_iter().collect::<Vec<_>>(), [id]);
        assert!(again.bytes_of(id).unwrap() < 2_000, "not those of the file");
        assert!(again.remove(id).unwrap());
        assert!(again.blob(id).unwrap().is_none());
        assert!(disk.files().is_empty());
        assert!(
            again.refer(FILM.as_ref()).is_ok(),
            "the file is still there"
        );
    }
}

#[test]
fn whatever_operation_fails_a_reference_is_whole_or_not_there() {
    let content = bytes(100_000, 3);
    let id = BlobId::of(&content);
    for fault in [Fault::PowerLoss, Fault::Eio, Fault::Enospc] {
        for nth in 1.. {
            let disk = SimDisk::new(nth);
            disk.put_outside(FILM, &content);
            let store = open(&disk);
            disk.fail_nth_operation(nth, fault);
            let outcome = store.refer(FILM.as_ref()).and_then(Import::complete);
            let disk = disk.power_loss();
            let store = open(&disk);
            let found = store.expect_blob(id).unwrap();
            if let Some(blob) = &found {
                assert_eq!(all(blob).unwrap(), content, "operation {nth}");
            }
            let left = disk.files().len();
            assert_eq!(left, 2 * usize::from(found.is_some()), "operation {nth}");
            if outcome.is_ok() {
                assert!(found.is_some(), "what was acknowledged is durable");
                break;
            }
        }
    }
}

#[test]
fn a_file_with_other_bytes_is_noticed_where_it_has_them() {
    let mut content = bytes(300_000, 0);
    let id = BlobId::of(&content);
    let (disk, store) = referring(2, &content);
    let blob = store.blob(id).unwrap().unwrap();
    content[70_000] ^= 1;
    disk.put_outside(FILM, &content);
    assert_eq!(
        blob.read_range(&(0..9)).unwrap(),
        content[..9],
        "what it has is right"
    );
    assert_eq!(kind(blob.read_range(&(70_000..70_001))), ErrorKind::Corrupt);
    let second = blob.size().piece(1).unwrap();
    assert_eq!(kind(blob.encode(second)), ErrorKind::Corrupt);
    store.set_back(id).unwrap();
    assert!(store.blob(id).unwrap().is_none());
    assert!(store.expect_blob(id).unwrap().is_none());
    // As it was, and stored once more: either is found out anew.
    content[70_000] ^= 1;
    disk.put_outside(FILM, &content);
    assert!(
        store.blob(id).unwrap().is_none(),
        "it is not looked at again"
    );
    store.refer(FILM.as_ref()).unwrap().complete().unwrap();
    assert_eq!(all(&store.blob(id).unwrap().unwrap()).unwrap(), content);
}

#[test]
fn a_file_that_is_away_is_told_of_once_and_may_come_back() {
    let content = bytes(300_000, 0);
    let id = BlobId::of(&content);
    let (disk, store) = referring(3, &content);
    for _ in 0..2 {
        disk.remove_outside(FILM);
        assert_eq!(kind(store.expect_blob(id)), ErrorKind::Corrupt);
        disk.put_outside(FILM, &content[1..]);
        assert_eq!(kind(store.expect_blob(id)), ErrorKind::Corrupt);
        assert!(store.blob(id).unwrap().is_none());
        store.set_back(id).unwrap();
        store.set_back(id).unwrap();
        assert!(store.expect_blob(id).unwrap().is_none(), "it is known");
        disk.put_outside(FILM, &content);
        assert_eq!(all(&store.blob(id).unwrap().unwrap()).unwrap(), content);
    }
}

#[test]
fn what_came_into_the_store_needs_no_file_any_more() {
    let content = bytes(300_000, 0);
    let id = BlobId::of(&content);
    let source = source(&content);
    let (disk, store) = referring(4, &content);
    disk.remove_outside(FILM);
    store.set_back(id).unwrap();
    let part = begin(&store, &source).unwrap();
    fetch(&part, &source).unwrap();
    assert_eq!(store.bytes_of(id).unwrap(), disk_bytes(&disk));
    complete(&store, &part).unwrap();
    assert_eq!(disk.files().len(), 2, "the blob and its hashes");
    // Here twice, which a crash leaves or somebody wants: one is enough.
    disk.put_outside(FILM, &content);
    store.refer(FILM.as_ref()).unwrap().complete().unwrap();
    assert_eq!(disk.files().len(), 4);
    let store = open(&disk);
    assert_eq!(disk.files().len(), 2);
    assert_eq!(all(&store.blob(id).unwrap().unwrap()).unwrap(), content);
}

fn disk_bytes(disk: &SimDisk) -> u64 {
    let lens = disk.files().into_values().map(|bytes| bytes.len() as u64);
    lens.sum()
}

#[test]
fn what_is_no_file_to_refer_to_is_refused() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let missing = store.refer("/nowhere".as_ref()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    disk.put_outside("film", b"x");
    let relative = store.refer("film".as_ref()).unwrap_err();
    assert_eq!(relative.kind(), ErrorKind::InvalidArgument);
    disk.put_outside(FILM, b"x");
    drop(store.refer(FILM.as_ref()).unwrap());
    assert!(disk.files().is_empty());
}
