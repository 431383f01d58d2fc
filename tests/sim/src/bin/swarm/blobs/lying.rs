//! A member that lies about blobs: its log is honest, and its exchange is a real one, but what it
//! offers and gives is not what it has, and it says things that nobody asked for.
//!
//! Its frames are written by hand, from docs/format.

use bytes::Bytes;
use swarmlet_engine::blobs::exchange::limits::{ASKED_MAX, FRAME_BYTES_MAX};
use swarmlet_engine::blobs::exchange::{Held, Offer};
use swarmlet_engine::blobs::limits::PIECE_BYTES;
use swarmlet_engine::blobs::{BlobId, BlobSize, Piece};
use swarmlet_engine::event::codec::put_varint;
use swarmlet_sim::random::Random;

use super::shelf::Shelf;

/// How a device deals with blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nature {
    gives: Gives,
    says: Says,
}

/// What it offers, and gives to those who ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gives {
    Right,
    /// It offers everything, and every other piece is wrong.
    WrongBytes,
    /// It offers everything, but of another size.
    WrongSize,
    /// It offers everything, and gives nothing.
    Nothing,
}

/// What it says without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Nothing,
    /// It has something else all the time.
    Changes,
    /// What no honest node says.
    Noise,
}

impl Nature {
    pub(super) const HONEST: Self = Self {
        gives: Gives::Right,
        says: Says::Nothing,
    };

    /// Some way to lie.
    pub(super) fn draw(random: &mut Random) -> Self {
        let gives = [
            Gives::Right,
            Gives::WrongBytes,
            Gives::WrongSize,
            Gives::Nothing,
        ];
        // Who makes noise is heard rarely: its sessions end.
        let says = [
            Says::Nothing,
            Says::Changes,
            Says::Changes,
            Says::Noise,
            Says::Noise,
            Says::Noise,
        ];
        Self {
            gives: *random.pick(&gives),
            says: *random.pick(&says),
        }
    }

    /// Whether its sessions end again and again, so that events come late.
    pub(super) fn is_noisy(self) -> bool {
        self.says == Says::Noise
    }

    /// Whether it is asked for pieces that it only said there are.
    pub(super) fn lies_about_size(self) -> bool {
        self.gives == Gives::WrongSize
    }

    /// What it says it has, where it has `offer`.
    pub(super) fn offer(
        self,
        offer: Option<Offer>,
        (shelf, blob): (&Shelf, BlobId),
        random: &mut Random,
    ) -> Option<Offer> {
        let size = match self.gives {
            Gives::Right => return offer,
            Gives::WrongBytes | Gives::Nothing => shelf.find(blob).map(|content| content.size),
            Gives::WrongSize => BlobSize::new(random.below(60 * PIECE_BYTES)).ok(),
        };
        let has = Held::All;
        size.map(|size| Offer { size, has })
    }

    /// What it gives for a piece, where it has `bytes`; nothing if it does not answer.
    pub(super) fn encode(
        self,
        bytes: Option<Bytes>,
        (shelf, blob, piece): (&Shelf, BlobId, Piece),
        random: &mut Random,
    ) -> Option<Option<Bytes>> {
        let size = shelf.find(blob).map(|content| content.size);
        let is_piece = size.is_some_and(|size| piece.get() < size.pieces());
        match self.gives {
            Gives::Right => Some(bytes),
            Gives::Nothing => None,
            _ if !is_piece => Some(Some(random.bytes(999).into())),
            Gives::WrongBytes if random.percent(50) => Some(Some(shelf.encode(blob, piece).into())),
            Gives::WrongBytes | Gives::WrongSize => {
                Some(Some(spoiled(shelf, (blob, piece), random)))
            }
        }
    }

