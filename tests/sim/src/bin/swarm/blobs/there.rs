//! A second reader of the folder of blobs, written from docs/format and not from the code of the
//! store: which blobs there are, and which pieces of them the files prove.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use swarmlet_engine::blobs::BlobId;
use swarmlet_engine::storage::{FileName, Folder, SimDisk};

use super::shelf::{Content, Shelf};

/// The files in a folder of blobs.
#[derive(Debug, Default)]
pub(crate) struct There {
    pub(crate) whole: BTreeMap<BlobId, Pair>,
    pub(crate) parts: BTreeMap<BlobId, Pair>,
    /// In which pack a whole blob is, and where its bytes are.
    pub(crate) packed: BTreeMap<BlobId, (FileName, Range<usize>)>,
    /// The parts of which a sync has failed.
    doubted: BTreeSet<BlobId>,
    /// How many files of imports there are.
    pub(crate) imports: usize,
}

/// The two files of one blob.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    bytes: Option<Vec<u8>>,
    hashes: Option<Vec<u8>>,
}

impl There {
    /// What is visible on a disk. Disturbs nothing.
    pub(crate) fn on(disk: &SimDisk) -> Result<Self> {
        let mut there = Self::default();
        for (name, bytes) in disk.files() {
            if name.folder() != Folder::Blobs {
                continue;
            }
            if name.name().ends_with(".pack") {
                there.take_pack(&name, &bytes)?;
                continue;
            }
            let (stem, is_hashes) = match name.name().strip_suffix(".hash") {
                Some(stem) => (stem, true),
                None => (name.name(), false),
            };
            if stem.starts_with("import-") {
                there.imports += 1;
                continue;
            }
            let (id, suffix) = stem.split_at_checked(BlobId::TEXT_LEN).context("a name")?;
            let blobs = match suffix {
                ".blob" => &mut there.whole,
                ".part" => &mut there.parts,
                ".part.doubt" if !is_hashes && bytes.is_empty() => {
                    there.doubted.insert(id.parse()?);
                    continue;
                }
                _ => anyhow::bail!("{name} is no file of a blob"),
            };
            let pair: &mut Pair = blobs.entry(id.parse()?).or_default();
            let place = if is_hashes {
                &mut pair.hashes
            } else {
                &mut pair.bytes
            };
            *place = Some(bytes);
        }
        Ok(there)
    }

    /// The entries of a pack; where it is not noted where it ends, those that prove themselves.
    fn take_pack(&mut self, name: &FileName, bytes: &[u8]) -> Result<()> {
        let number = |at: usize| -> Result<usize> {
            let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
            Ok(u64::from_le_bytes(*field.context("a pack has a header")?) as usize)
        };
        ensure!(bytes.starts_with(b"SWRMPACK"), "{name} is no pack");
        ensure!(number(8)? == 1, "{name} is of another version");
        ensure!(bytes.len() >= PACK_HEADER, "{name} has no whole header");
        // Ids are hashes, and checksums the first bytes of such.
        let sum = BlobId::of(&bytes[24..32]);
        let is_noted = bytes[32..40] == sum.as_bytes()[..8];
        let noted = if is_noted { number(24)? } else { 0 };
        let end = if noted == 0 { bytes.len() } else { noted };
        let mut at = PACK_HEADER;
        while at + PACK_HEAD <= end {
            let head = &bytes[at..at + PACK_HEAD];
            let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
            let range = at + PACK_HEAD..at + PACK_HEAD + len;
            let content = bytes.get(range.clone()).unwrap_or_default();
            let id = BlobId::from_bytes(head[4..].try_into().context("32 bytes")?);
            let is_entry = matches!(head[..2], [1 | 2, 0]) && range.end <= end;
            let is_right = BlobId::of(content) == id;
            if !is_entry || noted == 0 && !is_right {
                ensure!(noted == 0, "{name}: no entry at {at}");
                at += PACK_STEP;
                continue;
            }
            if head[0] == 1 {
                self.packed.insert(id, (name.clone(), range.clone()));
                let bytes = Some(content.to_vec());
                self.whole.insert(
                    id,
                    Pair {
                        bytes,
                        hashes: None,
                    },
                );
            }
            at = range.end.next_multiple_of(PACK_STEP);
        }
        Ok(())
    }

