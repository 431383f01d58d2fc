//! Blobs stored by reference: their bytes stay in a file of the user, which changes, goes and comes
//! back as it likes, and is never touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmlet::{BlobId, BlobState, Error, ErrorKind, Hold, Node, Options, PutOptions, SavedFolder};

use crate::harness::{Place, detail, until};
use crate::swarm::{SOON, founder, joiner};

/// A file of the user.
struct Film {
    folder: tempfile::TempDir,
    content: Vec<u8>,
}

impl Film {
    fn new(len: u32) -> Self {
        let film = Self {
            folder: tempfile::tempdir().unwrap(),
            content: (0..len / 4).flat_map(u32::to_le_bytes).collect(),
        };
        film.write(&film.content);
        film
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("film.mp4")
    }

    fn id(&self) -> BlobId {
        BlobId::of(&self.content)
    }

    fn write(&self, content: &[u8]) {
        std::fs::write(self.path(), content).unwrap();
    }

    /// With one byte changed, far behind the beginning.
    fn change(&self) {
        let mut content = self.content.clone();
        content[self.content.len() - 100_000] ^= 1;
        self.write(&content);
    }

    fn is_as_it_was(&self) -> bool {
        std::fs::read(self.path()).unwrap() == self.content
    }

    /// Says that it is about this film.
    fn is_told(&self, error: &Error) -> bool {
        let path = self.path().display().to_string();
        error.kind() == ErrorKind::Corrupt && detail(error, "path") == Some(path)
    }
}

fn reference() -> PutOptions {
    PutOptions::new().reference()
}

fn read(node: &Node, id: BlobId) -> Result<Vec<u8>, Error> {
    let mut reader = node.blobs().get(id);
    reader.read_all_blocking(16_000_000, Some(SOON))
}

fn is_here(node: &Node, id: BlobId) -> bool {
    matches!(node.blobs().state(id).unwrap(), BlobState::Here { .. })
}

/// Bytes in the folder of blobs.
fn stored(place: &Place) -> u64 {
    let entries = std::fs::read_dir(place.path().join("blobs")).unwrap();
    let lens = entries.map(|entry| entry.unwrap().metadata().unwrap().len());
    lens.sum()
}

fn open(place: &Place, options: Options) -> Node {
    Node::open_blocking(place.path(), options).unwrap()
}

#[test]
fn the_bytes_stay_in_the_file_also_after_a_restart() {
    let (place, film) = (Place::new(), Film::new(3_000_000));
    let node = open(&place, Options::new().blobs_bytes_max(100_000));
    let blobs = node.blobs();
    let refused = blobs.put_file_blocking(film.path(), PutOptions::new());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::DiskFull);
    let kept = blobs.put_file_blocking(film.path(), reference()).unwrap();
    assert_eq!((kept.id, kept.size), (film.id(), 3_000_000));
    assert_eq!(kept.name.as_deref(), Some("film.mp4"));
    assert!(stored(&place) < 30_000, "{} bytes", stored(&place));
    assert!(blobs.usage().unwrap().bytes < 30_000);
    node.close_blocking().unwrap();

    let node = open(&place, Options::new().blobs_bytes_max(100_000));
    assert!(is_here(&node, film.id()));
    assert_eq!(read(&node, film.id()).unwrap(), film.content);
    let copy = film.folder.path().join("copy");
    let mut reader = node.blobs().get(film.id());
    reader.save_blocking(&copy, None).unwrap();
    assert_eq!(std::fs::read(copy).unwrap(), film.content);
    assert!(film.is_as_it_was());
}

#[test]
fn a_file_that_changed_or_is_away_is_told_of_with_its_path() {
    let (place, film) = (Place::new(), Film::new(300_000));
    let node = open(&place, Options::new());
    let blobs = node.blobs();
    blobs.put_file_blocking(film.path(), reference()).unwrap();
    film.change();
    let first = blobs.range_of(film.id(), ..9).read_all_blocking(9, None);
    assert_eq!(first.unwrap(), film.content[..9], "what is there is right");
    assert!(film.is_told(&read(&node, film.id()).unwrap_err()));
    film.write(b"shorter");
    assert!(film.is_told(&read(&node, film.id()).unwrap_err()));
    assert!(!is_here(&node, film.id()));
    std::fs::remove_file(film.path()).unwrap();
    assert!(film.is_told(&read(&node, film.id()).unwrap_err()));
    std::fs::create_dir(film.path()).unwrap();
    assert!(film.is_told(&read(&node, film.id()).unwrap_err()));
    std::fs::remove_dir(film.path()).unwrap();
    film.write(&film.content);
    assert_eq!(read(&node, film.id()).unwrap(), film.content);
}

