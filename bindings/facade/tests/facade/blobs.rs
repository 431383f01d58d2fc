//! Blobs as a binding stores and reads them: chunk by chunk, looked at and then taken.

use std::path::Path;

use swarmlet::{BlobId, BlobInfo, BlobState, ErrorKind, Options};
use swarmlet_facade::{
    BlobOptions, BlobReader, BlobWriter, Blobs, Node, Pending, Readiness, Result, Waiting, open,
};

use super::swarm::founded;
use super::{LIMIT, close, finished, opened};

fn begun(blobs: &Blobs) -> BlobWriter {
    let options = BlobOptions::default();
    finished(|completion| blobs.writer(options, completion)).unwrap()
}

/// Stores bytes in chunks of a length, as a binding does.
fn put(blobs: &Blobs, bytes: &[u8], chunk_bytes: usize) -> BlobInfo {
    let writer = begun(blobs);
    for chunk in bytes.chunks(chunk_bytes) {
        if writer.write(chunk).unwrap() {
            finished(|completion| writer.flush(completion)).unwrap();
        }
    }
    finished(|completion| writer.finish(completion)).unwrap()
}

fn read(reader: &BlobReader, bytes_max: usize) -> Result<Vec<u8>> {
    let mut waiting = Waiting::default();
    finished(|completion| waiting = reader.read(bytes_max, None, completion))
}

fn pieces(reader: &BlobReader) -> Vec<u8> {
    let mut all = Vec::new();
    while reader.pieces().ready_blocking(LIMIT).unwrap() == Readiness::Ready {
        all.extend(reader.pieces().take_one().unwrap().unwrap().bytes);
    }
    all
}

fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + LIMIT;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

fn until_empty(folder: &Path) {
    until(|| is_empty(folder));
}

/// The id of nothing.
fn nobody() -> String {
    BlobId::of(b"nobody has it").to_string()
}

fn node_with_blobs(path: &Path) -> (Node, Blobs) {
    let node = opened(path);
    let blobs = node.blobs().unwrap();
    (node, blobs)
}

#[test]
fn chunks_of_any_length_make_the_blob_and_its_pieces_bring_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let (node, blobs) = node_with_blobs(folder.path());
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
    for chunk_bytes in [777, 262_144, bytes.len()] {
        let info = put(&blobs, &bytes, chunk_bytes);
        assert_eq!(info.id, BlobId::of(&bytes));
    }
    let id = BlobId::of(&bytes).to_string();
    let reader = blobs.get(&id, 10, Some(1_900_000)).unwrap();
    assert_eq!(pieces(&reader), &bytes[10..1_900_000]);
    assert_eq!(reader.pieces().look().unwrap(), Readiness::Ended);
    let state = finished(|completion| blobs.state(id, completion)).unwrap();
    assert_eq!(state, BlobState::Here { size: 2_000_000 });
    close(&node);
}

#[test]
fn what_is_read_at_once_is_taken_only_when_it_has_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let (node, blobs) = node_with_blobs(folder.path());
    let id = put(&blobs, &[7; 200_000], 1000).id.to_string();
    let reader = blobs.get(&id, 0, None).unwrap();
    assert_eq!(
        reader.pieces().ready_blocking(LIMIT).unwrap(),
        Readiness::Ready
    );
    let first = reader.pieces().take_one().unwrap().unwrap();
    let first = first.bytes.len();
    for _ in 0..2 {
        assert_eq!(read(&reader, 200_000).unwrap().len(), 200_000 - first);
    }
    let refused = read(&reader, 1000).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidArgument);
    reader.finish().unwrap();
    assert!(read(&reader, 0).unwrap().is_empty());
    reader.pieces().cancel().unwrap();
    assert_eq!(read(&reader, 0).unwrap_err().kind, ErrorKind::Cancelled);
    close(&node);
}

