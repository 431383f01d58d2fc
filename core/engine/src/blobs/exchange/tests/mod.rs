//! Tests of the exchange: one machine and peers played by hand, then swarms of machines.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::frame::Frame;
use super::listing::Listing;
use super::{Exchange, Held, Input, Offer, Outcome, Output};
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::event::NodeId;
use crate::sync::SessionId;

mod fetching;
mod pacing;
mod serving;
mod swarm;
mod wicked;

/// One machine, and the time.
#[derive(Debug, Default)]
struct Bench {
    machine: Exchange,
    now: Duration,
}

impl Bench {
    /// A machine with so many peers, on the sessions 1, 2 and so on.
    fn with_peers(count: u64) -> Self {
        let mut bench = Self::default();
        for number in 1..=count {
            assert!(bench.connect(number).is_empty());
        }
        bench
    }

    fn step(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.machine.step(self.now, input, &mut out);
        out
    }

    fn connect(&mut self, number: u64) -> Vec<Output> {
        self.step(Input::Connected {
            session: SessionId(number),
            peer: peer(number),
        })
    }

    fn disconnect(&mut self, number: u64) -> Vec<Output> {
        let session = SessionId(number);
        self.step(Input::Disconnected { session })
    }

    fn hear(&mut self, number: u64, frame: &Frame) -> Vec<Output> {
        self.step(Input::Received {
            session: SessionId(number),
            frame: frame.encode(),
        })
    }

    fn want(&mut self, blob: BlobId) -> Vec<Output> {
        let first = Vec::new();
        self.step(Input::Want {
            blob,
            missing: None,
            first,
        })
    }

    /// Wants all of a blob whose size is known.
    fn want_all(&mut self, blob: BlobId, size: BlobSize) -> Vec<Output> {
        self.want_some(blob, size, PieceSet::all(size))
    }

    fn want_some(&mut self, blob: BlobId, size: BlobSize, missing: PieceSet) -> Vec<Output> {
        self.step(Input::Want {
            blob,
            missing: Some((size, missing)),
            first: Vec::new(),
        })
    }

    /// A peer has all of a blob.
    fn hear_all(&mut self, number: u64, blob: BlobId, size: BlobSize) -> Vec<Output> {
        self.hear(number, &have(blob, size, Held::All))
    }

    fn hear_piece(&mut self, number: u64, blob: BlobId, piece: Piece) -> Vec<Output> {
        self.hear(number, &Frame::Piece(blob, piece, bytes(piece)))
    }

    fn stored(&mut self, blob: BlobId, piece: Piece, outcome: Outcome) -> Vec<Output> {
        self.step(Input::Stored {
            blob,
            piece,
            outcome,
        })
    }

    /// A peer sends a piece, which is stored.
    fn take(&mut self, number: u64, blob: BlobId, piece: Piece) -> Vec<Output> {
        let mut out = self.hear_piece(number, blob, piece);
        out.extend(self.stored(blob, piece, Outcome::Stored));
        out
    }

    /// Lets time pass without a step.
    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// Lets time pass, then ticks.
    fn pass(&mut self, time: Duration) -> Vec<Output> {
        self.now += time;
        self.step(Input::Tick)
    }
}

fn peer(number: u64) -> NodeId {
    NodeId::from_bytes([number as u8; 32])
}

fn blob(number: u64) -> BlobId {
    BlobId::of(&number.to_le_bytes())
}

fn size(pieces: u64) -> BlobSize {
    BlobSize::new(pieces * PIECE_BYTES).unwrap()
}

fn piece(number: u64) -> Piece {
    size(1 << 20).piece(number).unwrap()
}

/// One range that readers wait for.
fn once(range: Range<u64>) -> Vec<Range<u64>> {
    std::iter::once(range).collect()
}

/// What travels as `piece` here.
fn bytes(piece: Piece) -> Bytes {
    Bytes::copy_from_slice(&piece.get().to_le_bytes())
}

fn have(blob: BlobId, size: BlobSize, has: Held) -> Frame {
    Frame::Have(blob, Listing::of(&Offer { size, has }, 0))
}

fn pieces(size: BlobSize, numbers: &[u64]) -> PieceSet {
    let mut set = PieceSet::none(size);
    for number in numbers {
        set.insert(piece(*number));
    }
    set
}

fn send(number: u64, frame: &Frame) -> Output {
    Output::Send {
        session: SessionId(number),
        frame: frame.encode(),
    }
}

fn ask(number: u64, blob: BlobId) -> Output {
    send(number, &Frame::Ask(blob, 0))
}

fn fetch(number: u64, blob: BlobId, size: BlobSize, at: u64) -> Output {
    send(number, &Frame::Fetch(blob, size, piece(at)))
}

fn store(blob: BlobId, size: BlobSize, at: u64) -> Output {
    let piece = piece(at);
    Output::Store {
        blob,
        size,
        piece,
        bytes: bytes(piece),
    }
}

fn progress(blob: BlobId, size: BlobSize, missing: u32) -> Output {
    Output::Progress {
        blob,
        size,
        missing,
    }
}

/// What is fetched: from whom, and which piece.
fn fetched(out: &[Output]) -> Vec<(u64, u32)> {
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
fn closed(out: &[Output]) -> Option<&'static str> {
    out.iter().find_map(|output| match output {
        Output::Close { reason, .. } => Some(*reason),
        _ => None,
    })
}
