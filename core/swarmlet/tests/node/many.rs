//! Many nodes in one process do not get into each other's way.

use std::collections::BTreeSet;

use crate::harness::{Place, ask, publish};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_nodes_live_side_by_side() {
    let mut nodes = Vec::new();
    for index in 0..20 {
        let place = Place::new();
        let node = place.open().await;
        nodes.push((index, place, node));
    }
    let ids: BTreeSet<_> = nodes.iter().map(|(_, _, node)| node.id()).collect();
    assert_eq!(ids.len(), 20);
    let tasks: Vec<_> = nodes
        .iter()
        .map(|(index, _, node)| {
            let (index, node) = (*index, node.clone());
            tokio::spawn(async move { publish(&node, "a", index * 10..index * 10 + 10).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for (index, _, node) in &nodes {
        let own: Vec<u64> = (index * 10..index * 10 + 10).collect();
        assert_eq!(ask(node, "FROM 'a'").await, own);
    }
    for (_, _, node) in &nodes {
        node.close().await.unwrap();
    }
}
