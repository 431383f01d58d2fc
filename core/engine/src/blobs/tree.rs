//! Which hashes prove a piece: the BLAKE3 tree of a blob, its pairs of hashes in a file beside it.
//!
//! A piece is encoded as bao does it: the pairs of hashes on the way from the root to its bytes, in
//! pre-order, each before what it is about. Whoever knows the blob's id checks it from the first
//! byte on; nothing is taken that does not lead to the id. The file of hashes has the pairs in
//! pre-order too. Never reads more than one piece, and never trusts what it reads.

use std::cell::RefCell;
use std::io::{self, Read};

use bao_tree::io::sync::{
    DecodeResponseIter, Outboard, OutboardMut, ReadAt, encode_ranges_validated, outboard,
};
use bao_tree::io::{BaoContentItem, EncodeError};
use bao_tree::iter::BaoChunk;
use bao_tree::{BaoTree, BlockSize, ChunkNum, ChunkRanges, TreeNode};

use super::hashes::{Ahead, HASH_PAIR_BYTES, HashFile, HashPair};
use super::id::BlobId;
use super::limits::{ENCODED_PIECE_BYTES_MAX, GROUP_BYTES, PIECE_BYTES};
use super::piece::{BlobSize, Piece};
use crate::storage::DiskFile;

/// The tree of one blob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree {
    id: BlobId,
    size: BlobSize,
    shape: BaoTree,
}

/// A piece that leads to the id of its blob.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proven {
    /// Its bytes.
    pub(super) content: Vec<u8>,
    /// The pairs of hashes that prove it, each with its position in the file of hashes.
    pub(super) pairs: Vec<(u64, HashPair)>,
}

impl Tree {
    pub(super) fn new(id: BlobId, size: BlobSize) -> Self {
        let shape = shape(size);
        Self { id, size, shape }
    }

    pub(super) fn size(&self) -> BlobSize {
        self.size
    }

    /// Whether there are pairs of hashes at all: a blob of one group has none.
    pub(super) fn has_hashes(size: BlobSize) -> bool {
        size.get() > GROUP_BYTES
    }

    /// Reads `content` to its end, which is that of `size`, writes its pairs of hashes, and says
    /// what its id is.
    pub(super) fn hash(
        content: impl Read,
        size: BlobSize,
        hashes: Option<&dyn DiskFile>,
    ) -> io::Result<BlobId> {
        let shape = shape(size);
        let root = outboard(content, shape, Made { shape, hashes })?;
        Ok(BlobId::from_bytes(*root.as_bytes()))
    }

    /// The piece with the hashes that prove it. `None` if what is there does not prove it: it never
    /// came, or it changed.
    pub(super) fn encode(
        &self,
        piece: Piece,
        content: &dyn DiskFile,
        hashes: Option<&HashFile>,
    ) -> io::Result<Option<Vec<u8>>> {
        let read = RefCell::new(Vec::new());
        let stored = Stored {
            tree: self,
            hashes,
            ahead: RefCell::default(),
            read: &read,
        };
        let mut encoded = Vec::with_capacity(ENCODED_PIECE_BYTES_MAX);
        let ranges = self.chunks(piece);
        match encode_ranges_validated(Content(content), stored, &ranges, &mut encoded) {
            Ok(()) => {
                if let Some(hashes) = hashes {
                    hashes.note_proven(read.take());
                }
                Ok(Some(encoded))
            }
            Err(EncodeError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                Err(error)
            }
            Err(_) => Ok(None),
        }
    }

    /// The bytes of a piece that [`Tree::encode`] gave.
    pub(super) fn content(&self, piece: Piece, encoded: &[u8]) -> Vec<u8> {
        let mut content = Vec::with_capacity(PIECE_BYTES as usize);
        let mut rest = encoded;
        let ranges = self.chunks(piece);
        for part in self.shape.ranges_pre_order_chunks_iter_ref(&ranges, 0) {
            let len = match part {
                BaoChunk::Parent { .. } => HASH_PAIR_BYTES,
                BaoChunk::Leaf { size, .. } => size,
            };
            let (bytes, behind) = rest.split_at(len);
            if matches!(part, BaoChunk::Leaf { .. }) {
                content.extend_from_slice(bytes);
            }
            rest = behind;
        }
        content
    }

