//! What nodes do for each other, told as stories.

use bytes::Bytes;

use super::bench::{Bench, certificate};
use crate::event::{BatchHash, Offset, StreamName};
use crate::membership::tests::swarm::NOW;
use crate::sync::limits::{CHUNK_BYTES_MAX, CREDIT_BYTES, FRAME_BYTES_MAX};
use crate::sync::{Chunk, CloseReason, Frame, HeadEntry, Holding, Incident, SessionId};

/// Who sent data of which stream, in this order, each run once.
fn runs_sent(bench: &Bench) -> Vec<(usize, usize)> {
    let runs = bench.said.iter().filter_map(|(from, frame)| match frame {
        Frame::Data(chunk) if chunk.is_end => {
            let author = |node: &super::bench::Node| node.id == chunk.stream.node;
            Some((*from, bench.nodes.iter().position(author)?))
        }
        _ => None,
    });
    runs.collect()
}

fn misbehaved(bench: &Bench, at: usize) -> Option<&'static str> {
    bench.nodes[at]
        .closed
        .iter()
        .find_map(|reason| match reason {
            CloseReason::Misbehaved(what) => Some(*what),
            _ => None,
        })
}

#[test]
fn two_nodes_get_what_the_other_has_and_what_comes() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 10);
    bench.publish(1, "a", 10);
    bench.connect(0, 1);
    bench.settle();
    assert_eq!(bench.count(0), bench.count(1));
    bench.publish(0, "x", 10);
    bench.publish(0, "a", 10);
    bench.pass(200);
    assert_eq!(bench.reader(0).present(), bench.reader(1).present());
    for at in [0, 1] {
        let peers = bench.nodes[at].sync.peers(bench.now);
        assert!(peers[0].is_in_sync(), "{peers:?}");
        assert!(bench.nodes[at].incidents.is_empty());
    }
}

#[test]
fn the_round_trip_is_measured_however_busy_the_session_is() {
    let mut bench = Bench::new(2);
    bench.connect(0, 1);
    for _ in 0..30 {
        bench.publish(0, "x", 10);
        bench.pass(50);
    }
    for at in [0, 1] {
        let peers = bench.nodes[at].sync.peers(bench.now);
        assert!(peers[0].round_trip.is_some(), "{peers:?}");
    }
}

#[test]
fn a_live_event_is_one_frame_without_being_asked_for() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 10);
    bench.connect(0, 1);
    bench.pass(200);
    bench.said.clear();
    bench.publish(0, "x", 10);
    bench.settle();
    let sent: Vec<_> = bench
        .said
        .iter()
        .map(|(from, frame)| (*from, frame))
        .collect();
    assert!(matches!(sent[..], [(0, Frame::Data(_)), ..]), "{sent:?}");
    assert_eq!(bench.count(1), [2]);
}

#[test]
fn nodes_that_cannot_meet_get_everything_over_the_one_between() {
    let mut bench = Bench::new(3);
    bench.publish(0, "x", 10);
    bench.publish(2, "x", 10);
    bench.connect(0, 1);
    bench.connect(1, 2);
    bench.pass(200);
    for at in [0, 2] {
        bench.publish(at, "x", 10);
    }
    bench.settle();
    assert_eq!(bench.reader(0).present(), bench.reader(2).present());
    assert_eq!(bench.reader(0).present(), bench.reader(1).present());
}

#[test]
fn in_a_full_mesh_each_event_comes_once_and_from_its_author() {
    let mut bench = Bench::new(4);
    for left in 0..4 {
        for right in left + 1..4 {
            bench.connect(left, right);
        }
    }
    bench.pass(200);
    for at in 0..4 {
        bench.publish(at, "x", 10);
        bench.pass(400);
        bench.said.clear();
        bench.publish(at, "x", 10);
        bench.pass(400);
        assert_eq!(runs_sent(&bench), [(at, at); 3]);
    }
}

