//! Opening: what is made on first use, and every folder that is refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use swarmlet::{Advice, DeviceKey, ErrorKind, KeyStore, Node, NodeId, Options, Signer};

use crate::harness::{Place, ask, detail};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn the_first_open_makes_a_private_folder_with_an_identity() {
    let place = Place::new();
    let node = place.open().await;
    assert_eq!(mode(&place.path()), 0o700);
    assert_eq!(mode(&place.path().join("identity.key")), 0o600);
    let format = fs::read_to_string(place.path().join("FORMAT")).unwrap();
    assert_eq!(
        format,
        format!("swarmlet data folder\nformat 1\nnode {}\n", node.id())
    );
    node.close().await.unwrap();
}

#[tokio::test]
async fn folders_above_are_made_and_an_empty_one_is_taken_over() {
    let place = Place::new();
    let deep = place.path().join("plant/line");
    let node = Node::open(&deep, Options::new()).await.unwrap();
    assert_eq!(mode(&deep), 0o700);
    node.close().await.unwrap();

    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    set_mode(&place.path(), 0o755);
    let node = place.open().await;
    assert_eq!(mode(&place.path()), 0o700);
    node.close().await.unwrap();
}

#[tokio::test]
async fn the_identity_stays() {
    let place = Place::new();
    let node = place.open().await;
    let id = node.id();
    node.close().await.unwrap();
    assert_eq!(place.open().await.id(), id);
}

#[tokio::test]
async fn a_second_open_in_this_process_is_refused_until_the_first_closes() {
    let place = Place::new();
    let node = place.open().await;
    let error = Node::open(place.path(), Options::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert_eq!(error.advice(), Advice::RetryLater);
    assert_eq!(error.operation(), "open");
    assert_eq!(
        detail(&error, "process").unwrap(),
        std::process::id().to_string()
    );
    node.close().await.unwrap();
    place.open().await;
}

#[tokio::test]
async fn a_second_open_in_another_process_is_refused() {
    let place = Place::new();
    let node = place.open().await;
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "open::other_process", "--ignored", "--nocapture"])
        .env(OTHER_PROCESS, place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("other process: locked"), "{said}");
    node.close().await.unwrap();
}

