//! The swarm over real sockets on loopback: completions, waits that end, changes that are followed.

use std::path::Path;
use std::time::Duration;

use swarmlet::{ErrorKind, Network, Options, SwarmStatus};
use swarmlet_facade::{Changes, Node, Pending, Readiness, Swarm, Terms, Waiting, open};

use super::{LIMIT, close, finished, publish};

/// Opens a node that uses loopback only.
fn opened(path: &Path) -> Node {
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let options = Options::new().network(network);
    finished(|completion| open(path.to_owned(), options, completion)).unwrap()
}

/// A node that has founded a swarm.
pub(super) fn founded(path: &Path) -> (Node, Swarm) {
    let node = opened(path);
    let swarm = node.swarm().unwrap();
    let (name, device) = ("plant".to_owned(), "first".to_owned());
    finished(|completion| swarm.create(name, device, completion)).unwrap();
    (node, swarm)
}

fn invite(swarm: &Swarm) -> String {
    finished(|completion| swarm.invite(Terms::default(), completion)).unwrap()
}

/// Waits until the status is as wanted; what comes out is the newest.
fn until(changes: &Changes, is_wanted: impl Fn(&SwarmStatus) -> bool) -> SwarmStatus {
    loop {
        assert_eq!(changes.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
        match changes.take().unwrap() {
            Some(status) if is_wanted(&status) => return status,
            _ => {}
        }
    }
}

#[test]
fn a_device_joins_and_changes_tell_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (first, swarm) = founded(&folder.path().join("first"));
    let changes = swarm.changes().unwrap();
    assert!(until(&changes, |_| true).peers.is_empty());
    assert_eq!(changes.look().unwrap(), Readiness::Waiting);

    let second = opened(&folder.path().join("second"));
    let other = second.swarm().unwrap();
    let token = invite(&swarm);
    let mut waiting = Waiting::default();
    finished(|completion| {
        waiting = other.join(token, "second".to_owned(), Some(LIMIT), completion);
    })
    .unwrap();
    publish(&second, 0..10);
    finished(|completion| waiting = other.wait_in_sync(Some(LIMIT), completion)).unwrap();
    let status = until(&changes, SwarmStatus::is_in_sync);
    assert_eq!(status.peers[0].node, second.id().unwrap());
    assert_eq!(first.offsets().unwrap(), second.offsets().unwrap());

    close(&second);
    until(&changes, |status| status.peers.is_empty());
    close(&first);
}

#[test]
fn a_wait_runs_out_or_is_given_up_or_ends_with_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let (first, swarm) = founded(&folder.path().join("first"));
    let (second, _) = founded(&folder.path().join("second"));
    let mut waiting = Waiting::default();
    let too_late = finished(|completion| {
        waiting = swarm.wait_in_sync(Some(Duration::from_millis(1)), completion);
    });
    assert_eq!(too_late.unwrap_err().kind, ErrorKind::Timeout);

    let given_up = Pending::start(|completion| waiting = swarm.wait_in_sync(None, completion));
    waiting.cancel();
    let given_up = given_up.wait(LIMIT).unwrap().unwrap_err();
    assert_eq!(given_up.kind, ErrorKind::Cancelled);
    assert_eq!(given_up.operation, "swarm.wait_in_sync");

    // The other node keeps the runtime, so it is the node that ends the wait.
    let cut_off = Pending::start(|completion| waiting = swarm.wait_in_sync(None, completion));
    let changes = swarm.changes().unwrap();
    until(&changes, |_| true);
    close(&first);
    let cut_off = cut_off.wait(LIMIT).unwrap().unwrap_err();
    assert_eq!(cut_off.kind, ErrorKind::Closed);
    let ended = changes.ready_blocking(LIMIT).unwrap_err();
    assert_eq!(
        (ended.kind, ended.operation),
        (ErrorKind::Closed, "swarm.changes")
    );
    close(&second);
}

#[test]
fn who_is_slow_sees_the_newest_and_who_cancels_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, swarm) = founded(&folder.path().join("first"));
    let (slow, cancelled) = (swarm.changes().unwrap(), swarm.changes().unwrap());
    let seen = swarm.changes().unwrap();
    let second = opened(&folder.path().join("second"));
    let other = second.swarm().unwrap();
    let token = invite(&swarm);
    let mut waiting = Waiting::default();
    finished(|completion| {
        waiting = other.join(token, "second".to_owned(), Some(LIMIT), completion);
    })
    .unwrap();
    until(&seen, SwarmStatus::is_in_sync);
    // All of them are told in turn; this one has never looked and misses what was before.
    until(&slow, SwarmStatus::is_in_sync);
    cancelled.cancel().unwrap();
    assert_eq!(cancelled.look().unwrap(), Readiness::Ended);
    assert!(cancelled.take().unwrap().is_none());
    close(&second);
    until(&seen, |status| status.peers.is_empty());
    assert_eq!(cancelled.look().unwrap(), Readiness::Ended);
    close(&first);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_call() {
    let folder = tempfile::tempdir().unwrap();
    let (node, swarm) = founded(&folder.path().join("node"));
    let terms = |text: &str| Terms {
        capabilities: Some(text.to_owned()),
        ..Terms::default()
    };
    let text = || "no such thing".to_owned();
    for (operation, outcome) in [
        (
            "swarm.invite",
            finished(|completion| swarm.invite(terms("x"), completion)).map(drop),
        ),
        (
            "swarm.become_issuer",
            finished(|completion| swarm.become_issuer(text(), completion)),
        ),
        (
            "swarm.withdraw",
            finished(|completion| swarm.withdraw(text(), completion)).map(drop),
        ),
        (
            "swarm.reject",
            finished(|completion| swarm.reject(text(), completion)),
        ),
        (
            "swarm.revoke",
            finished(|completion| swarm.revoke(text(), String::new(), completion)),
        ),
        (
            "swarm.approve",
            finished(|completion| swarm.approve(text(), Terms::default(), completion)),
        ),
        (
            "swarm.preauthorise",
            finished(|completion| swarm.preauthorise(text(), Terms::default(), completion)),
        ),
    ] {
        let failure = outcome.unwrap_err();
        assert_eq!(
            (failure.kind, failure.operation),
            (ErrorKind::InvalidArgument, operation)
        );
    }
    close(&node);
}
