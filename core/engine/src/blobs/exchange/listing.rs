//! Listings: which pieces of a blob a peer has, in bounded space.
//!
//! A set of pieces of the largest blob takes two mebibytes, and whoever claims a size need not have
//! the blob. So peers tell each other ranges, a few at a time, and up to which piece these are all.

use std::ops::Range;

use super::input::{Held, Offer};
use super::limits::RANGES_MAX;
use crate::blobs::{BlobSize, Piece, PieceSet};
use crate::event::codec::{Malformed, Reader, put_varint};

/// Some pieces of a blob of a certain size, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    size: BlobSize,
    /// Not empty, in order, and with something between each two.
    ranges: Vec<Range<u32>>,
    /// Nothing is said of pieces from here on.
    until: u32,
}

impl Listing {
    /// What `offer` has from piece `from` on, as far as there is room.
    pub(super) fn of(offer: &Offer, from: u32) -> Self {
        let (size, pieces) = (offer.size, offer.size.pieces());
        let mut listing = Self {
            size,
            ranges: Vec::new(),
            until: pieces,
        };
        match &offer.has {
            Held::All if from < pieces => listing.ranges.push(from..pieces),
            Held::All => {}
            Held::Some(set) => listing.fill(set, from),
        }
        listing
    }

    fn fill(&mut self, set: &PieceSet, from: u32) {
        let mut at = from;
        while let Some(first) = set.first_in(at..self.until) {
            if self.ranges.len() == RANGES_MAX {
                self.until = first.get();
                return;
            }
            let gap = set.first_gap_in(first.get()..self.until);
            at = gap.map_or(self.until, Piece::get);
            self.ranges.push(first.get()..at);
        }
    }

    /// The size of the blob, as the peer says.
    pub(super) const fn size(&self) -> BlobSize {
        self.size
    }

    /// The piece from which on nothing is said, if there is one.
    pub(super) fn rest(&self) -> Option<u32> {
        (self.until < self.size.pieces()).then_some(self.until)
    }

    /// The piece from which on nothing is said, be it the end.
    pub(super) const fn until(&self) -> u32 {
        self.until
    }

    /// Whether `piece` is there.
    pub(super) fn has(&self, piece: Piece) -> bool {
        let number = piece.get();
        let after = self.ranges.partition_point(|range| range.end <= number);
        let range = self.ranges.get(after);
        range.is_some_and(|range| range.contains(&number))
    }

    /// What is there of `wanted`, in order.
    pub(super) fn within(&self, wanted: &Range<u32>) -> impl Iterator<Item = Range<u32>> {
        let after = self
            .ranges
            .partition_point(|range| range.end <= wanted.start);
        let (start, end) = (wanted.start, wanted.end);
        let ranges = self.ranges[after..].iter();
        let ranges = ranges.map(move |range| range.start.max(start)..range.end.min(end));
        ranges.take_while(|range| !range.is_empty())
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.size.get());
        put_varint(out, u64::from(self.until));
        put_varint(out, self.ranges.len() as u64);
        let mut end = 0;
        for range in &self.ranges {
            put_varint(out, u64::from(range.start - end));
            put_varint(out, u64::from(range.end - range.start));
            end = range.end;
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let size = size(reader)?;
        let pieces = size.pieces() as usize;
        let until = reader.len(pieces, "pieces lie behind the end of their blob")? as u32;
        let count = reader.len(RANGES_MAX, "too many ranges of pieces")?;
        let mut ranges: Vec<Range<u32>> = Vec::with_capacity(count);
        let mut end = 0;
        for _ in 0..count {
            let what = "ranges of pieces lie behind their end";
            let start = end + reader.len((until - end) as usize, what)? as u32;
            let len = reader.len((until - start) as usize, what)? as u32;
            if len == 0 || (start == end && !ranges.is_empty()) {
                return Err(reader.malformed("ranges of pieces are not in their shortest form"));
            }
            end = start + len;
            ranges.push(start..end);
        }
        Ok(Self {
            size,
            ranges,
            until,
        })
    }
}

/// The size of a blob.
pub(super) fn size(reader: &mut Reader<'_>) -> Result<BlobSize, Malformed> {
    let size = BlobSize::new(reader.varint()?);
    size.map_err(|_| reader.malformed("a blob is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::limits::PIECE_BYTES;

    fn size_of(pieces: u64) -> BlobSize {
        BlobSize::new(pieces * PIECE_BYTES).unwrap()
    }

    fn even(size: BlobSize) -> Offer {
        let mut set = PieceSet::none(size);
        for number in (0..u64::from(size.pieces())).step_by(2) {
            set.insert(size.piece(number).unwrap());
        }
        let has = Held::Some(set);
        Offer { size, has }
    }

    #[test]
    fn what_does_not_fit_is_told_when_asked_for() {
        let size = size_of(300);
        let (offer, mut from, mut numbers) = (even(size), 0, Vec::new());
        let mut listings = 0;
        loop {
            let listing = Listing::of(&offer, from);
            assert!(listing.ranges.len() <= RANGES_MAX);
            numbers.extend(listing.within(&(0..u32::MAX)).flatten());
            listings += 1;
            match listing.rest() {
                Some(rest) => from = rest,
                None => break,
            }
        }
        let expected: Vec<u32> = (0..300).step_by(2).collect();
        assert_eq!(numbers, expected);
        assert_eq!(listings, 3);
    }

    #[test]
    fn a_listing_knows_what_is_within_a_range() {
        let size = size_of(300);
        let mut set = PieceSet::all(size);
        for number in [10, 11, 200] {
            set.remove(size.piece(number).unwrap());
        }
        let has = Held::Some(set);
        let listing = Listing::of(&Offer { size, has }, 5);
        let within = |range| listing.within(&range).collect::<Vec<_>>();
        assert_eq!(within(0..300), [5..10, 12..200, 201..300]);
        assert_eq!(within(9..13), [9..10, 12..13]);
        assert!(within(10..12).is_empty());
        let has = |number| listing.has(size.piece(number).unwrap());
        assert!(has(5) && has(9) && has(12) && has(299));
        assert!(!has(4) && !has(10) && !has(11) && !has(200));
    }
}
