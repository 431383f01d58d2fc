//! Stories of readers who begin in the middle, and of peers who have only parts.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::bench::{
    Bench, blob, closed, fetched, once, piece, pieces, progress, send, size, store,
};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{ASK_PERIOD, LISTINGS_MAX, RANGES_MAX};
use crate::blobs::exchange::listing::Listing;
use crate::blobs::exchange::{Held, Input, Offer, Output, Terms};
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobId, BlobSize};
use crate::event::codec::put_varint;
use crate::sync::SessionId;

const MOMENT: Duration = Duration::from_millis(50);

/// Every other piece from `from` on: more than one answer has room for.
fn scattered(size: BlobSize, from: u64) -> Offer {
    let numbers: Vec<u64> = (from..u64::from(size.pieces())).step_by(2).collect();
    let has = Held::Some(pieces(size, &numbers));
    Offer { size, has }
}

fn question(blob: BlobId, from: u32) -> Output {
    send(1, &Frame::Ask(blob, from))
}

impl Bench {
    /// Readers wait for these pieces, the first ones the most.
    fn read(&mut self, blob: BlobId, ranges: Vec<Range<u64>>) -> Vec<Output> {
        let bytes = |range: Range<u64>| range.start * PIECE_BYTES..range.end * PIECE_BYTES;
        self.step(Input::Want {
            blob,
            terms: Terms {
                missing: None,
                first: ranges.into_iter().map(bytes).collect(),
                ..Terms::default()
            },
        })
    }

    /// The peer says what it has from a piece on.
    fn tell(&mut self, blob: BlobId, offer: &Offer, from: u32) -> Vec<Output> {
        self.hear(1, &Frame::Have(blob, Listing::of(offer, from)))
    }

    /// The pieces from which on a peer is asked within some time, answering each question at once.
    fn asked_within(&mut self, time: Duration, blob: BlobId, offer: &Offer) -> Vec<u32> {
        let (end, mut asked) = (self.now + time, Vec::new());
        while self.now < end {
            for from in self.pass(MOMENT).iter().filter_map(asked_from) {
                asked.push(from);
                self.tell(blob, offer, from);
            }
        }
        asked
    }
}

/// From which piece on a peer is asked, if it is.
fn asked_from(output: &Output) -> Option<u32> {
    let Output::Send { frame, .. } = output else {
        return None;
    };
    match Frame::decode(frame).unwrap() {
        Frame::Ask(_, from) => Some(from),
        _ => None,
    }
}

#[test]
fn what_readers_wait_for_is_asked_for_behind_the_end_of_an_answer() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    let offer = scattered(size, 0);
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.tell(blob, &offer, 0)), [(1, 0), (1, 2)]);
    assert!(bench.read(blob, once(600..1000)).is_empty());
    assert_eq!(bench.pass(MOMENT), [question(blob, 600)]);
    assert!(bench.tell(blob, &offer, 600).is_empty());
    let out = bench.take(1, blob, piece(0));
    assert_eq!(fetched(&out), [(1, 600), (1, 602)]);
    assert!(bench.pass(MOMENT).is_empty(), "it has told of that place");
}

#[test]
fn what_readers_wait_for_is_asked_for_before_the_beginning_of_an_answer() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    let offer = scattered(size, 0);
    bench.want_some(blob, size, pieces(size, &[1, 400, 402, 998]));
    bench.tell(blob, &offer, 1);
    bench.read(blob, once(998..999));
    assert_eq!(bench.pass(MOMENT), [question(blob, 998)]);
    assert_eq!(fetched(&bench.tell(blob, &offer, 998)), [(1, 998)]);
    bench.read(blob, once(402..1000));
    assert_eq!(bench.pass(MOMENT), [question(blob, 402)]);
    assert_eq!(fetched(&bench.tell(blob, &offer, 402)), [(1, 402)]);
    // What was passed over is asked for as soon as nothing else is to be had, not after the period.
    bench.take(1, blob, piece(998));
    bench.take(1, blob, piece(402));
    let asked = bench.asked_within(ASK_PERIOD / 2, blob, &offer);
    assert_eq!(asked, [530, 658, 786, 914, 1, 130, 258, 386]);
    let out = bench.hear_piece(1, blob, piece(400));
    assert_eq!(out, [store(blob, size, 400)]);
}

#[test]
fn while_the_size_is_not_proven_the_last_piece_is_asked_for() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(999));
    let offer = scattered(size, 0);
    bench.want(blob);
    bench.read(blob, once(500..600));
    assert!(bench.tell(blob, &offer, 0).is_empty());
    assert_eq!(bench.pass(MOMENT), [question(blob, 998)]);
    assert_eq!(fetched(&bench.tell(blob, &offer, 998)), [(1, 998)]);
    bench.take(1, blob, piece(998));
    // Then what is read, and then everything.
    assert_eq!(bench.pass(MOMENT), [question(blob, 500)]);
    let out = bench.tell(blob, &offer, 500);
    assert_eq!(fetched(&out), [(1, 500), (1, 502)]);
}

