//! Stories of blobs that are wanted.

use std::time::Duration;

use super::bench::{
    Bench, ask, blob, fetch, fetched, have, is_seek, once, piece, pieces, progress, send, size,
    store,
};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{
    ACTIVE_MAX, ASK_PATIENCE, ASK_PERIOD, ASKED_MAX, END_PATIENCE, LATE_MIN, RANGES_MAX,
    REFUSED_PAUSE, STORE_PAUSE, TURN, WANTED_MAX,
};
use crate::blobs::exchange::listing::Listing;
use crate::blobs::exchange::{Held, Input, Offer, Outcome, Output, Terms};
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobSize, PieceSet};

#[test]
fn a_blob_is_fetched_from_its_end_and_then_from_its_beginning() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(3));
    assert_eq!(bench.want(blob), [ask(1, blob)]);
    assert_eq!(bench.hear_all(1, blob, size), [fetch(1, blob, size, 2)]);
    assert_eq!(bench.hear_piece(1, blob, piece(2)), [store(blob, size, 2)]);
    assert_eq!(
        bench.stored(blob, piece(2), Outcome::Stored),
        [
            progress(blob, size, 2),
            fetch(1, blob, size, 0),
            fetch(1, blob, size, 1)
        ]
    );
    assert_eq!(bench.hear_piece(1, blob, piece(0)), [store(blob, size, 0)]);
    assert_eq!(bench.hear_piece(1, blob, piece(1)), [store(blob, size, 1)]);
    let out = bench.stored(blob, piece(1), Outcome::Stored);
    assert_eq!(out, [progress(blob, size, 1)]);
    assert_eq!(
        bench.stored(blob, piece(0), Outcome::Stored),
        [
            progress(blob, size, 0),
            send(1, &Frame::Forget(blob)),
            Output::Done { blob }
        ]
    );
    assert!(bench.pass(ASK_PERIOD).is_empty());
}

#[test]
fn an_empty_blob_has_one_piece() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), BlobSize::new(0).unwrap());
    bench.want(blob);
    assert_eq!(bench.hear_all(1, blob, size), [fetch(1, blob, size, 0)]);
    let out = bench.take(1, blob, piece(0));
    assert_eq!(out.last(), Some(&Output::Done { blob }));
}

#[test]
fn of_a_known_size_only_what_is_missing_is_fetched() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    let out = bench.want_some(blob, size, pieces(size, &[4, 7]));
    assert_eq!(out, [send(1, &Frame::Ask(blob, 4))]);
    let out = bench.hear_all(1, blob, size);
    assert_eq!(fetched(&out), [(1, 4), (1, 7)]);
    bench.take(1, blob, piece(4));
    let out = bench.take(1, blob, piece(7));
    assert_eq!(out.last(), Some(&Output::Done { blob }));
    let out = bench.want_some(blob, size, PieceSet::none(size));
    assert_eq!(out, [Output::Done { blob }]);
}

#[test]
fn sources_share_a_blob_and_the_nearer_one_is_asked_first() {
    let mut bench = Bench::with_peers(2);
    let (measured, size_of) = (blob(1), size(4));
    bench.want_all(measured, size_of);
    let out = bench.hear_all(1, measured, size_of);
    assert_eq!(fetched(&out), [(1, 0), (1, 1)]);
    let out = bench.hear_all(2, measured, size_of);
    assert_eq!(fetched(&out), [(2, 2), (2, 3)]);
    bench.wait(2);
    bench.take(2, measured, piece(2));
    bench.take(2, measured, piece(3));
    bench.wait(30);
    bench.take(1, measured, piece(0));
    bench.take(1, measured, piece(1));
    // Both have another blob, and so has a third one, which is lost.
    let (blob, size) = (blob(2), size(2));
    bench.want_all(blob, size);
    bench.connect(3);
    assert_eq!(fetched(&bench.hear_all(3, blob, size)), [(3, 0), (3, 1)]);
    assert!(bench.hear_all(1, blob, size).is_empty());
    assert!(bench.hear_all(2, blob, size).is_empty());
    assert_eq!(fetched(&bench.disconnect(3)), [(2, 0), (2, 1)]);
}

