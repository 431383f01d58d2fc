//! What is counted, and that it outlives the sessions.

use super::bench::Bench;
use crate::event::{Offset, Run, StreamName, Unfit};
use crate::sync::{Chunk, Concern, Frame, HeadEntry, Incident, Tally};

fn tally(bench: &Bench, at: usize) -> &Tally {
    bench.nodes[at].sync.tally()
}

#[test]
fn events_are_counted_where_they_are_sent_and_checked_where_they_come() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 10);
    bench.publish(0, "x", 10);
    let session = bench.connect(0, 1);
    bench.pass(200);
    bench.publish(0, "x", 10);
    bench.pass(200);
    bench.disconnect(session);
    let (sender, receiver) = (tally(&bench, 0), tally(&bench, 1));
    assert_eq!(sender.events_sent, [(bench.nodes[1].id, 3)].into());
    assert!(receiver.runs_verified >= 2, "{receiver:?}");
    assert_eq!((receiver.runs_forged, receiver.reads_denied), (0, 0));
    assert!(receiver.events_sent.is_empty(), "{receiver:?}");
}

#[test]
fn a_run_that_was_changed_on_its_way_is_counted_as_forged() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 10);
    let session = bench.connect(0, 1);
    bench.pass(200);
    bench.publish(0, "x", 10);
    let stream = bench.stream(0, 0);
    let from = Offset::new(1).unwrap();
    let run = bench.reader(0).read_run(stream, from).unwrap().unwrap();
    let forged = |at: usize| {
        let mut bytes = run.bytes.clone();
        bytes[at] ^= 1;
        let unfit = Run::check(bytes.clone().into()).err()?;
        matches!(unfit, Unfit::Unsigned(_)).then_some(bytes)
    };
    let bytes = (0..run.bytes.len()).find_map(forged).unwrap();
    let chunk = Chunk {
        stream,
        at: 0,
        is_end: true,
        is_shown: false,
        bytes: bytes.into(),
    };
    bench.forge(0, session, &Frame::Data(chunk));
    bench.pass(100);
    assert_eq!(tally(&bench, 1).runs_forged, 1);
    assert_eq!(bench.nodes[1].closed.len(), 1);
}

#[test]
fn who_asks_for_what_it_may_not_read_is_counted() {
    let mut bench = Bench::with(&["*", "*"], &["rw:*", "r:alarms,w:default"]);
    bench.publish(0, "x", 10);
    let session = bench.connect(0, 1);
    bench.pass(200);
    assert_eq!(tally(&bench, 0).reads_denied, 0);
    let secret = bench.stream(0, 0);
    bench.forge(1, session, &Frame::Want(secret, Offset::ZERO));
    bench.forge(1, session, &Frame::Show(secret, Offset::ZERO));
    bench.pass(100);
    assert_eq!(tally(&bench, 0).reads_denied, 2);
    assert!(tally(&bench, 0).events_sent.is_empty());
}

#[test]
fn events_that_come_under_a_name_that_is_not_of_their_stream_are_refused_and_told_of() {
    let mut bench = Bench::with(&["*", "*"], &["rw:*", "r:*,w:default"]);
    bench.publish(1, "a", 10);
    let session = bench.connect(0, 1);
    bench.pass(200);
    assert_eq!(bench.nodes[0].incidents, []);
    let alarms = bench.stream(1, 1);
    let head = bench.reader(1).head(alarms).unwrap();
    let entry = HeadEntry {
        stream: alarms,
        name: StreamName::default_name(),
        first: Offset::ZERO,
        last: head.last,
        hash: head.hash,
    };
    bench.forge(1, session, &Frame::Heads(vec![entry]));
    bench.pass(100);
    let refused = Incident::Quarantined {
        stream: alarms,
        name: Some(head.name),
        first: Offset::ZERO,
    };
    assert_eq!(bench.nodes[0].incidents, [refused]);
    assert!(bench.reader(0).present().last(alarms).is_none());
}

#[test]
fn frames_say_what_they_are_about_without_being_read() {
    let (control, blobs) = (Frame::Ping(1), Frame::Blobs(vec![1].into()));
    let bench = Bench::new(1);
    let data = Frame::Data(Chunk {
        stream: bench.stream(0, 0),
        at: 0,
        is_end: true,
        is_shown: false,
        bytes: vec![1].into(),
    });
    let concerns = [data, blobs, control].map(|frame| Concern::of(&frame.encode(7)));
    assert_eq!(
        concerns,
        [Concern::Events, Concern::Blobs, Concern::Control]
    );
    assert_eq!(Concern::of(&[]), Concern::Control);
}
