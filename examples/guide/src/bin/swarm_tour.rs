//! What the guide shows of swarms, as one program that runs: docs/guide/swarm.md quotes it.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Duration;

use swarmlet::{InviteOptions, Network, Node, Options, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let dashboard = open_dashboard().await?;
    dashboard.swarm().create("plant", "dashboard")?;
    let address = dashboard.swarm().status().listening[0].clone();
    let gateway = open_gateway("gateway", &address).await?;
    let tablet = open_gateway("tablet", &address).await?;
    rights(&dashboard, &gateway).await?;
    approval(&dashboard, &tablet, &address).await?;
    how_far(&gateway).await;
    put_out(&dashboard)?;
    for node in [tablet, gateway, dashboard] {
        node.close().await?;
    }
    Ok(())
}

async fn open_dashboard() -> Result<Node> {
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    Node::open("dashboard", Options::new().network(network)).await
}

async fn open_gateway(folder: &str, address: &str) -> Result<Node> {
    let network = Network::new()
        .listen("tcp://127.0.0.1:0")
        .peer(address)
        .discovery(false);
    Node::open(folder, Options::new().network(network)).await
}

async fn rights(dashboard: &Node, gateway: &Node) -> Result<()> {
    let mut options = InviteOptions::default();
    options.capabilities = "rw:sensors*,r:*".parse()?;
    options.name = Some("gateway".into());
    options.labels = [("hall".into(), "2".into())].into();
    options.valid = Duration::from_secs(3600);
    let invite = dashboard.swarm().invite(&options)?;
    let swarm = gateway.swarm();
    swarm
        .join(&invite, "gateway", Duration::from_secs(30))
        .await
}

async fn approval(dashboard: &Node, tablet: &Node, address: &str) -> Result<()> {
    let limit = Duration::from_secs(30);
    let code = tablet.swarm().ask(address, "tablet", limit).await?;
    println!("this device shows {code:06}");

    let mut options = InviteOptions::default();
    options.capabilities = "r:*".parse()?;
    for pending in dashboard.swarm().pending()? {
        // Which a person says who sees both.
        if pending.code == code {
            dashboard.swarm().approve(pending.device, &options)?;
        }
    }

    tablet.swarm().wait_joined(limit).await
}

async fn how_far(node: &Node) {
    let mut changes = node.swarm().changes();
    loop {
        let status = changes.borrow_and_update().clone();
        for peer in &status.peers {
            println!("{} behind {} ahead {}", peer.node, peer.behind, peer.ahead);
        }
        if status.is_in_sync() || changes.changed().await.is_err() {
            break;
        }
    }
}

fn put_out(dashboard: &Node) -> Result<()> {
    for member in dashboard.swarm().members()? {
        if member.name == "tablet" {
            let reason = "lost on the train";
            dashboard.swarm().revoke(member.node, reason)?;
        }
    }
    Ok(())
}
