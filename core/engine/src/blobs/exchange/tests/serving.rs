//! Stories of what peers ask of this node.

use std::time::Duration;

use bytes::Bytes;

use super::bench::{
    Bench, all, blob, bytes, encode, fetched, have, lookup, piece, pieces, refuse, send, size,
};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{
    AHEAD_LOW, AHEAD_MAX, ENCODES_MAX, HAVE_PERIOD, LOOKUPS_MAX, REFUSED_PAUSE, UNSENT_BYTES_MAX,
};
use crate::blobs::exchange::{Held, Input, Offer, Output};
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobId, BlobSize};
use crate::sync::SessionId;

#[test]
fn a_piece_is_looked_up_encoded_and_sent() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(3));
    let out = bench.hear(1, &Frame::Ask(blob, 0));
    assert_eq!(out, [lookup(1, blob)]);
    let out = bench.offer(1, blob, Some(all(size)));
    assert_eq!(out, [send(1, &have(blob, size, Held::All))]);
    assert_eq!(bench.request(1, blob, size, 2), [encode(1, blob, 2)]);
    let out = bench.encoded(1, blob, 2, bytes(piece(2)));
    assert_eq!(
        out,
        [send(1, &Frame::Piece(blob, piece(2), bytes(piece(2))))]
    );
    let (session, piece) = (SessionId(1), piece(1));
    bench.request(1, blob, size, 1);
    let bytes = None;
    let out = bench.step(Input::Encoded {
        session,
        blob,
        piece,
        bytes,
    });
    assert_eq!(out, [refuse(1, blob, 1)], "it is not here any more");
}

#[test]
fn only_what_was_offered_is_given() {
    let (mut bench, blob, size, other) = (Bench::with_peers(1), blob(1), size(3), size(4));
    assert_eq!(bench.request(1, blob, size, 0), [refuse(1, blob, 0)]);
    bench.hear(1, &Frame::Ask(blob, 0));
    assert_eq!(bench.request(1, blob, size, 0), [refuse(1, blob, 0)]);
    assert_eq!(bench.offer(1, blob, None), [send(1, &Frame::Lack(blob))]);
    assert_eq!(bench.request(1, blob, size, 0), [refuse(1, blob, 0)]);
    bench.offer(1, blob, Some(all(size)));
    assert_eq!(bench.request(1, blob, other, 0), [refuse(1, blob, 0)]);
    assert_eq!(bench.request(1, blob, size, 0), [encode(1, blob, 0)]);
}

#[test]
fn who_loses_the_right_gets_nothing_more() {
    let (blob, size) = (blob(1), size(9));
    let mut bench = Bench::serving(1, blob, size);
    request_more_than_is_encoded(&mut bench, blob, size);
    assert!(bench.sent(1, UNSENT_BYTES_MAX).is_empty());
    assert!(bench.encoded(1, blob, 2, bytes(piece(2))).is_empty());
    let out = bench.offer(1, blob, None);
    let lack = send(1, &Frame::Lack(blob));
    let waiting = AHEAD_LOW as u64 + 1;
    assert_eq!(out, [refuse(1, blob, 2), refuse(1, blob, waiting), lack]);
    let out = bench.encoded(1, blob, 0, bytes(piece(0)));
    assert_eq!(out, [refuse(1, blob, 0)]);
}

#[test]
fn who_forgets_a_blob_is_refused_what_waits_and_not_told_of_more() {
    let (blob, size) = (blob(1), size(9));
    let mut bench = Bench::serving(1, blob, size);
    request_more_than_is_encoded(&mut bench, blob, size);
    let out = bench.hear(1, &Frame::Forget(blob));
    assert_eq!(out, [refuse(1, blob, AHEAD_LOW as u64 + 1)]);
    let out = bench.encoded(1, blob, 0, bytes(piece(0)));
    assert_eq!(out, [refuse(1, blob, 0)]);
    bench.wait(999);
    assert!(bench.step(Input::Gained { blob }).is_empty());
    assert!(bench.pass(HAVE_PERIOD).is_empty());
}

