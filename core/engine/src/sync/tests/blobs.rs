//! What nodes say of blobs, on the way between them.

use bytes::Bytes;

use super::bench::Bench;
use crate::sync::{CloseReason, Frame, Input};

const FRAME: &[u8] = b"of blobs";

#[test]
fn what_is_said_of_blobs_arrives_as_it_is() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.settle();
    let ids = [bench.nodes[0].id, bench.nodes[1].id];
    assert_eq!(bench.nodes[0].introduced, ids[1..]);
    assert_eq!(bench.nodes[1].introduced, ids[..1]);
    let frame = Bytes::from_static(FRAME);
    bench.step(0, Input::SendBlobs { session, frame });
    assert_eq!(
        bench.nodes[0].sync.unsent(session),
        0,
        "the connection took it"
    );
    bench.settle();
    assert_eq!(bench.nodes[1].blobs, [FRAME]);
}

#[test]
fn nobody_speaks_of_blobs_before_revocations_are_agreed_on() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    let frame = Bytes::from_static(FRAME);
    bench.step(0, Input::SendBlobs { session, frame });
    bench.settle();
    assert!(bench.nodes[1].blobs.is_empty(), "it was not introduced yet");
    let mut bench = Bench::new(3);
    bench.revoke(1, 2, &[]);
    let session = bench.connect(0, 1);
    // Behind its hello, and before what the other one knows of revocations.
    bench.forge(0, session, &Frame::Blobs(Bytes::from_static(FRAME)));
    bench.settle();
    assert!(bench.nodes[1].blobs.is_empty());
    let what = "blobs are spoken of before revocations are agreed on";
    assert_eq!(bench.nodes[1].closed, [CloseReason::Misbehaved(what)]);
}

#[test]
fn who_says_nonsense_of_blobs_is_cut_off() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.settle();
    let what = "nonsense";
    bench.step(1, Input::Misbehaved { session, what });
    bench.step(1, Input::Misbehaved { session, what });
    assert_eq!(bench.nodes[1].closed, [CloseReason::Misbehaved(what)]);
}
