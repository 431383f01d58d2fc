//! What peers may do that no honest node does.

use std::time::Duration;

use bytes::Bytes;

use super::bench::{
    Bench, ask, blob, bytes, closed, fetch, fetched, once, peer, piece, pieces, progress, send,
    size, store,
};
use super::swarm::Chance;
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{
    ASK_PERIOD, ASKED_MAX, CLAIMS_MAX, FETCHES_MAX, LIES_MAX, LISTINGS_MAX, REFUSED_PAUSE,
};
use crate::blobs::exchange::listing::Listing;
use crate::blobs::exchange::{Held, Input, Offer, Outcome, Output, Terms};
use crate::blobs::{BlobId, Piece, PieceSet};
use crate::sync::SessionId;

fn lied(number: u64, blob: BlobId) -> Output {
    let peer = peer(number);
    Output::Lied { peer, blob }
}

fn forget(number: u64, blob: BlobId) -> Output {
    send(number, &Frame::Forget(blob))
}

#[test]
fn who_sends_wrong_bytes_is_not_asked_again() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(9));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    bench.hear_piece(1, blob, piece(0));
    let out = bench.stored(blob, piece(0), Outcome::Unproven);
    assert_eq!(out, [lied(1, blob), forget(1, blob)]);
    let out = bench.hear_piece(1, blob, piece(1));
    assert!(out.is_empty(), "nothing of it is believed any more");
    assert!(bench.hear_all(1, blob, size).is_empty());
    assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 0), (2, 1)]);
    let later = bench.pass(ASK_PERIOD);
    assert!(!later.contains(&ask(1, blob)));
    // Not even if the blob is wanted anew; but in another session.
    bench.step(Input::Unwant { blob });
    assert_eq!(bench.want(blob), [ask(2, blob)]);
    bench.disconnect(1);
    assert_eq!(bench.connect(3), [ask(3, blob)]);
}

#[test]
fn a_size_counts_when_its_last_piece_is_proven() {
    for wrong in [2, 4, 1 << 20] {
        let (mut bench, blob, right) = (Bench::with_peers(3), blob(1), size(3));
        let wrong = size(wrong);
        bench.want(blob);
        let last = u64::from(wrong.last_piece().get());
        assert_eq!(
            bench.hear_all(1, blob, wrong),
            [fetch(1, blob, wrong, last)]
        );
        assert_eq!(bench.hear_all(2, blob, right), [fetch(2, blob, right, 2)]);
        assert!(bench.hear_all(3, blob, wrong).is_empty());
        assert_eq!(
            bench.hear_piece(1, blob, piece(last)),
            [store(blob, wrong, last)]
        );
        let out = bench.stored(blob, piece(last), Outcome::Unproven);
        let next = fetch(3, blob, wrong, last);
        assert_eq!(out, [lied(1, blob), forget(1, blob), next]);
        let out = bench.take(2, blob, piece(2));
        let known = [progress(blob, right, 2), lied(3, blob), forget(3, blob)];
        assert_eq!(out[1..4], known);
        assert_eq!(fetched(&out), [(2, 0), (2, 1)]);
        // What the other one was asked for proves nothing any more.
        assert!(bench.hear_piece(3, blob, piece(last)).is_empty());
    }
}

#[test]
fn who_claims_another_size_than_is_known_lies() {
    let (mut bench, blob, right) = (Bench::with_peers(1), blob(1), size(3));
    bench.want_all(blob, right);
    let out = bench.hear_all(1, blob, size(4));
    let unavailable = Output::Unavailable { blob };
    assert_eq!(out, [lied(1, blob), forget(1, blob), unavailable]);
}

#[test]
fn few_sizes_are_tested_at_a_time_and_silence_does_not_hold_up_the_right_one() {
    let peers = CLAIMS_MAX as u64;
    let (mut bench, blob) = (Bench::with_peers(peers + 1), blob(1));
    bench.want(blob);
    for number in 1..=peers {
        assert_eq!(
            fetched(&bench.hear_all(number, blob, size(9 + number))).len(),
            1
        );
    }
    assert!(bench.hear_all(peers + 1, blob, size(3)).is_empty());
    let out = bench.pass(Duration::from_secs(2));
    assert_eq!(fetched(&out), [(peers + 1, 2)]);
    // Who claims one size after the other is not asked for each of them.
    for number in 100..200 {
        let claim = size(number);
        assert!(fetched(&bench.hear_all(1, blob, claim)).is_empty());
    }
}