    /// Checks an encoded piece, whoever it comes from. `None` if it does not lead to the id, or has
    /// a byte too many or too few.
    pub(super) fn prove(&self, piece: Piece, encoded: &[u8]) -> Option<Proven> {
        let mut rest = encoded;
        let mut proven = Proven {
            content: Vec::with_capacity(PIECE_BYTES as usize),
            pairs: Vec::new(),
        };
        let root = blake3::Hash::from_bytes(*self.id.as_bytes());
        let ranges = self.chunks(piece);
        for item in DecodeResponseIter::new(root, self.shape, &mut rest, &ranges) {
            match item.ok()? {
                BaoContentItem::Parent(parent) => {
                    let at = place(&self.shape, parent.node)?;
                    proven.pairs.push((at, joined(&parent.pair)));
                }
                BaoContentItem::Leaf(leaf) => proven.content.extend_from_slice(&leaf.data),
            }
        }
        rest.is_empty().then_some(proven)
    }

    /// The chunks of BLAKE3, each of a kilobyte, that `piece` is made of.
    fn chunks(&self, piece: Piece) -> ChunkRanges {
        let range = self.size.range(piece);
        let end = range.end.div_ceil(CHUNK_BYTES).max(1);
        ChunkRanges::from(ChunkNum(range.start / CHUNK_BYTES)..ChunkNum(end))
    }
}

fn shape(size: BlobSize) -> BaoTree {
    let group = BlockSize::from_chunk_log((GROUP_BYTES / CHUNK_BYTES).ilog2() as u8);
    BaoTree::new(size.get(), group)
}

/// Where the pair of `node` is; `None` for what has no place in the file.
fn place(shape: &BaoTree, node: TreeNode) -> Option<u64> {
    Some(shape.pre_order_offset(node)? * HASH_PAIR_BYTES as u64)
}

fn joined((left, right): &(blake3::Hash, blake3::Hash)) -> HashPair {
    let mut pair = [0; HASH_PAIR_BYTES];
    pair[..32].copy_from_slice(left.as_bytes());
    pair[32..].copy_from_slice(right.as_bytes());
    pair
}

/// The file of hashes while it is made, if there is one.
struct Made<'a> {
    shape: BaoTree,
    hashes: Option<&'a dyn DiskFile>,
}

impl OutboardMut for Made<'_> {
    fn save(&mut self, node: TreeNode, pair: &(blake3::Hash, blake3::Hash)) -> io::Result<()> {
        match (place(&self.shape, node), self.hashes) {
            (Some(at), Some(file)) => file.write_at(&joined(pair), at),
            _ => Ok(()),
        }
    }

    /// Whoever made the file syncs it.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file of hashes of a blob with a name.
struct Stored<'a> {
    tree: &'a Tree,
    hashes: Option<&'a HashFile>,
    ahead: RefCell<Ahead>,
    /// What was read of it.
    read: &'a RefCell<Vec<(u64, HashPair)>>,
}

impl Outboard for Stored<'_> {
    fn root(&self) -> blake3::Hash {
        blake3::Hash::from_bytes(*self.tree.id.as_bytes())
    }

    fn tree(&self) -> BaoTree {
        self.tree.shape
    }

    fn load(&self, node: TreeNode) -> io::Result<Option<(blake3::Hash, blake3::Hash)>> {
        let Some(at) = place(&self.tree.shape, node) else {
            return Ok(None);
        };
        // What is not there is zero, and so proves nothing.
        let pair = match self.hashes {
            Some(hashes) => hashes.read(at, &mut self.ahead.borrow_mut())?,
            None => [0; HASH_PAIR_BYTES],
        };
        self.read.borrow_mut().push((at, pair));
        let (left, right) = pair.split_at(32);
        let hash = |bytes: &[u8]| blake3::Hash::from_slice(bytes).expect("half a pair is a hash");
        Ok(Some((hash(left), hash(right))))
    }
}

/// The file of the content.
struct Content<'a>(&'a dyn DiskFile);

impl ReadAt for Content<'_> {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buffer, at)
    }
}

