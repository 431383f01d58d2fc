//! Blobs of files of the user: clones of them.

use std::path::Path;

use super::super::*;
use super::files::{all, bytes, open};
use crate::blobs::BlobId;
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