#[test]
#[ignore = "the other process of the test above"]
fn other_process() {
    let path = std::env::var_os(OTHER_PROCESS).expect("only the test above runs this");
    let error = Node::open_blocking(path, Options::new()).unwrap_err();
    // The test harness swallows what is printed, so the answer goes out directly.
    let answer = format!("other process: {}\n", error.kind());
    std::io::Write::write_all(&mut std::io::stdout(), answer.as_bytes()).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    set_mode(&place.path(), 0o755);
    fs::write(place.path().join("holiday.jpg"), b"sea").unwrap();
    let error = place.try_open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(detail(&error, "holds").unwrap(), "holiday.jpg");
    assert_eq!(mode(&place.path()), 0o755);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn a_foreign_format_file_is_not_ours() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    fs::write(place.path().join("FORMAT"), b"A4 landscape").unwrap();
    assert_eq!(
        place.try_open().unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
}

#[test]
fn a_file_and_an_empty_path_are_no_folder() {
    let place = Place::new();
    fs::write(place.path(), b"text").unwrap();
    assert_eq!(
        place.try_open().unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    let below = place.path().join("node");
    let error = Node::open_blocking(below, Options::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = Node::open_blocking("", Options::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_newer_format_is_incompatible_and_a_damaged_one_corrupt() {
    let place = Place::used();
    let path = place.path().join("FORMAT");
    let good = fs::read_to_string(&path).unwrap();
    let newer = good.replace("format 1", "format 2");
    fs::write(&path, &newer).unwrap();
    let error = place.try_open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert_eq!(detail(&error, "format").unwrap(), "2");
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);

    fs::write(&path, "swarmlet data folder\n").unwrap();
    assert_eq!(place.try_open().unwrap_err().kind(), ErrorKind::Corrupt);
    fs::write(&path, good).unwrap();
    place.try_open().unwrap();
}

#[test]
fn a_folder_that_others_can_access_is_refused_with_the_remedy() {
    let place = Place::used();
    set_mode(&place.path(), 0o750);
    let error = place.try_open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.advice(), Advice::AskOperator);
    let remedy = format!("chmod 700 '{}'", place.path().display());
    assert_eq!(detail(&error, "run").unwrap(), remedy);
    set_mode(&place.path(), 0o700);
    place.try_open().unwrap();
}

#[test]
fn a_read_only_folder_is_refused() {
    let place = Place::used();
    set_mode(&place.path(), 0o500);
    let error = place.try_open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("chmod 700"), "{error}");
    set_mode(&place.path(), 0o700);
}

#[test]
fn an_identity_that_others_can_read_is_refused_with_the_remedy() {
    let place = Place::used();
    let key = place.path().join("identity.key");
    for wrong in [0o644, 0o660, 0o000] {
        set_mode(&key, wrong);
        let error = place.try_open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{wrong:o}");
        assert_eq!(
            detail(&error, "run").unwrap(),
            format!("chmod 600 '{}'", key.display())
        );
    }
    set_mode(&key, 0o600);
    place.try_open().unwrap();
}

#[test]
fn a_damaged_identity_is_corrupt_and_never_replaced() {
    let place = Place::used();
    let key = place.path().join("identity.key");
    let good = fs::read(&key).unwrap();
    let mut other = good.clone();
    other[0] ^= 1;
    for bad in [&good[..31], &[], &[good.clone(), vec![0]].concat(), &other] {
        fs::write(&key, bad).unwrap();
        assert_eq!(place.try_open().unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(fs::read(&key).unwrap(), bad);
    }
    fs::remove_file(&key).unwrap();
    assert_eq!(place.try_open().unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(!key.exists());
}

#[tokio::test]
async fn after_a_failed_open_the_folder_is_free_again() {
    let place = Place::used();
    let key = place.path().join("identity.key");
    set_mode(&key, 0o644);
    place.try_open().unwrap_err();
    set_mode(&key, 0o600);
    let node = place.open().await;
    assert_eq!(ask(&node, "FROM 'kept'").await, [0]);
}

#[test]
fn an_interrupted_first_open_is_taken_up_again() {
    let place = Place::used();
    let key = fs::read(place.path().join("identity.key")).unwrap();
    let fresh = Place::new();
    fs::create_dir(fresh.path()).unwrap();
    for (name, content) in [
        ("LOCK", &b"17\n"[..]),
        ("identity.key", &key),
        ("identity.key.tmp", b"x"),
        ("FORMAT.tmp", b""),
    ] {
        fs::write(fresh.path().join(name), content).unwrap();
        set_mode(&fresh.path().join(name), 0o600);
    }
    let node = fresh.try_open().unwrap();
    assert_eq!(node.id(), place.try_open().unwrap().id());
}

#[test]
fn bad_options_are_refused_before_anything_is_made() {
    let place = Place::new();
    let bad = [
        Options::new().app_id("Not An App"),
        Options::new().stream("no blanks", swarmlet::Retention::keep_all()),
        Options::new().route("'a'", "undeclared"),
        Options::new().cache_bytes(0),
        Options::new().cache_bytes(u64::MAX),
        Options::new().queue_bytes(0),
        Options::new().queue_bytes(u64::MAX),
    ];
    for options in bad {
        let error = Node::open_blocking(place.path(), options.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{options:?}");
        assert_eq!(options.validate().unwrap_err().message(), error.message());
    }
    assert!(Options::new().validate().is_ok());
    let malformed = Options::new().route("'a' &", "default");
    let error = Node::open_blocking(place.path(), malformed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    assert_eq!(detail(&error, "column").unwrap(), "6");
    assert_eq!(detail(&error, "route").unwrap(), "0");
    assert!(!place.path().exists());
}

#[derive(Debug, Default)]
struct Vault(Mutex<Option<[u8; 32]>>);

impl KeyStore for Vault {
    fn load(&self) -> swarmlet::Result<Option<Arc<dyn Signer>>> {
        let seed = *self.0.lock().unwrap();
        Ok(seed.map(|seed| Arc::new(DeviceKey::from_seed(&seed)) as Arc<dyn Signer>))
    }

    fn create(&self) -> swarmlet::Result<Arc<dyn Signer>> {
        *self.0.lock().unwrap() = Some([7; 32]);
        Ok(Arc::new(DeviceKey::from_seed(&[7; 32])))
    }
}

#[tokio::test]
async fn a_keystore_takes_the_place_of_the_file() {
    let place = Place::new();
    let vault = Arc::new(Vault::default());
    let options = Options::new().key_store(vault.clone());
    let expected: NodeId = DeviceKey::from_seed(&[7; 32]).node_id();
    for _ in 0..2 {
        let node = place.open_with(options.clone()).await;
        assert_eq!(node.id(), expected);
        node.close().await.unwrap();
    }
    assert!(!place.path().join("identity.key").exists());
    *vault.0.lock().unwrap() = None;
    let error = Node::open(place.path(), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn async_open_without_a_runtime_is_an_error_not_a_panic() {
    let place = Place::new();
    let mut opening = Box::pin(Node::open(place.path(), Options::new()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = opening.as_mut().poll(&mut context) else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unsupported);
}

const OTHER_PROCESS: &str = "SWARMLET_TEST_OTHER_PROCESS";
