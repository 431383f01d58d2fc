//! Copied folders: the device and its copy are noticed, and nothing of either is lost.

use std::collections::BTreeSet;
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use swarmlet::{Node, Options, QueryOptions, StreamNumber};

use crate::harness::{Place, number, tags};
use crate::swarm::{SOON, founder, joiner, network, options, reaches};

/// Copies the folder of a node that may be running.
fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    let mut private = std::fs::DirBuilder::new();
    private.mode(0o700).create(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => std::fs::copy(entry.path(), to).map(drop).unwrap(),
        }
    }
}

async fn has_incident(node: &Node, text: &str) {
    let mut status = node.swarm().changes();
    let is_told = |status: &swarmlet::SwarmStatus| {
        let mut incidents = status.incidents.iter();
        incidents.any(|incident| incident.contains(text))
    };
    let told = tokio::time::timeout(SOON, status.wait_for(is_told)).await;
    told.unwrap().unwrap();
}

/// The numbers that were published, whatever stream they are in.
async fn numbers(node: &Node) -> BTreeSet<u64> {
    let mut results = node
        .query("FROM allEvents", QueryOptions::default())
        .unwrap();
    let mut numbers = BTreeSet::new();
    while let Some(rows) = results.next_chunk(1000).await.unwrap() {
        let payloads = rows
            .iter()
            .map(|row| row.payload().to_serde::<serde_json::Value>());
        numbers.extend(payloads.map(|payload| payload.unwrap()["number"].as_u64().unwrap()));
    }
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_device_and_its_copy_write_is_lost() {
    let places = [Place::new(), Place::new(), Place::new()];
    let witness = founder(&places[0]).await;
    let device = joiner(&places[1], &witness, "rw:*").await;
    for round in 0..3 {
        device.publish(tags("x"), number(round)).await.unwrap();
    }
    reaches(&witness, 3).await;
    assert_eq!(witness.metrics().swarm.forks, 0);
    copy_folder(&places[1].path(), &places[2].path());
    let alone = Options::new().network(network().address_exchange(false));
    let copy = places[2].open_with(alone).await;
    for round in 10..15 {
        copy.publish(tags("x"), number(round)).await.unwrap();
        device.publish(tags("x"), number(round + 10)).await.unwrap();
    }
    copy.close().await.unwrap();
    let address = witness.swarm().status().listening[0].clone();
    let copy = Options::new().network(network().peer(address));
    let copy = places[2].open_with(copy).await;
    let everything = (0..3).chain(10..15).chain(20..25).chain([30, 31]).collect();
    copy.publish(tags("x"), number(30)).await.unwrap();
    device.publish(tags("x"), number(31)).await.unwrap();
    for node in [&witness, &device] {
        let has_everything = async {
            while numbers(node).await != everything {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(SOON, has_everything).await;
        assert!(waited.is_ok(), "{:?}", numbers(node).await);
    }
    has_incident(&copy, "is forked").await;
    has_incident(&witness, "is forked").await;
    // The device and its copy tell of the same one.
    assert_eq!(witness.metrics().swarm.forks, 1);
    copy.close().await.unwrap();
    device.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_meets_its_original_writes_other_streams_from_then_on() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    first.publish(tags("x"), number(1)).await.unwrap();
    copy_folder(&places[0].path(), &places[1].path());
    let address = first.swarm().status().listening[0].clone();
    let copy = Options::new().network(network().peer(address));
    let copy = places[1].open_with(copy).await;
    let mut streams = BTreeSet::new();
    for node in [&first, &copy] {
        has_incident(node, "two devices with the identity").await;
        let receipt = node.publish(tags("x"), number(2)).await.unwrap();
        assert!(streams.insert(receipt.key.stream));
    }
    assert!(
        streams
            .iter()
            .all(|stream| stream.number != StreamNumber::DEFAULT)
    );
    let number_of_copy = streams.iter().map(|stream| stream.number);
    let numbers: Vec<StreamNumber> = number_of_copy.collect();
    copy.close().await.unwrap();
    let copy = places[1].open_with(options()).await;
    let receipt = copy.publish(tags("x"), number(3)).await.unwrap();
    assert!(
        numbers.contains(&receipt.key.stream.number),
        "it goes on there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_folder_is_noticed_and_refused() {
    let places = [Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let address = first.swarm().status().listening[0].clone();
    copy_folder(&places[0].path(), &places[1].path());
    let copy = Options::new().network(network().peer(address));
    let copy = places[1].open_with(copy).await;
    let mut status = copy.swarm().changes();
    let is_noticed = |status: &swarmlet::SwarmStatus| {
        let mut refused = status.refused.iter();
        refused.any(|(_, why)| why.contains("identity of this one"))
    };
    let noticed = tokio::time::timeout(SOON, status.wait_for(is_noticed)).await;
    noticed.unwrap().unwrap();
    drop(first);
}
