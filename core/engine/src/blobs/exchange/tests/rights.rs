//! Stories of peers whose rights change while they fetch.

use super::bench::{
    Bench, all, blob, bytes, encode, fetched, have, lookup, piece, refuse, send, size, store,
};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{AHEAD_LOW, HAVE_PERIOD, LOOKUPS_MAX, REFUSED_PAUSE};
use crate::blobs::exchange::{Held, Input, Output};

#[test]
fn who_has_lost_the_right_gets_no_further_piece() {
    let (blob, size) = (blob(1), size(9));
    let mut bench = Bench::serving(1, blob, size);
    bench.request(1, blob, size, 0);
    bench.request(1, blob, size, 1);
    assert_eq!(bench.step(Input::RightsChanged), [lookup(1, blob)]);
    // Until that is answered all of them wait, those that are read already as well.
    assert!(bench.encoded(1, blob, 0, bytes(piece(0))).is_empty());
    assert!(bench.sent(1, 0).is_empty());
    assert!(bench.request(1, blob, size, 2).is_empty());
    let refused = [0, 2].map(|at| refuse(1, blob, at));
    let lack = send(1, &Frame::Lack(blob));
    let out = bench.offer(1, blob, None);
    assert_eq!(out, [&refused[..], &[lack]].concat());
    let out = bench.encoded(1, blob, 1, bytes(piece(1)));
    assert_eq!(out, [refuse(1, blob, 1)]);
    assert_eq!(bench.request(1, blob, size, 5), [refuse(1, blob, 5)]);
}

#[test]
fn who_keeps_the_right_gets_what_has_waited_and_is_told_nothing() {
    let (blob, size) = (blob(1), size(9));
    let mut bench = Bench::serving(1, blob, size);
    bench.request(1, blob, size, 0);
    bench.step(Input::RightsChanged);
    assert!(bench.request(1, blob, size, 1).is_empty());
    assert!(bench.encoded(1, blob, 0, bytes(piece(0))).is_empty());
    let out = bench.offer(1, blob, Some(all(size)));
    let sent = send(1, &Frame::Piece(blob, piece(0), bytes(piece(0))));
    assert_eq!(out, [sent, encode(1, blob, 1)]);
}

#[test]
fn one_blob_that_is_looked_up_does_not_hold_up_others() {
    let (known, other, size) = (blob(1), blob(2), size(9));
    let mut bench = Bench::serving(1, known, size);
    bench.hear(1, &Frame::Ask(other, 0));
    bench.offer(1, other, Some(all(size)));
    bench.step(Input::RightsChanged);
    assert!(bench.request(1, known, size, 0).is_empty());
    assert!(bench.request(1, other, size, 0).is_empty());
    let out = bench.offer(1, other, Some(all(size)));
    assert_eq!(out, [encode(1, other, 0)]);
}

#[test]
fn who_gets_a_right_is_told_what_is_here() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.hear(1, &Frame::Ask(blob, 0));
    bench.offer(1, blob, None);
    assert_eq!(bench.step(Input::RightsChanged), [lookup(1, blob)]);
    assert!(bench.offer(1, blob, None).is_empty(), "it was told");
    assert_eq!(bench.step(Input::RightsChanged), [lookup(1, blob)]);
    let out = bench.offer(1, blob, Some(all(size)));
    assert_eq!(out, [send(1, &have(blob, size, Held::All))]);
    assert_eq!(bench.request(1, blob, size, 8), [encode(1, blob, 8)]);
}

#[test]
fn what_was_looked_up_before_a_change_settles_nothing() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.hear(1, &Frame::Ask(blob, 0));
    assert!(bench.step(Input::RightsChanged).is_empty());
    let out = bench.offer(1, blob, Some(all(size)));
    assert_eq!(out, [lookup(1, blob)]);
    assert_eq!(bench.request(1, blob, size, 0), [refuse(1, blob, 0)]);
    assert_eq!(bench.offer(1, blob, None), [send(1, &Frame::Lack(blob))]);
    // Nor does it if the peer forgets the blob and asks again meanwhile.
    bench.hear(1, &Frame::Ask(blob, 0));
    bench.hear(1, &Frame::Forget(blob));
    bench.step(Input::RightsChanged);
    assert!(bench.hear(1, &Frame::Ask(blob, 0)).is_empty());
    let out = bench.offer(1, blob, Some(all(size)));
    assert_eq!(out, [lookup(1, blob)]);
    assert_eq!(bench.request(1, blob, size, 0), [refuse(1, blob, 0)]);
}

#[test]
fn what_is_gained_while_rights_are_looked_up_is_told_in_time() {
    let (blob, size) = (blob(1), size(9));
    let mut bench = Bench::serving(1, blob, size);
    bench.step(Input::Gained { blob });
    bench.step(Input::RightsChanged);
    assert!(bench.offer(1, blob, Some(all(size))).is_empty());
    assert_eq!(bench.pass(HAVE_PERIOD), [lookup(1, blob)]);
    let out = bench.offer(1, blob, Some(all(size)));
    assert_eq!(out, [send(1, &have(blob, size, Held::All))]);
}

#[test]
fn rights_are_looked_up_a_few_at_a_time_what_pieces_wait_for_first() {
    let (mut bench, size, count) = (Bench::with_peers(1), size(9), 3 * LOOKUPS_MAX as u64);
    for number in 0..count {
        bench.hear(1, &Frame::Ask(blob(number), 0));
        bench.offer(1, blob(number), Some(all(size)));
    }
    bench.sent(1, 0);
    let awaited = blob(count - 1);
    for at in 0..=AHEAD_LOW as u64 + 1 {
        bench.request(1, awaited, size, at);
    }
    let mut out = bench.step(Input::RightsChanged);
    assert_eq!(out[0], lookup(1, awaited));
    assert_eq!(out.len(), LOOKUPS_MAX);
    let mut looked_up = 0;
    while let Some(output) = out.pop() {
        let Output::Lookup { blob, .. } = output else {
            panic!("only what is awaited is encoded: {output:?}");
        };
        looked_up += 1;
        if blob != awaited {
            out.extend(bench.offer(1, blob, Some(all(size))));
        }
    }
    assert_eq!(looked_up, count);
    let out = bench.offer(1, awaited, Some(all(size)));
    assert!(out.is_empty(), "enough are being encoded: {out:?}");
    assert_eq!(bench.encoded(1, awaited, 0, bytes(piece(0))).len(), 2);
}

#[test]
fn who_is_given_no_more_asks_others_and_goes_on_when_it_may_again() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(9));
    bench.want_all(blob, size);
    assert_eq!(fetched(&bench.hear_all(1, blob, size)), [(1, 0), (1, 1)]);
    assert_eq!(fetched(&bench.hear_all(2, blob, size)), [(2, 2), (2, 3)]);
    assert!(bench.hear(1, &Frame::Refuse(blob, piece(0))).is_empty());
    // A piece that was on its way already counts, and nothing more is asked for.
    assert!(bench.hear(1, &Frame::Lack(blob)).is_empty());
    assert_eq!(bench.hear_piece(1, blob, piece(1)), [store(blob, size, 1)]);
    bench.hear(2, &Frame::Refuse(blob, piece(2)));
    bench.hear(2, &Frame::Refuse(blob, piece(3)));
    let out = bench.hear(2, &Frame::Lack(blob));
    assert!(out.is_empty(), "the piece is still being stored");
    bench.now += REFUSED_PAUSE;
    let out = bench.hear_all(1, blob, size);
    assert_eq!(fetched(&out), [(1, 0), (1, 2)]);
}
