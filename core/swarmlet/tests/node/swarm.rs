//! Nodes in a swarm, over real sockets on loopback: founding, joining, syncing, revoking.

use std::sync::Arc;
use std::time::Duration;

use swarmlet::{
    ErrorKind, InviteOptions, Network, Node, Options, QueryOptions, StreamId, StreamNumber,
};
use swarmlet_engine::membership::Invite;

use crate::harness::{HandClock, Place, number, tags, until};

/// Long enough for a machine that is busy with other things.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Quiet networking: loopback, no discovery.
pub(crate) fn network() -> Network {
    Network::new().listen("tcp://127.0.0.1:0").discovery(false)
}

pub(crate) fn options() -> Options {
    Options::new().network(network())
}

pub(crate) async fn founder(place: &Place) -> Node {
    let node = place.open_with(options()).await;
    node.swarm().create("plant", "first").unwrap();
    node
}

pub(crate) async fn joiner(place: &Place, issuer: &Node, capabilities: &str) -> Node {
    joiner_with(place, issuer, capabilities, network()).await
}

pub(crate) async fn joiner_with(
    place: &Place,
    issuer: &Node,
    capabilities: &str,
    network: Network,
) -> Node {
    let node = place.open_with(Options::new().network(network)).await;
    let mut invite = InviteOptions::default();
    invite.capabilities = capabilities.parse().unwrap();
    let token = issuer.swarm().invite(&invite).unwrap();
    node.swarm().join(&token, "other", SOON).await.unwrap();
    node
}

async fn count(node: &Node) -> usize {
    let mut results = node
        .query("FROM allEvents", QueryOptions::default())
        .unwrap();
    let mut count = 0;
    while let Some(rows) = results.next_chunk(1000).await.unwrap() {
        count += rows.len();
    }
    count
}

