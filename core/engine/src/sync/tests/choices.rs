//! Stories of whom a node asks for a stream.

use super::bench::Bench;
use crate::event::{BatchHash, Offset, StreamName};
use crate::sync::limits::PATIENCE;
use crate::sync::{Frame, HeadEntry};

#[test]
fn what_the_author_publishes_comes_at_once_though_another_told_of_more() {
    let mut bench = Bench::new(3);
    bench.connect(0, 1);
    let other = bench.connect(2, 1);
    bench.publish(0, "x", 10);
    bench.pass(200);
    // Of what the author lost, and will never be sent by anybody.
    let more = HeadEntry {
        stream: bench.stream(0, 0),
        name: StreamName::default_name(),
        first: Offset::ZERO,
        last: Offset::new(9).unwrap(),
        hash: BatchHash::from_bytes([1; 32]),
    };
    bench.forge(2, other, &Frame::Heads(vec![more]));
    bench.settle();
    bench.pass(2 * PATIENCE.as_millis() as u64);
    for bytes in 11..14 {
        bench.publish(0, "x", bytes);
        bench.settle();
        assert!(bench.payloads(1).contains(&bytes), "{bytes}");
        bench.pass(PATIENCE.as_millis() as u64 / 2);
    }
}
