//! Copied folders, restored backups, and authors who write two things at one place.

use std::collections::BTreeSet;

use super::bench::Bench;
use crate::event::{BatchHash, Offset, StreamName};
use crate::sync::{Frame, HeadEntry, Incident};

fn sizes(sizes: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    sizes.into_iter().collect()
}

fn forks(bench: &Bench, at: usize) -> usize {
    let incidents = bench.nodes[at].incidents.iter();
    let is_fork = |incident: &&Incident| matches!(incident, Incident::Forked { .. });
    incidents.filter(is_fork).count()
}

/// A device whose folder was copied when it had three events; both went on by themselves.
fn parted() -> (Bench, usize) {
    let mut bench = Bench::new(2);
    for size in [1, 2, 3] {
        bench.publish(0, "x", size);
    }
    let copy = bench.copy(0);
    for size in 10..20 {
        bench.publish(0, "x", size);
        bench.publish(copy, "x", size + 10);
    }
    (bench, copy)
}

#[test]
fn both_branches_of_a_copied_device_reach_the_others() {
    let (mut bench, copy) = parted();
    bench.connect(0, 1);
    bench.pass(500);
    bench.connect(copy, 1);
    bench.pass(1_000);
    assert_eq!(
        bench.payloads(1),
        sizes([1, 2, 3].into_iter().chain(10..30))
    );
    assert_eq!(
        (forks(&bench, copy), forks(&bench, 1), forks(&bench, 0)),
        (1, 1, 0)
    );
    // The copy goes on in streams of its own, which everybody has, the original too.
    bench.publish(copy, "x", 50);
    bench.publish(0, "x", 51);
    bench.pass(500);
    for at in [0, 1] {
        let expected = [1, 2, 3].into_iter().chain(10..30).chain(50..52);
        assert_eq!(bench.payloads(at), sizes(expected), "node {at}");
    }
    assert!(bench.payloads(copy).is_superset(&sizes(50..51)));
    assert_eq!((forks(&bench, copy), forks(&bench, 1)), (1, 1));
    for at in [0, 1, copy] {
        let peers = bench.nodes[at].sync.peers(bench.now);
        assert!(
            peers.iter().all(|peer| peer.is_in_sync()),
            "node {at}: {peers:?}"
        );
    }
}

#[test]
fn only_the_branch_is_published_again_and_with_the_times_it_had() {
    let (mut bench, copy) = parted();
    bench.connect(0, 1);
    bench.pass(500);
    bench.connect(copy, 1);
    bench.pass(1_000);
    let counts = bench.count(1);
    assert_eq!(counts.iter().sum::<u64>(), 23, "{counts:?}");
}

#[test]
fn a_long_branch_is_found_in_few_questions() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1);
    let copy = bench.copy(0);
    for _ in 0..300 {
        bench.publish(0, "x", 2);
        bench.publish(copy, "x", 3);
    }
    bench.connect(0, 1);
    bench.pass(500);
    bench.said.clear();
    bench.connect(copy, 1);
    bench.pass(2_000);
    assert_eq!(bench.payloads(1), sizes([1, 2, 3]));
    let asked = bench.said.iter();
    let asked = asked.filter(|(_, frame)| matches!(frame, Frame::Show(..)));
    assert!(asked.count() < 20);
}

#[test]
fn a_copy_that_has_written_nothing_goes_on_elsewhere_and_gets_everything() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1);
    let copy = bench.copy(0);
    bench.publish(0, "x", 2);
    bench.connect(0, 1);
    bench.pass(500);
    bench.connect(copy, 1);
    bench.pass(1_000);
    let behind = Incident::BehindOwn {
        stream: bench.stream(0, 0),
    };
    assert_eq!(bench.nodes[copy].incidents, [behind]);
    bench.publish(copy, "x", 3);
    bench.pass(500);
    for at in [0, 1, copy] {
        assert_eq!(bench.payloads(at), sizes([1, 2, 3]), "node {at}");
        assert_eq!(forks(&bench, at), 0);
    }
}

#[test]
fn a_restored_device_that_wrote_before_it_knew_loses_nothing() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1);
    let backup = bench.copy(0);
    bench.publish(0, "x", 2);
    bench.publish(0, "x", 3);
    let session = bench.connect(0, 1);
    bench.pass(500);
    bench.disconnect(session);
    bench.publish(backup, "x", 4);
    bench.connect(backup, 1);
    bench.pass(1_000);
    assert_eq!(bench.payloads(1), sizes([1, 2, 3, 4]));
    bench.publish(backup, "x", 5);
    bench.pass(500);
    assert_eq!(bench.payloads(1), sizes([1, 2, 3, 4, 5]));
}

