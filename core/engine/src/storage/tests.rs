//! The contract of [`Disk`] that every disk keeps, whatever becomes of the power.
//!
//! Each function is one story, told to a disk it knows nothing about; `contract!` runs all of
//! them on each disk there is.

use std::io::ErrorKind;

use super::{Disk, DiskFile, FileName, Folder, FsDisk, SimDisk};

macro_rules! contract {
    ($($story:ident),+ $(,)?) => {
        mod fs_disk {
            $(#[test] fn $story() {
                let folder = tempfile::tempdir().unwrap();
                super::$story(&super::FsDisk::open(folder.path()).unwrap());
            })+
        }
        mod sim_disk {
            $(#[test] fn $story() {
                for seed in 0..20 {
                    super::$story(&super::SimDisk::new(seed));
                }
            })+
        }
    };
}

contract!(
    created_file_holds_the_zeros_asked_for,
    create_refuses_a_name_that_is_taken,
    what_is_created_without_a_sync_is_empty_and_visible,
    what_is_written_is_read_back,
    write_beyond_the_end_leaves_zeros_between,
    empty_write_changes_nothing,
    read_is_short_only_at_the_end,
    exact_read_fails_at_the_end,
    handles_of_one_file_see_the_same_bytes,
    list_is_sorted_and_of_one_folder,
    rename_moves_between_folders,
    rename_replaces_and_old_handles_keep_their_file,
    rename_to_itself_changes_nothing,
    removed_file_is_gone_and_its_handles_read_on,
    name_of_a_removed_file_can_be_used_again,
    what_is_not_there_is_not_found,
    sync_changes_nothing_visible,
    some_bytes_are_free,
    what_cannot_be_cloned_leaves_nothing,
);

pub(super) fn name(folder: Folder, name: &str) -> FileName {
    FileName::new(folder, name).unwrap()
}

pub(super) fn log(text: &str) -> FileName {
    name(Folder::Log, text)
}

/// Makes a file with this content, and does not sync it.
pub(super) fn file_of(disk: &dyn Disk, name: &FileName, content: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.create(name, 0).unwrap();
    file.write_at(content, 0).unwrap();
    file
}

