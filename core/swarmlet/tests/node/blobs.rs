//! Blobs, alone and in a swarm: stored, told of, fetched, verified, and kept over restarts.

use std::ops::RangeBounds;
use std::time::Duration;

use swarmlet::{
    BlobId, BlobInfo, BlobReader, BlobState, ErrorKind, Hold, Node, Options, PutOptions,
    QueryOptions, Retention, SubscribeOptions,
};

use crate::harness::{Place, tags, until};
use crate::swarm::{SOON, founder, joiner, joiner_with, network};

/// Bytes that differ from each other, everywhere and for every seed.
fn bytes(len: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

fn on_demand() -> PutOptions {
    PutOptions::new().hold(Hold::OnDemand)
}

async fn read(node: &Node, id: BlobId) -> Vec<u8> {
    let mut reader = node.blobs().get(id);
    let read = tokio::time::timeout(SOON, reader.read_all(64 * 1024 * 1024));
    read.await.unwrap().unwrap()
}

async fn put(
    node: &Node,
    content: impl AsRef<[u8]> + Send + 'static,
    options: PutOptions,
) -> BlobInfo {
    node.blobs().put(content, options).await.unwrap()
}

async fn read_range(node: &Node, id: BlobId, range: impl RangeBounds<u64>) -> Vec<u8> {
    let mut reader = node.blobs().range_of(id, range);
    reader.read_all(1_000_000).await.unwrap()
}

fn is_here(node: &Node, id: BlobId) -> bool {
    matches!(node.blobs().state(id).unwrap(), BlobState::Here { .. })
}

/// How much is missing of a blob of which a part is here.
fn missing(node: &Node, id: BlobId) -> Option<u64> {
    match node.blobs().state(id).unwrap() {
        BlobState::Part { missing, .. } => Some(missing),
        BlobState::Here { .. } | BlobState::Absent => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_there_with_its_record_also_after_a_restart() {
    let place = Place::new();
    let node = place.open().await;
    let content = bytes(300_000, 0);
    let options = PutOptions::new()
        .name("drawing 7.png")
        .media_type("image/png")
        .tags(tags("press:7"));
    let stored = put(&node, content.clone(), options).await;
    assert_eq!(stored.id, BlobId::of(&content));
    assert_eq!(stored.size, 300_000);
    node.close().await.unwrap();

    let node = place.open().await;
    assert_eq!(read(&node, stored.id).await, content);
    let mut list = node.blobs().list().unwrap();
    assert_eq!(
        list.next_chunk(10).await.unwrap(),
        Some(vec![stored.clone()])
    );
    assert_eq!(list.next_chunk(10).await.unwrap(), None);
    let found = "FROM 'blob' & 'press:7' SELECT [_.name, _.size]";
    let mut results = node.query(found, QueryOptions::default()).unwrap();
    let rows = results.next_chunk(9).await.unwrap().unwrap();
    let row: (String, u64) = rows[0].payload().to_serde().unwrap();
    assert_eq!(row, ("drawing 7.png".to_owned(), 300_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_of_every_length_are_read_as_they_were_stored() {
    let place = Place::new();
    let node = place.open().await;
    for len in [0, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let content = bytes(len, 1);
        let id = put(&node, content.clone(), PutOptions::new()).await.id;
        assert_eq!(read(&node, id).await, content, "{len} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_has_its_bytes_and_no_others() {
    let place = Place::new();
    let node = place.open().await;
    let content = bytes(200_000, 2);
    let id = put(&node, content.clone(), PutOptions::new()).await.id;
    for range in [
        0..1,
        5..5,
        65_000..66_000,
        65_536..131_072,
        199_999..200_000,
    ] {
        let expected = &content[range.start as usize..range.end as usize];
        let read = read_range(&node, id, range.clone()).await;
        assert_eq!(read, expected, "{range:?}");
    }
    assert!(read_range(&node, id, 200_000..).await.is_empty());
    let rest = read_range(&node, id, 199_000..300_000).await;
    assert_eq!(rest, &content[199_000..]);
    let too_much = node.blobs().get(id).read_all(100).await.unwrap_err();
    assert_eq!(too_much.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_file_is_stored_under_its_name_and_saved_under_another() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.bin"), folder.path().join("b.bin"));
    let content = bytes(500_000, 3);
    std::fs::write(&from, &content).unwrap();
    std::fs::write(&to, "what was there before").unwrap();
    let blobs = node.blobs();
    let stored = blobs.put_file_blocking(&from, PutOptions::new()).unwrap();
    assert_eq!(stored.name.as_deref(), Some("a.bin"));
    blobs.get(stored.id).save_blocking(&to, None).unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), content);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    for missing in [folder.path().join("missing"), folder.path().to_owned()] {
        assert!(blobs.put_file_blocking(missing, PutOptions::new()).is_err());
    }
}

#[test]
#[cfg(unix)]
fn a_name_that_no_blob_can_have_is_left_out_unless_somebody_chose_it() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("press 7: wear.csv");
    std::fs::write(&from, "7,1").unwrap();
    let blobs = node.blobs();
    let stored = blobs.put_file_blocking(&from, PutOptions::new()).unwrap();
    assert_eq!(stored.name, None);
    let chosen = PutOptions::new().name("press 7: wear.csv");
    let refused = blobs.put_file_blocking(&from, chosen).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_refused_without_being_opened() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for path in [pipe, "/dev/null".into(), folder.path().to_owned()] {
        let (tx, rx) = std::sync::mpsc::channel();
        let blobs = node.blobs();
        // Who opens a pipe waits until somebody writes into it.
        std::thread::spawn(move || {
            let stored = blobs.put_file_blocking(path, PutOptions::new());
            tx.send(stored).unwrap();
        });
        let refused = rx.recv_timeout(SOON).unwrap().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    }
}

#[tokio::test]
async fn a_file_that_is_given_up_while_it_is_copied_leaves_nothing() {
    let place = Place::new();
    let node = place.open().await;
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large");
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(1 << 33).unwrap();
    let left = || {
        std::fs::read_dir(place.path().join("blobs"))
            .unwrap()
            .count()
    };
    let blobs = node.blobs();
    let storing = tokio::spawn(async move { blobs.put_file(large, PutOptions::new()).await });
    until(|| left() > 0).await;
    storing.abort();
    until(|| left() == 0).await;
    assert!(storing.await.unwrap_err().is_cancelled());
    let mut records = node.blobs().list().unwrap();
    assert!(records.next_chunk(1).await.unwrap().is_none());
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let blobs = node.blobs();
    for options in [
        PutOptions::new().name("../x"),
        PutOptions::new().name(""),
        PutOptions::new().media_type("png"),
    ] {
        let refused = blobs.put_blocking(b"x", options).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    }
    let mut given_up = blobs.writer(PutOptions::new()).unwrap();
    given_up.write(&bytes(100_000, 4)).unwrap();
    drop(given_up);
    let left = std::fs::read_dir(place.path().join("blobs")).unwrap();
    assert_eq!(left.count(), 0);
    let nobody = blobs.get(BlobId::of(b"?")).next_chunk_blocking(None);
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NotFound);
    node.close_blocking().unwrap();
    let closed = blobs.put_blocking(b"x", PutOptions::new()).unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everyone_is_to_hold_comes_by_itself_and_is_told_of() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let content = bytes(3_000_000, 5);
    let before = put(&first, content.clone(), PutOptions::new()).await.id;
    let second = joiner(&places[1], &first, "rw:*").await;
    let mut told = second
        .blobs()
        .subscribe(SubscribeOptions::default())
        .unwrap();
    assert_eq!(told.next_chunk(1).await.unwrap().unwrap()[0].id, before);
    until(|| is_here(&second, before)).await;
    assert_eq!(read(&second, before).await, content);
    let small = put(&second, b"small".as_slice(), PutOptions::new())
        .await
        .id;
    until(|| is_here(&first, small)).await;
    assert_eq!(told.next_chunk(1).await.unwrap().unwrap()[0].id, small);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_is_here_is_told_until_all_of_it_is() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let content = bytes(3_000_000, 6);
    let mut watch = second.blobs().watch(BlobId::of(&content));
    assert_eq!(watch.next().await.unwrap(), BlobState::Absent);
    let nothing = watch.next_blocking(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::Timeout);
    put(&first, content, PutOptions::new()).await;
    let mut before = 3_000_000;
    loop {
        match watch.next().await.unwrap() {
            BlobState::Absent => panic!("it was absent already"),
            BlobState::Part { missing, .. } => {
                assert!(missing < before, "{missing} of {before}");
                before = missing;
            }
            BlobState::Here { size } => break assert_eq!(size, 3_000_000),
        }
    }
    second.close().await.unwrap();
    assert_eq!(watch.next().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_on_demand_comes_when_it_is_read() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let content = bytes(3_000_000, 6);
    let id = put(&first, content.clone(), on_demand()).await.id;
    let held = put(&first, b"later".as_slice(), PutOptions::new()).await.id;
    until(|| is_here(&second, held)).await;
    assert_eq!(second.blobs().state(id).unwrap(), BlobState::Absent);
    let last = read_range(&second, id, 2_999_990..).await;
    assert_eq!(last, &content[2_999_990..]);
    // What was asked for with it comes when nobody wants it any more, and is nobody's lie.
    assert!(missing(&second, id).is_some_and(|missing| missing < 3_000_000));
    assert_eq!(read(&second, id).await, content);
    until(|| is_here(&second, id)).await;
    assert!(second.swarm().status().incidents.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_just_founded_a_swarm_or_come_back_to_it_waits_for_blobs() {
    let place = Place::new();
    let waits = |node: &Node| {
        let mut reader = node.blobs().get(BlobId::of(b"?"));
        let pending = reader.next_chunk_blocking(Some(Duration::ZERO));
        assert_eq!(pending.unwrap_err().kind(), ErrorKind::Timeout);
    };
    let node = founder(&place).await;
    waits(&node);
    node.close().await.unwrap();
    waits(&place.open_with(Options::new().network(network())).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_goes_on_where_it_was_when_the_source_comes_back() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let content = bytes(20_000_000, 7);
    let id = put(&first, content.clone(), on_demand()).await.id;
    let mut reader = second.blobs().get(id);
    reader.next_chunk().await.unwrap().unwrap();
    first.close().await.unwrap();
    second.close().await.unwrap();
    let closed = loop {
        match reader.next_chunk().await {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::Closed);

    let second = places[1].open_with(Options::new().network(network())).await;
    // What had come is still there: it shows when somebody wants the blob.
    let mut reader = second.blobs().get(id);
    let _ = reader.next_chunk_blocking(Some(Duration::ZERO));
    until(|| missing(&second, id).is_some_and(|missing| missing < 20_000_000)).await;
    let address = second.swarm().status().listening[0].clone();
    let peers = network().peer(address);
    let _first = places[0].open_with(Options::new().network(peers)).await;
    assert_eq!(read(&second, id).await, content);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_the_record_does_not_get_the_blob() {
    let places = [Place::new(), Place::new()];
    let routed = Options::new()
        .network(network())
        .stream("secrets", Retention::keep_all())
        .route("'secret'", "secrets");
    let first = places[0].open_with(routed).await;
    first.swarm().create("plant", "first").unwrap();
    let second = joiner(&places[1], &first, "rw:default").await;
    let secret = PutOptions::new().tags(tags("secret"));
    let secret = put(&first, b"secret".as_slice(), secret).await.id;
    let open = put(&first, b"open".as_slice(), on_demand()).await.id;
    assert_eq!(read(&second, open).await, b"open");
    let mut refused = second.blobs().get(secret);
    let refused_soon = |reader: &mut BlobReader| reader.next_chunk_blocking(Some(Duration::ZERO));
    assert!(refused_soon(&mut refused).is_err());
    // What is asked for later, of the same peer, has come: the answer was no.
    let open = put(&first, bytes(500_000, 1), on_demand()).await.id;
    assert_eq!(read(&second, open).await, bytes(500_000, 1));
    let waits = refused_soon(&mut refused).unwrap_err();
    assert_eq!(waits.kind(), ErrorKind::Timeout);
    assert_eq!(second.blobs().state(secret).unwrap(), BlobState::Absent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_while_somebody_waits_for_it_is_there() {
    let place = Place::new();
    let node = founder(&place).await;
    let content = bytes(300_000, 9);
    let mut reader = node.blobs().get(BlobId::of(&content));
    let waits = reader.next_chunk_blocking(Some(Duration::ZERO));
    assert_eq!(waits.unwrap_err().kind(), ErrorKind::Timeout);
    let waiting = tokio::spawn(async move { reader.read_all(1_000_000).await });
    put(&node, content.clone(), PutOptions::new()).await;
    let read = tokio::time::timeout(SOON, waiting).await.unwrap();
    assert_eq!(read.unwrap().unwrap(), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_device_has_that_cannot_be_reached_comes_by_the_one_between() {
    let places = [Place::new(), Place::new(), Place::new()];
    let middle = founder(&places[0]).await;
    let strange = || network().address_exchange(false);
    let left = joiner_with(&places[1], &middle, "rw:*", strange()).await;
    let right = joiner_with(&places[2], &middle, "rw:*", strange()).await;
    let content = bytes(2_000_000, 9);
    let id = put(&left, content.clone(), on_demand()).await.id;
    assert_eq!(read(&right, id).await, content);
    assert_eq!(
        [&left, &right].map(|node| node.swarm().peers().len()),
        [1, 1]
    );
    // It stays where it came by, as what need not be there.
    assert!(is_here(&middle, id));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_mended_from_a_peer() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let content = bytes(300_000, 8);
    let id = put(&first, content.clone(), PutOptions::new()).await.id;
    until(|| is_here(&second, id)).await;
    let path = places[1].path().join("blobs").join(format!("{id}.blob"));
    let mut damaged = std::fs::read(&path).unwrap();
    damaged[100_000] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let mut reader = second.blobs().get(id);
    let refused = reader.read_all(1_000_000).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
    let again = tokio::time::timeout(SOON, reader.read_all(1_000_000)).await;
    assert_eq!(again.unwrap().unwrap(), content, "nothing was consumed");
    until(|| is_here(&second, id)).await;
    assert_eq!(read(&second, id).await, content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_off_is_no_shorter_blob_for_anybody() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let content = bytes(300_000, 8);
    let id = put(&first, content.clone(), on_demand()).await.id;
    let second = joiner(&places[1], &first, "rw:*").await;
    assert_eq!(read(&second, id).await, content);
    until(|| is_here(&second, id)).await;
    for place in &places {
        let path = place.path().join("blobs").join(format!("{id}.blob"));
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(0).unwrap();
    }
    let mut reader = second.blobs().get(id);
    let cut = reader.read_all(1_000_000).await.unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::Corrupt);
    put(&first, content.clone(), on_demand()).await;
    let again = tokio::time::timeout(SOON, reader.read_all(1_000_000)).await;
    assert_eq!(again.unwrap().unwrap(), content);
    assert!(second.swarm().status().incidents.is_empty(), "nobody lied");
}
