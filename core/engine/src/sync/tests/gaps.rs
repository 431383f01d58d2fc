//! Streams of which nobody has the beginning any more, or what follows on ours.

use std::time::Duration;

use super::bench::Bench;
use crate::event::{BatchHash, Offset, StreamId, StreamName};
use crate::log::StreamInfo;
use crate::sync::limits::{GAP_PATIENCE, HEADS_PATIENCE};
use crate::sync::{Chunk, Frame, HeadEntry, Incident, Input};

fn info(bench: &Bench, at: usize, stream: StreamId) -> Option<StreamInfo> {
    let streams = bench.reader(at).streams().into_iter();
    streams.into_iter().find(|info| info.id == stream)
}

fn assert_in_sync(bench: &Bench) {
    for node in &bench.nodes {
        assert!(node.sync.to_replicate().is_empty());
        for peer in node.sync.peers(bench.now) {
            assert!(peer.is_in_sync(), "{peer:?}");
        }
    }
}

#[test]
fn whoever_comes_late_gets_what_the_author_still_has() {
    let mut bench = Bench::new(3);
    let first = bench.publish_recent(0, 20);
    assert!(first > 0);
    let stream = bench.stream(0, 1);
    let session = bench.connect(0, 1);
    bench.settle();
    assert_eq!(info(&bench, 1, stream), None, "somebody may have all of it");
    assert!(bench.nodes[1].sync.to_replicate()[&stream] > 0);
    bench.pass(2_000);
    assert_eq!(info(&bench, 1, stream), info(&bench, 0, stream));
    assert_in_sync(&bench);
    bench.publish(0, "r", 10);
    bench.pass(200);
    assert_eq!(info(&bench, 1, stream), info(&bench, 0, stream));
    // Without its author it comes from whoever has it.
    bench.disconnect(session);
    bench.connect(1, 2);
    bench.pass(2_000);
    assert_eq!(info(&bench, 2, stream), info(&bench, 0, stream));
    assert_in_sync(&bench);
    assert!(bench.nodes.iter().all(|node| node.incidents.is_empty()));
}

#[test]
fn whoever_has_all_of_a_stream_is_asked_for_it() {
    let mut bench = Bench::new(3);
    bench.connect(0, 1);
    let first = bench.publish_recent(0, 20);
    bench.pass(1_000);
    bench.connect(0, 2);
    bench.pass(500);
    bench.connect(1, 2);
    bench.pass(3_000);
    let stream = bench.stream(0, 1);
    let all = info(&bench, 1, stream).unwrap();
    assert_eq!((all.first, all.last.get()), (Offset::ZERO, 19));
    assert_eq!(info(&bench, 2, stream), Some(all));
    assert!(first > 0);
    assert_in_sync(&bench);
    // The author is asked again as soon as it can be.
    bench.said.clear();
    bench.publish(0, "r", 10);
    bench.pass(200);
    let sent = bench.said.iter();
    let sent = sent.filter(|(_, frame)| matches!(frame, Frame::Data(_)));
    assert_eq!(sent.map(|(from, _)| *from).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn whoever_was_away_for_too_long_goes_on_behind_the_gap_and_says_so() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.publish_recent(0, 2);
    bench.pass(500);
    let stream = bench.stream(0, 1);
    assert_eq!(info(&bench, 1, stream).unwrap().last.get(), 1);
    bench.disconnect(session);
    let first = bench.publish_recent(0, 20);
    assert!(first > 2);
    bench.connect(0, 1);
    bench.pass(29_000);
    assert_eq!(info(&bench, 1, stream).unwrap().last.get(), 1);
    bench.pass(2_000);
    assert_eq!(info(&bench, 1, stream), info(&bench, 0, stream));
    let gap = Incident::Gap {
        stream,
        from: 2,
        to: Offset::new(first).unwrap(),
    };
    assert_eq!(bench.nodes[1].incidents, [gap]);
    assert!(bench.nodes[0].incidents.is_empty());
    assert_in_sync(&bench);
}

#[test]
fn who_is_connected_when_the_beginning_is_dropped_is_told() {
    let mut bench = Bench::new(2);
    let stream = bench.stream(0, 1);
    bench.publish_recent(0, 2);
    let session = bench.connect(0, 1);
    bench.nodes[0].is_blocked = true;
    let first = bench.publish_recent(0, 20);
    bench.unblock(0, session);
    bench.pass(40_000);
    assert!(first > 0);
    assert_eq!(
        info(&bench, 1, stream).unwrap().last,
        info(&bench, 0, stream).unwrap().last
    );
    assert_in_sync(&bench);
}

#[test]
fn who_says_that_it_has_the_beginning_is_asked_for_it_first() {
    let mut bench = Bench::new(3);
    bench.publish_recent(0, 20);
    let stream = bench.stream(0, 1);
    let session = bench.connect(1, 2);
    bench.settle();
    let entry = HeadEntry {
        stream,
        name: StreamName::new("recent").unwrap(),
        first: Offset::ZERO,
        last: Offset::new(19).unwrap(),
        hash: BatchHash::from_bytes([1; 32]),
    };
    bench.forge(2, session, &Frame::Heads(vec![entry]));
    bench.settle();
    bench.connect(0, 1);
    bench.pass(3_000);
    let said = bench.said.iter().filter(|(from, _)| *from == 1);
    let wants = said.filter_map(|(_, frame)| match frame {
        Frame::Want(_, from) => Some(from.get()),
        _ => None,
    });
    let first = info(&bench, 0, stream).unwrap().first.get();
    assert_eq!(wants.collect::<Vec<_>>(), [0, first]);
    assert_eq!(info(&bench, 1, stream), info(&bench, 0, stream));
}

#[test]
fn a_stream_without_its_beginning_is_judged_by_its_name() {
    let mut bench = Bench::with(&["*", "*"], &["r:*,w:default", "rw:*"]);
    bench.publish_recent(0, 20);
    bench.connect(0, 1);
    bench.pass(3_000);
    assert_eq!(info(&bench, 1, bench.stream(0, 1)), None);
    assert!(bench.nodes[1].sync.to_replicate().is_empty());
}

#[test]
fn of_a_revoked_author_nothing_begins_behind_its_last_accepted_offset() {
    let mut bench = Bench::new(3);
    let first = bench.publish_recent(0, 20);
    let stream = bench.stream(0, 1);
    bench.connect(0, 1);
    bench.pass(2_000);
    for at in [1, 2] {
        bench.revoke(at, 0, &[(1, first - 2)]);
        bench.step(at, Input::MembersChanged);
    }
    bench.connect(1, 2);
    bench.pass(3_000);
    assert_eq!(info(&bench, 2, stream), None);
    assert!(bench.payloads(1).is_empty());
    let open = bench.nodes[1].sync.peers(bench.now);
    assert!(open.iter().all(crate::sync::PeerStatus::is_in_sync));
}

#[test]
fn a_gap_that_could_not_be_stored_is_none() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.publish_recent(0, 2);
    bench.pass(500);
    bench.disconnect(session);
    bench.publish_recent(0, 20);
    bench.nodes[1].is_full = true;
    bench.connect(0, 1);
    bench.pass(33_000);
    let stream = bench.stream(0, 1);
    assert_eq!(info(&bench, 1, stream).unwrap().last.get(), 1);
    assert!(bench.nodes[1].incidents.is_empty());
    bench.nodes[1].is_full = false;
    bench.pass(40_000);
    assert_eq!(info(&bench, 1, stream), info(&bench, 0, stream));
    assert_eq!(bench.nodes[1].incidents.len(), 1);
}

