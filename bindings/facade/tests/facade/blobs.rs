//! Blobs as a binding stores and reads them: chunk by chunk, looked at and then taken.

use std::path::Path;

use swarmlet::{BlobId, BlobInfo, BlobState, ErrorKind};
use swarmlet_facade::{
    BlobOptions, BlobReader, BlobWriter, Blobs, Node, Readiness, Result, Waiting,
};

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
        all.extend(reader.pieces().take_one().unwrap().unwrap());
    }
    all
}

fn until_empty(folder: &Path) {
    let deadline = std::time::Instant::now() + LIMIT;
    while std::fs::read_dir(folder).unwrap().next().is_some() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
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
    let first = reader.pieces().take_one().unwrap().unwrap().len();
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
        .set_len(1 << 36)
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