    /// Frames that it sends without being asked.
    pub(super) fn chatter(self, shelf: &Shelf, random: &mut Random) -> Vec<Bytes> {
        let blob = random.pick(&shelf.contents).id;
        match self.says {
            Says::Changes if random.percent(50) => vec![change(shelf, blob, random)],
            Says::Noise if random.percent(6) => noise(shelf, blob, random),
            _ => Vec::new(),
        }
    }
}

/// Says that it has something else than before.
fn change(shelf: &Shelf, blob: BlobId, random: &mut Random) -> Bytes {
    if random.percent(20) {
        return Frame::new(LACK, blob).bytes();
    }
    let (size, last) = size(shelf, blob);
    let pieces = last + 1;
    let start = random.below(pieces);
    let len = random.up_to(pieces - start);
    let have = Frame::new(HAVE, blob);
    have.numbers(&[size, pieces, 1, start, len]).bytes()
}

/// A frame that ends the session, or many of them.
fn noise(shelf: &Shelf, blob: BlobId, random: &mut Random) -> Vec<Bytes> {
    let (size, last) = size(shelf, blob);
    let frame = match random.below(8) {
        0 => {
            let piece = shelf.find(blob).map(|content| content.size.last_piece());
            let bytes = piece.map(|piece| shelf.encode(blob, piece));
            let frame = Frame::new(PIECE, blob).numbers(&[last]);
            frame.and(&bytes.unwrap_or_default())
        }
        1 => Frame::new(REFUSE, blob).numbers(&[last]),
        2 => {
            let fetch = Frame::new(FETCH, blob).numbers(&[size, last]);
            return vec![fetch.clone().bytes(), fetch.bytes()];
        }
        3 => {
            let other = |number: usize| BlobId::of(&number.to_le_bytes());
            let ask = |number| Frame::new(ASK, other(number)).numbers(&[0]).bytes();
            return (0..=ASKED_MAX).map(ask).collect();
        }
        4 => Frame::new(FETCH, blob).numbers(&[size, last + 1]),
        5 => Frame::new(HAVE, blob).numbers(&[size, 1, 2, 0, 1, 0, 1]),
        6 => Frame::new(PIECE, blob).and(&[7; FRAME_BYTES_MAX]),
        _ => {
            let len = random.below(80) as usize;
            return vec![random.bytes(len).into()];
        }
    };
    vec![frame.bytes()]
}

/// Bytes that are not this piece, but nearly.
fn spoiled(shelf: &Shelf, (blob, piece): (BlobId, Piece), random: &mut Random) -> Bytes {
    let mut bytes = shelf.encode(blob, piece);
    let at = random.below(bytes.len() as u64) as usize;
    match random.below(4) {
        0 if !bytes.is_empty() => bytes.truncate(at),
        1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        2 => {
            let other = random.pick(&shelf.contents);
            let last = other.size.last_piece();
            if (other.id, last) != (blob, piece) {
                return shelf.encode(other.id, last).into();
            }
            bytes.push(0);
        }
        _ => bytes.push(0),
    }
    bytes.into()
}

/// The size of a blob, and its last piece.
fn size(shelf: &Shelf, blob: BlobId) -> (u64, u64) {
    let size = shelf.find(blob).map(|content| content.size);
    size.map_or((0, 0), |size| (size.get(), size.last_piece().get().into()))
}

/// A frame of the exchange, written by hand.
#[derive(Clone, Debug)]
struct Frame(Vec<u8>);

impl Frame {
    fn new(kind: u8, blob: BlobId) -> Self {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(blob.as_bytes());
        Self(bytes)
    }

    fn numbers(mut self, numbers: &[u64]) -> Self {
        for number in numbers {
            put_varint(&mut self.0, *number);
        }
        self
    }

    fn and(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn bytes(self) -> Bytes {
        self.0.into()
    }
}

const ASK: u8 = 1;
const HAVE: u8 = 3;
const LACK: u8 = 4;
pub(super) const FETCH: u8 = 5;
pub(super) const PIECE: u8 = 6;
pub(super) const REFUSE: u8 = 7;
