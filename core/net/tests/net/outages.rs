//! Peers that go and come back.

use std::time::Duration;

use swarmlet_net::{NetError, Options, Protocol};
use tokio::time::{Instant, timeout};

use crate::node::{DEAD_AFTER, DEADLINE, pair, quiet, receive, send, start};
use crate::proxy::Proxy;

/// What a loaded machine may take longer.
const MARGIN: Duration = Duration::from_millis(1_500);

#[tokio::test]
async fn idle_link_lives() {
    for protocol in [Protocol::Tcp, Protocol::Quic] {
        let (mut left, mut to_right, mut right, mut to_left) = pair(protocol).await;
        // Three times as long as a silent one would.
        let idle = timeout(Duration::from_secs(3), to_right.receiver.receive()).await;
        assert!(idle.is_err(), "{idle:?}");
        send(&mut to_left, "still here").await;
        assert_eq!(receive(&mut to_right).await, "still here");
        assert!(left.event_now().is_none() && right.event_now().is_none());
    }
}

/// The link is cut, noticed and mended; gives the reason and how long each took.
async fn live_through_a_cut(protocol: Protocol) -> (String, Duration, Duration) {
    let mut left = start(quiet(1, protocol)).await;
    let proxy = Proxy::start(left.endpoint()).await;
    let mut right = start(Options {
        peers: vec![proxy.endpoint],
        ..quiet(2, protocol)
    })
    .await;
    let (mut to_left, _to_right) = (right.connected().await, left.connected().await);
    send(&mut to_left, "before").await;

    proxy.cut();
    let cut = Instant::now();
    let lost = timeout(DEADLINE, to_left.receiver.receive())
        .await
        .expect("a loss");
    assert!(matches!(lost, Err(NetError::Lost { .. })), "{lost:?}");
    let (_, reason) = right.closed().await;
    left.closed().await;
    let noticed = cut.elapsed();

    proxy.mend();
    let mended = Instant::now();
    let (mut to_left, mut to_right) = (right.connected().await, left.connected().await);
    let resumed = mended.elapsed();
    send(&mut to_left, "after").await;
    assert_eq!(receive(&mut to_right).await, "after");
    (reason, noticed, resumed)
}

#[tokio::test]
async fn dead_link_is_noticed_and_redialled_when_it_lives_again() {
    for (protocol, text) in [
        (Protocol::Tcp, "nothing arrived for 1000 ms"),
        (Protocol::Quic, "timed out"),
    ] {
        let (reason, noticed, resumed) = live_through_a_cut(protocol).await;
        assert!(reason.contains(text), "{reason}");
        // QUIC counts from its last heartbeat, which is a third of the time later.
        assert!(
            noticed >= DEAD_AFTER / 2 && noticed < DEAD_AFTER * 4 / 3 + MARGIN,
            "{noticed:?}"
        );
        // A dial that was swallowed ends after as long; a new one starts before that.
        assert!(resumed < DEAD_AFTER + MARGIN, "{resumed:?}");
    }
}

#[tokio::test]
async fn restarted_peer_is_redialled() {
    for protocol in [Protocol::Tcp, Protocol::Quic] {
        let left = start(quiet(1, protocol)).await;
        let endpoint = left.endpoint();
        let mut right = start(Options {
            peers: vec![endpoint],
            ..quiet(2, protocol)
        })
        .await;
        let mut to_left = right.connected().await;
        left.net.close().await;
        drop(left);
        let lost = timeout(DEADLINE, to_left.receiver.receive()).await.unwrap();
        assert!(lost.is_err(), "{lost:?}");
        right.closed().await;
        let mut left = start(Options {
            listen: vec![endpoint],
            ..quiet(1, protocol)
        })
        .await;
        let (mut to_left, mut to_right) = (right.connected().await, left.connected().await);
        send(&mut to_left, "again").await;
        assert_eq!(receive(&mut to_right).await, "again");
    }
}

#[tokio::test]
async fn network_change_redials_at_once() {
    let parked = start(quiet(1, Protocol::Tcp)).await;
    let endpoint = parked.endpoint();
    parked.net.close().await;
    let mut right = start(Options {
        peers: vec![endpoint],
        ..quiet(2, Protocol::Tcp)
    })
    .await;
    // Unreachable for so long that the pause between two dials is clearly longer than a dial.
    assert!(right.refused().await.1.contains("refused"));
    let outage = timeout(Duration::from_secs(8), right.refused()).await;
    assert!(outage.is_err(), "the same reason is told once: {outage:?}");
    let mut left = start(Options {
        listen: vec![endpoint],
        ..quiet(1, Protocol::Tcp)
    })
    .await;
    right.net.network_changed();
    let changed = Instant::now();
    let _links = (right.connected().await, left.connected().await);
    assert!(
        changed.elapsed() < Duration::from_millis(600),
        "{:?}",
        changed.elapsed()
    );
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_node() {
    for protocol in [Protocol::Tcp, Protocol::Quic] {
        let (mut left, to_right, mut right, to_left) = pair(protocol).await;
        let clone = left.net.clone();
        left.net = right.net.clone();
        drop(clone);
        left.ended().await;
        right.closed().await;
        drop((to_right, to_left));
    }
}
