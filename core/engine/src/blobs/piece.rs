//! Pieces: the parts of a blob that are fetched, checked and noted one at a time.

use std::ops::Range;

use super::limits::{BLOB_BYTES_MAX, PIECE_BYTES};
use crate::error::{Error, Result};

/// The length of a blob in bytes, below its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobSize(u64);

/// The number of a piece in its blob, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Piece(u32);

/// Some of the pieces of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceSet {
    words: Vec<u64>,
    count: u32,
    pieces: u32,
}

impl BlobSize {
    /// Checks a length.
    ///
    /// # Errors
    ///
    /// `invalid_argument` beyond [`BLOB_BYTES_MAX`].
    pub fn new(bytes: u64) -> Result<Self> {
        if bytes > BLOB_BYTES_MAX {
            return Err(Error::invalid("a blob is too large")
                .with("bytes", bytes)
                .with("most", BLOB_BYTES_MAX));
        }
        Ok(Self(bytes))
    }

    /// The length in bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// How many pieces that are; an empty blob has one, which is empty.
    #[must_use]
    pub fn pieces(self) -> u32 {
        self.0.div_ceil(PIECE_BYTES).max(1) as u32
    }

    /// Piece `number`, if there is one.
    #[must_use]
    pub fn piece(self, number: u64) -> Option<Piece> {
        (number < u64::from(self.pieces())).then_some(Piece(number as u32))
    }

    /// The last piece. It alone proves the length.
    #[must_use]
    pub fn last_piece(self) -> Piece {
        Piece(self.pieces() - 1)
    }

    /// The bytes of `piece`.
    #[must_use]
    pub fn range(self, piece: Piece) -> Range<u64> {
        let start = u64::from(piece.0) * PIECE_BYTES;
        start..self.0.min(start + PIECE_BYTES)
    }

    /// The pieces that have a byte of `range`.
    pub fn pieces_of(self, range: Range<u64>) -> impl Iterator<Item = Piece> + use<> {
        let end = range.end.min(self.0).div_ceil(PIECE_BYTES) as u32;
        let start = (range.start / PIECE_BYTES).min(u64::from(end)) as u32;
        (start..end).map(Piece)
    }
}

impl Piece {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl PieceSet {
    /// None of the pieces of a blob of this size.
    #[must_use]
    pub fn none(size: BlobSize) -> Self {
        let pieces = size.pieces();
        Self {
            words: vec![0; pieces.div_ceil(64) as usize],
            count: 0,
            pieces,
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(size: BlobSize) -> Self {
        let mut all = Self::none(size);
        all.words.fill(u64::MAX);
        all.count = all.pieces;
        if let (Some(last), odd @ 1..) = (all.words.last_mut(), all.pieces % 64) {
            *last = (1 << odd) - 1;
        }
        all
    }

    /// Those that are not among them.
    #[must_use]
    pub fn others(&self) -> Self {
        let mut others = self.clone();
        others.words.iter_mut().for_each(|word| *word = !*word);
        if let (Some(last), odd @ 1..) = (others.words.last_mut(), self.pieces % 64) {
            *last &= (1 << odd) - 1;
        }
        others.count = self.pieces - self.count;
        others
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there is every piece of the blob.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count == self.pieces
    }

    /// Whether `piece` is among them.
    #[must_use]
    pub fn contains(&self, piece: Piece) -> bool {
        let word = self.words.get(piece.0 as usize / 64);
        word.is_some_and(|word| word & bit(piece) != 0)
    }

    /// Adds a piece; says whether it is new. One that the blob has not is not added.
    pub fn insert(&mut self, piece: Piece) -> bool {
        let is_new = piece.0 < self.pieces && !self.contains(piece);
        if is_new {
            self.words[piece.0 as usize / 64] |= bit(piece);
            self.count += 1;
        }
        is_new
    }

    /// Removes a piece; says whether it was there.
    pub fn remove(&mut self, piece: Piece) -> bool {
        let is_there = self.contains(piece);
        if is_there {
            self.words[piece.0 as usize / 64] &= !bit(piece);
            self.count -= 1;
        }
        is_there
    }

    /// The first of them with a number in `range`.
    #[must_use]
    pub fn first_in(&self, range: Range<u32>) -> Option<Piece> {
        self.first_bit(range, 0)
    }

    /// The first piece of the blob with a number in `range` that is not among them.
    #[must_use]
    pub fn first_gap_in(&self, range: Range<u32>) -> Option<Piece> {
        self.first_bit(range, u64::MAX)
    }

    /// The first bit of `range` that is not that of `zero`, a whole word at a time.
    fn first_bit(&self, range: Range<u32>, zero: u64) -> Option<Piece> {
        let end = range.end.min(self.pieces);
        let mut at = range.start;
        while at < end {
            let word = (self.words[at as usize / 64] ^ zero) >> (at % 64);
            if word != 0 {
                at += word.trailing_zeros();
                return (at < end).then_some(Piece(at));
            }
            at = (at / 64 + 1) * 64;
        }
        None
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Piece> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let offset = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(Piece(index as u32 * 64 + offset))
            })
        })
    }
}