#[test]
fn what_a_lost_source_was_asked_for_is_asked_of_others() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(9));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 2), (2, 3)]);
    assert!(bench.disconnect(1).is_empty());
    assert_eq!(fetched(&bench.take(2, blob, piece(2))), [(2, 0), (2, 1)]);
    assert_eq!(bench.disconnect(2), [Output::Unavailable { blob }]);
    let ask = send(3, &Frame::Ask(blob, 0));
    assert_eq!(bench.connect(3), [ask]);
    assert_eq!(fetched(&bench.hear_all(3, blob, size)), [(3, 0), (3, 1)]);
}

#[test]
fn what_is_refused_is_asked_of_another_at_once() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(2));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    assert!(bench.hear_all(2, blob, size).is_empty());
    let refusal = Frame::Refuse(blob, piece(0));
    assert_eq!(fetched(&bench.hear(1, &refusal)), [(2, 0)]);
}

#[test]
fn what_is_wanted_later_of_a_blob_is_asked_for_at_once() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(20));
    bench.want_some(blob, size, pieces(size, &[4]));
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 4)]);
    let out = bench.want_some(blob, size, pieces(size, &[4, 7]));
    assert_eq!(fetched(&out), [(1, 7)]);
}

#[test]
fn what_is_late_is_asked_of_others_and_counts_if_it_comes_after_all() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(20));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    assert_eq!(bench.pass(LATE_MIN), [Output::Unavailable { blob }]);
    bench.connect(2);
    assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 0), (2, 1)]);
    // The first answer counts, the second is not stored again.
    assert_eq!(bench.hear_piece(1, blob, piece(0)), [store(blob, size, 0)]);
    assert!(bench.hear_piece(2, blob, piece(0)).iter().all(|output| {
        let is_stored = matches!(output, Output::Store { .. });
        !is_stored
    }));
    let out = bench.take(2, blob, piece(1));
    assert_eq!(out[0], store(blob, size, 1));
    assert!(bench.hear_piece(1, blob, piece(1)).iter().all(|output| {
        let is_stored = matches!(output, Output::Store { .. });
        !is_stored
    }));
}

#[test]
fn one_that_is_late_has_no_say_in_what_others_were_asked_for() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.want_some(blob, size, pieces(size, &[0, 1]));
    bench.hear_all(1, blob, size);
    bench.pass(LATE_MIN);
    bench.connect(2);
    assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 0), (2, 1)]);
    bench.connect(3);
    assert!(bench.hear_all(3, blob, size).is_empty());
    assert!(bench.hear(1, &Frame::Refuse(blob, piece(0))).is_empty());
}

#[test]
fn the_last_pieces_are_asked_of_two_if_they_take_their_time() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(2));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    assert!(bench.hear_all(2, blob, size).is_empty());
    assert!(
        bench
            .pass(END_PATIENCE - Duration::from_millis(1))
            .is_empty()
    );
    let out = bench.pass(Duration::from_millis(1));
    assert_eq!(fetched(&out), [(2, 0), (2, 1)]);
    assert!(bench.pass(END_PATIENCE).is_empty());
    bench.take(2, blob, piece(0));
    let out = bench.take(2, blob, piece(1));
    assert_eq!(out.last(), Some(&Output::Done { blob }));
    // What was asked for twice comes, or is refused.
    assert!(bench.hear_piece(1, blob, piece(0)).is_empty());
    assert!(bench.hear(1, &Frame::Refuse(blob, piece(1))).is_empty());
}

#[test]
fn what_is_no_longer_wanted_is_not_stored() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.want_all(blob, size);
    bench.hear_all(1, blob, size);
    bench.hear_piece(1, blob, piece(1));
    let out = bench.step(Input::Unwant { blob });
    assert_eq!(out, [send(1, &Frame::Forget(blob))]);
    assert!(bench.hear_piece(1, blob, piece(0)).is_empty());
    assert!(bench.stored(blob, piece(1), Outcome::Stored).is_empty());
    assert!(bench.hear(1, &Frame::Refuse(blob, piece(2))).is_empty());
    assert!(bench.hear_all(1, blob, size).is_empty());
    assert!(bench.pass(ASK_PERIOD).is_empty());
}

