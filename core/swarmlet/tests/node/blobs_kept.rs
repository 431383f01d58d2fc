//! What stays of blobs, and what goes: deletions, policies, pins and room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use swarmlet::{
    BlobId, BlobInfo, BlobState, ErrorKind, Hold, InviteOptions, Keep, Node, Options, PutOptions,
    SubscribeOptions, Tags, Timestamp,
};

use crate::harness::{HandClock, Place, number, tags, until};
use crate::swarm::{SOON, joiner_with, network};

/// Looks often at what is still kept.
fn swept() -> Options {
    Options::new()
        .network(network())
        .blobs_sweep_period(Duration::from_millis(20))
}

async fn founder(place: &Place) -> Node {
    let node = place.open_with(swept()).await;
    node.swarm().create("plant", "first").unwrap();
    node
}

/// Joins with these rights and labels.
async fn joiner(place: &Place, issuer: &Node, rights: &str, labels: &[(&str, &str)]) -> Node {
    let node = place.open_with(swept()).await;
    let mut invite = InviteOptions::default();
    invite.capabilities = rights.parse().unwrap();
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    invite.labels = labels.iter().map(pair).collect::<BTreeMap<_, _>>();
    let token = issuer.swarm().invite(&invite).unwrap();
    node.swarm().join(&token, "other", SOON).await.unwrap();
    node
}

async fn put(node: &Node, content: &'static [u8], options: PutOptions) -> BlobInfo {
    node.blobs().put(content, options).await.unwrap()
}

fn named(name: &str) -> PutOptions {
    PutOptions::new().name(name)
}

fn is_here(node: &Node, id: BlobId) -> bool {
    matches!(node.blobs().state(id).unwrap(), BlobState::Here { .. })
}

fn is_gone(node: &Node, id: BlobId) -> bool {
    node.blobs().state(id).unwrap() == BlobState::Absent
}

fn spare_bytes(node: &Node) -> u64 {
    node.blobs().usage().unwrap().spare_bytes
}

/// Until the node has looked at all blobs twice since: what was over before is gone.
async fn is_swept(node: &Node) {
    let over = PutOptions::new().keep(Keep::WhileReferenced);
    let probe = put(node, b"probe", over).await.id;
    until(|| is_gone(node, probe)).await;
    node.blobs().delete(probe).await.unwrap();
}

