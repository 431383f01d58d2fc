//! One machine and peers played by hand: what they say, and what comes out.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::listing::Listing;
use crate::blobs::exchange::{Exchange, Held, Input, Offer, Outcome, Output, Terms};
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::event::NodeId;
use crate::sync::SessionId;

/// One machine, and the time.
#[derive(Debug, Default)]
pub(super) struct Bench {
    pub(super) machine: Exchange,
    pub(super) now: Duration,
}

impl Bench {
    /// A machine with so many peers, on the sessions 1, 2 and so on.
    pub(super) fn with_peers(count: u64) -> Self {
        let mut bench = Self::default();
        for number in 1..=count {
            assert!(bench.connect(number).is_empty());
        }
        bench
    }

    pub(super) fn step(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.machine.step(self.now, input, &mut out);
        out
    }

    pub(super) fn connect(&mut self, number: u64) -> Vec<Output> {
        self.step(Input::Connected {
            session: SessionId(number),
            peer: peer(number),
        })
    }

    pub(super) fn disconnect(&mut self, number: u64) -> Vec<Output> {
        let session = SessionId(number);
        self.step(Input::Disconnected { session })
    }

    pub(super) fn hear(&mut self, number: u64, frame: &Frame) -> Vec<Output> {
        self.step(Input::Received {
            session: SessionId(number),
            frame: frame.encode(),
        })
    }

    pub(super) fn want(&mut self, blob: BlobId) -> Vec<Output> {
        let first = Vec::new();
        self.step(Input::Want {
            blob,
            terms: Terms {
                missing: None,
                first,
                ..Terms::default()
            },
        })
    }

    /// Wants all of a blob whose size is known.
    pub(super) fn want_all(&mut self, blob: BlobId, size: BlobSize) -> Vec<Output> {
        self.want_some(blob, size, PieceSet::all(size))
    }

    pub(super) fn want_some(
        &mut self,
        blob: BlobId,
        size: BlobSize,
        missing: PieceSet,
    ) -> Vec<Output> {
        self.step(Input::Want {
            blob,
            terms: Terms {
                missing: Some((size, missing)),
                first: Vec::new(),
                ..Terms::default()
            },
        })
    }

    /// A peer has all of a blob.
    pub(super) fn hear_all(&mut self, number: u64, blob: BlobId, size: BlobSize) -> Vec<Output> {
        self.hear(number, &have(blob, size, Held::All))
    }

    pub(super) fn hear_piece(&mut self, number: u64, blob: BlobId, piece: Piece) -> Vec<Output> {
        self.hear(number, &Frame::Piece(blob, piece, bytes(piece)))
    }

    pub(super) fn stored(&mut self, blob: BlobId, piece: Piece, outcome: Outcome) -> Vec<Output> {
        self.step(Input::Stored {
            blob,
            piece,
            outcome,
        })
    }

    /// A peer sends a piece, which is stored.
    pub(super) fn take(&mut self, number: u64, blob: BlobId, piece: Piece) -> Vec<Output> {
        let mut out = self.hear_piece(number, blob, piece);
        out.extend(self.stored(blob, piece, Outcome::Stored));
        out
    }

    pub(super) fn offer(&mut self, number: u64, blob: BlobId, offer: Option<Offer>) -> Vec<Output> {
        self.step(Input::Offered {
            session: SessionId(number),
            blob,
            offer,
        })
    }

    pub(super) fn encoded(
        &mut self,
        number: u64,
        blob: BlobId,
        at: u64,
        bytes: Bytes,
    ) -> Vec<Output> {
        self.step(Input::Encoded {
            session: SessionId(number),
            blob,
            piece: piece(at),
            bytes: Some(bytes),
        })
    }

    pub(super) fn sent(&mut self, number: u64, unsent: usize) -> Vec<Output> {
        let session = SessionId(number);
        self.step(Input::Sent { session, unsent })
    }

    /// A machine with peers that were told that all of a blob is here.
    pub(super) fn serving(peers: u64, blob: BlobId, size: BlobSize) -> Self {
        let mut bench = Self::with_peers(peers);
        for number in 1..=peers {
            bench.hear(number, &Frame::Ask(blob, 0));
            bench.offer(number, blob, Some(all(size)));
            bench.sent(number, 0);
        }
        bench
    }

