//! How much is asked for at a time.

use super::bench::{Bench, blob, fetched, have, piece, size};
use crate::blobs::exchange::limits::{
    DELAY_TARGET, LATE_MAX, OUTSTANDING_MAX, WINDOW_MAX, WINDOW_START,
};
use crate::blobs::exchange::{Held, Outcome, Output};
use crate::blobs::{BlobId, PieceSet};

/// Answers the oldest piece that session 1 was asked for.
fn answer(bench: &mut Bench, blob: BlobId, asked: &mut Vec<u32>) -> Vec<Output> {
    let oldest = piece(u64::from(asked.remove(0)));
    let out = bench.take(1, blob, oldest);
    asked.extend(fetched(&out).into_iter().map(|(_, piece)| piece));
    out
}

#[test]
fn the_window_grows_with_quick_answers_and_halves_with_late_ones() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    bench.want_all(blob, size);
    let out = bench.hear_all(1, blob, size);
    let mut asked: Vec<u32> = fetched(&out).into_iter().map(|(_, piece)| piece).collect();
    let mut window = WINDOW_START as usize;
    assert_eq!(asked.len(), window);
    while window < WINDOW_MAX as usize {
        bench.wait(1);
        answer(&mut bench, blob, &mut asked);
        window += 1;
        assert_eq!(asked.len(), window);
    }
    bench.wait(1);
    answer(&mut bench, blob, &mut asked);
    assert_eq!(asked.len(), window, "there is a largest window");
    bench.now += 2 * DELAY_TARGET;
    let late = asked.len();
    for _ in 0..late / 2 {
        assert!(fetched(&answer(&mut bench, blob, &mut asked)).is_empty());
    }
    assert_eq!(asked.len(), window / 2);
    answer(&mut bench, blob, &mut asked);
    assert_eq!(asked.len(), window / 2, "it halves once, and stays used");
}

#[test]
fn all_peers_together_have_a_bound() {
    let peers = 9;
    let (mut bench, blob, size) = (Bench::with_peers(peers), blob(1), size(1000));
    bench.want_all(blob, size);
    let mut asked = Vec::new();
    for number in 1..=peers {
        asked.extend(fetched(&bench.hear_all(number, blob, size)));
    }
    // Pieces that wait for the disk count as well.
    let mut storing = Vec::new();
    while let Some((number, at)) = asked.pop() {
        bench.wait(1);
        let at = piece(u64::from(at));
        let out = bench.hear_piece(number, blob, at);
        assert!(matches!(out[0], Output::Store { .. }));
        asked.extend(fetched(&out));
        storing.push(at);
        assert!(asked.len() + storing.len() <= OUTSTANDING_MAX);
    }
    assert_eq!(storing.len(), OUTSTANDING_MAX);
    assert!(bench.pass(LATE_MAX).is_empty());
    let out = bench.stored(blob, storing[0], Outcome::Stored);
    assert_eq!(fetched(&out).len(), 1);
}

#[test]
fn a_peer_that_is_late_is_asked_for_nothing_more_until_it_answers() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    bench.want_all(blob, size);
    bench.hear_all(1, blob, size);
    bench.pass(LATE_MAX);
    for _ in 0..20 {
        assert!(fetched(&bench.pass(LATE_MAX)).is_empty());
    }
    assert!(fetched(&bench.take(1, blob, piece(0))).is_empty());
    let out = bench.take(1, blob, piece(1));
    assert_eq!(fetched(&out), [(1, 2)]);
}

#[test]
fn what_comes_late_is_not_kept_while_too_much_waits_for_the_disk() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(1000));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    bench.pass(LATE_MAX);
    bench.connect(2);
    let mut some = PieceSet::all(size);
    some.remove(piece(0));
    some.remove(piece(1));
    let out = bench.hear(2, &have(blob, size, Held::Some(some)));
    let mut asked = fetched(&out);
    while let Some((number, at)) = asked.pop() {
        let out = bench.hear_piece(number, blob, piece(u64::from(at)));
        assert!(matches!(out[0], Output::Store { .. }));
        asked.extend(fetched(&out));
    }
    assert!(bench.hear_piece(1, blob, piece(0)).is_empty());
    assert!(bench.hear_piece(1, blob, piece(1)).is_empty());
    let out = bench.stored(blob, piece(2), Outcome::Stored);
    assert_eq!(fetched(&out), [(2, 66)], "the nearer one is asked first");
}