#[test]
fn a_blob_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (node, blobs) = node_with_blobs(folder.path());
    let writer = begun(&blobs);
    assert!(writer.write(&[7; 300_000]).unwrap());
    finished(|completion| writer.flush(completion)).unwrap();
    writer.cancel();
    let over = finished(|completion| writer.finish(completion)).unwrap_err();
    assert_eq!(over.kind, ErrorKind::Cancelled);
    let writer = begun(&blobs);
    while writer.write(&[7; 300_000]).is_ok() {}
    let refused = writer.write(&[7]).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Overloaded);
    drop(writer);
    until_empty(&folder.path().join("blobs"));

    let large = folder.path().join("large");
    std::fs::File::create(&large)
        .unwrap()
        .set_len(1 << 33)
        .unwrap();
    let mut waiting = Waiting::default();
    let given_up = finished(|completion| {
        waiting = blobs.put_file(large, BlobOptions::default(), completion);
        waiting.cancel();
    });
    assert_eq!(given_up.unwrap_err().kind, ErrorKind::Cancelled);
    until_empty(&folder.path().join("blobs"));
    close(&node);
}

#[test]
fn a_blob_is_finished_once_and_nothing_is_added_after_that() {
    let folder = tempfile::tempdir().unwrap();
    let (node, blobs) = node_with_blobs(folder.path());
    let writer = begun(&blobs);
    writer.write(b"film").unwrap();
    let first = Pending::start(|completion| writer.finish(completion));
    let second = finished(|completion| writer.finish(completion)).unwrap_err();
    let added = writer.write(b"more").unwrap_err();
    let flushed = finished(|completion| writer.flush(completion)).unwrap_err();
    writer.cancel();
    for late in [second, added, flushed] {
        assert_eq!(late.kind, ErrorKind::InvalidArgument);
        assert!(late.message.contains("was finished"), "{}", late.message);
    }
    let stored = first.wait(LIMIT).unwrap().unwrap();
    assert_eq!(stored.id, BlobId::of(b"film"));
    close(&node);
}

#[test]
fn who_gives_up_or_cancels_ends_what_reads_and_saves_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (node, _) = founded(&folder.path().join("node"));
    let blobs = node.blobs().unwrap();
    let saved = folder.path().join("saved");
    std::fs::create_dir(&saved).unwrap();
    let mut waiting = Waiting::default();
    let cancelled = |pending: Pending<()>| {
        let failure = pending.wait(LIMIT).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Cancelled);
    };
    let mut saving = |reader: &BlobReader| {
        let path = saved.join("film");
        let pending = Pending::start(|completion| waiting = reader.save(path, None, completion));
        until(|| !is_empty(&saved));
        pending
    };

    let reader = blobs.get(&nobody(), 0, None).unwrap();
    let pending = saving(&reader);
    reader.pieces().cancel().unwrap();
    cancelled(pending);
    until_empty(&saved);

    let reader = blobs.get(&nobody(), 0, None).unwrap();
    let pending = saving(&reader);
    drop(reader);
    cancelled(pending);
    until_empty(&saved);

    let reader = blobs.get(&nobody(), 0, None).unwrap();
    let pending = saving(&reader);
    waiting.cancel();
    cancelled(pending);
    until_empty(&saved);
    let mut waiting = Waiting::default();
    let read = Pending::start(|completion| waiting = reader.read(100, None, completion));
    drop(waiting);
    let failure = read.wait(LIMIT).unwrap().unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Cancelled);
    close(&node);
}

#[test]
fn who_holds_blobs_does_not_hold_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let (node, _) = founded(folder.path());
    let blobs = node.blobs().unwrap();
    let reader = blobs.get(&nobody(), 0, None).unwrap();
    assert_eq!(reader.pieces().look().unwrap(), Readiness::Waiting);
    let (writer, records) = (begun(&blobs), blobs.changes().unwrap());
    let mut waiting = Waiting::default();
    let read = Pending::start(|completion| waiting = reader.read(100, None, completion));
    drop(node);
    let failure = read.wait(LIMIT).unwrap().unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Closed);
    let failure = reader.pieces().ready_blocking(LIMIT).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Closed);
    until(|| {
        let path = folder.path().to_owned();
        let again = finished(|completion| open(path, Options::new(), completion));
        again.map(|node| close(&node)).is_ok()
    });
    drop((writer, records));
}