#[test]
fn what_was_not_asked_for_ends_the_session() {
    let (blob, size) = (blob(1), size(9));
    let frames = [
        Frame::Piece(blob, piece(5), bytes(piece(5))),
        Frame::Refuse(blob, piece(5)),
    ];
    for frame in frames {
        let mut bench = Bench::with_peers(2);
        bench.want_all(blob, size);
        bench.hear_all(1, blob, size);
        let out = bench.hear(1, &frame);
        assert!(closed(&out).is_some(), "{out:?}");
        assert!(bench.hear(1, &frame).is_empty(), "it is gone");
        assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 0), (2, 1)]);
    }
    let mut bench = Bench::with_peers(1);
    let (session, frame) = (SessionId(1), Bytes::from_static(b"\x09noise"));
    let out = bench.step(Input::Received { session, frame });
    assert!(closed(&out).is_some());
}

#[test]
fn a_piece_is_answered_once() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.want_all(blob, size);
    bench.hear_all(1, blob, size);
    bench.hear_piece(1, blob, piece(0));
    let out = bench.hear_piece(1, blob, piece(0));
    assert!(closed(&out).is_some());
}

#[test]
fn asking_has_bounds() {
    let mut bench = Bench::with_peers(1);
    let count = ASKED_MAX as u64;
    for number in 0..count {
        assert_eq!(closed(&bench.hear(1, &Frame::Ask(blob(number), 0))), None);
    }
    // One that was asked for, or in the place of another one.
    assert_eq!(closed(&bench.hear(1, &Frame::Ask(blob(7), 1))), None);
    bench.hear(1, &Frame::Forget(blob(7)));
    assert_eq!(closed(&bench.hear(1, &Frame::Ask(blob(count), 0))), None);
    assert!(closed(&bench.hear(1, &Frame::Ask(blob(count + 1), 0))).is_some());
}

#[test]
fn fetching_has_bounds() {
    let (blob, size) = (blob(1), size(99));
    let serving = || {
        let mut bench = Bench::with_peers(1);
        bench.hear(1, &Frame::Ask(blob, 0));
        bench.step(Input::Offered {
            session: SessionId(1),
            blob,
            offer: Some(Offer {
                size,
                has: Held::All,
            }),
        });
        bench
    };
    let mut bench = serving();
    for at in 0..FETCHES_MAX as u64 {
        let out = bench.hear(1, &Frame::Fetch(blob, size, piece(at)));
        assert_eq!(closed(&out), None);
    }
    let out = bench.hear(1, &Frame::Fetch(blob, size, piece(98)));
    assert!(closed(&out).is_some());
    let mut bench = serving();
    bench.hear(1, &Frame::Fetch(blob, size, piece(1)));
    let out = bench.hear(1, &Frame::Fetch(blob, size, piece(1)));
    assert!(closed(&out).is_some(), "twice is once too often");
}

#[test]
fn who_offers_and_refuses_does_not_hold_up_others() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(9));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 2), (2, 3)]);
    bench.hear(1, &Frame::Refuse(blob, piece(0)));
    let out = bench.hear_all(1, blob, size);
    assert!(out.is_empty(), "it rests");
    bench.hear(1, &Frame::Refuse(blob, piece(1)));
    bench.hear_all(1, blob, size);
    assert_eq!(fetched(&bench.take(2, blob, piece(2))), [(2, 0), (2, 1)]);
    let out = bench.pass(REFUSED_PAUSE);
    assert_eq!(fetched(&out)[0].0, 1);
}

#[test]
fn an_endless_talker_is_not_listened_to_for_ever() {
    let (mut bench, wanted, size) = (Bench::with_peers(1), blob(1), size(1 << 20));
    // Of blobs that nobody asked for nothing is kept.
    for number in 2..1000 {
        assert!(bench.hear_all(1, blob(number), size).is_empty());
        assert!(bench.hear(1, &Frame::Lack(blob(number))).is_empty());
    }
    // It has always something, never what is missing, and always more to tell.
    bench.want_some(wanted, size, pieces(size, &[1, (1 << 20) - 1]));
    let scattered: Vec<u64> = (0..100_000).step_by(2).collect();
    let has = Held::Some(pieces(size, &scattered));
    let offer = Offer { size, has };
    let mut from = 0;
    let mut asked = 0;
    let told = (0..200).any(|_| {
        let out = bench.hear(1, &Frame::Have(wanted, Listing::of(&offer, from)));
        let told = out.contains(&Output::Unavailable { blob: wanted });
        asked += bench.pass(Duration::from_millis(100)).len() as u32;
        from += 100;
        told
    });
    assert!(told);
    assert!(asked <= LISTINGS_MAX + 1, "{asked}");
}

