//! The blobs of a run: their bytes, which follow from the seed, and what proves them.

use std::sync::Arc;

use swarmlet_engine::blobs::limits::{GROUP_BYTES, PIECE_BYTES};
use swarmlet_engine::blobs::{BlobId, BlobSize, BlobStore, Piece};
use swarmlet_engine::storage::{FileName, Folder, SimDisk};
use swarmlet_sim::random::Random;

/// All blobs that there can be in a run.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) contents: Vec<Content>,
    store: BlobStore,
}

/// What one blob is.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) id: BlobId,
    pub(crate) size: BlobSize,
    pub(crate) bytes: Vec<u8>,
    /// Its pairs of hashes, as they are on a disk; nothing if it has none.
    pub(crate) hashes: Vec<u8>,
}

impl Shelf {
    /// A few blobs of all sizes, and a large one, which is the last.
    pub(crate) fn draw(random: &mut Random) -> Arc<Self> {
        let disk = SimDisk::new(0);
        let store = BlobStore::open(Arc::new(disk.clone())).expect(WELL);
        let mut contents: Vec<Content> = Vec::new();
        for _ in 0..2 + random.below(4) {
            let len = len(random);
            let content = Content::stored(random.bytes(len as usize), &store, &disk);
            // There is one empty blob only.
            if contents.iter().all(|other| other.id != content.id) {
                contents.push(content);
            }
        }
        let len = 20 * PIECE_BYTES + random.below(20 * PIECE_BYTES);
        let large = random.bytes(len as usize);
        contents.push(Content::stored(large, &store, &disk));
        Arc::new(Self { contents, store })
    }

    pub(crate) fn find(&self, id: BlobId) -> Option<&Content> {
        self.contents.iter().find(|content| content.id == id)
    }

    /// The piece as it travels.
    pub(crate) fn encode(&self, id: BlobId, piece: Piece) -> Vec<u8> {
        let blob = self.store.blob(id).expect(WELL).expect("it was stored");
        blob.encode(piece).expect(WELL)
    }
}

impl Content {
    fn stored(bytes: Vec<u8>, store: &BlobStore, disk: &SimDisk) -> Self {
        let mut import = store.import();
        import.write(&bytes).expect(WELL);
        let blob = import.complete().expect(WELL);
        let name = format!("{}.blob.hash", blob.id());
        let name = FileName::new(Folder::Blobs, name).expect("the name is legal");
        let hashes = disk.files().remove(&name).unwrap_or_default();
        assert_eq!(blob.id(), BlobId::of(&bytes), "a blob is named by its hash");
        Self {
            id: blob.id(),
            size: blob.size(),
            bytes,
            hashes,
        }
    }
}

/// The length of a blob: nothing, almost nothing, around the bounds, a few pieces, many.
fn len(random: &mut Random) -> u64 {
    let around = |random: &mut Random, bytes| bytes - 1 + random.below(3);
    match random.below(10) {
        0 => random.below(2),
        1 => random.skewed(GROUP_BYTES),
        2 => around(random, GROUP_BYTES),
        3 => around(random, PIECE_BYTES),
        4..7 => random.below(8 * PIECE_BYTES),
        7 => around(random, 4 * PIECE_BYTES),
        _ => random.below(40 * PIECE_BYTES),
    }
}

const WELL: &str = "a disk without faults does not fail";
