//! The exchange of blobs against peers and a worker that say anything at any time: nothing panics,
//! memory and outputs stay bounded, and nobody gets or is asked for what the model does not allow.

#![no_main]

use std::collections::BTreeSet;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use swarmlet_engine::blobs::exchange::{Exchange, Held, Input, Offer, Outcome, Terms};
use swarmlet_engine::blobs::limits::PIECE_BYTES;
use swarmlet_engine::blobs::{BlobId, BlobSize, Piece, PieceSet};
use swarmlet_engine::event::NodeId;
use swarmlet_engine::event::codec::put_varint;
use swarmlet_engine::sync::SessionId;
use swarmlet_fuzz::exchange_model::{ASK, FETCH, FORGET, HAVE, LACK, Model, PIECE, REFUSE};

const SESSIONS: u64 = 3;
const BLOBS: u8 = 4;

/// A machine, the time, and what has been said so far.
#[derive(Default)]
struct Bench {
    machine: Exchange,
    model: Model,
    now: Duration,
}

impl Bench {
    fn step(&mut self, input: Input) {
        self.model.note(&input);
        let mut outputs = Vec::new();
        self.machine.step(self.now, input, &mut outputs);
        self.model.check(self.now, outputs);
        assert_eq!(self.machine.holding().excess(), None);
    }

    /// What happens next.
    fn next(&mut self, data: &mut Unstructured<'_>) -> Result<Input> {
        let session = SessionId(data.int_in_range(1..=SESSIONS)?);
        if !self.model.is_open(session) {
            let peer = NodeId::from_bytes([session.0 as u8; 32]);
            return Ok(Input::Connected { session, peer });
        }
        Ok(match data.int_in_range(0..=31)? {
            0..=6 => {
                let frame = frame(data)?;
                Input::Received { session, frame }
            }
            7..=11 => self.reply_of_peer(data, session)?,
            12..=19 => self.answer_of_worker(data)?,
            20 => mistake_of_worker(data, session)?,
            21..=23 => want(data)?,
            24 => Input::Unwant { blob: blob(data)? },
            25 => Input::Disconnected { session },
            26 => Input::Gained { blob: blob(data)? },
            27 => Input::RightsChanged,
            28 => Input::Sent {
                session,
                unsent: usize::from(data.arbitrary::<u8>()?) * 1024,
            },
            _ => {
                let millis = [1, 40, 260, 2100, 70_000];
                self.now += Duration::from_millis(*data.choose(&millis)?);
                Input::Tick
            }
        })
    }

    /// The peer says what belongs to what was said before.
    fn reply_of_peer(&self, data: &mut Unstructured<'_>, session: SessionId) -> Result<Input> {
        let hints = self.model.hints(session);
        let which = data.choose_index(hints.len())?;
        if hints[which].is_empty() {
            return Ok(Input::Tick);
        }
        let (blob, number) = *data.choose(&hints[which])?;
        let kind = match which {
            0 if data.ratio(1, 8)? => REFUSE,
            0 => PIECE,
            1 => FETCH,
            _ => HAVE,
        };
        let mut frame = begin(kind, blob);
        match kind {
            FETCH => {
                put_varint(&mut frame, number);
                put_varint(&mut frame, data.int_in_range(0..=number / PIECE_BYTES)?);
            }
            HAVE => put_all(&mut frame, size(data)?),
            _ => put_varint(&mut frame, number),
        }
        let frame = frame.into();
        Ok(Input::Received { session, frame })
    }

    /// The worker answers something that it was asked for.
    fn answer_of_worker(&self, data: &mut Unstructured<'_>) -> Result<Input> {
        let model = &self.model;
        let stores = model.stores.iter().map(|(blob, piece)| Input::Stored {
            blob: *blob,
            piece: *piece,
            outcome: Outcome::Stored,
        });
        let encodes = model.encodes.iter();
        let encodes = encodes.map(|(session, blob, piece)| Input::Encoded {
            session: *session,
            blob: *blob,
            piece: *piece,
            bytes: Some(Bytes::from_static(b"read")),
        });
        let lookups = model.lookups.keys();
        let lookups = lookups.map(|(session, blob)| Input::Offered {
            session: *session,
            blob: *blob,
            offer: None,
        });
        let answers: Vec<_> = stores.chain(encodes).chain(lookups).collect();
        if answers.is_empty() {
            return Ok(Input::Tick);
        }
        let mut answer = data.choose(&answers)?.clone();
        match &mut answer {
            Input::Stored { outcome, .. } => *outcome = self::outcome(data)?,
            Input::Encoded { bytes, .. } if data.ratio(1, 8)? => *bytes = None,
            Input::Offered { offer, .. } => *offer = self::offer(data)?,
            _ => {}
        }
        Ok(answer)
    }
}

/// The worker answers what it may not have been asked for.
fn mistake_of_worker(data: &mut Unstructured<'_>, session: SessionId) -> Result<Input> {
    let (blob, piece) = (blob(data)?, piece(data)?);
    Ok(match data.int_in_range(0..=2)? {
        0 => Input::Stored {
            blob,
            piece,
            outcome: outcome(data)?,
        },
        1 => Input::Encoded {
            session,
            blob,
            piece,
            bytes: Some(Bytes::from_static(b"other")),
        },
        _ => Input::Offered {
            session,
            blob,
            offer: offer(data)?,
        },
    })
}