#[test]
fn a_peer_is_not_asked_back_and_forth_between_readers() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    // It has nothing for any of them, and cannot say so at once.
    let offer = scattered(size, 500);
    let odd: Vec<u64> = (1..1000).step_by(2).collect();
    bench.want_some(blob, size, pieces(size, &odd));
    bench.tell(blob, &offer, 1);
    bench.read(blob, vec![990..1000, 899..902, 10..20]);
    let asked = bench.asked_within(ASK_PERIOD, blob, &offer);
    assert_eq!(asked, [991, 899, 11, 628, 756, 884, 1, 628, 756, 884]);
    // It may have more by then.
    let again = bench.asked_within(ASK_PERIOD, blob, &offer);
    assert_eq!(again, [11, 628, 756, 884, 1, 628, 756, 884]);
    bench.read(blob, once(700..800));
    let anew = bench.asked_within(MOMENT, blob, &offer);
    assert_eq!(anew, [701]);
}

#[test]
fn a_blob_is_not_unavailable_while_there_is_something_to_ask() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    let offer = scattered(size, 0);
    bench.want_some(blob, size, pieces(size, &[901, 998]));
    bench.tell(blob, &offer, 0);
    bench.read(blob, once(998..999));
    bench.pass(MOMENT);
    assert_eq!(fetched(&bench.tell(blob, &offer, 998)), [(1, 998)]);
    let out = bench.take(1, blob, piece(998));
    assert_eq!(out[1..], [progress(blob, size, 1)]);
    assert_eq!(bench.pass(MOMENT), [question(blob, 901)]);
    let out = bench.tell(blob, &offer, 901);
    assert_eq!(out, [Output::Unavailable { blob }]);
}

/// An answer without anything, and with nothing said from `until` on.
fn nothing(blob: BlobId, size: BlobSize, until: u64) -> Bytes {
    let mut frame = vec![3];
    frame.extend_from_slice(blob.as_bytes());
    for number in [size.get(), until, 0] {
        put_varint(&mut frame, number);
    }
    frame.into()
}

impl Bench {
    /// How often a peer is asked that answers each time with nothing, and always has more to tell.
    fn asked_for_nothing(&mut self, blob: BlobId, sizes: impl Fn(u64) -> BlobSize) -> u32 {
        let (session, mut from, mut asked) = (SessionId(1), Some(0), 0);
        let end = self.now + ASK_PERIOD;
        while self.now < end {
            if let Some(from) = from {
                asked += 1;
                let frame = nothing(blob, sizes(u64::from(asked)), u64::from(from) + 1);
                let out = self.step(Input::Received { session, frame });
                assert_eq!(closed(&out), None);
            }
            from = self.pass(MOMENT).iter().find_map(asked_from);
        }
        asked
    }
}

#[test]
fn who_has_nothing_for_readers_is_not_asked_for_ever() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1 << 20));
    bench.want_all(blob, size);
    bench.read(blob, (7..13).map(|number| number..1 << 20).collect());
    let asked = bench.asked_for_nothing(blob, |_| size);
    assert!(asked > LISTINGS_MAX, "{asked}");
    assert!(asked <= LISTINGS_MAX + 2, "{asked}");
}

#[test]
fn who_claims_ever_larger_sizes_is_not_asked_for_ever() {
    let (mut bench, blob) = (Bench::with_peers(1), blob(1));
    bench.want(blob);
    let asked = bench.asked_for_nothing(blob, |number| size(1000 * (number + 1)));
    assert!(asked > LISTINGS_MAX, "{asked}");
    assert!(asked <= LISTINGS_MAX + 2, "{asked}");
}

#[test]
fn a_peer_with_very_many_parts_gives_all_of_them_without_a_pause() {
    let (mut bench, blob) = (Bench::with_peers(1), blob(1));
    let size = size(2 * RANGES_MAX as u64 * (u64::from(LISTINGS_MAX) + 3));
    let offer = scattered(size, 0);
    bench.want_all(blob, size);
    let mut out = bench.tell(blob, &offer, 0);
    let mut asked = fetched(&out);
    loop {
        while let Some((_, at)) = asked.pop() {
            out = bench.take(1, blob, piece(u64::from(at)));
            asked.extend(fetched(&out));
        }
        let Some(from) = bench.pass(MOMENT).iter().find_map(asked_from) else {
            break;
        };
        asked = fetched(&bench.tell(blob, &offer, from));
    }
    let half = size.pieces() / 2;
    let end = [progress(blob, size, half), Output::Unavailable { blob }];
    assert!(out.ends_with(&end), "{out:?}");
}
