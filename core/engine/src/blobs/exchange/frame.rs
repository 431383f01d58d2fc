//! Frames: what two nodes say to each other about blobs.
//!
//! They travel inside a frame of sync, which has the number and the length. A frame is parsed once,
//! here; nothing behind this file meets a byte that was not understood.

use bytes::Bytes;

use super::limits::{FRAME_BYTES_MAX, PIECES_MAX};
use super::listing::{self, Listing};
use crate::blobs::limits::{BLOB_BYTES_MAX, ENCODED_PIECE_BYTES_MAX};
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::event::codec::{Malformed, Reader, put_varint};

/// One message of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The receiver of this is to say what it has of the blob from this piece on, and say so again
    /// when it has more.
    Ask(BlobId, u32),
    /// It is to do so no longer, and to refuse the pieces of it that were not answered.
    Forget(BlobId),
    /// What the sender has of the blob.
    Have(BlobId, Listing),
    /// The sender has nothing of the blob for the receiver.
    Lack(BlobId),
    /// The receiver of this is to send a piece of the blob, which is said to have this size. It
    /// answers each of these once: with the piece, or a refusal.
    Fetch(BlobId, BlobSize, Piece),
    /// A piece with the hashes that prove it.
    Piece(BlobId, Piece, Bytes),
    /// The sender does not send the piece.
    Refuse(BlobId, Piece),
    /// Nobody has what the sender misses of a blob that it has asked for: the receiver may fetch
    /// it, and say that it has it.
    Seek(BlobId),
}

impl Frame {
    /// The frame as bytes.
    pub(super) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(48);
        out.push(self.kind());
        out.extend_from_slice(self.blob().as_bytes());
        match self {
            Self::Ask(_, from) => put_varint(&mut out, u64::from(*from)),
            Self::Forget(_) | Self::Lack(_) | Self::Seek(_) => {}
            Self::Have(_, listing) => listing.encode(&mut out),
            Self::Fetch(_, size, piece) => {
                put_varint(&mut out, size.get());
                put_varint(&mut out, u64::from(piece.get()));
            }
            Self::Piece(_, piece, bytes) => {
                out.reserve_exact(bytes.len() + 5);
                put_varint(&mut out, u64::from(piece.get()));
                out.extend_from_slice(bytes);
            }
            Self::Refuse(_, piece) => put_varint(&mut out, u64::from(piece.get())),
        }
        out.into()
    }

    /// Reads a frame.
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(reader.malformed("a frame about blobs is too long"));
        }
        let kind = reader.u8()?;
        let blob = BlobId::from_bytes(reader.array()?);
        let frame = match kind {
            ASK => Self::Ask(blob, piece(&mut reader)?.get()),
            FORGET => Self::Forget(blob),
            HAVE => Self::Have(blob, Listing::decode(&mut reader)?),
            LACK => Self::Lack(blob),
            FETCH => {
                let size = listing::size(&mut reader)?;
                let piece = size.piece(reader.varint()?);
                let what = "a piece lies behind the end of its blob";
                Self::Fetch(blob, size, piece.ok_or_else(|| reader.malformed(what))?)
            }
            PIECE => {
                let piece = piece(&mut reader)?;
                Self::Piece(blob, piece, rest(bytes, &mut reader)?)
            }
            REFUSE => Self::Refuse(blob, piece(&mut reader)?),
            SEEK => Self::Seek(blob),
            _ => return Err(reader.malformed("unknown kind of frame about blobs")),
        };
        reader.finish()?;
        Ok(frame)
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Ask(..) => ASK,
            Self::Forget(_) => FORGET,
            Self::Have(..) => HAVE,
            Self::Lack(_) => LACK,
            Self::Fetch(..) => FETCH,
            Self::Piece(..) => PIECE,
            Self::Refuse(..) => REFUSE,
            Self::Seek(_) => SEEK,
        }
    }

    fn blob(&self) -> BlobId {
        match self {
            Self::Ask(blob, ..)
            | Self::Forget(blob)
            | Self::Have(blob, _)
            | Self::Lack(blob)
            | Self::Fetch(blob, ..)
            | Self::Piece(blob, ..)
            | Self::Refuse(blob, _)
            | Self::Seek(blob) => *blob,
        }
    }
}

/// The number of a piece of some blob.
fn piece(reader: &mut Reader<'_>) -> Result<Piece, Malformed> {
    let what = "no blob has so many pieces";
    let number = reader.len(PIECES_MAX as usize - 1, what)? as u64;
    let largest = BlobSize::new(BLOB_BYTES_MAX).ok();
    let piece = largest.and_then(|size| size.piece(number));
    piece.ok_or_else(|| reader.malformed(what))
}

