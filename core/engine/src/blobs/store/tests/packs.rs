//! Small blobs: what is stored, fetched and removed, and what it costs.

use std::sync::Arc;

use super::super::*;
use super::files::{all, begin, bytes, complete, fetch, import, open, source};
use super::gate::GatedDisk;
use crate::blobs::BlobId;
use crate::blobs::limits::{FREE_BYTES_KEPT, PACKED_BYTES_MAX};
use crate::error::ErrorKind;
use crate::storage::{Disk, FileName, Folder, SimDisk};

/// The names in the folder of blobs.
pub(super) fn names(disk: &SimDisk) -> Vec<String> {
    let names = disk.list(Folder::Blobs).unwrap().into_iter();
    names.map(|name| name.name().to_owned()).collect()
}

/// A small blob that is in its folder as a file.
fn put_file(disk: &SimDisk, content: &[u8], suffix: &str) -> BlobId {
    let id = BlobId::of(content);
    let name = FileName::new(Folder::Blobs, format!("{id}{suffix}")).unwrap();
    let file = disk.create(&name, 0).unwrap();
    file.write_at(content, 0).unwrap();
    file.sync_data().unwrap();
    id
}

#[test]
fn small_blobs_share_a_file_and_larger_ones_have_their_own() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let small = PACKED_BYTES_MAX as usize;
    let contents = [0, 1, 999, small - 1, small].map(|len| bytes(len, 3));
    for content in &contents {
        assert_eq!(all(&import(&store, content).unwrap()).unwrap(), *content);
    }
    assert_eq!(names(&disk), ["0000000000000001.pack"]);
    import(&store, &bytes(small + 1, 3)).unwrap();
    assert_eq!(names(&disk).len(), 3, "the blob and its hashes");
    let again = open(&disk.power_loss());
    assert_eq!(again.list().unwrap().len(), 6);
    for content in &contents {
        let blob = again.blob(BlobId::of(content)).unwrap().unwrap();
        assert_eq!(all(&blob).unwrap(), *content);
        assert!(
            blob.read_range(&(small as u64..u64::MAX))
                .unwrap()
                .is_empty()
        );
        assert!(!blob.clone_to("elsewhere".as_ref()).unwrap());
    }
}

#[test]
fn no_file_is_looked_for_that_cannot_be_there() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let small = import(&store, b"bolt").unwrap().id();
    let large = bytes(PACKED_BYTES_MAX as usize + 1, 3);
    let (unknown, large_id) = (BlobId::of(b"nut"), BlobId::of(&large));
    let before = disk.counters();
    for id in [unknown, large_id] {
        assert!(store.blob(id).unwrap().is_none());
        assert!(store.part(id).unwrap().is_none());
        assert_eq!(store.bytes_of(id).unwrap(), 0);
        assert!(!store.remove(id).unwrap());
    }
    assert!(store.bytes_of(small).unwrap() > 4);
    assert_eq!(disk.counters(), before);
    // Whatever was removed before.
    for _ in 0..2 {
        import(&store, &large).unwrap();
        assert_eq!(all(&store.blob(large_id).unwrap().unwrap()).unwrap(), large);
        assert!(store.bytes_of(large_id).unwrap() > large.len() as u64);
        assert!(store.remove(large_id).unwrap());
    }
    let before = disk.counters();
    assert!(store.blob(large_id).unwrap().is_none());
    assert_eq!(disk.counters(), before);
}

#[test]
fn who_stores_at_the_same_time_shares_a_sync() {
    let disk = SimDisk::new(1);
    let count = 16;
    // The header, and all blobs: the first one who syncs waits for the others to have written.
    let gated = GatedDisk::new(&disk, 1 + count);
    let store = BlobStore::open(Arc::new(gated)).unwrap();
    std::thread::scope(|scope| {
        for number in 0..count {
            let store = &store;
            scope.spawn(move || import(store, &bytes(5_000, number as u8)).unwrap());
        }
    });
    let counters = disk.counters();
    assert_eq!(counters.syncs, 2, "one of the first, and one of all others");
    assert_eq!(counters.folder_syncs, 1);
    let again = open(&disk.power_loss());
    assert_eq!(again.list().unwrap().len() as u64, count);
}

