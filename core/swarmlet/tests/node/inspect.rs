//! Looking at folders from outside: what is found in a sound one, and every damage.

use std::fs;

use swarmlet::{ErrorKind, FileReport, FileSort, Inspection, PutOptions};

use crate::harness::{Place, publish};

fn inspect(place: &Place) -> Vec<FileReport> {
    let mut inspection = Inspection::begin(place.path()).unwrap();
    std::iter::from_fn(|| inspection.next_file()).collect()
}

async fn used() -> Place {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..100).await;
    let blobs = node.blobs();
    blobs
        .put(vec![7; 100_000], PutOptions::new())
        .await
        .unwrap();
    node.close().await.unwrap();
    place
}

fn flip(path: &std::path::Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_sound_folder_is_told_file_by_file_and_can_be_opened_after() {
    let place = used().await;
    let reports = inspect(&place);
    assert!(
        reports.iter().all(|report| report.fault.is_none()),
        "{reports:?}"
    );
    let events: u64 = reports.iter().map(|report| report.events).sum();
    assert_eq!(events, 101);
    let blob = reports.iter().find(|report| report.sort == FileSort::Blob);
    assert_eq!(blob.unwrap().bytes, 100_000);
    let log = reports.iter().find(|report| report.sort == FileSort::Log);
    assert_eq!(log.unwrap().streams[0].last.get(), 100);
    let inspection = Inspection::begin(place.path()).unwrap();
    assert_eq!(place.try_open().unwrap_err().kind(), ErrorKind::Locked);
    drop(inspection);
    let node = place.open().await;
    let error = Inspection::begin(place.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    node.close().await.unwrap();
}

#[tokio::test]
async fn damage_is_named_and_stays_as_it_is() {
    let place = used().await;
    let faulty = |place: &Place| -> Vec<String> {
        let reports = inspect(place).into_iter();
        let faulty = reports.filter(|report| {
            let kind = report.fault.as_ref().map(swarmlet::Error::kind);
            kind == Some(ErrorKind::Corrupt)
        });
        faulty.map(|report| report.name).collect()
    };
    assert!(faulty(&place).is_empty());
    let log = place.path().join("log/0000000000000001.wal");
    flip(&log, 4096 + 200);
    let before = fs::read(&log).unwrap();
    assert_eq!(faulty(&place), ["log/0000000000000001.wal"]);
    assert_eq!(fs::read(&log).unwrap(), before);
    flip(&log, 4096 + 200);
    let blobs = fs::read_dir(place.path().join("blobs")).unwrap();
    let blobs = blobs.map(|entry| entry.unwrap().path());
    let blob = blobs.filter(|path| path.extension().is_some_and(|ending| ending == "blob"));
    let blob = blob.last().unwrap();
    flip(&blob, 50_000);
    let name = blob.file_name().unwrap().to_str().unwrap();
    assert_eq!(faulty(&place), [format!("blobs/{name}")]);
}

#[test]
fn what_is_no_folder_of_ours_is_left_alone() {
    let place = Place::new();
    let error = Inspection::begin(place.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!place.path().exists());
    fs::create_dir(place.path()).unwrap();
    let error = Inspection::begin(place.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