fn want(data: &mut Unstructured<'_>) -> Result<Input> {
    let missing = if data.arbitrary()? {
        let size = size(data)?;
        Some((size, pieces(data, size)?))
    } else {
        None
    };
    let mut first = Vec::new();
    for _ in 0..data.int_in_range(0..=3)? {
        let start = data.int_in_range(0..=300)? * PIECE_BYTES;
        first.push(start..start.saturating_add(data.arbitrary()?));
    }
    let mut holders = BTreeSet::new();
    if data.ratio(1, 4)? {
        holders.insert(NodeId::from_bytes([data.int_in_range(1..=4)?; 32]));
    }
    let terms = Terms {
        missing,
        first,
        holders,
        is_for_peers: data.ratio(1, 4)?,
        is_full: data.ratio(1, 4)?,
    };
    Ok(Input::Want {
        blob: blob(data)?,
        terms,
    })
}

fn outcome(data: &mut Unstructured<'_>) -> Result<Outcome> {
    let outcomes = [
        Outcome::Stored,
        Outcome::Stored,
        Outcome::Stored,
        Outcome::Unproven,
        Outcome::Failed,
    ];
    data.choose(&outcomes).copied()
}

fn offer(data: &mut Unstructured<'_>) -> Result<Option<Offer>> {
    if data.ratio(1, 4)? {
        return Ok(None);
    }
    let size = size(data)?;
    let has = if data.arbitrary()? {
        Held::All
    } else {
        Held::Some(pieces(data, size)?)
    };
    Ok(Some(Offer { size, has }))
}

/// Any frame, or one that says something.
fn frame(data: &mut Unstructured<'_>) -> Result<Bytes> {
    let kinds = [ASK, FORGET, HAVE, HAVE, LACK, FETCH, FETCH, PIECE, REFUSE];
    let mut frame = begin(*data.choose(&kinds)?, blob(data)?);
    let size = size(data)?;
    match frame[0] {
        ASK | REFUSE => put_varint(&mut frame, data.int_in_range(0..=300)?),
        FETCH => {
            put_varint(&mut frame, size.get());
            put_varint(
                &mut frame,
                data.int_in_range(0..=u64::from(size.pieces()) - 1)?,
            );
        }
        PIECE => {
            put_varint(&mut frame, data.int_in_range(0..=300)?);
            frame.extend_from_slice(data.arbitrary()?);
        }
        HAVE if data.arbitrary()? => put_all(&mut frame, size),
        HAVE => {
            put_varint(&mut frame, size.get());
            put_varint(&mut frame, data.int_in_range(0..=u64::from(size.pieces()))?);
            let ranges = data.int_in_range(0..=64)?;
            put_varint(&mut frame, ranges);
            for _ in 0..2 * ranges {
                put_varint(&mut frame, data.int_in_range(0..=3)?);
            }
        }
        _ => {}
    }
    if data.ratio(1, 16)? {
        frame.splice(
            data.choose_index(frame.len())?..,
            data.arbitrary::<Vec<u8>>()?,
        );
    }
    Ok(frame.into())
}

/// The listing of a blob of which every piece is there.
fn put_all(frame: &mut Vec<u8>, size: BlobSize) {
    let pieces = u64::from(size.pieces());
    for number in [size.get(), pieces, 1, 0, pieces] {
        put_varint(frame, number);
    }
}

fn begin(kind: u8, blob: BlobId) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend_from_slice(blob.as_bytes());
    frame
}

fn blob(data: &mut Unstructured<'_>) -> Result<BlobId> {
    let number = data.int_in_range(0..=BLOBS - 1)?;
    Ok(BlobId::from_bytes([number; 32]))
}

/// Mostly one of few, so that what is said belongs together.
fn size(data: &mut Unstructured<'_>) -> Result<BlobSize> {
    let counts = [3, 3, 3, 300, 300, 0, 1 << 20];
    let bytes = data.choose(&counts)? * PIECE_BYTES;
    Ok(BlobSize::new(bytes).expect("it is small"))
}

fn piece(data: &mut Unstructured<'_>) -> Result<Piece> {
    let number = data.int_in_range(0..=299)?;
    let size = BlobSize::new(300 * PIECE_BYTES).expect("it is small");
    Ok(size.piece(number).expect("it has so many"))
}

/// All of them, or one in so many.
fn pieces(data: &mut Unstructured<'_>, size: BlobSize) -> Result<PieceSet> {
    let every = data.int_in_range(1..=4)?;
    let start = data.int_in_range(0..=300)?;
    let mut pieces = PieceSet::none(size);
    for number in (start..u64::from(size.pieces())).step_by(every) {
        pieces.insert(size.piece(number).expect("it has so many"));
    }
    Ok(pieces)
}

fuzz_target!(|bytes: &[u8]| {
    let mut data = Unstructured::new(bytes);
    let mut bench = Bench::default();
    while !data.is_empty() {
        let Ok(input) = bench.next(&mut data) else {
            return;
        };
        bench.step(input);
    }
});