/// An encoded piece, which is everything that is left, without copying it.
fn rest(bytes: &Bytes, reader: &mut Reader<'_>) -> Result<Bytes, Malformed> {
    let at = reader.position();
    let len = bytes.len() - at;
    if len > ENCODED_PIECE_BYTES_MAX {
        return Err(reader.malformed("a piece is too long"));
    }
    reader.take(len)?;
    Ok(bytes.slice(at..))
}

const ASK: u8 = 1;
const FORGET: u8 = 2;
const HAVE: u8 = 3;
const LACK: u8 = 4;
const FETCH: u8 = 5;
const PIECE: u8 = 6;
const REFUSE: u8 = 7;
const SEEK: u8 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::blobs::PieceSet;
    use crate::blobs::exchange::{Held, Offer};
    use crate::blobs::limits::PIECE_BYTES;

    fn frames() -> Vec<Frame> {
        let blob = BlobId::of(b"blob");
        let size = BlobSize::new(300 * PIECE_BYTES + 1).unwrap();
        let piece = size.last_piece();
        let mut some = PieceSet::all(size);
        some.remove(size.piece(7).unwrap());
        let has = Held::Some(some);
        let empty = BlobSize::new(0).unwrap();
        let (all, empty) = (
            Held::All,
            Offer {
                size: empty,
                has: Held::All,
            },
        );
        vec![
            Frame::Ask(blob, 0),
            Frame::Ask(blob, PIECES_MAX - 1),
            Frame::Forget(blob),
            Frame::Have(blob, Listing::of(&Offer { size, has: all }, 0)),
            Frame::Have(blob, Listing::of(&Offer { size, has }, 3)),
            Frame::Have(blob, Listing::of(&empty, 0)),
            Frame::Lack(blob),
            Frame::Fetch(blob, size, piece),
            Frame::Piece(blob, piece, Bytes::from_static(b"bytes")),
            Frame::Piece(blob, piece, vec![7; ENCODED_PIECE_BYTES_MAX].into()),
            Frame::Refuse(blob, piece),
            Frame::Seek(blob),
        ]
    }

    #[test]
    fn frames_round_trip_and_nothing_may_follow() {
        for frame in frames() {
            let bytes = frame.encode();
            assert!(bytes.len() <= FRAME_BYTES_MAX);
            assert_eq!(Frame::decode(&bytes).unwrap(), frame);
            let longer = Bytes::from([&bytes[..], &[0]].concat());
            let is_open_ended = matches!(&frame, Frame::Piece(_, _, bytes) if bytes.len() == 5);
            assert_eq!(Frame::decode(&longer).is_ok(), is_open_ended, "{frame:?}");
            for end in 0..bytes.len().min(40) {
                let is_piece = matches!(frame, Frame::Piece(..));
                assert!(is_piece || Frame::decode(&bytes.slice(..end)).is_err());
            }
        }
    }

    #[test]
    fn pieces_behind_the_end_are_refused() {
        let blob = BlobId::of(b"blob");
        let refused = |kind: u8, numbers: &[u64]| {
            let mut bytes = vec![kind];
            bytes.extend_from_slice(blob.as_bytes());
            numbers
                .iter()
                .for_each(|number| put_varint(&mut bytes, *number));
            Frame::decode(&bytes.into()).is_err()
        };
        let two = 2 * PIECE_BYTES;
        assert!(!refused(FETCH, &[two, 1]));
        assert!(refused(FETCH, &[two, 2]));
        assert!(refused(FETCH, &[BLOB_BYTES_MAX + 1, 2]));
        assert!(!refused(ASK, &[u64::from(PIECES_MAX) - 1]));
        assert!(refused(ASK, &[u64::from(PIECES_MAX)]));
        assert!(!refused(HAVE, &[two, 2, 1, 1, 1]));
        assert!(refused(HAVE, &[two, 3, 0]));
        assert!(refused(HAVE, &[two, 2, 1, 1, 2]));
        assert!(refused(HAVE, &[two, 2, 1, 3, 1]));
        assert!(refused(HAVE, &[two, 2, 1, 0, 0]));
        assert!(refused(HAVE, &[two, 2, 2, 0, 1, 0, 1]));
        assert!(refused(HAVE, &[two, 2, 65]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_refused(
            kind in 0..9u8,
            blob: [u8; 32],
            numbers in prop::collection::vec(0..9u64, 0..9),
            bytes: Vec<u8>,
        ) {
            let mut whole = [&[kind], &blob[..]].concat();
            numbers.iter().for_each(|number| put_varint(&mut whole, number * PIECE_BYTES / 4));
            whole.extend(bytes);
            if let Ok(frame) = Frame::decode(&whole.clone().into()) {
                prop_assert_eq!(&frame.encode()[..], &whole[..]);
            }
        }
    }
}
