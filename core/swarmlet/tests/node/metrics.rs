//! What the node counts while it works.

use std::time::Duration;

use swarmlet::{Node, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Place, ask, number, publish, tags, until};
use crate::swarm::{SOON, founder, joiner, joiner_with, network, options, reaches};

#[tokio::test]
async fn work_shows_in_the_metrics() {
    let place = Place::new();
    let node = place.open().await;
    let before = node.metrics();
    assert_eq!(before.append.count(), 0);
    for content in 0..5 {
        publish(&node, "a", [content, content]).await;
    }
    ask(&node, "FROM 'a'").await;
    let metrics = node.metrics();
    assert_eq!(metrics.log.events_committed, 10);
    assert_eq!(metrics.log.events_stored, 10);
    assert_eq!(metrics.append.count(), 5);
    assert_eq!(metrics.publish.count(), 5);
    assert!(metrics.sync.count() >= 5);
    assert!(metrics.publish.sum() >= metrics.append.sum());
    assert!(metrics.query.count() >= 1);
    assert_eq!(metrics.publish_failures + metrics.query_failures, 0);
    assert_eq!(metrics.maintenance_failures, 0);
    assert_eq!(metrics.maintenance_error, None);
    assert!(metrics.uptime >= metrics.recovery && metrics.recovery > Duration::ZERO);
    assert_eq!(metrics.stream_epochs, 1);
    assert!(!metrics.is_read_only);
}

#[tokio::test]
async fn each_app_has_its_own_counts() {
    let place = Place::new();
    let node = place.open().await;
    let other = node.scoped("com.example.other".parse().unwrap());
    publish(&node, "a", 0..3).await;
    publish(&other, "a", 0..2).await;
    ask(&other, "FROM 'a'").await;
    let apps = node.metrics().apps;
    let told = apps
        .iter()
        .map(|app| (app.events_published, app.events_read));
    let [own, other] = [node.app_id(), other.app_id()].map(|id| {
        let place = apps.iter().position(|app| app.app.as_ref() == Some(id));
        told.clone().nth(place.unwrap()).unwrap()
    });
    assert_eq!((own, other), ((3, 0), (2, 5)));
    assert!(
        apps.iter()
            .all(|app| app.bytes_published > app.events_published)
    );
    assert_eq!(apps.len(), 2);
}

/// How admissions ended, those of which there were some.
fn handshakes(node: &Node) -> Vec<(&'static str, u64)> {
    let ended = node.metrics().swarm.handshakes.into_iter();
    ended.filter(|(_, times)| *times > 0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_does_not_answer_in_time_is_counted_as_that_and_once() {
    let place = Place::new();
    let node = founder(&place).await;
    let address = node.swarm().status().listening.remove(0);
    let address = address.trim_start_matches("tcp://").to_owned();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    let mut received = Vec::new();
    let ended = tokio::time::timeout(SOON, silent.read_to_end(&mut received)).await;
    let _how_it_was_cut_off = ended.unwrap();
    until(|| handshakes(&node) == [("timeout", 1)]).await;

    // One who is never silent for long, and never comes to an end.
    let mut slow = TcpStream::connect(&address).await.unwrap();
    let trickle = async {
        while slow.write_all(&[1]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(SOON, trickle).await.unwrap();
    until(|| handshakes(&node) == [("timeout", 2)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_from_an_author_who_was_put_out_before_is_counted_and_not_shown() {
    let places = [Place::new(), Place::new(), Place::new()];
    let first = founder(&places[0]).await;
    let author = joiner(&places[1], &first, "rw:*").await;
    let to_author = network().peer(&author.swarm().status().listening[0]);
    let other = joiner_with(&places[2], &first, "rw:*", to_author).await;
    author.publish(tags("x"), number(1)).await.unwrap();
    reaches(&first, 1).await;
    first.close().await.unwrap();
    author.publish(tags("x"), number(2)).await.unwrap();
    reaches(&other, 2).await;
    assert_eq!(other.metrics().log.events_quarantined, 0);
    other.close().await.unwrap();
    author.close().await.unwrap();

    let first = places[0].open_with(options()).await;
    first.swarm().revoke(author.id(), "lost").unwrap();
    let to_first = network().peer(&first.swarm().status().listening[0]);
    let other = places[2].open_with(Options::new().network(to_first)).await;
    until(|| other.metrics().log.events_quarantined == 1).await;
    assert_eq!(ask(&other, "FROM allEvents").await, [1]);
}