#[test]
fn who_loses_the_author_gets_its_stream_from_somebody_else() {
    let mut bench = Bench::new(3);
    bench.publish(0, "x", 10);
    let direct = bench.connect(0, 2);
    bench.connect(0, 1);
    bench.connect(1, 2);
    bench.pass(400);
    bench.disconnect(direct);
    bench.said.clear();
    bench.publish(0, "x", 10);
    bench.settle();
    assert_eq!(bench.count(2), [2]);
    assert_eq!(runs_sent(&bench), [(0, 0), (1, 0)]);
}

#[test]
fn two_nodes_that_ask_each_other_turn_to_who_has_more() {
    let mut bench = Bench::new(4);
    bench.publish(3, "x", 10);
    let early = bench.connect(0, 3);
    bench.pass(200);
    bench.disconnect(early);
    bench.connect(0, 1);
    bench.pass(200);
    bench.publish(3, "x", 10);
    bench.connect(2, 3);
    bench.pass(200);
    bench.connect(1, 2);
    bench.pass(1_000);
    assert_eq!(bench.count(0), [2]);
}

#[test]
fn a_node_holds_only_what_it_wants_to() {
    let mut bench = Bench::holding(&["*", "alarms"]);
    bench.publish(0, "x", 10);
    bench.publish(0, "a", 10);
    bench.publish(1, "x", 10);
    bench.connect(0, 1);
    bench.pass(200);
    let alarms = bench.stream(0, 1);
    assert_eq!(bench.reader(1).present().last(alarms), Some(Offset::ZERO));
    assert!(bench.reader(1).present().last(bench.stream(0, 0)).is_none());
    // What it wrote itself is for others all the same.
    assert!(bench.reader(0).present().last(bench.stream(1, 0)).is_some());
    for at in [0, 1] {
        assert!(bench.nodes[at].sync.peers(bench.now)[0].is_in_sync());
    }
}

#[test]
fn a_live_event_overtakes_the_backlog() {
    let mut bench = Bench::new(2);
    bench.publish(0, "a", 1);
    bench.connect(0, 1);
    bench.pass(200);
    for _ in 0..20 {
        bench.publish(0, "x", 100_000);
    }
    bench.said.clear();
    bench.nodes[0].is_blocked = true;
    for _ in 0..40 {
        bench.deliver_one();
    }
    bench.publish(0, "a", 1);
    bench.nodes[0].is_blocked = false;
    bench.settle();
    let session = SessionId(1);
    bench.unblock(0, session);
    bench.settle();
    let alarms = bench.stream(0, 1);
    let is_live = |frame: &Frame| matches!(frame, Frame::Data(chunk) if chunk.stream == alarms);
    let data = bench
        .said
        .iter()
        .filter(|(_, frame)| matches!(frame, Frame::Data(_)));
    let data: Vec<bool> = data.map(|(_, frame)| is_live(frame)).collect();
    let live = data.iter().position(|is_live| *is_live).unwrap();
    assert!(data.len() - live > 10, "{live} of {}", data.len());
    assert_eq!(bench.count(1), [20, 2]);
}

#[test]
fn a_slow_connection_costs_no_memory_and_delays_nobody() {
    let mut bench = Bench::new(3);
    let slow = bench.connect(0, 1);
    bench.connect(0, 2);
    bench.pass(200);
    bench.nodes[0].is_blocked = true;
    bench.said.clear();
    for _ in 0..100 {
        bench.publish(0, "x", 30_000);
        bench.settle();
    }
    let bytes = |to_all: usize| to_all as u64 * 30_000;
    let sent = bench
        .said
        .iter()
        .filter(|(from, frame)| *from == 0 && matches!(frame, Frame::Data(_)));
    assert!(bytes(sent.count()) <= 2 * CREDIT_BYTES);
    for session in [slow, SessionId(2)] {
        bench.unblock(0, session);
        bench.settle();
    }
    assert_eq!(bench.count(1), [100]);
    assert_eq!(bench.count(2), [100]);
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_cut_off() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.pass(200);
    bench.nodes[1].is_blocked = true;
    let mut asked = 0;
    while bench.nodes[1].closed.is_empty() {
        bench.said.clear();
        for number in 0..10_000 {
            let want = Frame::Want(bench.stream(1, number + 100), Offset::ZERO);
            bench.forge(0, session, &want);
        }
        bench.settle();
        asked += 10_000;
        assert_eq!(bench.nodes[1].sync.holding().excess(), None);
        assert!(asked < 10_000_000);
    }
    assert_eq!(bench.nodes[1].closed, [CloseReason::Unread]);
    let held = bench.nodes[1].sync.holding();
    assert_eq!(held, Holding::default());
}

