//! How members find each other: by an address, over others, by multicast, and when there are many.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use swarmlet::{InviteOptions, Network, Options};

use crate::harness::{Place, number, tags};
use crate::swarm::{SOON, founder, joiner, joiner_with, network, options, reaches};

#[tokio::test(flavor = "multi_thread")]
async fn members_who_know_one_of_them_find_the_others() {
    let places = [Place::new(), Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let mut nodes = Vec::new();
    for place in &places[1..] {
        nodes.push(joiner(place, &first, "rw:*").await);
    }
    nodes.push(first);
    for node in &nodes {
        let mut status = node.swarm().changes();
        let has_met = |status: &swarmlet::SwarmStatus| status.peers.len() == 3;
        let met = tokio::time::timeout(SOON, status.wait_for(has_met)).await;
        met.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_connections_each_they_are_one_swarm_all_the_same() {
    let places: Vec<Place> = (0..9).map(|_| Place::new()).collect();
    let narrow = || network().connections_max(2);
    let first = Options::new().network(narrow());
    let first = places[0].open_with(first).await;
    first.swarm().create("plant", "first").unwrap();
    let mut nodes = Vec::new();
    for place in &places[1..] {
        nodes.push(joiner_with(place, &first, "rw:*", narrow()).await);
    }
    nodes.push(first);
    for node in &nodes {
        node.publish(tags("x"), number(1)).await.unwrap();
    }
    for node in &nodes {
        reaches(node, 9).await;
        let mut status = node.swarm().changes();
        let is_narrow = |status: &swarmlet::SwarmStatus| (1..=2).contains(&status.peers.len());
        let narrowed = tokio::time::timeout(SOON, status.wait_for(is_narrow)).await;
        narrowed.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_cannot_meet_are_connected_by_the_one_between() {
    let places = [Place::new(), Place::new(), Place::new()];
    let middle = founder(&places[0]).await;
    let strange = || network().address_exchange(false);
    let left = joiner_with(&places[1], &middle, "rw:*", strange()).await;
    let right = joiner_with(&places[2], &middle, "rw:*", strange()).await;
    left.publish(tags("left"), number(1)).await.unwrap();
    right.publish(tags("right"), number(2)).await.unwrap();
    for node in [&left, &middle, &right] {
        reaches(node, 2).await;
    }
    assert_eq!(left.swarm().peers().len(), 1);
    assert_eq!(right.swarm().peers().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_let_in_and_was_told_nothing_yet_comes_back() {
    let places = [Place::new(), Place::new(), Place::new()];
    let strange = || Options::new().network(network().address_exchange(false));
    let first = places[0].open_with(strange()).await;
    first.swarm().create("plant", "first").unwrap();
    let terms = InviteOptions::default();

    let invited = places[1].open_with(strange()).await;
    let token = first.swarm().invite(&terms).unwrap();
    invited.swarm().join(&token, "invited", SOON).await.unwrap();
    invited.close().await.unwrap();

    let approved = places[2].open_with(strange()).await;
    let address = first.swarm().status().listening[0].clone();
    let swarm = approved.swarm();
    swarm.ask(&address, "approved", SOON).await.unwrap();
    first.swarm().approve(approved.id(), &terms).unwrap();
    swarm.wait_joined(SOON).await.unwrap();
    approved.close().await.unwrap();

    first.publish(tags("meanwhile"), number(1)).await.unwrap();
    for place in &places[1..] {
        reaches(&place.open_with(strange()).await, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_founded_a_swarm_does_not_go_where_it_asked_before() {
    let places = [Place::new(), Place::new(), Place::new()];
    let stranger = founder(&places[0]).await;
    let address = stranger.swarm().status().listening[0].clone();
    let own = places[1].open_with(options()).await;
    own.swarm().ask(&address, "own", SOON).await.unwrap();
    own.swarm().create("elsewhere", "own").unwrap();
    own.close().await.unwrap();
    let own = places[1].open_with(options()).await;
    // That takes longer than to be refused.
    let _joined = joiner(&places[2], &own, "rw:*").await;
    assert_eq!(own.swarm().status().refused, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn quic_alone_will_do() {
    let places = [Place::new(), Place::new()];
    let quic = || {
        let network = Network::new().listen("quic://127.0.0.1:0");
        Options::new().network(network.discovery(false))
    };
    let first = places[0].open_with(quic()).await;
    first.swarm().create("plant", "first").unwrap();
    let second = places[1].open_with(quic()).await;
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    second.swarm().join(&token, "other", SOON).await.unwrap();
    second.publish(tags("x"), number(1)).await.unwrap();
    reaches(&first, 1).await;
    assert!(second.swarm().peers()[0].address.starts_with("quic://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_find_each_other_without_an_address() {
    if !has_multicast() {
        skip("this machine has no multicast");
        return;
    }
    let places = [Place::new(), Place::new(), Place::new()];
    let first = places[0].open_with(Options::new()).await;
    first.swarm().create("plant", "first").unwrap();
    let mut others = Vec::new();
    for place in &places[1..] {
        let node = place.open_with(Options::new()).await;
        let token = first.swarm().invite(&InviteOptions::default()).unwrap();
        node.swarm().join(&token, "other", SOON).await.unwrap();
        others.push(node);
    }
    // The two were told nothing of each other.
    let second = others[1].id();
    let mut status = others[0].swarm().changes();
    let has_met =
        |status: &swarmlet::SwarmStatus| status.peers.iter().any(|peer| peer.node == second);
    let met = tokio::time::timeout(SOON, status.wait_for(has_met)).await;
    met.unwrap().unwrap();
}

#[expect(
    clippy::print_stderr,
    reason = "who reads the output must see that nothing was tested"
)]
fn skip(why: &str) {
    eprintln!("SKIPPED: discovery by the node was not tested, since {why}");
}

/// Whether this machine lets a process hear its own multicast.
fn has_multicast() -> bool {
    let (any, group) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(224, 0, 0, 251));
    let hear = || {
        let receiver = UdpSocket::bind((any, 0))?;
        receiver.set_read_timeout(Some(Duration::from_secs(1)))?;
        receiver.join_multicast_v4(&group, &any)?;
        let port = receiver.local_addr()?.port();
        UdpSocket::bind((any, 0))?.send_to(b"?", (group, port))?;
        receiver.recv(&mut [0; 8])
    };
    hear().is_ok_and(|len: usize| len == 1)
}
