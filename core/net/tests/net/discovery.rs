//! Nodes that find each other without being told.

use std::sync::Arc;

use swarmlet_net::{Gate, Handshake, NetEvent, Options, PeerKey, Protocol};
use tokio::time::timeout;

use crate::node::{DEADLINE, OneWord, quiet, receive, send, start_with};

/// Announces itself as one of a swarm.
struct Labelled(&'static str, &'static str);

impl Gate for Labelled {
    fn begin(&self, own: PeerKey, peer: PeerKey, is_dialler: bool) -> Box<dyn Handshake> {
        OneWord(self.0).begin(own, peer, is_dialler)
    }

    fn label(&self) -> String {
        // Tests of other processes are on the same network.
        format!("{}-{}-{}", self.0, std::process::id(), self.1)
    }

    fn is_ours(&self, label: &str) -> bool {
        label.starts_with(&format!("{}-{}-", self.0, std::process::id()))
    }
}

#[expect(
    clippy::print_stderr,
    reason = "who reads the output must see that nothing was tested"
)]
fn skip(why: &str) {
    eprintln!("SKIPPED: discovery was not tested, since {why}");
}

/// Whether this machine lets a process hear its own multicast on the loopback.
async fn has_multicast() -> bool {
    use std::net::Ipv4Addr;
    let group = Ipv4Addr::new(224, 0, 0, 251);
    let heard = async {
        let receiver = tokio::net::UdpSocket::bind("0.0.0.0:0").await?;
        receiver.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        let sender = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
        sender
            .send_to(b"?", (group, receiver.local_addr()?.port()))
            .await?;
        receiver.recv(&mut [0; 8]).await
    };
    matches!(
        timeout(std::time::Duration::from_secs(1), heard).await,
        Ok(Ok(1))
    )
}

#[tokio::test]
async fn nodes_of_a_swarm_find_each_other_and_no_strangers() {
    let noisy = |seed| Options {
        mdns: true,
        ..quiet(seed, Protocol::Tcp)
    };
    if !has_multicast().await {
        return skip("there is no multicast on the loopback");
    }
    let mut left = start_with(noisy(1), Arc::new(Labelled("ours", "1"))).await;
    let mut stranger = start_with(noisy(3), Arc::new(Labelled("theirs", "3"))).await;
    let mut right = start_with(noisy(2), Arc::new(Labelled("ours", "2"))).await;
    let (mut to_right, mut to_left) = (left.connected().await, right.connected().await);
    send(&mut to_right, "found").await;
    assert_eq!(receive(&mut to_left).await, "found");
    while let Some(event) = stranger.event_now() {
        assert!(matches!(event, NetEvent::Listening(_)), "{event:?}");
    }

    // An announcement that starts anew leads to new nodes too.
    left.net.network_changed();
    let mut late = start_with(noisy(4), Arc::new(Labelled("ours", "4"))).await;
    let links = [late.connected().await, late.connected().await];
    assert_ne!(links[0].peer, links[1].peer);
    let _ = timeout(DEADLINE, left.net.close()).await;
}