/// What blob calls fail with, of a node that is closed.
fn failures_when_closed(node: &Node) -> Vec<swarmlet_facade::Failure> {
    let blobs = node.blobs().unwrap();
    let id = put(&blobs, b"film", 4).id.to_string();
    let reader = blobs.get(&id, 0, None).unwrap();
    let (flushing, finishing) = (begun(&blobs), begun(&blobs));
    flushing.write(b"cut off").unwrap();
    finishing.write(b"cut off").unwrap();
    close(node);
    let mut waiting = Waiting::default();
    let options = BlobOptions::default;
    let file = std::env::current_exe().unwrap();
    let pieces = |reader: &BlobReader| reader.pieces().ready_blocking(LIMIT).unwrap_err();
    let list = blobs.list().and_then(|list| list.ready_blocking(LIMIT));
    let changes = blobs
        .changes()
        .and_then(|changes| changes.ready_blocking(LIMIT));
    let states = blobs
        .watch(&id)
        .and_then(|states| states.ready_blocking(LIMIT));
    vec![
        finished(|completion| flushing.flush(completion)).unwrap_err(),
        finished(|completion| finishing.finish(completion)).unwrap_err(),
        finished(|completion| blobs.writer(options(), completion))
            .err()
            .unwrap(),
        finished(|completion| waiting = blobs.put_file(file, options(), completion)).unwrap_err(),
        finished(|completion| blobs.state(id.clone(), completion)).unwrap_err(),
        read(&reader, 100).unwrap_err(),
        finished(|completion| reader.progress(completion)).unwrap_err(),
        pieces(&reader),
        pieces(&blobs.get(&id, 0, None).unwrap()),
        finished(|completion| blobs.stat(id.clone(), completion)).unwrap_err(),
        finished(|completion| blobs.usage(completion)).unwrap_err(),
        finished(|completion| blobs.delete(id.clone(), completion)).unwrap_err(),
        finished(|completion| blobs.pin(id.clone(), completion)).unwrap_err(),
        finished(|completion| blobs.unpin(id.clone(), completion)).unwrap_err(),
        finished(|completion| blobs.pinned(completion)).unwrap_err(),
        list.unwrap_err(),
        changes.unwrap_err(),
        states.unwrap_err(),
    ]
}

#[test]
fn blobs_of_a_closed_node_say_closed_whether_others_are_open_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = opened(&folder.path().join("first"));
    let second = opened(&folder.path().join("second"));
    for node in [first, second] {
        for failure in failures_when_closed(&node) {
            assert_eq!(failure.kind, ErrorKind::Closed, "{}", failure.message);
        }
    }
}

#[test]
fn blobs_are_pinned_watched_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    let blobs = node.blobs().unwrap();
    let id = put(&blobs, b"film", 4).id.to_string();
    let states = blobs.watch(&id).unwrap();
    states.ready_blocking(LIMIT).unwrap();
    assert_eq!(states.take(9).unwrap(), [BlobState::Here { size: 4 }]);
    let changes = blobs.changes().unwrap();
    finished(|completion| blobs.pin(id.clone(), completion)).unwrap();
    let pinned = finished(|completion| blobs.pinned(completion)).unwrap();
    assert_eq!(pinned.len(), 1);
    let left = finished(|completion| blobs.delete(id.clone(), completion)).unwrap();
    assert_eq!(left, 0);
    let stat = finished(|completion| blobs.stat(id.clone(), completion)).unwrap();
    assert!(stat.is_pinned && stat.records.is_empty());
    finished(|completion| blobs.unpin(id.clone(), completion)).unwrap();
    states.ready_blocking(LIMIT).unwrap();
    assert_eq!(states.take(9).unwrap(), [BlobState::Absent]);
    let usage = finished(|completion| blobs.usage(completion)).unwrap();
    assert_eq!(usage.blobs, 0);
    let mut said = Vec::new();
    while said.len() < 2 {
        changes.ready_blocking(LIMIT).unwrap();
        said.extend(changes.take(9).unwrap());
    }
    assert!(said[0].info.is_some() && said[1].info.is_none());
    close(&node);
}