#[test]
fn frames_that_no_honest_node_sends_end_the_session() {
    let stream = Bench::new(1).stream(0, 0);
    let chunk = |at, is_end, len| {
        let bytes = Bytes::from(vec![7; len]);
        Frame::Data(Chunk {
            stream,
            at,
            is_end,
            is_shown: false,
            bytes,
        })
    };
    for (frame, what) in [
        (Frame::Credit(1), "a peer grants more than it may"),
        (chunk(5, true, 1), "a piece of a run is not the next one"),
        (chunk(0, true, 9), "unknown batch version or flags"),
        (Frame::HeadsComplete, ""),
    ] {
        let mut bench = Bench::new(2);
        bench.publish(0, "x", 1);
        let session = bench.connect(0, 1);
        bench.settle();
        bench.forge(0, session, &frame);
        bench.settle();
        assert_eq!(misbehaved(&bench, 1).unwrap_or(""), what);
    }
}

#[test]
fn a_peer_without_credit_a_wrong_order_and_garbage_are_cut_off() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.settle();
    let stream = bench.stream(0, 5);
    for index in 0..=CREDIT_BYTES as usize / CHUNK_BYTES_MAX {
        let bytes = vec![7; CHUNK_BYTES_MAX].into();
        let (at, is_end) = (index * CHUNK_BYTES_MAX, false);
        let chunk = Chunk {
            stream,
            at,
            is_end,
            is_shown: false,
            bytes,
        };
        bench.forge(0, session, &Frame::Data(chunk));
    }
    bench.settle();
    // Pieces that nobody asked for are dropped, and their credit given back; so is more of them.
    assert_eq!(misbehaved(&bench, 1), None);
    for (bytes, what) in [
        (Frame::Ping(1).encode(77), "frames are not in order"),
        (vec![0; FRAME_BYTES_MAX + 1].into(), "a frame is too long"),
        (Bytes::from_static(b"no"), "bytes end too early"),
    ] {
        let mut bench = Bench::new(2);
        let session = bench.connect(0, 1);
        bench.settle();
        bench.inject(0, session, bytes);
        bench.settle();
        assert_eq!(misbehaved(&bench, 1), Some(what));
    }
}

#[test]
fn a_head_that_nobody_can_show_is_no_fork() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 1);
    let session = bench.connect(0, 1);
    bench.pass(200);
    let entry = HeadEntry {
        stream: bench.stream(0, 0),
        name: StreamName::default_name(),
        first: Offset::ZERO,
        last: Offset::ZERO,
        hash: BatchHash::from_bytes([1; 32]),
    };
    bench.said.clear();
    bench.forge(0, session, &Frame::Heads(vec![entry]));
    bench.pass(200);
    assert!(
        bench
            .said
            .iter()
            .any(|(from, frame)| *from == 1 && matches!(frame, Frame::Show(..)))
    );
    assert!(bench.nodes[1].incidents.is_empty());
    assert_eq!(misbehaved(&bench, 1), None);
}

#[test]
fn a_silent_peer_is_given_up() {
    let mut bench = Bench::new(2);
    bench.connect(0, 1);
    bench.settle();
    bench.now += std::time::Duration::from_secs(6);
    bench.step(0, crate::sync::Input::Tick);
    assert_eq!(bench.nodes[0].closed, [CloseReason::Silent]);
    assert!(bench.nodes[0].sync.peers(bench.now).is_empty());
}