#[test]
fn pieces_that_readers_wait_for_come_first() {
    let (mut bench, size) = (Bench::with_peers(1), size(100));
    let (older, read) = (blob(1), blob(2));
    bench.want_all(older, size);
    let range = 50 * PIECE_BYTES + 1..52 * PIECE_BYTES;
    let begin = 7 * PIECE_BYTES..7 * PIECE_BYTES + 1;
    let out = bench.step(Input::Want {
        blob: read,
        terms: Terms {
            missing: Some((size, PieceSet::all(size))),
            first: vec![range, begin],
            ..Terms::default()
        },
    });
    assert_eq!(out, [ask(1, read)]);
    assert_eq!(
        bench.hear_all(1, read, size),
        [fetch(1, read, size, 50), fetch(1, read, size, 51)]
    );
    bench.hear_all(1, older, size);
    assert_eq!(fetched(&bench.take(1, read, piece(50))), [(1, 7), (1, 0)]);
    // After these the blob that is read comes first as a whole, until nobody reads it any more.
    assert_eq!(fetched(&bench.take(1, read, piece(51))), [(1, 1), (1, 2)]);
    let missing = PieceSet::all(size);
    let first = Vec::new();
    bench.step(Input::Want {
        blob: read,
        terms: Terms {
            missing: Some((size, missing)),
            first,
            ..Terms::default()
        },
    });
    let out = bench.take(1, read, piece(7));
    assert!(out.contains(&fetch(1, older, size, 0)), "{out:?}");
}

#[test]
fn readers_of_two_blobs_are_served_in_turn() {
    let (mut bench, size) = (Bench::with_peers(1), size(100));
    for number in [1, 2] {
        bench.step(Input::Want {
            blob: blob(number),
            terms: Terms {
                missing: Some((size, PieceSet::all(size))),
                first: once(0..u64::MAX),
                ..Terms::default()
            },
        });
    }
    bench.hear_all(1, blob(1), size);
    bench.hear_all(1, blob(2), size);
    let mut last = Vec::new();
    for number in 0..2 {
        last.extend(bench.take(1, blob(1), piece(number)));
    }
    let of = |number| fetch(1, blob(number), size, 0);
    assert!(last.contains(&of(2)));
    let next = |number, at| last.contains(&fetch(1, blob(number), size, at));
    assert!(next(1, 2) && next(2, 1), "{last:?}");
}

#[test]
fn a_blob_that_nobody_has_is_unavailable_until_somebody_has_it() {
    let (mut bench, blob, size) = (Bench::default(), blob(1), size(2));
    assert_eq!(bench.want(blob), [Output::Unavailable { blob }]);
    assert_eq!(bench.connect(1), [ask(1, blob)]);
    assert_eq!(bench.connect(2), [ask(2, blob)]);
    assert!(bench.hear(1, &Frame::Lack(blob)).is_empty());
    // Who does not answer has nothing, and it was said before.
    let seek = |number| send(number, &Frame::Seek(blob));
    assert_eq!(bench.pass(ASK_PATIENCE), [seek(1), seek(2)]);
    assert_eq!(bench.hear_all(2, blob, size), [fetch(2, blob, size, 1)]);
    let out = bench.hear(2, &Frame::Refuse(blob, piece(1)));
    assert_eq!(out, [Output::Unavailable { blob }]);
    let out = bench.pass(REFUSED_PAUSE);
    assert_eq!(out, [ask(2, blob)]);
    let out = bench.pass(ASK_PERIOD - ASK_PATIENCE);
    assert_eq!(out, [ask(1, blob)]);
}

#[test]
fn holders_of_parts_give_what_they_have() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(4));
    bench.want(blob);
    let has = |numbers: &[u64]| Held::Some(pieces(size, numbers));
    let out = bench.hear(1, &have(blob, size, has(&[0, 1])));
    assert!(out.is_empty(), "without the last piece there is no proof");
    let out = bench.hear(2, &have(blob, size, has(&[1, 3])));
    assert_eq!(fetched(&out), [(2, 3)]);
    let out = bench.take(2, blob, piece(3));
    assert_eq!(fetched(&out), [(1, 0), (1, 1)]);
    bench.take(1, blob, piece(0));
    let out = bench.take(1, blob, piece(1));
    assert_eq!(out.last(), Some(&Output::Unavailable { blob }));
    // One of them has more meanwhile, and says so.
    let out = bench.hear(1, &have(blob, size, has(&[0, 1, 2])));
    assert_eq!(fetched(&out), [(1, 2)]);
}