async fn names(node: &Node) -> Vec<String> {
    let mut list = node.blobs().list().unwrap();
    let mut names = Vec::new();
    while let Some(infos) = list.next_chunk(10).await.unwrap() {
        names.extend(infos.into_iter().filter_map(|info| info.name));
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_goes_everywhere_and_may_come_again() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*", &[]).await;
    let mut told = second
        .blobs()
        .subscribe(SubscribeOptions::default())
        .unwrap();
    let id = put(&first, b"drawing", named("a").tags(tags("press:7")))
        .await
        .id;
    put(&first, b"other", named("b")).await;
    until(|| is_here(&second, id)).await;
    assert_eq!(first.blobs().delete(id).await.unwrap(), 0);
    until(|| is_gone(&first, id) && is_gone(&second, id)).await;
    assert_eq!(names(&first).await, ["b"]);
    assert!(first.blobs().stat(id).unwrap().records.is_empty());
    assert_eq!(
        first.blobs().delete(id).await.unwrap(),
        0,
        "there is nothing left"
    );

    let mut said = Vec::new();
    while said.len() < 3 {
        let changes = told.next_chunk(9).await.unwrap().unwrap();
        said.extend(
            changes
                .into_iter()
                .map(|change| (change.id == id, change.info.is_some())),
        );
    }
    assert_eq!(said, [(true, true), (false, true), (true, false)]);

    put(&second, b"drawing", named("c")).await;
    until(|| is_here(&first, id)).await;
    assert_eq!(first.blobs().stat(id).unwrap().records.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_author_or_an_admin_deletes_a_blob() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let plain = joiner(&places[1], &first, "rw:*", &[]).await;
    let admin = joiner(&places[2], &first, "rwa:*", &[]).await;
    let id = put(&first, b"drawing", PutOptions::new()).await.id;
    until(|| is_here(&plain, id) && is_here(&admin, id)).await;
    let refused = plain.blobs().delete(id).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    // One record of two is its own: the other keeps the blob.
    put(&plain, b"drawing", PutOptions::new()).await;
    assert_eq!(plain.blobs().delete(id).await.unwrap(), 1);
    let is_known = || first.blobs().stat(id).unwrap().records.len() == 1;
    until(is_known).await;
    is_swept(&plain).await;
    assert!(is_here(&plain, id));
    admin.blobs().delete(id).await.unwrap();
    until(|| is_gone(&first, id) && is_gone(&plain, id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_takes_back_what_its_author_knew_of() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*", &[]).await;
    first.close().await.unwrap();
    // Both store the same, and neither knows of the other.
    let id = put(&second, b"drawing", PutOptions::new()).await.id;
    second.close().await.unwrap();
    let first = places[0].open_with(swept()).await;
    put(&first, b"drawing", PutOptions::new()).await;
    for number in 0..5 {
        first
            .publish(tags("later"), crate::harness::number(number))
            .await
            .unwrap();
    }
    first.blobs().delete(id).await.unwrap();
    let peer = network().peer(first.swarm().status().listening[0].clone());
    let back = Options::new()
        .network(peer)
        .blobs_sweep_period(Duration::from_millis(20));
    let second = places[1].open_with(back).await;
    second.swarm().wait_in_sync(SOON).await.unwrap();
    is_swept(&second).await;
    assert!(is_here(&second, id));
    until(|| is_here(&first, id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pinned_stays_whatever_records_say() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*", &[]).await;
    let on_demand = PutOptions::new().hold(Hold::OnDemand);
    let id = put(&first, b"drawing", on_demand).await.id;
    second.blobs().pin(id).unwrap();
    until(|| is_here(&second, id)).await;
    first.blobs().delete(id).await.unwrap();
    until(|| is_gone(&first, id)).await;
    second.close().await.unwrap();
    let second = places[1].open_with(swept()).await;
    is_swept(&second).await;
    assert!(is_here(&second, id));
    assert_eq!(second.blobs().pinned().unwrap(), [id]);
    assert!(second.blobs().stat(id).unwrap().is_pinned);
    second.blobs().unpin(id).unwrap();
    until(|| is_gone(&second, id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_goes_when_its_time_is_over() {
    let place = Place::new();
    let clock = Arc::new(HandClock::at(1_000));
    let node = place.open_with(swept().clock(clock.clone())).await;
    let short = PutOptions::new().keep(Keep::Until(Timestamp::from_micros(2_000)));
    let short = put(&node, b"short", short).await.id;
    let long = put(&node, b"long", PutOptions::new()).await.id;
    is_swept(&node).await;
    assert!(is_here(&node, short));
    clock.set(2_001);
    until(|| is_gone(&node, short)).await;
    assert!(is_here(&node, long));
    assert_eq!(node.blobs().usage().unwrap().blobs, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_goes_when_the_next_one_is_here() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*", &[]).await;
    let until_next = |name: &str| named(name).keep(Keep::UntilNext(Tags::default()));
    let old = put(&first, b"version 1", until_next("panel.wasm")).await.id;
    let by_tag = Keep::UntilNext(tags("kind:picture press:7"));
    let by_tag = PutOptions::new()
        .tags(tags("kind:picture press:7"))
        .keep(by_tag);
    let picture = put(&first, b"picture 1", by_tag.clone()).await.id;
    until(|| is_here(&second, old) && is_here(&second, picture)).await;
    let other = put(&second, b"other", until_next("other.wasm")).await.id;
    is_swept(&first).await;
    assert!(is_here(&first, old), "only the next of its name ends it");
    let new = put(&second, b"version 2", until_next("panel.wasm"))
        .await
        .id;
    let next = put(
        &second,
        b"picture 2",
        by_tag.tags(tags("kind:picture press:7 x")),
    )
    .await
    .id;
    for node in [&first, &second] {
        until(|| is_gone(node, old) && is_gone(node, picture)).await;
        until(|| [new, next, other].into_iter().all(|id| is_here(node, id))).await;
    }
    // The next was a mistake: the one before it is the last again, where it still is.
    let mistake = put(&second, b"version 3", until_next("panel.wasm"))
        .await
        .id;
    second.blobs().delete(mistake).await.unwrap();
    is_swept(&second).await;
    is_swept(&second).await;
    assert!(is_here(&second, new));
    let nameless = PutOptions::new().keep(Keep::UntilNext(Tags::default()));
    let refused = first.blobs().put(b"x", nameless).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_stays_while_an_event_refers_to_it() {
    let place = Place::new();
    let node = place.open_with(swept()).await;
    let options = || PutOptions::new().keep(Keep::WhileReferenced);
    let id = BlobId::of(b"report");
    node.publish(tags(&format!("blob:{id} order:9")), number(1))
        .await
        .unwrap();
    put(&node, b"report", options()).await;
    is_swept(&node).await;
    assert!(is_here(&node, id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_again_while_it_is_removed_is_there() {
    let place = Place::new();
    let node = place.open_with(swept()).await;
    for _ in 0..100 {
        let id = put(&node, b"again", PutOptions::new()).await.id;
        assert!(is_here(&node, id));
        node.blobs().delete(id).await.unwrap();
    }
    let id = put(&node, b"again", PutOptions::new()).await.id;
    is_swept(&node).await;
    assert!(is_here(&node, id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_stored_is_nothing_to_spare() {
    let place = Place::new();
    let often = swept().blobs_sweep_period(Duration::from_millis(10));
    let node = place.open_with(often).await;
    for seed in 0..150_u8 {
        // A sweep may see it between its bytes and its record.
        let content = [seed; 64];
        node.blobs().put(content, named("film")).await.unwrap();
        assert_eq!(spare_bytes(&node), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_need_not_be_here_gives_way_and_nothing_else() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let limited = swept().blobs_bytes_max(250_000);
    let second = places[1].open_with(limited).await;
    let token = first.swarm().invite(&InviteOptions::default()).unwrap();
    second.swarm().join(&token, "second", SOON).await.unwrap();
    let mut spares = Vec::new();
    for seed in 0..2_u8 {
        let on_demand = PutOptions::new().hold(Hold::OnDemand);
        let content = vec![seed; 100_000];
        let id = first.blobs().put(content, on_demand).await.unwrap().id;
        let mut reader = second.blobs().get(id);
        let read = tokio::time::timeout(SOON, reader.read_all(100_000));
        read.await.unwrap().unwrap();
        until(|| is_here(&second, id)).await;
        spares.push(id);
    }
    is_swept(&second).await;
    let both = spare_bytes(&second);
    second.blobs().pin(spares[0]).unwrap();
    is_swept(&second).await;
    assert_eq!(spare_bytes(&second), both / 2, "what is pinned stays");
    second.blobs().unpin(spares[0]).unwrap();
    // The first was read again since.
    second
        .blobs()
        .get(spares[0])
        .read_all(100_000)
        .await
        .unwrap();
    is_swept(&second).await;
    let own = second
        .blobs()
        .put(vec![7; 100_000], PutOptions::new())
        .await
        .unwrap()
        .id;
    assert!(is_gone(&second, spares[1]), "it was not read for longest");
    assert!(is_here(&second, spares[0]));
    is_swept(&second).await;
    let other = second
        .blobs()
        .put(vec![8; 100_000], PutOptions::new())
        .await
        .unwrap()
        .id;
    let full = second
        .blobs()
        .put(vec![9; 100_000], PutOptions::new())
        .await
        .unwrap_err();
    assert_eq!(full.kind(), ErrorKind::DiskFull);
    assert!(is_here(&second, own) && is_here(&second, other));
    second.blobs().delete(own).await.unwrap();
    until(|| is_gone(&second, own)).await;
    second
        .blobs()
        .put(vec![9; 100_000], PutOptions::new())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_and_labels_say_who_holds_a_blob() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*", &[("role", "panel")]).await;
    let peer = network().peer(first.swarm().status().listening[0].clone());
    let third = joiner_with(&places[2], &first, "rw:*", peer).await;
    let labels = BTreeMap::from([("role".to_owned(), "panel".to_owned())]);
    let labelled = PutOptions::new().hold(Hold::Labels(labels));
    let labelled = put(&first, b"for panels", labelled).await.id;
    let mut copied = Vec::new();
    for content in [b"0".as_slice(), b"1", b"2", b"3", b"4", b"5"] {
        let once = PutOptions::new().hold(Hold::Copies(1));
        copied.push(put(&first, content, once).await.id);
    }
    let last = put(&first, b"for all", PutOptions::new()).await.id;
    until(|| is_here(&second, last) && is_here(&third, last)).await;
    until(|| is_here(&second, labelled)).await;
    assert!(is_gone(&third, labelled));
    for id in copied {
        until(|| is_here(&second, id) != is_here(&third, id)).await;
    }
}
