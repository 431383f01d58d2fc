//! What fails again and again is tried ever more seldom, and holds up nothing else meanwhile.

use std::time::Duration;

use super::bench::{Bench, ask, blob, fetch, fetched, piece, send, size, store};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{
    ACTIVE_MAX, REFUSED_PAUSE, REFUSED_PAUSE_MAX, STORE_PAUSE, STORE_PAUSE_MAX, TURN,
};
use crate::blobs::exchange::{Input, Outcome, Terms};
use crate::blobs::{BlobId, PieceSet};

const MOMENT: Duration = Duration::from_millis(1);

/// A machine with a peer, as many wanted blobs as have a turn at a time, and one more that waits.
fn crowded() -> Bench {
    let mut bench = Bench::with_peers(1);
    let count = ACTIVE_MAX as u64;
    (0..count).for_each(|number| assert_eq!(bench.want(blob(number)), [ask(1, blob(number))]));
    assert!(bench.want(blob(count)).is_empty());
    bench
}

#[test]
fn who_refuses_again_and_again_is_asked_ever_more_seldom() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.want_all(blob, size);
    let mut pause = REFUSED_PAUSE;
    for _ in 0..8 {
        assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
        bench.hear(1, &Frame::Refuse(blob, piece(0)));
        bench.hear(1, &Frame::Refuse(blob, piece(1)));
        assert!(bench.pass(pause - MOMENT).is_empty());
        assert_eq!(bench.pass(MOMENT), [ask(1, blob)]);
        pause = REFUSED_PAUSE_MAX.min(2 * pause);
    }
    assert_eq!(pause, REFUSED_PAUSE_MAX);
    // After a piece that came the pause is a short one.
    bench.hear_all(1, blob, size);
    bench.take(1, blob, piece(0));
    bench.hear(1, &Frame::Refuse(blob, piece(1)));
    assert!(bench.pass(REFUSED_PAUSE - MOMENT).is_empty());
    let again = send(1, &Frame::Ask(blob, 1));
    assert!(bench.pass(MOMENT).contains(&again));
}

#[test]
fn who_offers_and_refuses_does_not_keep_the_turn_of_a_blob() {
    let (mut bench, size) = (crowded(), size(1));
    let (refused, waiting) = (blob(0), blob(ACTIVE_MAX as u64));
    bench.hear_all(1, refused, size);
    bench.hear(1, &Frame::Refuse(refused, piece(0)));
    // It may offer meanwhile what it likes.
    bench.hear_all(1, refused, size);
    bench.pass(TURN / 2);
    bench.hear_all(1, refused, size);
    let out = bench.pass(TURN / 2);
    assert_eq!(out, [send(1, &Frame::Forget(refused)), ask(1, waiting)]);
}

/// The peer sends all that it is asked for, and none of it can be stored.
fn fail_all(bench: &mut Bench, blob: BlobId, mut asked: Vec<(u64, u32)>) {
    while let Some((_, at)) = asked.pop() {
        let at = piece(u64::from(at));
        asked.extend(fetched(&bench.hear_piece(1, blob, at)));
        assert!(bench.stored(blob, at, Outcome::Failed).is_empty());
    }
}

#[test]
fn what_cannot_be_stored_is_fetched_ever_more_seldom() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(99));
    bench.want_all(blob, size);
    let mut asked = fetched(&bench.hear_all(1, blob, size));
    let mut pause = STORE_PAUSE;
    for _ in 0..7 {
        // What fails together makes one pause.
        assert!(asked.len() > 1);
        fail_all(&mut bench, blob, asked);
        assert!(bench.pass(pause - MOMENT).is_empty());
        asked = fetched(&bench.pass(MOMENT));
        assert_eq!(asked[0], (1, 0));
        pause = STORE_PAUSE_MAX.min(2 * pause);
    }
    assert_eq!(pause, STORE_PAUSE_MAX);
    asked.remove(0);
    asked.extend(fetched(&bench.take(1, blob, piece(0))));
    fail_all(&mut bench, blob, asked);
    assert!(bench.pass(STORE_PAUSE - MOMENT).is_empty());
    assert_eq!(fetched(&bench.pass(MOMENT))[0], (1, 1));
}

#[test]
fn what_cannot_be_stored_does_not_keep_its_turn() {
    let (mut bench, size) = (crowded(), size(1));
    let (failing, waiting) = (blob(0), blob(ACTIVE_MAX as u64));
    bench.hear_all(1, failing, size);
    bench.hear_piece(1, failing, piece(0));
    let out = bench.stored(failing, piece(0), Outcome::Failed);
    assert!(out.is_empty(), "somebody has it: {out:?}");
    let out = bench.pass(TURN);
    assert_eq!(out, [send(1, &Frame::Forget(failing)), ask(1, waiting)]);
    // One that is given up makes room, which the first of those that wait cannot use yet.
    let behind = blob(ACTIVE_MAX as u64 + 1);
    assert!(bench.want(behind).is_empty());
    let out = bench.step(Input::Unwant { blob: blob(1) });
    assert_eq!(out, [send(1, &Frame::Forget(blob(1))), ask(1, behind)]);
    bench.step(Input::Unwant { blob: blob(2) });
    let out = bench.pass(STORE_PAUSE - TURN);
    assert_eq!(out, [ask(1, failing)]);
    assert_eq!(
        bench.hear_all(1, failing, size),
        [fetch(1, failing, size, 0)]
    );
    assert_eq!(
        bench.hear_piece(1, failing, piece(0)),
        [store(failing, size, 0)]
    );
}

#[test]
fn blobs_that_cannot_be_stored_do_not_take_turns_from_each_other() {
    let (mut bench, size) = (crowded(), size(1));
    for number in 0..=ACTIVE_MAX as u64 {
        let failing = blob(number);
        if number == ACTIVE_MAX as u64 {
            // The last one gets the turn of the first, which has been idle for long enough.
            assert!(bench.pass(TURN).contains(&ask(1, failing)));
        }
        bench.hear_all(1, failing, size);
        bench.hear_piece(1, failing, piece(0));
        bench.stored(failing, piece(0), Outcome::Failed);
    }
    assert!(bench.pass(STORE_PAUSE - TURN - MOMENT).is_empty());
}

#[test]
fn nothing_is_asked_for_while_there_is_no_room_for_it() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    let terms = |is_full| Terms {
        missing: Some((size, PieceSet::all(size))),
        is_full,
        ..Terms::default()
    };
    let want = |is_full| Input::Want {
        blob,
        terms: terms(is_full),
    };
    assert!(bench.step(want(true)).is_empty());
    bench.pass(STORE_PAUSE / 2);
    // Who tries again meanwhile makes it no longer, and no shorter.
    assert!(bench.step(want(true)).is_empty());
    assert!(bench.step(want(false)).is_empty());
    assert!(bench.pass(STORE_PAUSE / 2 - MOMENT).is_empty());
    assert_eq!(bench.pass(MOMENT), [ask(1, blob)]);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
}