/// What BLAKE3 hashes as one.
const CHUNK_BYTES: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::limits::BLOB_BYTES_MAX;
    use crate::storage::{Disk, FileName, Folder, SimDisk};

    struct Made {
        disk: SimDisk,
        tree: Tree,
        content: Box<dyn DiskFile>,
    }

    impl Made {
        /// As somebody reads it who opens it now.
        fn encode(&self, number: u64) -> Option<Vec<u8>> {
            let piece = self.tree.size.piece(number).unwrap();
            let hashes = HashFile::new(self.hashes());
            let encoded = self.tree.encode(piece, &*self.content, Some(&hashes));
            encoded.unwrap()
        }

        fn hashes(&self) -> Box<dyn DiskFile> {
            self.disk.open(&name("hashes")).unwrap()
        }
    }

    fn name(name: &str) -> FileName {
        FileName::new(Folder::Blobs, name).unwrap()
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len)
            .map(|index| (index / 7 + index % 251) as u8)
            .collect()
    }

    fn made(content: &[u8]) -> Made {
        let disk = SimDisk::new(1);
        let file = |of| disk.create_unsynced(&name(of)).unwrap();
        let (stored, hashes) = (file("content"), file("hashes"));
        stored.write_at(content, 0).unwrap();
        let size = BlobSize::new(content.len() as u64).unwrap();
        let id = Tree::hash(content, size, Some(&*hashes)).unwrap();
        assert_eq!(id, BlobId::of(content));
        Made {
            disk,
            tree: Tree::new(id, size),
            content: stored,
        }
    }

    const SIZES: [usize; 11] = [
        0,
        1,
        1024,
        1025,
        16 * 1024,
        16 * 1024 + 1,
        64 * 1024,
        64 * 1024 + 1,
        200_000,
        5 * 64 * 1024,
        1_000_003,
    ];

    #[test]
    fn every_piece_proves_itself_by_the_id() {
        for len in SIZES {
            let content = bytes(len);
            let made = made(&content);
            let mut joined = Vec::new();
            for number in 0..u64::from(made.tree.size.pieces()) {
                let piece = made.tree.size.piece(number).unwrap();
                let encoded = made.encode(number).unwrap();
                assert!(encoded.len() <= ENCODED_PIECE_BYTES_MAX);
                let proven = made.tree.prove(piece, &encoded).unwrap();
                assert_eq!(proven.content, made.tree.content(piece, &encoded));
                joined.extend(proven.content);
            }
            assert_eq!(joined, content, "{len} bytes");
        }
    }

    #[test]
    fn no_bit_of_an_encoded_piece_can_change() {
        let made = made(&bytes(200_000));
        for number in [0, 3] {
            let piece = made.tree.size.piece(number).unwrap();
            let encoded = made.encode(number).unwrap();
            for at in (0..encoded.len()).step_by(997).chain([0, 63, 64]) {
                let mut changed = encoded.clone();
                changed[at] ^= 1;
                assert_eq!(made.tree.prove(piece, &changed), None, "byte {at}");
            }
            assert_eq!(made.tree.prove(piece, &encoded[1..]), None);
            assert_eq!(made.tree.prove(piece, &encoded[..encoded.len() - 1]), None);
            assert_eq!(made.tree.prove(piece, &[&encoded[..], &[0]].concat()), None);
            let other = made.tree.size.piece(number ^ 1).unwrap();
            assert_eq!(made.tree.prove(other, &encoded), None);
        }
    }

    #[test]
    fn the_last_piece_proves_the_length() {
        let made = made(&bytes(200_000));
        let id = made.tree.id;
        let encoded = made.encode(3).unwrap();
        for wrong in [
            199_999,
            200_001,
            196_609,
            262_144,
            1_000_000,
            BLOB_BYTES_MAX,
        ] {
            let tree = Tree::new(id, BlobSize::new(wrong).unwrap());
            assert_eq!(
                tree.prove(tree.size.last_piece(), &encoded),
                None,
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_changed_on_disk_is_not_encoded() {
        let made = made(&bytes(200_000));
        made.content.write_at(&[0xff], 70_000).unwrap();
        assert_eq!(made.encode(1), None);
        assert!(made.encode(0).is_some());
        made.hashes().write_at(&[0xff], 1).unwrap();
        assert_eq!(made.encode(0), None);
    }

    #[test]
    fn the_pairs_that_prove_all_pieces_are_the_file_of_hashes() {
        let made = made(&bytes(1_000_003));
        let hashes = made.hashes();
        let mut expected = vec![0; hashes.len().unwrap() as usize];
        hashes.read_exact_at(&mut expected, 0).unwrap();
        let mut gathered = vec![0; expected.len()];
        for number in 0..u64::from(made.tree.size.pieces()) {
            let piece = made.tree.size.piece(number).unwrap();
            let encoded = made.encode(number).unwrap();
            for (at, pair) in made.tree.prove(piece, &encoded).unwrap().pairs {
                gathered[at as usize..at as usize + HASH_PAIR_BYTES].copy_from_slice(&pair);
            }
        }
        assert_eq!(gathered, expected);
    }
}