/// Asks for one piece more than are encoded at a time for a peer.
fn request_more_than_is_encoded(bench: &mut Bench, blob: BlobId, size: BlobSize) {
    for at in 0..=AHEAD_LOW as u64 {
        assert_eq!(bench.request(1, blob, size, at), [encode(1, blob, at)]);
    }
    let next = AHEAD_LOW as u64 + 1;
    assert!(bench.request(1, blob, size, next).is_empty());
}

#[test]
fn nothing_is_sent_while_much_waits_on_the_link() {
    let (blob, size) = (blob(1), size(9));
    let mut bench = Bench::serving(1, blob, size);
    let content = Bytes::from(vec![7; PIECE_BYTES as usize]);
    let sent = |at| send(1, &Frame::Piece(blob, piece(at), content.clone()));
    for at in 0..4 {
        bench.request(1, blob, size, at);
    }
    for at in 0..2 {
        assert_eq!(bench.encoded(1, blob, at, content.clone()), [sent(at)]);
    }
    for at in 2..4 {
        let out = bench.encoded(1, blob, at, content.clone());
        assert!(out.is_empty(), "two fill it");
    }
    assert!(bench.sent(1, UNSENT_BYTES_MAX).is_empty());
    let out = bench.sent(1, UNSENT_BYTES_MAX - 1);
    assert_eq!(out, [sent(2)], "as soon as there is room");
    // Live events that wait hold blobs up as well.
    assert!(bench.sent(1, UNSENT_BYTES_MAX).is_empty());
    assert!(bench.hear(1, &Frame::Ask(blob, 0)).is_empty());
    assert_eq!(bench.sent(1, 0), [lookup(1, blob), sent(3)]);
}

#[test]
fn pieces_are_encoded_ahead_of_the_link_several_at_a_time() {
    let (blob, size) = (blob(1), size(32));
    let mut bench = Bench::serving(1, blob, size);
    bench.sent(1, UNSENT_BYTES_MAX);
    let mut encoding = Vec::new();
    for at in 0..20 {
        encoding.extend(bench.request(1, blob, size, at));
    }
    let expected: Vec<_> = (0..=AHEAD_LOW as u64)
        .map(|at| encode(1, blob, at))
        .collect();
    assert_eq!(encoding, expected);
    // They wait for the link, and nothing more is encoded until most of them are gone.
    let content = Bytes::from(vec![7; PIECE_BYTES as usize]);
    for at in 0..=AHEAD_LOW as u64 {
        assert!(bench.encoded(1, blob, at, content.clone()).is_empty());
    }
    let out = bench.sent(1, 0);
    let begun = out.iter().filter(|it| matches!(it, Output::Encode { .. }));
    assert_eq!((begun.count(), out.len()), (AHEAD_MAX - AHEAD_LOW + 1, 7));
    assert!(bench.sent(1, UNSENT_BYTES_MAX - 1).len() == 1);
}

#[test]
fn serving_costs_no_choice_of_what_to_fetch() {
    let (served, wanted, size) = (blob(1), blob(2), size(9));
    let mut bench = Bench::serving(1, served, size);
    request_more_than_is_encoded(&mut bench, served, size);
    bench.connect(2);
    bench.want_all(wanted, size);
    bench.hear_all(2, wanted, size);
    bench.hear(2, &Frame::Refuse(wanted, piece(0)));
    bench.hear(2, &Frame::Refuse(wanted, piece(1)));
    bench.hear_all(2, wanted, size);
    // From here on something can be fetched again.
    bench.now += REFUSED_PAUSE;
    let offer = bench.offer(1, served, Some(all(size)));
    assert_eq!(offer, [send(1, &have(served, size, Held::All))]);
    let content = Bytes::from(vec![7; PIECE_BYTES as usize]);
    let out = bench.encoded(1, served, 0, content.clone());
    assert_eq!(out[1..], [encode(1, served, AHEAD_LOW as u64 + 1)]);
    assert_eq!(bench.encoded(1, served, 1, content.clone()).len(), 1);
    assert!(bench.encoded(1, served, 2, content).is_empty());
    assert_eq!(bench.sent(1, 0).len(), 1);
    assert_eq!(fetched(&bench.pass(Duration::ZERO)), [(2, 0), (2, 1)]);
}