#[test]
fn who_never_ends_telling_what_it_has_keeps_nobody_waiting_for_ever() {
    let mut bench = Bench::new(3);
    bench.publish_recent(0, 20);
    let stream = bench.stream(0, 1);
    bench.connect(0, 1);
    bench.settle();
    let mut begun_after = 0;
    while info(&bench, 1, stream).is_none() {
        let session = bench.connect(1, 2);
        bench.now += Duration::from_millis(500);
        for at in [0, 1] {
            bench.step(at, Input::Tick);
        }
        bench.disconnect(session);
        bench.settle();
        begun_after += 500;
        assert!(begun_after < 20_000);
    }
    let least = GAP_PATIENCE + HEADS_PATIENCE;
    assert!(Duration::from_millis(begun_after) >= least);
}

#[test]
fn who_begins_elsewhere_than_it_was_asked_to_is_told_to_stop() {
    let mut bench = Bench::new(2);
    bench.publish_recent(0, 20);
    bench.publish(0, "r", 10);
    let stream = bench.stream(0, 1);
    // Its connection is full of something else: what it is asked for waits.
    bench.publish(0, "x", 900_000);
    bench.nodes[0].is_blocked = true;
    let session = bench.connect(0, 1);
    bench.settle();
    bench.now += GAP_PATIENCE;
    bench.step(1, Input::Tick);
    let last = info(&bench, 0, stream).unwrap().last;
    let run = bench.reader(0).read_run(stream, last).unwrap().unwrap();
    let chunk = Chunk {
        stream,
        at: 0,
        is_end: true,
        is_shown: false,
        bytes: run.bytes.into(),
    };
    bench.forge(0, session, &Frame::Data(chunk));
    bench.said.clear();
    bench.pass(20_000);
    let said = bench.said.iter().filter(|(from, _)| *from == 1);
    let said = said.filter(|(_, frame)| match frame {
        Frame::Want(of, _) | Frame::Unwant(of) => *of == stream,
        _ => false,
    });
    let said: Vec<_> = said.map(|(_, frame)| frame).collect();
    assert_eq!(said, [&Frame::Unwant(stream)], "and is not asked again");
    assert_eq!(info(&bench, 1, stream), None);
    assert!(bench.nodes[1].sync.to_replicate()[&stream] > 0);
}