#[test]
fn imports_that_are_completed_together_share_a_sync() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let lens = [10, 10_000, 100_000, 10_000, 0];
    let contents = lens.iter().zip(0..).map(|(len, seed)| bytes(*len, seed));
    let contents: Vec<Vec<u8>> = contents.collect();
    let imports = contents.iter().map(|content| {
        let mut import = store.import();
        import.write(content).unwrap();
        import
    });
    let blobs = store.complete_imports(imports.collect()).unwrap();
    for (blob, content) in blobs.iter().zip(&contents) {
        assert_eq!(all(blob).unwrap(), *content);
    }
    assert_eq!(
        disk.counters().syncs,
        3,
        "the pack, and the two files of one"
    );
    assert_eq!(open(&disk.power_loss()).list().unwrap().len(), 5);
}

#[test]
fn parts_that_are_completed_together_share_a_sync() {
    let sources =
        [0, 1, 2, 3].map(|seed| source(&bytes(if seed == 3 { 20_000 } else { 9_000 }, seed)));
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let parts = sources
        .each_ref()
        .map(|source| begin(&store, source).unwrap());
    assert_eq!(names(&disk).len(), 2, "only the large one has files");
    let before = disk.counters();
    for outcome in store.complete(&parts.each_ref()) {
        outcome.unwrap();
    }
    let after = disk.counters();
    assert_eq!(after.syncs - before.syncs, 3);
    let again = open(&disk.power_loss());
    for source in &sources {
        let blob = again.blob(source.id()).unwrap().unwrap();
        assert_eq!(all(&blob).unwrap(), all(source).unwrap());
    }
}

#[test]
fn a_small_part_is_begun_again_after_a_restart() {
    let source = source(&bytes(9_000, 0));
    let disk = SimDisk::new(1);
    let part = begin(&open(&disk), &source).unwrap();
    assert_eq!(part.missing_count(), 0);
    assert_eq!(
        part.encode(source.size().last_piece()).unwrap(),
        source.encode(source.size().last_piece()).ok()
    );
    let disk = disk.kill();
    assert!(names(&disk).is_empty());
    let store = open(&disk);
    assert!(store.part(source.id()).unwrap().is_none());
    complete(&store, &begin(&store, &source).unwrap()).unwrap();
    assert!(store.blob(source.id()).unwrap().is_some());
}

#[test]
fn what_is_here_for_certain_is_not_written_again() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let content = bytes(10_000, 0);
    import(&store, &content).unwrap();
    let before = disk.counters();
    import(&store, &content).unwrap();
    let after = disk.counters();
    assert_eq!((after.writes, after.syncs), (before.writes, before.syncs));
    drop(store);
    import(&open(&disk.kill()), &content).unwrap();
    assert_eq!(disk.counters().syncs, after.syncs, "its pack was ended");
}

#[test]
fn what_a_killed_process_left_is_written_again() {
    let content = bytes(10_000, 0);
    for seed in 0..20 {
        let disk = SimDisk::new(seed);
        let store = open(&disk);
        import(&store, &bytes(10, 0)).unwrap();
        disk.fail_next_sync(1);
        import(&store, &content).unwrap_err();
        assert!(store.blob(BlobId::of(&content)).unwrap().is_none());
        // It looks as if it were there.
        let disk = disk.kill();
        let store = open(&disk);
        import(&store, &content).unwrap();
        let again = open(&disk.power_loss());
        let blob = again.blob(BlobId::of(&content)).unwrap().unwrap();
        assert_eq!(all(&blob).unwrap(), content, "seed {seed}");
    }
}

#[test]
fn what_is_removed_is_gone_after_a_restart_and_can_be_read_on() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let content = bytes(10_000, 0);
    let blob = import(&store, &content).unwrap();
    let kept = import(&store, &bytes(10_000, 1)).unwrap();
    let before = disk.counters();
    assert!(store.remove(blob.id()).unwrap());
    assert!(!store.remove(blob.id()).unwrap());
    let after = disk.counters();
    assert_eq!(
        (after.syncs, after.folder_syncs),
        (before.syncs, before.folder_syncs)
    );
    assert_eq!(all(&blob).unwrap(), content);
    let again = open(&disk.kill());
    assert_eq!(again.list().unwrap(), [kept.id()]);
    assert_eq!(again.bytes_of(blob.id()).unwrap(), 0);
}