/// Waits until a node has so many events.
pub(crate) async fn reaches(node: &Node, wanted: usize) {
    let waited = tokio::time::timeout(SOON, async {
        while count(node).await < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap();
}

fn present(node: &Node) -> swarmlet::Offsets {
    node.offsets().unwrap().present
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_joins_with_one_line_and_both_have_the_same() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    first.publish(tags("before"), number(1)).await.unwrap();
    let second = places[1].open_with(options()).await;
    second.publish(tags("alone"), number(2)).await.unwrap();
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    second.swarm().join(&token, "press-7", SOON).await.unwrap();
    first.swarm().wait_in_sync(SOON).await.unwrap();
    second.swarm().wait_in_sync(SOON).await.unwrap();
    assert_eq!(present(&first), present(&second));
    assert_eq!(count(&second).await, 2);
    assert_eq!(first.swarm().id(), second.swarm().id());
    let members = first.swarm().members().unwrap();
    assert_eq!(members, second.swarm().members().unwrap());
    let names = members.iter().map(|member| member.name.as_str());
    let names: std::collections::BTreeSet<_> = names.collect();
    assert_eq!(names, ["first", "press-7"].into());
    let again = first.swarm().create("other", "first").unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    for node in [&first, &second] {
        let refused = node.swarm().status().refused;
        assert!(refused.is_empty(), "nobody was refused: {refused:?}");
        node.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_as_they_are_published_in_both_directions() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    for round in 0..50 {
        first.publish(tags("a"), number(round)).await.unwrap();
        second.publish(tags("b"), number(round)).await.unwrap();
    }
    reaches(&first, 100).await;
    reaches(&second, 100).await;
    first.swarm().wait_in_sync(SOON).await.unwrap();
    assert_eq!(present(&first), present(&second));
    let peers = first.swarm().peers();
    assert_eq!((peers.len(), peers[0].node), (1, second.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_a_member_comes_back_by_itself() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    second.swarm().wait_in_sync(SOON).await.unwrap();
    second.close().await.unwrap();
    first.publish(tags("meanwhile"), number(1)).await.unwrap();
    let second = places[1].open_with(options()).await;
    reaches(&second, 1).await;
    assert_eq!(second.swarm().id(), first.swarm().id());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_lets_one_device_in_and_only_for_a_while() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    let second = places[1].open_with(options()).await;
    second.swarm().join(&token, "second", SOON).await.unwrap();
    let third = places[2].open_with(options()).await;
    let used = third.swarm().join(&token, "third", SOON).await.unwrap_err();
    assert_eq!(used.kind(), ErrorKind::InvalidArgument);
    assert!(used.to_string().contains("used already"), "{used}");
    let cut = &token[..token.len() - 5];
    let unreadable = third.swarm().join(cut, "third", SOON).await.unwrap_err();
    assert_eq!(unreadable.kind(), ErrorKind::InvalidArgument);
    let refused = second
        .swarm()
        .invite(&InviteOptions::default())
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_than_the_issuer_does_not_end_a_join() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    first.close().await.unwrap();
    let address = second.swarm().status().listening[0].clone();
    let network = network().peer(address);
    let third = places[2].open_with(Options::new().network(network)).await;
    let swarm = third.swarm();
    let joined = swarm.join(&token, "third", Duration::from_secs(1)).await;
    assert_eq!(joined.unwrap_err().kind(), ErrorKind::Timeout);
    let refused = swarm.status().refused;
    let is_met = |(_, why): &(String, String)| why.contains("cannot let others in");
    assert!(refused.iter().any(is_met), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_names_addresses_of_the_machine_itself_only_if_there_are_no_others() {
    let hints = |network: Network| async {
        let place = Place::new();
        let node = place.open_with(Options::new().network(network)).await;
        node.swarm().create("plant", "first").unwrap();
        let token = node.swarm().invite(&InviteOptions::default()).unwrap();
        token.parse::<Invite>().unwrap().hints().to_vec()
    };
    let local = network().announce("tcp://127.0.0.1:4001");
    let both = local.clone().announce("10.1.2.3:4001");
    assert_eq!(hints(local).await, ["tcp://127.0.0.1:4001"]);
    let elsewhere = hints(both).await;
    assert!(elsewhere.len() == 1 && elsewhere[0].ends_with("//10.1.2.3:4001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_an_invite_is_compared_and_approved() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = places[1].open_with(options()).await;
    let address = first.swarm().status().listening[0].clone();
    let code = second.swarm().ask(&address, "tablet", SOON).await.unwrap();
    let pending = first.swarm().pending().unwrap();
    assert_eq!((pending[0].device, pending[0].code), (second.id(), code));
    first
        .swarm()
        .approve(second.id(), &InviteOptions::default())
        .unwrap();
    second.swarm().wait_joined(SOON).await.unwrap();
    second.publish(tags("here"), number(1)).await.unwrap();
    reaches(&first, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_asks_on_several_connections_at_once_shows_the_digits_of_the_issuer() {
    let place = Place::new();
    let both = network().listen("quic://127.0.0.1:0");
    let first = place.open_with(Options::new().network(both)).await;
    first.swarm().create("plant", "first").unwrap();
    let addresses = first.swarm().status().listening;
    for _ in 0..16 {
        let place = Place::new();
        let dialling = addresses.iter().cloned().fold(network(), Network::peer);
        let dialling = dialling.listen("quic://127.0.0.1:0");
        let second = place.open_with(Options::new().network(dialling)).await;
        let code = second.swarm().ask(&addresses[0], "tablet", SOON).await;
        let pending = first.swarm().pending().unwrap();
        let shown = pending.iter().find(|device| device.device == second.id());
        assert_eq!(shown.unwrap().code, code.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_cut_off_and_what_it_writes_then_stays_with_it() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    second.publish(tags("good"), number(1)).await.unwrap();
    reaches(&first, 1).await;
    first
        .swarm()
        .revoke(second.id(), "lost on the train")
        .unwrap();
    let mut status = first.swarm().changes();
    let gone = status.wait_for(|status| status.peers.is_empty());
    tokio::time::timeout(SOON, gone).await.unwrap().unwrap();
    second.publish(tags("bad"), number(2)).await.unwrap();
    let refused = |status: &swarmlet::SwarmStatus| {
        status
            .refused
            .iter()
            .any(|(_, why)| why.contains("revoked"))
    };
    let mut status = second.swarm().changes();
    tokio::time::timeout(SOON, status.wait_for(refused))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(count(&first).await, 1);
    assert!(
        first
            .swarm()
            .members()
            .unwrap()
            .iter()
            .any(|member| member.is_revoked)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_hold_on_both_sides() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "r:*").await;
    first.publish(tags("to all"), number(1)).await.unwrap();
    second
        .publish(tags("not allowed"), number(2))
        .await
        .unwrap();
    reaches(&second, 2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stream = StreamId::new(second.id(), StreamNumber::DEFAULT);
    assert!(present(&first).last(stream).is_none());
    assert_eq!(count(&first).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_of_two_swarms_do_not_talk() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    first.publish(tags("secret"), number(1)).await.unwrap();
    let address = first.swarm().status().listening[0].clone();
    let stranger = Options::new().network(network().peer(address));
    let other = places[1].open_with(stranger).await;
    other.swarm().create("elsewhere", "other").unwrap();
    let mut status = other.swarm().changes();
    let refused = status.wait_for(|status| !status.refused.is_empty());
    tokio::time::timeout(SOON, refused).await.unwrap().unwrap();
    assert!(other.swarm().peers().is_empty());
    assert_eq!(count(&other).await, 0);
    // However often it tries, from whatever port, it is one line.
    let mut status = first.swarm().changes();
    let refused = status.wait_for(|status| !status.refused.is_empty());
    let refused = tokio::time::timeout(SOON, refused).await.unwrap().unwrap();
    let mut whom = refused.refused.iter().map(|(whom, _)| whom.as_str());
    assert!(whom.all(|whom| whom == "127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_key_makes_another_issuer() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = places[0].open_with(options()).await;
    let founded = first.swarm().create("plant", "first").unwrap();
    let second = joiner(&places[1], &first, "rw:*").await;
    let wrong = format!("swarmlet-root:{}", "ab".repeat(32));
    let wrong = wrong.parse().unwrap();
    let refused = second.swarm().become_issuer(&wrong).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    second.swarm().become_issuer(&founded.root_key).unwrap();
    let third = joiner(&places[2], &second, "rw:*").await;
    third.publish(tags("x"), number(1)).await.unwrap();
    reaches(&first, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_becomes_an_issuer_is_one_to_all_whatever_its_clock_says() {
    let places = [Place::new(), Place::new()];
    let first = places[0].open_with(options()).await;
    let founded = first.swarm().create("plant", "first").unwrap();
    let long_ago = Arc::new(HandClock::at(1_000_000));
    let second = places[1].open_with(options().clock(long_ago)).await;
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    second.swarm().join(&token, "other", SOON).await.unwrap();
    second.swarm().become_issuer(&founded.root_key).unwrap();
    for node in [&first, &second] {
        let is_issuer = || {
            let members = node.swarm().members().unwrap();
            let mut members = members.iter();
            members.any(|member| member.node == second.id() && member.is_issuer)
        };
        until(is_issuer).await;
    }
}

#[test]
fn a_node_without_a_runtime_joins_too() {
    let places = [Place::new(), Place::new()];
    let open = |place: &Place| Node::open_blocking(place.path(), options()).unwrap();
    let (first, second) = (open(&places[0]), open(&places[1]));
    first.swarm().create("plant", "first").unwrap();
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    second
        .swarm()
        .join_blocking(&token, "second", SOON)
        .unwrap();
    first.publish_blocking(tags("x"), number(1)).unwrap();
    second.swarm().wait_in_sync_blocking(SOON).unwrap();
    for node in [first, second] {
        node.close_blocking().unwrap();
    }
}

#[test]
fn who_is_in_no_swarm_is_told_so() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let swarm = node.swarm();
    assert_eq!(swarm.id(), None);
    let kind = |error: swarmlet::Error| error.kind();
    let invited = swarm.invite(&InviteOptions::default());
    assert_eq!(invited.map_err(kind), Err(ErrorKind::Unavailable));
    assert_eq!(swarm.members().map_err(kind), Err(ErrorKind::Unavailable));
    for bad in [Network::new().peer("nowhere"), network().connections_max(1)] {
        let opened = Node::open_blocking(Place::new().path(), Options::new().network(bad));
        assert_eq!(
            opened.map(drop).map_err(kind),
            Err(ErrorKind::InvalidArgument)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn being_in_sync_includes_what_was_just_published() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    second.swarm().wait_in_sync(SOON).await.unwrap();
    for round in 0..20 {
        second.publish(tags("x"), number(round)).await.unwrap();
        second.swarm().wait_in_sync(SOON).await.unwrap();
        assert_eq!(present(&first), present(&second), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_holds_only_the_streams_that_it_was_told_to() {
    let places = [Place::new(), Place::new()];
    let routed = options()
        .stream("alarms", swarmlet::Retention::keep_all())
        .route("'alarm'", "alarms");
    let first = places[0].open_with(routed).await;
    first.swarm().create("plant", "first").unwrap();
    for tag in ["alarm", "noise", "alarm"] {
        first.publish(tags(tag), number(1)).await.unwrap();
    }
    let holding = Options::new().network(network().hold("alarm*"));
    let second = places[1].open_with(holding).await;
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    second.swarm().join(&token, "other", SOON).await.unwrap();
    second.swarm().wait_in_sync(SOON).await.unwrap();
    assert_eq!(count(&second).await, 2);
    assert!(second.offsets().unwrap().to_replicate.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_identity_is_known_needs_only_to_ask() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let address = first.swarm().status().listening[0].clone();
    let second = places[1].open_with(options()).await;
    let terms = InviteOptions::default();
    first.swarm().preauthorise(second.id(), &terms).unwrap();
    let asked = second.swarm().ask(&address, "known", SOON).await;
    assert_eq!(asked.unwrap_err().kind(), ErrorKind::AlreadyExists);
    second.swarm().wait_joined(SOON).await.unwrap();
    second.publish(tags("x"), number(1)).await.unwrap();
    reaches(&first, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_rejected_and_whose_invite_was_withdrawn_stay_outside() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let address = first.swarm().status().listening[0].clone();
    let second = places[1].open_with(options()).await;
    second
        .swarm()
        .ask(&address, "stranger", SOON)
        .await
        .unwrap();
    first.swarm().reject(second.id()).unwrap();
    let rejected = second.swarm().wait_joined(SOON).await.unwrap_err();
    assert_eq!(rejected.kind(), ErrorKind::PermissionDenied);
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    assert!(first.swarm().withdraw(&token).unwrap());
    assert!(!first.swarm().withdraw(&token).unwrap());
    let third = places[2].open_with(options()).await;
    let refused = third.swarm().join(&token, "third", SOON).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(first.swarm().members().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swarm_that_has_put_many_out_still_lets_others_in() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    for device in 0..120 {
        let device = swarmlet::NodeId::from_bytes([device; 32]);
        first
            .swarm()
            .revoke(device, "one of a stolen batch")
            .unwrap();
    }
    let second = joiner(&places[1], &first, "rw:*").await;
    second.swarm().wait_in_sync(SOON).await.unwrap();
    first.publish(tags("x"), number(1)).await.unwrap();
    reaches(&second, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_by_a_running_issuer_and_reaches_its_device() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let ends = |node: &Node, whose: &Node| {
        let members = node.swarm().members().unwrap();
        let mut members = members.iter();
        let member = members.find(|member| member.node == whose.id());
        member.unwrap().not_after
    };
    let (before, id) = (ends(&second, &second), second.id());
    assert_eq!(before, ends(&first, &second));
    let day = 24 * 3_600;
    let clock = Arc::new(HandClock::at((before - 50 * day) as i64 * 1_000_000));
    let address = first.swarm().status().listening[0].clone();
    first.close().await.unwrap();
    let network = Network::new().listen(address).discovery(false);
    let later = Options::new().network(network).clock(clock);
    let first = places[0].open_with(later).await;
    let renewed = async {
        while ends(&second, &second) != before + 350 * day {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, renewed).await.unwrap();
    first.swarm().renew(id).unwrap();
    let own = first.swarm().renew(first.id()).unwrap_err();
    assert_eq!(own.kind(), ErrorKind::PermissionDenied);
    let denied = second.swarm().renew(id).unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_node_ends_the_waits_for_its_swarm() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let alone = places[1].open_with(options()).await;
    let (swarm, outside) = (first.swarm(), alone.swarm());
    let mut status = swarm.changes();
    let changes = tokio::spawn(async move { while status.changed().await.is_ok() {} });
    let in_sync = {
        let swarm = swarm.clone();
        tokio::spawn(async move { swarm.wait_in_sync(Duration::MAX).await })
    };
    let joined = {
        let outside = outside.clone();
        tokio::spawn(async move { outside.wait_joined(Duration::MAX).await })
    };
    for node in [&first, &alone] {
        node.close().await.unwrap();
    }
    let soon = |task| tokio::time::timeout(SOON, task);
    for wait in [in_sync, joined] {
        let ended = soon(wait).await.unwrap().unwrap();
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Closed);
    }
    tokio::time::timeout(SOON, changes).await.unwrap().unwrap();
    // What was known last can still be asked for; a wait that comes later ends at once.
    assert!(!swarm.status().listening.is_empty());
    let late = swarm.wait_in_sync(Duration::MAX).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_node_leaves_its_folder_to_the_next_one() {
    let place = Place::new();
    let first = founder(&place).await;
    first.close().await.unwrap();
    let refused = first.swarm().invite(&InviteOptions::default());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    let again = place.open_with(options()).await;
    again.swarm().invite(&InviteOptions::default()).unwrap();
    again.swarm().wait_joined(SOON).await.unwrap();
}