#[test]
fn two_that_were_away_do_not_wait_for_each_other() {
    let mut bench = Bench::new(3);
    let sessions = [bench.connect(0, 1), bench.connect(0, 2)];
    bench.publish_recent(0, 2);
    bench.pass(500);
    sessions
        .into_iter()
        .for_each(|session| bench.disconnect(session));
    bench.publish_recent(0, 20);
    bench.connect(0, 1);
    bench.connect(1, 2);
    bench.pass(75_000);
    let stream = bench.stream(0, 1);
    for at in [1, 2] {
        assert_eq!(info(&bench, at, stream), info(&bench, 0, stream));
        assert_eq!(bench.nodes[at].incidents.len(), 1);
    }
    assert_in_sync(&bench);
}

/// A device that has the first events of stream `recent`, and one of its own after them; what
/// others have of the stream begins behind that.
fn behind_its_own() -> (Bench, usize) {
    let mut bench = Bench::new(2);
    bench.publish_recent(0, 2);
    let copy = bench.copy(0);
    bench.publish(copy, "r", 5);
    let first = bench.publish_recent(0, 20);
    assert!(first > 3);
    let session = bench.connect(0, 1);
    bench.pass(2_000);
    bench.disconnect(session);
    (bench, copy)
}

#[test]
fn an_author_publishes_again_what_others_have_only_from_behind_it_on() {
    let (mut bench, copy) = behind_its_own();
    let stream = bench.stream(0, 1);
    bench.connect(copy, 1);
    bench.pass(20_000);
    assert!(bench.nodes[copy].sync.to_replicate()[&stream] > 0);
    assert!(!bench.payloads(1).contains(&5));
    bench.pass(20_000);
    assert!(bench.payloads(1).contains(&5));
    assert_eq!(info(&bench, copy, stream).unwrap().first, Offset::ZERO);
    let incidents = &bench.nodes[copy].incidents;
    assert!(
        incidents
            .iter()
            .all(|one| *one == Incident::BehindOwn { stream })
    );
    for at in [1, copy] {
        let peers = bench.nodes[at].sync.peers(bench.now);
        assert!(peers.iter().all(crate::sync::PeerStatus::is_in_sync));
    }
    // Only once.
    let counts = bench.count(1);
    bench.pass(70_000);
    assert_eq!(bench.count(1), counts);
}

#[test]
fn an_author_that_meets_who_has_the_whole_stream_asks_on() {
    let (mut bench, copy) = behind_its_own();
    bench.connect(copy, 1);
    bench.pass(2_000);
    // The original still has what both wrote, and what comes after it.
    let stream = bench.stream(0, 1);
    let entry = HeadEntry {
        stream,
        name: StreamName::new("recent").unwrap(),
        first: Offset::ZERO,
        last: Offset::new(19).unwrap(),
        hash: BatchHash::from_bytes([1; 32]),
    };
    let session = bench.connect(copy, 0);
    bench.forge(0, session, &Frame::Heads(vec![entry]));
    bench.settle();
    bench.pass(1_000);
    let next = Offset::new(3).unwrap();
    assert!(bench.said.contains(&(copy, Frame::Want(stream, next))));
}

#[test]
fn what_is_only_said_to_lie_behind_a_part_of_our_own_changes_nothing() {
    let mut bench = Bench::new(2);
    bench.publish_recent(0, 2);
    let stream = bench.stream(0, 1);
    let incarnation = crate::event::Incarnation::from_random(77);
    bench.step(0, Input::Incarnation(incarnation));
    let session = bench.connect(0, 1);
    bench.pass(1_000);
    let entry = HeadEntry {
        stream,
        name: StreamName::new("recent").unwrap(),
        first: Offset::new(10).unwrap(),
        last: Offset::new(19).unwrap(),
        hash: BatchHash::from_bytes([1; 32]),
    };
    bench.forge(1, session, &Frame::Heads(vec![entry]));
    bench.pass(70_000);
    assert!(bench.nodes[0].incidents.is_empty());
    assert_eq!(bench.count(0), [2]);
}

#[test]
fn an_author_publishes_again_what_others_have_only_from_its_end_on() {
    let mut bench = Bench::new(2);
    bench.publish_recent(0, 2);
    let copy = bench.copy(0);
    let first = bench.publish_recent(0, 20);
    for size in 1..=first as usize - 2 {
        bench.publish(copy, "r", size);
    }
    let session = bench.connect(0, 1);
    bench.pass(2_000);
    bench.disconnect(session);
    bench.connect(copy, 1);
    bench.pass(2_000);
    assert!(
        bench
            .payloads(1)
            .is_superset(&(1..=first as usize - 2).collect())
    );
    let stream = bench.stream(0, 1);
    assert_eq!(info(&bench, copy, stream).unwrap().last.get() + 1, first);
}
