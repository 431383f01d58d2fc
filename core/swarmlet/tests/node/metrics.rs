//! What the node counts while it works.

use crate::harness::{Place, ask, publish};

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
}