#[test]
fn peers_are_served_in_turn() {
    let (blob, size) = (blob(1), size(60));
    let peers = ENCODES_MAX as u64;
    let mut bench = Bench::serving(peers, blob, size);
    let mut encoding = Vec::new();
    for number in 1..=peers {
        for at in 0..10 {
            encoding.extend(bench.request(number, blob, size, at));
        }
    }
    assert_eq!(encoding.len(), ENCODES_MAX, "the disk has a bound");
    assert_eq!(encoding[..2], [encode(1, blob, 0), encode(1, blob, 1)]);
    // Whoever came too late comes before those who had their turn.
    let late = ENCODES_MAX.div_ceil(AHEAD_LOW + 1) as u64 + 1;
    let out = bench.encoded(1, blob, 0, bytes(piece(0)));
    assert_eq!(out[1..], [encode(late, blob, 0)]);
    let out = bench.encoded(1, blob, 1, bytes(piece(1)));
    assert_eq!(out[1..], [encode(late + 1, blob, 0)]);
}

#[test]
fn who_asked_is_told_of_more_but_not_all_the_time() {
    let (mut bench, blob, size) = (Bench::with_peers(1), blob(1), size(9));
    bench.hear(1, &Frame::Ask(blob, 0));
    bench.offer(1, blob, None);
    assert!(bench.step(Input::Gained { blob }).is_empty());
    assert!(
        bench
            .pass(HAVE_PERIOD - Duration::from_millis(1))
            .is_empty()
    );
    assert_eq!(bench.pass(Duration::from_millis(1)), [lookup(1, blob)]);
    let some = Held::Some(pieces(size, &[1, 8]));
    let has = some.clone();
    let out = bench.offer(1, blob, Some(Offer { size, has }));
    assert_eq!(out, [send(1, &have(blob, size, some))]);
    bench.now += HAVE_PERIOD;
    assert_eq!(bench.step(Input::Gained { blob }), [lookup(1, blob)]);
    // What is gained while it is looked up may not be in the answer.
    assert!(bench.step(Input::Gained { blob }).is_empty());
    bench.offer(1, blob, Some(all(size)));
    assert_eq!(bench.pass(HAVE_PERIOD), [lookup(1, blob)]);
    bench.offer(1, blob, Some(all(size)));
    assert!(bench.pass(HAVE_PERIOD).is_empty());
}

#[test]
fn what_this_node_fetches_it_offers_to_others() {
    let (mut bench, blob, size) = (Bench::with_peers(2), blob(1), size(3));
    bench.hear(2, &Frame::Ask(blob, 0));
    bench.offer(2, blob, None);
    bench.want_all(blob, size);
    bench.hear_all(1, blob, size);
    bench.now += HAVE_PERIOD;
    let out = bench.take(1, blob, piece(0));
    assert!(out.contains(&lookup(2, blob)));
}

#[test]
fn lookups_wait_for_each_other() {
    let mut bench = Bench::with_peers(1);
    let count = LOOKUPS_MAX as u64;
    for number in 0..count {
        let out = bench.hear(1, &Frame::Ask(blob(number), 0));
        assert_eq!(out, [lookup(1, blob(number))]);
    }
    assert!(bench.hear(1, &Frame::Ask(blob(count), 0)).is_empty());
    assert!(bench.hear(1, &Frame::Ask(blob(count), 0)).is_empty());
    let out = bench.offer(1, blob(3), None);
    let lack = send(1, &Frame::Lack(blob(3)));
    assert_eq!(out, [lack, lookup(1, blob(count))]);
}
