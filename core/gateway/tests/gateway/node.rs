//! What a node tells apps of itself and of the others.

use serde_json::{Value, json};
use swarmlet::{InviteOptions, Network, Node, Options};

use crate::harness::{Place, SOON, until};
use crate::http::Ask;

async fn info(place: &Place, token: &str) -> Value {
    let ask = Ask::new("GET", "/api/v2/node/info").token(token);
    place.send(ask).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_away_does_not_work() {
    let place = Place::open().await;
    let token = place.token().await;
    let alone = info(&place, &token).await;
    assert_eq!(alone["swarmState"], json!({ "peersStatus": {} }));
    let swarm = place.node.swarm();
    swarm.create("plant", "office").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let options = Options::new().network(network);
    let press = Node::open(folder.path(), options).await.unwrap();
    let invite = swarm.invite(&InviteOptions::default()).unwrap();
    press.swarm().join(&invite, "press", SOON).await.unwrap();
    let id = press.id().to_string();
    until(async || info(&place, &token).await["connectedNodes"] == 1).await;
    let together = info(&place, &token).await;
    assert_eq!(
        together["swarmState"]["peersStatus"],
        json!({ &id: "LowLatency" })
    );
    press.close().await.unwrap();
    until(async || info(&place, &token).await["connectedNodes"] == 0).await;
    let apart = info(&place, &token).await;
    assert_eq!(
        apart["swarmState"]["peersStatus"],
        json!({ &id: "NotWorking" })
    );
}
