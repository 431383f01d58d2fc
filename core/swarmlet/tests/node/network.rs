//! Nodes whose network cannot be used when they are opened.

use std::net::TcpListener;

use swarmlet::{Network, Node, Options, SwarmStatus};

use crate::harness::{Place, number, soon, tags, until};
use crate::swarm::{SOON, founder, joiner};

/// Opens a member that is to listen where somebody else does.
async fn opened_too_early(place: &Place, taken: &TcpListener) -> Node {
    let address = format!("tcp://{}", taken.local_addr().unwrap());
    let network = Network::new().listen(&address).discovery(false);
    let node = place.open_with(Options::new().network(network)).await;
    until(|| !node.swarm().status().incidents.is_empty()).await;
    let status = node.swarm().status();
    assert!(status.listening.is_empty());
    assert!(status.incidents[0].contains("network"), "{status:?}");
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_opened_before_its_address_is_there_takes_part_once_it_is() {
    let (first, second) = (Place::new(), Place::new());
    let issuer = founder(&first).await;
    let member = joiner(&second, &issuer, "rw:*").await;
    member.swarm().wait_in_sync(SOON).await.unwrap();
    member.close().await.unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let member = opened_too_early(&second, &taken).await;
    member.publish(tags("alone"), number(1)).await.unwrap();
    drop(taken);
    let mut changes = member.swarm().changes();
    let listens = |status: &SwarmStatus| !status.listening.is_empty();
    let waited = tokio::time::timeout(SOON, changes.wait_for(listens)).await;
    drop(waited.unwrap().unwrap());
    member.swarm().wait_in_sync(SOON).await.unwrap();
    assert_eq!(
        issuer.offsets().unwrap().present,
        member.offsets().unwrap().present
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_waits_for_its_network_is_closed_at_once() {
    let place = Place::new();
    founder(&place).await.close().await.unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let node = opened_too_early(&place, &taken).await;
    soon(node.close()).await.unwrap();
}