const fn bit(piece: Piece) -> u64 {
    1 << (piece.0 % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(bytes: u64) -> BlobSize {
        BlobSize::new(bytes).unwrap()
    }

    #[test]
    fn a_blob_has_a_last_piece_even_if_it_is_empty() {
        for (bytes, pieces) in [
            (0, 1),
            (1, 1),
            (PIECE_BYTES, 1),
            (PIECE_BYTES + 1, 2),
            (BLOB_BYTES_MAX, 1 << 24),
        ] {
            let size = size(bytes);
            assert_eq!(size.pieces(), pieces);
            assert_eq!(size.range(size.last_piece()).end, bytes);
            assert_eq!(size.piece(u64::from(pieces)), None);
        }
        assert!(BlobSize::new(BLOB_BYTES_MAX + 1).is_err());
    }

    #[test]
    fn a_range_lies_in_the_pieces_that_have_its_bytes() {
        let size = size(3 * PIECE_BYTES + 5);
        let numbers = |range| -> Vec<u32> { size.pieces_of(range).map(Piece::get).collect() };
        assert!(numbers(0..0).is_empty());
        assert_eq!(numbers(0..1), [0]);
        assert_eq!(numbers(PIECE_BYTES - 1..PIECE_BYTES + 1), [0, 1]);
        assert_eq!(numbers(PIECE_BYTES..2 * PIECE_BYTES), [1]);
        assert_eq!(numbers(2 * PIECE_BYTES..u64::MAX), [2, 3]);
        assert!(numbers(9 * PIECE_BYTES..u64::MAX).is_empty());
    }

    #[test]
    fn a_set_counts_what_it_has() {
        let size = size(130 * PIECE_BYTES);
        let mut set = PieceSet::none(size);
        for number in [129, 64, 0, 63, 64] {
            set.insert(size.piece(number).unwrap());
        }
        let numbers: Vec<u32> = set.iter().map(Piece::get).collect();
        assert_eq!(numbers, [0, 63, 64, 129]);
        assert_eq!(set.len(), 4);
        let others = set.others();
        assert_eq!(others.len(), 126);
        assert!(others.iter().all(|piece| !set.contains(piece)));
        assert_eq!(others.others(), set);
        assert!(!set.insert(Piece(130)));
        assert!(set.remove(Piece(64)));
        assert!(!set.remove(Piece(64)));
        assert_eq!(set.len(), 3);
        assert!(PieceSet::all(size).is_full());
        assert_eq!(PieceSet::all(size).len(), 130);
    }

    #[test]
    fn the_first_in_a_range_is_found_across_words() {
        let size = size(130 * PIECE_BYTES);
        let (all, mut some) = (PieceSet::all(size), PieceSet::none(size));
        assert_eq!(all.iter().count(), 130);
        for number in [3, 64, 129] {
            some.insert(Piece(number));
        }
        assert_eq!(some.first_in(0..130), Some(Piece(3)));
        assert_eq!(some.first_in(4..64), None);
        assert_eq!(some.first_in(4..65), Some(Piece(64)));
        assert_eq!(some.first_in(65..u32::MAX), Some(Piece(129)));
        assert_eq!(some.first_in(130..u32::MAX), None);
        assert_eq!(some.first_gap_in(3..9), Some(Piece(4)));
        assert_eq!(some.first_gap_in(129..u32::MAX), None);
        assert_eq!(all.first_gap_in(0..u32::MAX), None);
    }
}