#[test]
fn only_files_that_hold_still_are_referred_to() {
    let (place, film) = (Place::new(), Film::new(300_000));
    let node = open(&place, Options::new());
    let blobs = node.blobs();
    for refused in [
        blobs.put_blocking(b"x", reference()),
        blobs.put_file_blocking(film.folder.path(), reference()),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    let missing = blobs.put_file_blocking(film.folder.path().join("no"), reference());
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(stored(&place), 0);
    let relative = Path::new("tests/node/blobs_referred.rs");
    let kept = blobs.put_file_blocking(relative, reference()).unwrap();
    assert_eq!(
        read(&node, kept.id).unwrap(),
        std::fs::read(relative).unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_goes_and_the_file_stays() {
    let (place, film) = (Place::new(), Film::new(300_000));
    let often = Options::new().blobs_sweep_period(Duration::from_millis(20));
    let node = place.open_with(often).await;
    let kept = node.blobs().put_file(film.path(), reference()).await;
    let id = kept.unwrap().id;
    node.blobs().delete(id).await.unwrap();
    until(|| stored(&place) == 0).await;
    assert_eq!(read(&node, id).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(film.is_as_it_was());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_referred_to_file_by_file() {
    let (place, film) = (Place::new(), Film::new(300_000));
    let node = place.open().await;
    let folder = film.folder.path();
    let kept = node.blobs().put_folder(folder, reference()).await.unwrap();
    assert!(stored(&place) < 10_000);
    let saved = node.blobs().save_folder(kept.id, folder).await.unwrap();
    let mut unchanged = SavedFolder::default();
    unchanged.unchanged = 1;
    assert_eq!(saved, unchanged);
    let copy = Place::new();
    node.blobs()
        .save_folder(kept.id, copy.path())
        .await
        .unwrap();
    let copied = std::fs::read(copy.path().join("film.mp4")).unwrap();
    assert_eq!(copied, film.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_get_what_is_referred_to_and_give_it_back_when_the_file_has_changed() {
    let (places, film) = ([Place::new(), Place::new()], Film::new(3_000_000));
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let kept = first.blobs().put_file(film.path(), reference()).await;
    let id = kept.unwrap().id;
    until(|| is_here(&second, id)).await;
    assert_eq!(read(&second, id).unwrap(), film.content);
    assert!(stored(&places[0]) < 100_000);

    film.change();
    assert!(film.is_told(&read(&first, id).unwrap_err()));
    until(|| is_here(&first, id)).await;
    assert_eq!(read(&first, id).unwrap(), film.content);
    assert!(stored(&places[0]) > 3_000_000, "now it is in the store");
    assert!(!film.is_as_it_was(), "nobody mended the file");
    assert!(second.swarm().status().incidents.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_not_promised_to_others() {
    let (places, film) = ([Place::new(), Place::new()], Film::new(3_000_000));
    let first = founder(&places[0]).await;
    let second = joiner(&places[1], &first, "rw:*").await;
    let on_demand = reference().hold(Hold::OnDemand);
    let kept = first.blobs().put_file(film.path(), on_demand).await;
    let id = kept.unwrap().id;
    let away = film.folder.path().join("away");
    std::fs::rename(film.path(), &away).unwrap();
    let mut reader = second.blobs().get(id);
    let early = reader.read_all_blocking(4_000_000, Some(Duration::from_millis(500)));
    assert_eq!(early.unwrap_err().kind(), ErrorKind::Timeout);
    std::fs::rename(&away, film.path()).unwrap();
    let read = tokio::time::timeout(SOON * 3, reader.read_all(4_000_000)).await;
    assert_eq!(read.unwrap().unwrap(), film.content);
    assert!(second.swarm().status().incidents.is_empty());
}
