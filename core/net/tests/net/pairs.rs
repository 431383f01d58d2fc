//! At most one connection a pair, and none to oneself.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use swarmlet_net::{Link, NetEvent, Options, PeerKey, Protocol};
use tokio::time::{Duration, Instant, timeout, timeout_at};

use crate::node::{DEADLINE, Node, pair, quiet, receive, send, start};

/// If nothing happens for so long, nothing is on its way: longer than a redial takes.
const QUIET: Duration = Duration::from_millis(600);

/// Takes events of all nodes until each has a link to each other one and nothing more happens.
async fn settle(nodes: &mut [Node]) -> Vec<BTreeMap<PeerKey, Link>> {
    let mut links: Vec<BTreeMap<PeerKey, Link>> = nodes.iter().map(|_| BTreeMap::new()).collect();
    let wanted = nodes.len() - 1;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let is_complete = links.iter().all(|links| links.len() == wanted);
        let patience = if is_complete {
            Instant::now() + QUIET
        } else {
            deadline
        };
        let Ok((at, event)) = timeout_at(patience, next_event(nodes)).await else {
            let counts: Vec<_> = links.iter().map(BTreeMap::len).collect();
            assert!(is_complete, "links: {counts:?}");
            return links;
        };
        match event {
            NetEvent::Connected(link) => {
                let before = links[at].insert(link.peer, link);
                assert!(before.is_none(), "two links to one peer");
            }
            NetEvent::Closed { peer, .. } => drop(links[at].remove(&peer)),
            _ => {}
        }
    }
}

/// The next event of any node, and of which.
async fn next_event(nodes: &mut [Node]) -> (usize, NetEvent) {
    poll_fn(|cx| {
        for (at, node) in nodes.iter_mut().enumerate() {
            if let Poll::Ready(event) = node.poll_event(cx) {
                return Poll::Ready((at, event));
            }
        }
        Poll::Pending
    })
    .await
}

#[tokio::test]
async fn simultaneous_dials_end_with_one_connection_a_pair() {
    for protocol in [Protocol::Tcp, Protocol::Quic] {
        for round in 0..4_u8 {
            let mut nodes = Vec::new();
            for seed in 1..=3 {
                nodes.push(start(quiet(round * 10 + seed, protocol)).await);
            }
            for from in &nodes {
                for to in &nodes {
                    from.net.dial(to.endpoint());
                }
            }
            let mut links = settle(&mut nodes).await;
            // The two ends of a pair are ends of the same connection.
            for left in 0..3 {
                for right in left + 1..3 {
                    let (here, there) = (nodes[left].net.own(), nodes[right].net.own());
                    let mut to_right = links[left].remove(&there).unwrap();
                    let mut to_left = links[right].remove(&here).unwrap();
                    assert_ne!(to_right.is_dialler, to_left.is_dialler);
                    send(&mut to_right, "hello").await;
                    assert_eq!(receive(&mut to_left).await, "hello");
                    send(&mut to_left, "hello too").await;
                    assert_eq!(receive(&mut to_right).await, "hello too");
                }
            }
        }
    }
}

#[tokio::test]
async fn two_protocols_to_one_peer_end_with_one_connection() {
    let address = |protocol| quiet(0, protocol).listen[0];
    let both = |seed| Options {
        listen: vec![address(Protocol::Tcp), address(Protocol::Quic)],
        ..quiet(seed, Protocol::Tcp)
    };
    let mut nodes = [start(both(1)).await, start(both(2)).await];
    for endpoint in nodes[0].net.listening() {
        nodes[1].net.dial(endpoint);
    }
    settle(&mut nodes).await;
}

#[tokio::test]
async fn node_does_not_connect_to_itself() {
    let options = quiet(1, Protocol::Tcp);
    let node = start(options.clone()).await;
    let endpoint = node.endpoint();
    node.net.close().await;
    // The address is a static one of its own, which it cannot know before it has dialled it.
    let options = Options {
        listen: vec![endpoint],
        peers: vec![endpoint],
        ..options
    };
    let mut node = start(options).await;
    let mut other = start(Options {
        peers: vec![endpoint],
        ..quiet(2, Protocol::Tcp)
    })
    .await;
    assert_eq!(node.connected().await.peer, other.net.own());
    assert_eq!(other.connected().await.peer, node.net.own());
}

#[tokio::test]
async fn disconnect_closes_at_once() {
    for protocol in [Protocol::Tcp, Protocol::Quic] {
        let (mut left, mut to_right, right, mut to_left) = pair(protocol).await;
        let begun = Instant::now();
        left.net.disconnect(right.net.own());
        let here = timeout(DEADLINE, to_right.receiver.receive())
            .await
            .unwrap();
        assert!(
            matches!(here, Err(swarmlet_net::NetError::Closed)),
            "{here:?}"
        );
        assert_eq!(
            left.closed().await,
            (right.net.own(), "disconnected by this node".into())
        );
        assert!(to_right.sender.send(&["no".into()]).await.is_err());
        let there = timeout(DEADLINE, to_left.receiver.receive()).await.unwrap();
        assert!(there.is_err(), "{there:?}");
        assert!(
            begun.elapsed() < Duration::from_millis(500),
            "{:?}",
            begun.elapsed()
        );
    }
}
