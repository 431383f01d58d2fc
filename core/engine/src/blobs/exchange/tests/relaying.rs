//! Stories of nodes in between: who is asked first for a blob, and who is asked to fetch it.

use std::time::Duration;

use super::bench::{Bench, ask, blob, is_seek, peer, send, size};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::{ASK_PERIOD, FOR_ALL_PIECES, SOUGHT_PATIENCE};
use crate::blobs::exchange::{Input, Output, Terms};
use crate::blobs::{BlobId, PieceSet};

const MOMENT: Duration = Duration::from_millis(50);

impl Bench {
    /// Wants a blob that these peers should have.
    fn want_of(&mut self, blob: BlobId, holders: &[u64]) -> Vec<Output> {
        let holders = holders.iter().map(|number| peer(*number)).collect();
        let terms = Terms {
            holders,
            ..Terms::default()
        };
        self.step(Input::Want { blob, terms })
    }

    fn want_for_peers(&mut self, blob: BlobId) -> Vec<Output> {
        let terms = Terms {
            is_for_peers: true,
            ..Terms::default()
        };
        self.step(Input::Want { blob, terms })
    }
}

#[test]
fn who_should_have_a_blob_is_asked_first_and_others_when_it_has_not() {
    let (mut bench, blob) = (Bench::with_peers(3), blob(1));
    assert_eq!(bench.want_of(blob, &[2]), [ask(2, blob)]);
    assert!(bench.pass(MOMENT).is_empty());
    let out = bench.hear(2, &Frame::Lack(blob));
    assert_eq!(out, [ask(1, blob), ask(3, blob)]);
    // From then on whoever comes is asked.
    assert_eq!(bench.connect(4), [ask(4, blob)]);
}

#[test]
fn where_nobody_is_connected_who_should_have_a_blob_everybody_is_asked() {
    let (mut bench, blob) = (Bench::with_peers(2), blob(1));
    assert_eq!(bench.want_of(blob, &[3]), [ask(1, blob), ask(2, blob)]);
    assert_eq!(bench.connect(3), [ask(3, blob)]);
}

#[test]
fn everybody_is_asked_for_what_is_large() {
    let (mut bench, blob) = (Bench::with_peers(2), blob(1));
    for (pieces, is_for_all) in [(FOR_ALL_PIECES - 1, false), (FOR_ALL_PIECES, true)] {
        let size = size(pieces.into());
        let terms = Terms {
            missing: Some((size, PieceSet::all(size))),
            holders: [peer(2)].into(),
            ..Terms::default()
        };
        let out = bench.step(Input::Want { blob, terms });
        assert_eq!(out.contains(&ask(1, blob)), is_for_all, "{pieces}");
    }
}

#[test]
fn peers_are_asked_to_fetch_what_nobody_has() {
    let (mut bench, blob) = (Bench::with_peers(2), blob(1));
    bench.want(blob);
    bench.hear(1, &Frame::Lack(blob));
    assert!(bench.pass(MOMENT).is_empty(), "one has not answered");
    let out = bench.hear(2, &Frame::Lack(blob));
    assert_eq!(out, [Output::Unavailable { blob }]);
    let seek = |number| send(number, &Frame::Seek(blob));
    assert_eq!(bench.pass(MOMENT), [seek(1), seek(2)]);
    assert!(bench.pass(MOMENT).is_empty());
    // Whoever has fetched it says so.
    bench.hear_all(2, blob, size(1));
    let out = bench.pass(ASK_PERIOD);
    assert!(!out.iter().any(is_seek), "{out:?}");
}

#[test]
fn nobody_is_asked_to_fetch_what_is_wanted_for_peers_only() {
    let (mut bench, blob) = (Bench::with_peers(2), blob(1));
    bench.want_for_peers(blob);
    bench.hear(1, &Frame::Lack(blob));
    bench.hear(2, &Frame::Lack(blob));
    assert!(bench.pass(MOMENT).is_empty());
    // Until somebody here wants it as well.
    bench.want(blob);
    let seek = |number| send(number, &Frame::Seek(blob));
    assert_eq!(bench.pass(MOMENT), [seek(1), seek(2)]);
}

#[test]
fn what_peers_want_fetched_is_told_until_none_of_them_does() {
    let (mut bench, blob) = (Bench::with_peers(2), blob(1));
    let (seek, lack) = (Frame::Seek(blob), Frame::Lack(blob));
    bench.hear(1, &seek);
    assert!(bench.pass(MOMENT).is_empty(), "it has not asked for it");
    let sought = |number| Output::Sought {
        peer: peer(number),
        blob,
    };
    for number in [1, 2] {
        bench.hear(number, &Frame::Ask(blob, 0));
        assert_eq!(bench.offer(number, blob, None), [send(number, &lack)]);
        // However often it says so.
        for _ in 0..9 {
            assert!(bench.hear(number, &seek).is_empty());
        }
        assert_eq!(bench.pass(MOMENT), [sought(number)]);
    }
    assert_eq!(bench.pass(ASK_PERIOD), [sought(1), sought(2)]);
    assert!(bench.hear(2, &Frame::Forget(blob)).is_empty());
    bench.hear(2, &seek);
    assert!(bench.pass(MOMENT).is_empty());
    assert_eq!(bench.disconnect(1), [Output::Unsought { blob }]);
}

#[test]
fn who_does_not_say_again_that_it_wants_a_blob_fetched_does_not_any_more() {
    let (mut bench, blob) = (Bench::with_peers(1), blob(1));
    bench.hear(1, &Frame::Ask(blob, 0));
    bench.offer(1, blob, None);
    bench.hear(1, &Frame::Seek(blob));
    bench.pass(MOMENT);
    assert_eq!(bench.pass(SOUGHT_PATIENCE), [Output::Unsought { blob }]);
    assert!(bench.disconnect(1).is_empty(), "that was told");
}