#[test]
fn who_lies_about_too_much_has_to_go() {
    let (mut bench, size) = (Bench::with_peers(1), size(1));
    for number in 0..=LIES_MAX as u64 {
        let blob = blob(number);
        bench.want(blob);
        bench.hear_all(1, blob, size);
        bench.hear_piece(1, blob, piece(0));
        let out = bench.stored(blob, piece(0), Outcome::Unproven);
        assert_eq!(closed(&out).is_some(), number == LIES_MAX as u64);
    }
}

/// What comes from outside in no order at all: frames, and answers that nobody waits for.
fn noise(chance: &mut Chance) -> Input {
    let (session, blob) = (SessionId(1 + chance.below(3)), blob(chance.below(4)));
    let size = size(1 + chance.below(4) * chance.below(30));
    let piece = size.piece(chance.below(3));
    let piece = piece.unwrap_or(size.last_piece());
    let offer = Offer {
        size,
        has: Held::All,
    };
    let frame = match chance.below(16) {
        0..3 => Frame::Ask(blob, piece.get()),
        3 => Frame::Forget(blob),
        4..7 => Frame::Have(blob, Listing::of(&offer, piece.get() / 2)),
        7 => Frame::Lack(blob),
        8..11 => Frame::Fetch(blob, size, piece),
        11 => Frame::Refuse(blob, piece),
        12..15 => Frame::Piece(blob, piece, bytes(piece)),
        _ => return answer(chance, session, (blob, piece), offer),
    };
    let mut frame = frame.encode().to_vec();
    if chance.hits(2) {
        let at = chance.below(frame.len() as u64) as usize;
        frame[at] ^= 1 << chance.below(8);
    }
    let frame = frame.into();
    Input::Received { session, frame }
}

fn answer(
    chance: &mut Chance,
    session: SessionId,
    (blob, piece): (BlobId, Piece),
    offer: Offer,
) -> Input {
    let outcomes = [Outcome::Stored, Outcome::Unproven, Outcome::Failed];
    match chance.below(4) {
        0 => Input::Stored {
            blob,
            piece,
            outcome: *chance.pick(&outcomes),
        },
        1 => Input::Encoded {
            session,
            blob,
            piece,
            bytes: chance.hits(50).then(|| bytes(piece)),
        },
        2 => Input::Offered {
            session,
            blob,
            offer: chance.hits(70).then_some(offer),
        },
        _ => Input::Gained { blob },
    }
}

/// What this node itself does meanwhile.
fn business(chance: &mut Chance) -> Input {
    let (session, blob) = (SessionId(1 + chance.below(3)), blob(chance.below(4)));
    let size = size(1 + chance.below(30));
    match chance.below(7) {
        0..2 => Input::Want {
            blob,
            terms: Terms {
                missing: chance.hits(30).then(|| (size, PieceSet::all(size))),
                first: once(0..chance.below(2)),
                ..Terms::default()
            },
        },
        2 => Input::Unwant { blob },
        3 => Input::Disconnected { session },
        4 => Input::Sent {
            session,
            unsent: chance.below(300_000) as usize,
        },
        5 => Input::RightsChanged,
        _ => Input::Tick,
    }
}

#[test]
fn nothing_that_peers_say_is_too_much() {
    for seed in 0..100 {
        let mut chance = Chance { seed, drawn: 0 };
        let mut bench = Bench::with_peers(3);
        for _ in 0..1000 {
            bench.wait(chance.below(100));
            let session = SessionId(1 + chance.below(3));
            let is_open = bench.machine.sessions.contains_key(&session);
            let input = if !is_open && chance.hits(50) {
                let peer = peer(session.0);
                Input::Connected { session, peer }
            } else if chance.hits(80) {
                noise(&mut chance)
            } else {
                business(&mut chance)
            };
            assert!(bench.step(input).len() <= 200);
            bench.machine.check();
        }
    }
}