pub(super) fn content(file: &dyn DiskFile) -> Vec<u8> {
    let mut bytes = vec![0xee; file.len().unwrap() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn content_of(disk: &dyn Disk, name: &FileName) -> Vec<u8> {
    content(&*disk.open(name).unwrap())
}

/// Bytes that differ from each other in every sector and page.
pub(super) fn pattern(len: usize, seed: u8) -> Vec<u8> {
    (0..len)
        .map(|index| (index as u8) ^ ((index / 256) as u8).wrapping_mul(31) ^ seed)
        .collect()
}

fn created_file_holds_the_zeros_asked_for(disk: &dyn Disk) {
    for (index, bytes) in [0, 1, 511, 4097, 600 * 1024].into_iter().enumerate() {
        let name = log(&format!("{index}.wal"));
        let file = disk.create(&name, bytes).unwrap();
        assert_eq!(file.len().unwrap(), bytes);
        assert_eq!(content(&*file), vec![0; bytes as usize]);
        assert_eq!(content_of(disk, &name), vec![0; bytes as usize]);
    }
}

fn create_refuses_a_name_that_is_taken(disk: &dyn Disk) {
    file_of(disk, &log("a"), b"first");
    let refused = disk.create(&log("a"), 10).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    let refused = disk.create_unsynced(&log("a")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(content_of(disk, &log("a")), b"first");
    disk.create(&name(Folder::Segments, "a"), 0).unwrap();
}

fn what_is_created_without_a_sync_is_empty_and_visible(disk: &dyn Disk) {
    let file = disk.create_unsynced(&log("a")).unwrap();
    assert_eq!(file.len().unwrap(), 0);
    file.write_at(b"later", 0).unwrap();
    assert_eq!(disk.list(Folder::Log).unwrap(), [log("a")]);
    assert_eq!(content_of(disk, &log("a")), b"later");
}

fn what_is_written_is_read_back(disk: &dyn Disk) {
    let file = disk.create(&log("a"), 20_000).unwrap();
    let mut expected = vec![0; 20_000];
    let writes = [
        (0, 100),
        (500, 24),
        (511, 2),
        (4000, 9000),
        (4096, 4096),
        (100, 19_900),
        (9, 1),
    ];
    for (round, (start, len)) in writes.into_iter().enumerate() {
        let bytes = pattern(len, round as u8);
        file.write_at(&bytes, start as u64).unwrap();
        expected[start..start + len].copy_from_slice(&bytes);
        assert_eq!(content(&*file), expected);
        if round % 2 == 1 {
            file.sync_data().unwrap();
        }
    }
    assert_eq!(content_of(disk, &log("a")), expected);
}

fn write_beyond_the_end_leaves_zeros_between(disk: &dyn Disk) {
    let file = file_of(disk, &log("a"), b"ab");
    file.write_at(b"yz", 10_000).unwrap();
    let mut expected = b"ab".to_vec();
    expected.resize(10_000, 0);
    expected.extend(b"yz");
    assert_eq!(content(&*file), expected);
}

fn empty_write_changes_nothing(disk: &dyn Disk) {
    let file = disk.create(&log("a"), 5).unwrap();
    file.write_at(b"", 3).unwrap();
    file.write_at(b"", 500).unwrap();
    assert_eq!(content(&*file), [0; 5]);
}

fn read_is_short_only_at_the_end(disk: &dyn Disk) {
    let file = file_of(disk, &log("a"), &pattern(5000, 1));
    let mut buffer = [0xee; 5000];
    assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 5000);
    assert_eq!(file.read_at(&mut buffer, 4096).unwrap(), 904);
    assert_eq!(buffer[..904], pattern(5000, 1)[4096..]);
    assert_eq!(file.read_at(&mut buffer, 4999).unwrap(), 1);
    assert_eq!(file.read_at(&mut buffer, 5000).unwrap(), 0);
    assert_eq!(file.read_at(&mut buffer, 1 << 40).unwrap(), 0);
    assert_eq!(file.read_at(&mut [], 0).unwrap(), 0);
}

fn exact_read_fails_at_the_end(disk: &dyn Disk) {
    let file = file_of(disk, &log("a"), b"abcd");
    let mut buffer = [0; 2];
    file.read_exact_at(&mut buffer, 2).unwrap();
    assert_eq!(&buffer, b"cd");
    let failed = file.read_exact_at(&mut buffer, 3).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::UnexpectedEof);
}

fn handles_of_one_file_see_the_same_bytes(disk: &dyn Disk) {
    let first = file_of(disk, &log("a"), b"abcd");
    let second = disk.open(&log("a")).unwrap();
    second.write_at(b"xyz", 2).unwrap();
    assert_eq!(content(&*first), b"abxyz");
    drop(first);
    assert_eq!(content(&*second), b"abxyz");
}

fn list_is_sorted_and_of_one_folder(disk: &dyn Disk) {
    for text in ["b", "10", "a.tmp", "a", "9"] {
        disk.create(&log(text), 0).unwrap();
    }
    disk.create(&name(Folder::Aside, "c"), 0).unwrap();
    assert_eq!(
        disk.list(Folder::Log).unwrap(),
        ["10", "9", "a", "a.tmp", "b"].map(log)
    );
    assert_eq!(
        disk.list(Folder::Aside).unwrap(),
        [name(Folder::Aside, "c")]
    );
    assert_eq!(disk.list(Folder::Segments).unwrap(), []);
    assert_eq!(disk.list(Folder::Root).unwrap(), []);
}

fn rename_moves_between_folders(disk: &dyn Disk) {
    file_of(disk, &log("a"), b"moved");
    let aside = name(Folder::Aside, "b");
    disk.rename(&log("a"), &aside).unwrap();
    assert_eq!(content_of(disk, &aside), b"moved");
    assert_eq!(disk.list(Folder::Log).unwrap(), []);
    assert_eq!(disk.list(Folder::Aside).unwrap(), [aside]);
}

fn rename_replaces_and_old_handles_keep_their_file(disk: &dyn Disk) {
    let old = file_of(disk, &log("a"), b"old");
    let new = file_of(disk, &log("b"), b"new one");
    disk.rename(&log("b"), &log("a")).unwrap();
    assert_eq!(content_of(disk, &log("a")), b"new one");
    assert_eq!(disk.list(Folder::Log).unwrap(), [log("a")]);
    assert_eq!(content(&*old), b"old");
    new.write_at(b"NEW", 0).unwrap();
    assert_eq!(content_of(disk, &log("a")), b"NEW one");
}

fn rename_to_itself_changes_nothing(disk: &dyn Disk) {
    file_of(disk, &log("a"), b"same");
    disk.rename(&log("a"), &log("a")).unwrap();
    assert_eq!(content_of(disk, &log("a")), b"same");
}

fn removed_file_is_gone_and_its_handles_read_on(disk: &dyn Disk) {
    let file = file_of(disk, &log("a"), b"still here");
    disk.remove(&log("a")).unwrap();
    assert_eq!(disk.list(Folder::Log).unwrap(), []);
    assert_eq!(
        disk.open(&log("a")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    disk.sync_folder(Folder::Log).unwrap();
    assert_eq!(content(&*file), b"still here");
}

fn name_of_a_removed_file_can_be_used_again(disk: &dyn Disk) {
    file_of(disk, &log("a"), b"first");
    disk.remove(&log("a")).unwrap();
    file_of(disk, &log("a"), b"2nd");
    assert_eq!(content_of(disk, &log("a")), b"2nd");
}

fn what_is_not_there_is_not_found(disk: &dyn Disk) {
    assert_eq!(
        disk.open(&log("a")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        disk.remove(&log("a")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        disk.rename(&log("a"), &log("b")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        disk.rename(&log("a"), &log("a")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(disk.list(Folder::Log).unwrap(), []);
}

fn sync_changes_nothing_visible(disk: &dyn Disk) {
    let file = file_of(disk, &log("a"), &pattern(9000, 3));
    file.sync_data().unwrap();
    file.sync_all().unwrap();
    for folder in Folder::ALL {
        disk.sync_folder(folder).unwrap();
    }
    assert_eq!(content(&*file), pattern(9000, 3));
    assert_eq!(disk.list(Folder::Log).unwrap(), [log("a")]);
}

fn some_bytes_are_free(disk: &dyn Disk) {
    assert!(disk.bytes_free().unwrap() > 0);
}

/// Where it can be, that is another matter: the test of real disks tells it.
fn what_cannot_be_cloned_leaves_nothing(disk: &dyn Disk) {
    let missing = disk.create_clone(&log("a"), "nowhere/film".as_ref());
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
    let cloned = disk.create_clone(&log("a"), source.path());
    let is_made = matches!(cloned, Ok(Some(_)));
    assert_eq!(disk.list(Folder::Log).unwrap().len(), usize::from(is_made));
    let stored = file_of(disk, &log("b"), b"film");
    let place = folder.path().join("copy");
    let is_made = stored.clone_to(&place).unwrap();
    assert_eq!(place.exists(), is_made);
}