#[test]
fn promises_are_forgotten_with_the_peer_that_made_them() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.pass(200);
    let entry = |number| HeadEntry {
        stream: bench.stream(0, number),
        name: StreamName::default_name(),
        first: Offset::ZERO,
        last: Offset::new(7).unwrap(),
        hash: BatchHash::from_bytes([1; 32]),
    };
    let heads = (0..200).map(entry).collect();
    bench.forge(0, session, &Frame::Heads(heads));
    bench.settle();
    assert!(bench.nodes[1].sync.holding().entries >= 200);
    bench.disconnect(session);
    assert_eq!(bench.nodes[1].sync.holding(), Holding::default());
}

#[test]
fn two_devices_with_one_identity_are_noticed() {
    let mut bench = Bench::new(2);
    let session = bench.connect(0, 1);
    bench.settle();
    let other = bench.connect(0, 1);
    bench.settle();
    let node = bench.nodes[0].id;
    assert!(
        bench.nodes[1].incidents.is_empty(),
        "the same instance twice is one device"
    );
    for session in [session, other] {
        bench.disconnect(session);
    }
    bench.connect(0, 1);
    bench.settle();
    let peer = node;
    let third = SessionId(99);
    bench.step(
        1,
        crate::sync::Input::Connected {
            session: third,
            peer,
        },
    );
    let hello = Frame::Hello(crate::sync::Hello {
        instance: [77; 16],
        holds: Vec::new(),
        revocations: crate::membership::Revocations::new().digest(),
        members: [0; 32],
    });
    let frame = hello.encode(0);
    bench.step(
        1,
        crate::sync::Input::Received {
            session: third,
            frame,
        },
    );
    assert_eq!(
        bench.nodes[1].incidents,
        [Incident::DuplicateIdentity { node }]
    );
}

#[test]
fn who_may_not_read_a_stream_gets_nothing_of_it() {
    let mut bench = Bench::with(&["*", "*"], &["rw:*", "r:alarms,w:default"]);
    bench.publish(0, "x", 10);
    bench.publish(0, "a", 10);
    let session = bench.connect(0, 1);
    bench.pass(400);
    let (secret, alarms) = (bench.stream(0, 0), bench.stream(0, 1));
    assert!(bench.reader(1).present().last(secret).is_none());
    assert!(bench.reader(1).present().last(alarms).is_some());
    bench.said.clear();
    bench.forge(1, session, &Frame::Want(secret, Offset::ZERO));
    bench.forge(1, session, &Frame::Show(secret, Offset::ZERO));
    bench.pass(100);
    let is_about = |frame: &Frame| match frame {
        Frame::Data(chunk) => chunk.stream == secret,
        Frame::Heads(entries) => entries.iter().any(|entry| entry.stream == secret),
        _ => false,
    };
    assert!(!bench.said.iter().any(|(_, frame)| is_about(frame)));
}

#[test]
fn what_an_author_may_not_write_is_taken_by_nobody() {
    let mut bench = Bench::with(&["*"; 3], &["rw:*", "r:*,w:default", "rw:*"]);
    bench.publish(1, "x", 10);
    bench.publish(1, "a", 10);
    bench.connect(0, 1);
    bench.connect(0, 2);
    bench.pass(400);
    let alarms = bench.stream(1, 1);
    for at in [0, 2] {
        assert_eq!(bench.reader(at).present().len(), 1);
        assert!(bench.reader(at).present().last(alarms).is_none());
    }
}

#[test]
fn a_device_that_was_put_out_while_it_was_admitted_gets_nothing() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 10);
    bench.revoke(0, 1, &[]);
    bench.step(0, crate::sync::Input::MembersChanged);
    bench.connect(0, 1);
    bench.pass(100);
    assert_eq!(bench.nodes[0].closed, [CloseReason::Revoked]);
    let stream = bench.stream(0, 0);
    assert_eq!(bench.reader(1).present().next(stream), 0);
}

