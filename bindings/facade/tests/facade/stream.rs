//! Look, then take: nothing is lost, nothing piles up, everybody is woken.

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use swarmlet::{ErrorKind, Item, QueryOptions};
use swarmlet_facade::{Readiness, Stream};

use super::{LIMIT, close, numbers, opened, publish, queried, subscribed};

/// Takes until the end.
fn rest(stream: &Stream) -> Vec<u64> {
    let mut seen = Vec::new();
    while stream.ready_blocking(LIMIT).unwrap() == Readiness::Ready {
        seen.extend(numbers(&stream.take(100).unwrap()));
    }
    assert_eq!(stream.look().unwrap(), Readiness::Ended);
    seen
}

#[test]
fn a_query_is_taken_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..3000);
    assert_eq!(rest(&queried(&node)), (0..3000).collect::<Vec<_>>());
    close(&node);
}

#[test]
fn who_asks_for_everything_before_looking_gets_everything() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..3);
    let stream = node.query("FROM 'n' SELECT _.a", QueryOptions::default());
    let stream = stream.unwrap();
    // Read ahead to the end before anybody has said what is wanted.
    let deadline = Instant::now() + LIMIT;
    while node.metrics().unwrap().results_open > 0 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    stream.show_all().unwrap();
    let outputs = stream.take(100).unwrap();
    let diagnostics = outputs
        .iter()
        .filter(|output| matches!(output.item, Item::Diagnostic(_)));
    assert_eq!(diagnostics.count(), 3);

    let rows_only = node.query("FROM 'n' SELECT _.a", QueryOptions::default());
    assert_eq!(rest(&rows_only.unwrap()), Vec::<u64>::new());
    close(&node);
}

#[test]
fn a_wait_that_is_dropped_loses_nothing() {
    const COUNT: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    let stream = subscribed(&node);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let seen = std::thread::scope(|threads| {
        threads.spawn(|| (0..COUNT).for_each(|number| publish(&node, number..number + 1)));
        runtime.block_on(async {
            let mut seen = Vec::new();
            while seen.len() < COUNT as usize {
                let ready = tokio::time::timeout(Duration::from_micros(100), stream.ready());
                if let Ok(ready) = ready.await {
                    assert!(ready.unwrap());
                    seen.extend(numbers(&stream.take(3).unwrap()));
                }
            }
            seen
        })
    });
    assert_eq!(seen, (0..COUNT).collect::<Vec<_>>());
    close(&node);
}

#[test]
fn what_is_read_ahead_is_bounded_and_the_rest_follows() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    for start in (0..20_000).step_by(4000) {
        publish(&node, start..start + 4000);
    }
    let stream = subscribed(&node);
    let full = 1024..1024 + 256;
    let deadline = Instant::now() + LIMIT;
    let mut seen = Vec::new();
    while seen.len() < full.start {
        assert!(Instant::now() < deadline);
        assert_eq!(stream.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
        seen.extend(numbers(&stream.take(1).unwrap()));
    }
    // Time to read on, if it did.
    while node.metrics().unwrap().query.count() < 5 {
        assert!(Instant::now() < deadline);
    }
    let ahead = stream.take(usize::MAX).unwrap();
    assert!(ahead.len() <= full.end, "{}", ahead.len());
    seen.extend(numbers(&ahead));
    while seen.len() < 20_000 {
        assert_eq!(stream.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
        seen.extend(numbers(&stream.take(usize::MAX).unwrap()));
    }
    assert_eq!(seen, (0..20_000).collect::<Vec<_>>());
    close(&node);
}

#[test]
fn offsets_follow_what_is_taken_not_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..1000);
    let stream = queried(&node);
    assert!(stream.offsets().unwrap().is_empty());
    let mut taken = 0;
    while taken < 700 {
        assert_eq!(stream.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
        taken += stream.take(7).unwrap().len();
    }
    let lower = stream.offsets().unwrap();
    let options = QueryOptions {
        lower,
        ..QueryOptions::default()
    };
    let next = node.query("FROM 'n'", options).unwrap();
    assert_eq!(rest(&next), (taken as u64..1000).collect::<Vec<_>>());
    close(&node);
}

#[test]
fn cancelling_wakes_those_who_wait() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    let stream = subscribed(&node);
    let (tx, rx) = sync_channel(1);
    let watcher = Box::new(move || tx.send(()).unwrap());
    stream.watch(watcher).unwrap();
    assert_eq!(stream.look().unwrap(), Readiness::Waiting);
    stream.cancel().unwrap();
    rx.recv_timeout(LIMIT).unwrap();
    assert_eq!(stream.look().unwrap(), Readiness::Ended);
    publish(&node, 0..1);
    assert!(stream.take(1).unwrap().is_empty());
    close(&node);
}

#[test]
fn a_forgotten_watcher_is_not_called() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    let stream = subscribed(&node);
    let forgotten = stream.watch(Box::new(|| panic!("called"))).unwrap();
    stream.forget(forgotten).unwrap();
    let (tx, rx) = sync_channel(1);
    let watcher = Box::new(move || tx.send(()).unwrap());
    stream.watch(watcher).unwrap();
    publish(&node, 0..1);
    rx.recv_timeout(LIMIT).unwrap();
    close(&node);
}

#[test]
fn closing_the_node_ends_its_streams() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    let stream = subscribed(&node);
    close(&node);
    let failure = stream.ready_blocking(LIMIT).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Closed);
}

#[test]
fn a_bad_query_shows_the_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    let failure = node
        .query("FROM 'n' &", QueryOptions::default())
        .err()
        .unwrap();
    assert_eq!(failure.kind, ErrorKind::InvalidQuery);
    assert!(!failure.message.contains('\n'));
    let view = failure.details.iter().find(|(name, _)| name == "view");
    assert!(view.unwrap().1.contains('^'));
    close(&node);
}