    pub(super) fn request(
        &mut self,
        number: u64,
        blob: BlobId,
        size: BlobSize,
        at: u64,
    ) -> Vec<Output> {
        self.hear(number, &Frame::Fetch(blob, size, piece(at)))
    }

    /// Lets time pass without a step.
    pub(super) fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// Lets time pass, then ticks.
    pub(super) fn pass(&mut self, time: Duration) -> Vec<Output> {
        self.now += time;
        self.step(Input::Tick)
    }
}

pub(super) fn peer(number: u64) -> NodeId {
    NodeId::from_bytes([number as u8; 32])
}

pub(super) fn blob(number: u64) -> BlobId {
    BlobId::of(&number.to_le_bytes())
}

pub(super) fn size(pieces: u64) -> BlobSize {
    BlobSize::new(pieces * PIECE_BYTES).unwrap()
}

pub(super) fn piece(number: u64) -> Piece {
    size(1 << 20).piece(number).unwrap()
}

/// One range that readers wait for.
pub(super) fn once(range: Range<u64>) -> Vec<Range<u64>> {
    std::iter::once(range).collect()
}

/// What travels as `piece` here.
pub(super) fn bytes(piece: Piece) -> Bytes {
    Bytes::copy_from_slice(&piece.get().to_le_bytes())
}

pub(super) fn have(blob: BlobId, size: BlobSize, has: Held) -> Frame {
    Frame::Have(blob, Listing::of(&Offer { size, has }, 0))
}

pub(super) fn pieces(size: BlobSize, numbers: &[u64]) -> PieceSet {
    let mut set = PieceSet::none(size);
    for number in numbers {
        set.insert(piece(*number));
    }
    set
}

pub(super) fn send(number: u64, frame: &Frame) -> Output {
    Output::Send {
        session: SessionId(number),
        frame: frame.encode(),
    }
}

pub(super) fn ask(number: u64, blob: BlobId) -> Output {
    send(number, &Frame::Ask(blob, 0))
}

/// Whether a peer is asked to fetch a blob.
pub(super) fn is_seek(output: &Output) -> bool {
    let Output::Send { frame, .. } = output else {
        return false;
    };
    matches!(Frame::decode(frame), Ok(Frame::Seek(_)))
}

pub(super) fn fetch(number: u64, blob: BlobId, size: BlobSize, at: u64) -> Output {
    send(number, &Frame::Fetch(blob, size, piece(at)))
}

pub(super) fn store(blob: BlobId, size: BlobSize, at: u64) -> Output {
    let piece = piece(at);
    Output::Store {
        blob,
        size,
        piece,
        bytes: bytes(piece),
    }
}

pub(super) fn progress(blob: BlobId, size: BlobSize, missing: u32) -> Output {
    Output::Progress {
        blob,
        size,
        missing,
    }
}

pub(super) fn lookup(number: u64, blob: BlobId) -> Output {
    Output::Lookup {
        session: SessionId(number),
        peer: peer(number),
        blob,
    }
}

pub(super) fn encode(number: u64, blob: BlobId, at: u64) -> Output {
    Output::Encode {
        session: SessionId(number),
        blob,
        piece: piece(at),
    }
}

pub(super) fn all(size: BlobSize) -> Offer {
    let has = Held::All;
    Offer { size, has }
}

pub(super) fn refuse(number: u64, blob: BlobId, at: u64) -> Output {
    send(number, &Frame::Refuse(blob, piece(at)))
}

/// What is fetched: from whom, and which piece.
pub(super) fn fetched(out: &[Output]) -> Vec<(u64, u32)> {
    let fetched = out.iter().filter_map(|output| match output {
        Output::Send { session, frame } => match Frame::decode(frame).unwrap() {
            Frame::Fetch(_, _, piece) => Some((session.0, piece.get())),
            _ => None,
        },
        _ => None,
    });
    fetched.collect()
}

/// The reason why a session was closed.
pub(super) fn closed(out: &[Output]) -> Option<&'static str> {
    out.iter().find_map(|output| match output {
        Output::Close { reason, .. } => Some(*reason),
        _ => None,
    })
}