#[test]
fn what_is_removed_may_be_back_after_a_power_failure_and_is_right() {
    let content = bytes(10_000, 0);
    let mut back = 0;
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let store = open(&disk);
        let id = import(&store, &content).unwrap().id();
        store.remove(id).unwrap();
        let disk = disk.power_loss();
        let store = open(&disk);
        if let Some(blob) = store.blob(id).unwrap() {
            back += 1;
            assert_eq!(all(&blob).unwrap(), content);
            assert!(store.remove(id).unwrap());
        }
        assert!(store.ids().unwrap().is_empty());
    }
    assert!((1..60).contains(&back));
}

#[test]
fn small_blobs_that_are_files_stay_what_they_are() {
    let disk = SimDisk::new(1);
    let contents = [bytes(10, 0), bytes(10_000, 1), bytes(16_384, 2)];
    for content in &contents {
        put_file(&disk, content, ".blob");
    }
    let store = open(&disk);
    assert_eq!(store.list().unwrap().len(), 3);
    for content in &contents {
        let blob = store.blob(BlobId::of(content)).unwrap().unwrap();
        assert_eq!(all(&blob).unwrap(), *content);
        assert_eq!(store.bytes_of(blob.id()).unwrap(), content.len() as u64);
    }
    assert!(store.remove(BlobId::of(&contents[0])).unwrap());
    import(&store, &contents[1]).unwrap();
    assert_eq!(
        names(&disk).len(),
        2,
        "the pack, and the file of the last one"
    );
    let store = open(&disk.power_loss());
    assert!(store.blob(BlobId::of(&contents[0])).unwrap().is_none());
    let blob = store.blob(BlobId::of(&contents[1])).unwrap().unwrap();
    assert_eq!(all(&blob).unwrap(), contents[1]);
}

#[test]
fn a_small_part_that_is_a_file_becomes_whole() {
    let content = bytes(9_000, 0);
    let disk = SimDisk::new(1);
    let id = put_file(&disk, &content, ".part");
    let store = open(&disk);
    let part = store.part(id).unwrap().unwrap();
    assert!(part.check(1));
    complete(&store, &part).unwrap();
    assert_eq!(names(&disk), ["0000000000000001.pack"]);
    let blob = open(&disk.power_loss()).blob(id).unwrap().unwrap();
    assert_eq!(all(&blob).unwrap(), content);
}

#[test]
fn a_blob_by_reference_that_comes_into_a_pack_needs_no_file() {
    let content = bytes(9_000, 0);
    let disk = SimDisk::new(1);
    disk.put_outside("/film", &content);
    disk.set_cloning(true);
    let store = open(&disk);
    assert!(store.import_clone("/film".as_ref()).unwrap().is_none());
    let id = store
        .refer("/film".as_ref())
        .unwrap()
        .complete()
        .unwrap()
        .id();
    disk.remove_outside("/film");
    assert!(store.blob(id).unwrap().is_none());
    let source = source(&content);
    let part = begin(&store, &source).unwrap();
    fetch(&part, &source).unwrap();
    complete(&store, &part).unwrap();
    assert_eq!(names(&disk), ["0000000000000001.pack"]);
    assert_eq!(all(&store.blob(id).unwrap().unwrap()).unwrap(), content);
}

#[test]
fn on_a_full_disk_nothing_is_left_of_what_was_not_stored() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    disk.set_bytes_capacity(Some(8192));
    let refused = import(&store, &bytes(10_000, 0)).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DiskFull);
    assert!(names(&disk).is_empty());
    disk.set_bytes_capacity(Some(FREE_BYTES_KEPT));
    let small = source(&bytes(9_000, 0));
    let refused = begin(&store, &small).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DiskFull);
    disk.set_bytes_capacity(Some(64 * 1024));
    let mut stored = 0;
    while import(&store, &bytes(10_000, stored)).is_ok() {
        stored += 1;
    }
    assert!(stored > 4);
    // What did not fit is written over.
    disk.set_bytes_capacity(None);
    import(&store, &bytes(100, stored)).unwrap();
    drop(store);
    let again = open(&disk.power_loss());
    assert!(again.faults().is_empty());
    assert_eq!(again.list().unwrap().len(), usize::from(stored) + 1);
}
