//! What fails again and again is tried ever more seldom, and holds up nothing else meanwhile.

use std::time::Duration;

use super::bench::{Bench, ask, blob, fetched, piece, send, size};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{ACTIVE_MAX, REFUSED_PAUSE, REFUSED_PAUSE_MAX, TURN};

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