#[test]
fn a_revoked_device_is_cut_off_at_once_and_all_keep_the_same_of_it() {
    let mut bench = Bench::new(4);
    for _ in 0..3 {
        bench.publish(1, "x", 10);
    }
    bench.connect(0, 1);
    bench.connect(0, 2);
    bench.pass(400);
    let stream = bench.stream(1, 0);
    bench.revoke(0, 1, &[(0, 2)]);
    bench.step(0, crate::sync::Input::MembersChanged);
    bench.pass(100);
    assert_eq!(bench.nodes[0].closed, [CloseReason::Revoked]);
    // It goes on writing, and somebody who has not heard takes it; then nobody else does.
    bench.publish(1, "x", 10);
    bench.connect(1, 3);
    bench.pass(400);
    assert_eq!(bench.reader(3).present().next(stream), 4);
    bench.connect(3, 2);
    bench.pass(400);
    assert!(bench.nodes[3].closed.contains(&CloseReason::Revoked));
    assert_eq!(bench.reader(2).present().next(stream), 3);
    // What the third one had taken meanwhile is not shown any more.
    assert_eq!(bench.reader(3).present(), bench.reader(2).present());
    assert_eq!(bench.reader(3).stats().events_quarantined, 1);
    assert!(
        bench.nodes[2]
            .sync
            .peers(bench.now)
            .iter()
            .all(|peer| peer.is_in_sync())
    );
}

#[test]
fn certificates_reach_those_who_never_met_their_device() {
    let mut bench = Bench::new(3);
    bench.publish(0, "x", 10);
    bench.nodes[2].forget_members();
    bench.connect(0, 1);
    bench.connect(1, 2);
    bench.pass(400);
    assert_eq!(bench.count(2), [1]);
}

#[test]
fn a_commit_that_meets_a_change_of_members_is_sent() {
    let mut bench = Bench::new(2);
    bench.publish(0, "x", 10);
    bench.connect(0, 1);
    bench.pass(200);
    bench.commit(0, "x", 10);
    bench.step(0, crate::sync::Input::MembersChanged);
    bench.step(0, crate::sync::Input::Committed);
    bench.settle();
    assert_eq!(bench.count(1), [2]);
}

#[test]
fn nothing_of_the_log_is_said_before_revocations_are_agreed_on() {
    let mut bench = Bench::new(3);
    bench.publish(0, "x", 10);
    bench.revoke(1, 2, &[]);
    bench.connect(0, 1);
    for _ in 0..2 {
        bench.deliver_one();
    }
    // Both have greeted, and the first one waits for what the other one knows.
    bench.publish(0, "a", 10);
    let is_about = |frame: &Frame| matches!(frame, Frame::Heads(_) | Frame::Data(_));
    assert!(!bench.said.iter().any(|(_, frame)| is_about(frame)));
    bench.settle();
    assert_eq!(bench.count(1), [1, 1]);
}

#[test]
fn a_new_certificate_counts_in_sessions_that_are_open() {
    let mut bench = Bench::with(&["*", "*"], &["rw:*", "rw:*"]);
    bench.publish(0, "x", 10);
    bench.publish(0, "a", 10);
    bench.connect(0, 1);
    bench.pass(200);
    let grant = |bench: &mut Bench, capabilities, moment| {
        let chain = certificate(2, capabilities, NOW + moment);
        bench.nodes[0].sync.members_mut().admit(chain).unwrap();
        bench.step(0, crate::sync::Input::MembersChanged);
        bench.pass(200);
    };
    grant(&mut bench, "r:alarms,w:*", 1);
    for tag in ["x", "a"] {
        bench.publish(0, tag, 10);
    }
    bench.pass(200);
    assert_eq!(bench.count(1), [1, 2]);
    grant(&mut bench, "rw:*", 2);
    bench.pass(6_000);
    assert_eq!(bench.count(1), [2, 2]);
}

#[test]
fn a_revocation_learnt_between_two_hellos_delays_nobody() {
    let mut bench = Bench::new(3);
    bench.publish(0, "x", 10);
    bench.publish(1, "x", 10);
    bench.revoke(0, 2, &[]);
    bench.connect(0, 1);
    // The hello of the second one says that it knows nothing; by now it does.
    bench.revoke(1, 2, &[]);
    bench.step(1, crate::sync::Input::MembersChanged);
    bench.settle();
    assert!(bench.nodes.iter().all(|node| node.closed.is_empty()));
    assert_eq!([bench.count(0), bench.count(1)], [[1, 1], [1, 1]]);
}