    /// Checks that there is nothing that opening the store removes.
    pub(crate) fn check_tidy(&self) -> Result<()> {
        ensure!(self.imports == 0, "an import was left over");
        for (id, pair) in self.parts.iter().chain(&self.whole) {
            ensure!(pair.bytes.is_some(), "{id}: hashes without bytes");
        }
        let none = self.doubted.iter().find(|id| !self.parts.contains_key(id));
        ensure!(none.is_none(), "{none:?} is no part, and in doubt");
        let both = self.parts.keys().find(|id| self.whole.contains_key(id));
        ensure!(both.is_none(), "{both:?} is here whole and as a part");
        Ok(())
    }

    /// The blobs that are here whole. Hashes without bytes are none: opening the store removes
    /// them, unless the disk fails.
    pub(crate) fn whole_ids(&self) -> impl Iterator<Item = &BlobId> {
        let whole = self.whole.iter().filter(|(_, pair)| pair.bytes.is_some());
        whole.map(|(id, _)| id)
    }

    /// Whether a blob is here whole, and right.
    pub(crate) fn has(&self, content: &Content) -> bool {
        let pair = self.whole.get(&content.id);
        pair.is_some_and(|pair| pair.is_right(content))
    }

    /// What is wrong with a whole blob.
    pub(crate) fn wrong(&self, content: &Content) -> String {
        let Some(pair) = self.whole.get(&content.id) else {
            return "it is not there".to_owned();
        };
        let right = pair.pieces(content).len();
        let lens = [&pair.bytes, &pair.hashes].map(|file| file.as_ref().map(Vec::len));
        let expected = [&content.bytes, &content.hashes].map(Vec::len);
        format!("{right} pieces are right, it has {lens:?} bytes and not {expected:?}")
    }

    /// The pieces of parts that can be gone on with.
    pub(crate) fn pieces(&self, shelf: &Shelf) -> BTreeMap<BlobId, BTreeSet<u32>> {
        let parts = self.parts.iter().filter_map(|(id, pair)| {
            let content = shelf.find(*id)?;
            Some((*id, pair.pieces(content)))
        });
        parts.collect()
    }
}

impl Pair {
    fn is_right(&self, content: &Content) -> bool {
        let hashes = self.hashes.as_deref().unwrap_or_default();
        self.bytes.as_ref() == Some(&content.bytes) && hashes == content.hashes
    }

    /// The pieces that the files prove: all of their bytes are right, and so are all pairs of
    /// hashes on the way to them. None if the last one is not there, which proves the length.
    fn pieces(&self, content: &Content) -> BTreeSet<u32> {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        if bytes.len() != content.bytes.len() {
            return BTreeSet::new();
        }
        let mut walk = Walk {
            content,
            bytes,
            hashes: self.hashes.as_deref().unwrap_or_default(),
            pairs: 0,
            wrong: BTreeSet::new(),
        };
        walk.down(0, content.bytes.len().div_ceil(GROUP).max(1), true);
        let pieces = 0..content.size.pieces();
        let right: BTreeSet<u32> = pieces.filter(|piece| !walk.wrong.contains(piece)).collect();
        match right.contains(&content.size.last_piece().get()) {
            true => right,
            false => BTreeSet::new(),
        }
    }
}

/// A walk through the tree of a blob, in pre-order.
struct Walk<'a> {
    content: &'a Content,
    bytes: &'a [u8],
    hashes: &'a [u8],
    /// Pairs of hashes met so far.
    pairs: usize,
    /// Pieces that are not proven.
    wrong: BTreeSet<u32>,
}

impl Walk<'_> {
    /// Through the tree of `count` groups from `first` on; whether all above it is right.
    fn down(&mut self, first: usize, count: usize, is_right: bool) {
        if count == 1 {
            let range = first * GROUP..((first + 1) * GROUP).min(self.bytes.len());
            if !is_right || self.bytes[range.clone()] != self.content.bytes[range] {
                self.wrong.insert((first / GROUPS_PER_PIECE) as u32);
            }
            return;
        }
        let range = self.pairs * PAIR..(self.pairs + 1) * PAIR;
        self.pairs += 1;
        let pair = self.hashes.get(range.clone());
        let is_right = is_right && pair == self.content.hashes.get(range);
        let left = count.next_power_of_two() / 2;
        self.down(first, left, is_right);
        self.down(first + left, count - left, is_right);
    }
}

/// Bytes before the first entry of a pack, and before the bytes of an entry.
const PACK_HEADER: usize = 64;
const PACK_HEAD: usize = 36;

/// What the positions of entries are multiples of.
const PACK_STEP: usize = 64;

/// Bytes that have a hash of their own.
const GROUP: usize = 16 * 1024;

const GROUPS_PER_PIECE: usize = 4;

/// Bytes of two hashes.
const PAIR: usize = 64;
