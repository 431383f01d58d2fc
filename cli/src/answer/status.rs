//! How the node stands: one row.

use std::time::Duration;

use serde::Serialize;
use swarmlet::Node;
use swarmlet::report::{PeerReport, PresentReport, StandingReport};

use super::host::{Host, Standing};
use crate::failure::Result;
use crate::wire::Link;

/// How a node stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusRow {
    node: String,
    folder: String,
    /// Whether it runs, or was opened for this command only.
    is_running: bool,
    swarm: Option<String>,
    /// Devices of the swarm, this one and those that were put out left aside.
    members: u64,
    /// Of these the connected ones.
    peers: u64,
    /// Where apps find it, while it runs.
    gateway: Vec<String>,
    /// Why they do not, where they should.
    gateway_fault: Option<String>,
    #[serde(flatten)]
    present: PresentReport,
    #[serde(flatten)]
    standing: StandingReport,
}

/// Tells how the node stands, first waiting until it is in sync if that is wanted.
pub(super) async fn status(host: &Host, wait: Option<Duration>, link: &mut Link) -> Result<()> {
    let node = &host.node;
    if let Some(wait) = wait {
        node.swarm().wait_in_sync(wait).await?;
    }
    link.row(&row(host, node)?).await
}

fn row(host: &Host, node: &Node) -> Result<StatusRow> {
    Ok(StatusRow {
        node: node.id().to_string(),
        folder: host.folder.display().to_string(),
        is_running: host.standing == Standing::Service,
        swarm: node.swarm().id().map(|swarm| swarm.to_string()),
        members: others(node),
        peers: node.swarm().peers().len() as u64,
        gateway: host.gateway.addresses().to_vec(),
        gateway_fault: host.gateway.fault().map(ToOwned::to_owned),
        present: PresentReport::of(node)?,
        standing: StandingReport::of(node),
    })
}

/// Other members, as far as this node is one.
fn others(node: &Node) -> u64 {
    let members = node.swarm().members().unwrap_or_default();
    let is_other = |member: &&swarmlet::MemberInfo| member.node != node.id() && !member.is_revoked;
    members.iter().filter(is_other).count() as u64
}

/// Gives a row for each connected device.
pub(super) async fn peers(host: &Host, link: &mut Link) -> Result<()> {
    for peer in PeerReport::all_of(&host.node) {
        link.row(&peer).await?;
    }
    if host.standing == Standing::Command {
        link.note("no node runs here: who is opened for one command has met nobody yet")
            .await?;
    }
    Ok(())
}
