//! Folders as collections: stored, listed, fetched where they have changed, and gone as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use swarmlet::{
    BlobId, BlobState, CollectionPath, ErrorKind, Hold, Keep, Node, Options, PutOptions, Tags,
    folder_files,
};

use crate::harness::{Place, until};
use crate::swarm::{SOON, network};

fn swept() -> Options {
    Options::new()
        .network(network())
        .blobs_sweep_period(Duration::from_millis(20))
}

async fn pair(places: &[Place; 2]) -> [Node; 2] {
    let first = places[0].open_with(swept()).await;
    first.swarm().create("plant", "first").unwrap();
    let second = places[1].open_with(swept()).await;
    let token = first.swarm().invite(&Default::default()).unwrap();
    second.swarm().join(&token, "second", SOON).await.unwrap();
    [first, second]
}

/// Makes these files in a folder of its own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let place = folder.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }
    folder
}

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        let name = name.to_str().unwrap();
        if path.is_dir() {
            let below = files(&path).into_iter();
            found.extend(below.map(|(path, content)| (format!("{name}/{path}"), content)));
        } else {
            found.insert(name.to_owned(), fs::read_to_string(&path).unwrap());
        }
    }
    found
}

fn is_here(node: &Node, content: &str) -> bool {
    let state = node.blobs().state(BlobId::of(content.as_bytes()));
    matches!(state.unwrap(), BlobState::Here { .. })
}

async fn count(node: &Node) -> usize {
    let mut list = node.blobs().list().unwrap();
    let mut count = 0;
    while let Some(infos) = list.next_chunk(10).await.unwrap() {
        count += infos.len();
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_one_after_the_other_are_a_folder_or_nothing() {
    let place = Place::new();
    let node = place.open_with(swept()).await;
    // Small files are not there before others are with which they share a sync.
    let page = "one".repeat(10_000);
    let version = folder(&[
        ("index.html", &page),
        ("js/app.js", "code"),
        ("js/copy.js", "code"),
    ]);
    let write = |count| {
        let options = PutOptions::new().name("app");
        let mut writer = node.blobs().collection_writer(options).unwrap();
        let files = folder_files(version.path()).unwrap().into_iter();
        for (path, file) in files.take(count) {
            writer.file(path).unwrap();
            writer.write(&fs::read(file).unwrap()).unwrap();
        }
        writer
    };
    tokio::task::block_in_place(|| {
        let half = write(2);
        assert!(is_here(&node, &page), "the first of two is complete");
        drop(half);
        assert!(!is_here(&node, &page));
        let mut twice = write(1);
        twice
            .file(CollectionPath::new("INDEX.html").unwrap())
            .unwrap();
        let refused = twice.finish_blocking().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
        assert!(!is_here(&node, &page));
        let refused = write(0).write(b"bytes of nothing").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
        let stored = write(3).finish_blocking().unwrap();
        let put = node
            .blobs()
            .put_folder_blocking(version.path(), PutOptions::new());
        assert_eq!(stored.id, put.unwrap().id);
    });
    assert_eq!(count(&node).await, 2);
    node.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_fetched_and_of_its_next_version_what_has_changed() {
    let places = [Place::new(), Place::new()];
    let [first, second] = pair(&places).await;
    let version = folder(&[
        ("index.html", "one"),
        ("js/app.js", "code"),
        ("js/copy.js", "code"),
    ]);
    let until_next = PutOptions::new()
        .name("app")
        .keep(Keep::UntilNext(Tags::default()));
    let one = first
        .blobs()
        .put_folder(version.path(), until_next.clone())
        .await
        .unwrap();
    assert_eq!(count(&first).await, 1, "files are listed in the collection");
    let listed = second.blobs().collection(one.id).await.unwrap();
    let paths: Vec<&str> = listed.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["index.html", "js/app.js", "js/copy.js"]);
    until(|| is_here(&second, "one") && is_here(&second, "code")).await;
    let target = tempfile::tempdir().unwrap();
    let saved = second
        .blobs()
        .save_folder(one.id, target.path())
        .await
        .unwrap();
    assert_eq!((saved.written, saved.unchanged), (3, 0));
    assert_eq!(files(target.path()), files(version.path()));

    fs::write(version.path().join("index.html"), "two").unwrap();
    fs::write(target.path().join("notes.txt"), "mine").unwrap();
    let two = first
        .blobs()
        .put_folder(version.path(), until_next)
        .await
        .unwrap();
    let saved = second
        .blobs()
        .save_folder(two.id, target.path())
        .await
        .unwrap();
    assert_eq!((saved.written, saved.unchanged), (1, 2));
    assert_eq!(files(target.path())["index.html"], "two");
    assert_eq!(files(target.path())["notes.txt"], "mine");
    // What only the old version had goes, once all of the new one is there.
    until(|| !is_here(&first, "one") && !is_here(&second, "one")).await;
    assert!(is_here(&first, "code") && is_here(&second, "code"));

    // Without the new version the old one is the last, as far as it is still there.
    first.blobs().delete(two.id).await.unwrap();
    for node in [&first, &second] {
        until(|| !is_here(node, "two")).await;
        assert!(is_here(node, "code"));
    }
    first.blobs().delete(one.id).await.unwrap();
    for node in [&first, &second] {
        until(|| !is_here(node, "code")).await;
        until(|| node.blobs().usage().unwrap().blobs == 0).await;
    }
    assert_eq!(count(&second).await, 0);
}

#[test]
fn a_folder_is_saved_without_a_runtime_and_on_demand() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    let version = folder(&[("a", "1"), ("b/c", "2")]);
    let on_demand = PutOptions::new().hold(Hold::OnDemand);
    let blobs = node.blobs();
    let stored = blobs
        .put_folder_blocking(version.path(), on_demand)
        .unwrap();
    let target = tempfile::tempdir().unwrap();
    blobs
        .save_folder_blocking(stored.id, target.path().join("new"), Some(SOON))
        .unwrap();
    assert_eq!(files(&target.path().join("new")), files(version.path()));
    let empty = tempfile::tempdir().unwrap();
    let nothing = blobs
        .put_folder_blocking(empty.path(), PutOptions::new())
        .unwrap();
    assert!(
        blobs
            .collection_blocking(nothing.id, None)
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_collection_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let node = place.open().await;
    let blobs = node.blobs();
    let named = folder(&[("fine", "1"), ("nul", "2")]);
    let alike = folder(&[("a/x", "1"), ("A/y", "2")]);
    let linked = folder(&[("a", "1")]);
    std::os::unix::fs::symlink("a", linked.path().join("b")).unwrap();
    for bad in [&named, &alike, &linked] {
        let refused = blobs.put_folder(bad.path(), PutOptions::new()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    let missing = blobs
        .put_folder(named.path().join("x"), PutOptions::new())
        .await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(count(&node).await, 0);
    assert_eq!(blobs.usage().unwrap().blobs, 0, "nothing was stored");
    let other = blobs
        .put(b"no collection", PutOptions::new())
        .await
        .unwrap()
        .id;
    let refused = blobs.collection(other).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt);

    let fine = folder(&[("a/b", "1")]);
    let stored = blobs
        .put_folder(fine.path(), PutOptions::new())
        .await
        .unwrap();
    let target = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/tmp", target.path().join("a")).unwrap();
    let refused = blobs
        .save_folder(stored.id, target.path())
        .await
        .unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::InvalidArgument,
        "it leads elsewhere"
    );
}