#[test]
fn nodes_with_two_branches_of_another_device_say_so_and_are_in_sync_otherwise() {
    let mut bench = Bench::new(3);
    bench.publish(0, "x", 1);
    let copy = bench.copy(0);
    bench.publish(0, "x", 2);
    bench.publish(copy, "x", 3);
    bench.publish(copy, "x", 4);
    for (device, witness) in [(0, 1), (copy, 2)] {
        let session = bench.connect(device, witness);
        bench.pass(500);
        bench.disconnect(session);
    }
    bench.connect(1, 2);
    bench.publish(1, "x", 9);
    bench.pass(1_000);
    assert_eq!((forks(&bench, 1), forks(&bench, 2)), (1, 1));
    assert_eq!(bench.payloads(1), sizes([1, 2, 9]));
    assert_eq!(bench.payloads(2), sizes([1, 3, 4, 9]));
    for at in [1, 2] {
        let peers = bench.nodes[at].sync.peers(bench.now);
        assert!(
            peers.iter().all(|peer| peer.is_in_sync()),
            "node {at}: {peers:?}"
        );
    }
}

#[test]
fn what_a_peer_only_claims_of_our_own_changes_nothing() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1);
    let session = bench.connect(0, 1);
    bench.pass(200);
    let stream = bench.stream(0, 0);
    for last in [0, 7] {
        let entry = HeadEntry {
            stream,
            name: StreamName::default_name(),
            first: Offset::ZERO,
            last: Offset::new(last).unwrap(),
            hash: BatchHash::from_bytes([1; 32]),
        };
        bench.forge(1, session, &Frame::Heads(vec![entry]));
        bench.pass(200);
    }
    bench.publish(0, "x", 2);
    bench.pass(500);
    assert!(bench.nodes[0].incidents.is_empty());
    assert_eq!(bench.count(1), [2]);
}

#[test]
fn what_a_peer_tells_of_our_own_is_compared_within_a_second_and_not_each_time() {
    let mut bench = Bench::new(2);
    for size in 0..4 {
        bench.publish(0, "x", size);
    }
    let session = bench.connect(0, 1);
    bench.pass(500);
    bench.said.clear();
    for last in [0, 1, 2] {
        let entry = HeadEntry {
            stream: bench.stream(0, 0),
            name: StreamName::default_name(),
            first: Offset::ZERO,
            last: Offset::new(last).unwrap(),
            hash: BatchHash::from_bytes([1; 32]),
        };
        bench.forge(1, session, &Frame::Heads(vec![entry]));
        bench.settle();
    }
    let asked = |bench: &Bench| {
        let said = bench.said.iter();
        said.filter(|(from, frame)| *from == 0 && matches!(frame, Frame::Show(..)))
            .count()
    };
    assert_eq!(asked(&bench), 0);
    bench.pass(1_000);
    assert_eq!(asked(&bench), 1);
    assert!(bench.nodes[0].incidents.is_empty());
}

#[test]
fn a_branch_that_a_peer_cannot_go_on_with_is_published_again_from_where_it_began() {
    let mut bench = Bench::new(2);
    for size in [1, 2, 3] {
        bench.publish(0, "x", size);
    }
    let copy = bench.copy(0);
    bench.publish(copy, "x", 4);
    // No batch of it begins where the copy goes on.
    bench.publish_together(0, "x", &[5, 6]);
    bench.publish(0, "x", 7);
    let session = bench.connect(0, 1);
    bench.pass(500);
    bench.disconnect(session);
    bench.connect(copy, 1);
    bench.pass(2_000);
    assert_eq!(bench.payloads(1), sizes(1..8));
    assert_eq!(bench.count(1).iter().sum::<u64>(), 7);
}

#[test]
fn a_question_for_what_the_peer_lacks_is_answered_and_makes_room_for_others() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1);
    let session = bench.connect(0, 1);
    bench.pass(200);
    bench.said.clear();
    for numbers in [10..70, 100..160] {
        let entry = |number| HeadEntry {
            stream: bench.stream(0, number),
            name: StreamName::default_name(),
            first: Offset::ZERO,
            last: Offset::new(7).unwrap(),
            hash: BatchHash::from_bytes([1; 32]),
        };
        let heads = Frame::Heads(numbers.map(entry).collect());
        bench.forge(1, session, &heads);
        bench.settle();
    }
    let said = |is_it: fn(&Frame) -> bool| {
        let said = bench.said.iter();
        said.filter(|(_, frame)| is_it(frame)).count()
    };
    assert_eq!(said(|frame| matches!(frame, Frame::Show(..))), 120);
    assert_eq!(said(|frame| matches!(frame, Frame::Unshown(_))), 120);
    assert!(bench.nodes[0].incidents.is_empty());
}

#[test]
fn a_run_that_is_being_shown_is_shown_to_its_end() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1_000_000);
    let session = bench.connect(0, 1);
    bench.settle();
    bench.said.clear();
    let stream = bench.stream(0, 0);
    let next = Offset::new(1).unwrap();
    for frame in [
        Frame::Show(stream, Offset::ZERO),
        Frame::Want(stream, next),
        Frame::Unwant(stream),
    ] {
        bench.forge(1, session, &frame);
    }
    bench.settle();
    let is_end = |(_, frame): &(usize, Frame)| match frame {
        Frame::Data(chunk) => chunk.is_shown && chunk.is_end,
        _ => false,
    };
    assert!(bench.said.iter().any(is_end));
}