#[test]
fn what_an_answer_has_no_room_for_is_asked_for() {
    let (mut bench, blob) = (Bench::with_peers(1), blob(1));
    let size = size(1000);
    let scattered: Vec<u64> = (0..1000).step_by(2).collect();
    let has = Held::Some(pieces(size, &scattered));
    let offer = Offer { size, has };
    // It has the last of what we miss, which it has no room to tell at once.
    let out = bench.want_some(blob, size, pieces(size, &[1, 998]));
    let mut from = 1;
    assert_eq!(out, [send(1, &Frame::Ask(blob, from))]);
    loop {
        let listing = Listing::of(&offer, from);
        let rest = listing.rest();
        let out = bench.hear(1, &Frame::Have(blob, listing));
        let Some(rest) = rest else {
            assert_eq!(fetched(&out), [(1, 998)]);
            break;
        };
        assert!(out.is_empty());
        assert_eq!(rest, from.next_multiple_of(2) + 2 * RANGES_MAX as u32);
        from = rest;
        let out = bench.pass(Duration::from_millis(100));
        assert_eq!(out, [send(1, &Frame::Ask(blob, from))]);
    }
}

#[test]
fn nothing_is_fetched_for_a_while_when_it_cannot_be_stored() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.want_all(blob, size);
    bench.hear_all(1, blob, size);
    bench.hear_piece(1, blob, piece(0));
    assert!(bench.stored(blob, piece(0), Outcome::Failed).is_empty());
    for at in 1..=3 {
        let out = bench.hear_piece(1, blob, piece(at));
        assert_eq!(out, [store(blob, size, at)]);
    }
    let out = bench.pass(STORE_PAUSE);
    assert_eq!(fetched(&out), [(1, 0), (1, 4), (1, 5), (1, 6)]);
}

#[test]
fn blobs_that_nobody_has_pass_their_turn_on() {
    let mut bench = Bench::with_peers(1);
    let count = ACTIVE_MAX as u64;
    (0..count).for_each(|number| assert_eq!(bench.want(blob(number)), [ask(1, blob(number))]));
    let wanted = blob(count);
    assert!(bench.want(wanted).is_empty());
    // Readers need not wait for a turn, up to the bound.
    let urgent = blob(count + 1);
    let read = Input::Want {
        blob: urgent,
        terms: Terms {
            missing: None,
            first: vec![0..1; 99],
            ..Terms::default()
        },
    };
    assert_eq!(bench.step(read), [ask(1, urgent)]);
    for number in 0..count {
        let blob = blob(number);
        let out = bench.hear(1, &Frame::Lack(blob));
        assert_eq!(out, [Output::Unavailable { blob }]);
    }
    bench.hear(1, &Frame::Lack(urgent));
    let mut out = bench.pass(TURN);
    out.retain(|output| !is_seek(output));
    assert_eq!(out[0], send(1, &Frame::Forget(blob(0))));
    assert!(out.contains(&ask(1, wanted)));
    assert_eq!(out.len(), 2, "as many as wait");
    assert!(bench.machine.active.len() <= ACTIVE_MAX + 1);
}

#[test]
fn what_is_wanted_and_asked_for_is_bounded() {
    let mut bench = Bench::default();
    let want = |number| Input::Want {
        blob: blob(number),
        terms: Terms {
            missing: None,
            first: once(0..1),
            ..Terms::default()
        },
    };
    let count = WANTED_MAX as u64;
    for number in 0..count {
        bench.step(want(number));
    }
    let out = bench.step(want(count));
    assert_eq!(out, [Output::Crowded { blob: blob(count) }]);
    assert_eq!(bench.connect(1).len(), ASKED_MAX);
    bench.step(Input::Unwant {
        blob: blob(count - 1),
    });
    assert!(bench.step(want(count)).is_empty());
}
