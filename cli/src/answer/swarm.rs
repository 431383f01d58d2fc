//! The node in its swarm: founding, letting in, joining, putting out.

use std::time::Duration;

use serde::Serialize;
use swarmlet::report::{MemberReport, PendingReport, code_text};
use swarmlet::{ErrorKind, InviteOptions, MemberInfo, NodeId, RootKey};

use super::host::{Host, Standing};
use crate::failure::{Failure, Result};
use crate::request::{Swarm, Terms};
use crate::wire::Link;

/// A swarm that was founded. The root key is in here, and nowhere else.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundedRow {
    swarm: String,
    node: String,
    root_key: String,
}

/// An invite.
#[derive(Serialize)]
struct InviteRow {
    invite: String,
}

/// That a device is in.
#[derive(Serialize)]
struct JoinedRow {
    node: String,
    swarm: Option<String>,
}

/// What a device that waits shows.
#[derive(Serialize)]
struct CodeRow {
    node: String,
    code: String,
}

/// A device to which something was done.
#[derive(Serialize)]
struct DeviceRow {
    device: String,
    name: Option<String>,
}

/// What became of an invite.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithdrawnRow {
    was_good: bool,
}

/// Does what is asked. Calls that write to the disk are made where they may wait for it.
pub(super) async fn act(host: &Host, request: Swarm, link: &mut Link) -> Result<()> {
    match request {
        Swarm::Create { swarm, device } => create(host, &swarm, &device, link).await,
        Swarm::Invite(terms) => invite(host, terms, link).await,
        Swarm::Withdraw { invite } => {
            let was_good = waiting(|| host.node.swarm().withdraw(&invite))?;
            link.row(&WithdrawnRow { was_good }).await
        }
        Swarm::Join {
            invite,
            device,
            within,
        } => {
            host.node.swarm().join(&invite, &device, within).await?;
            joined(host, link).await
        }
        Swarm::Ask {
            address,
            device,
            within,
        } => ask(host, (&address, &device), within, link).await,
        Swarm::Pending => pending(host, link).await,
        Swarm::Approve { device, terms } => {
            let device = waiting_device(host, &device)?;
            waiting(|| host.node.swarm().approve(device, &options(terms)))?;
            done(device, None, link).await
        }
        Swarm::Reject { device } => {
            let device = waiting_device(host, &device)?;
            waiting(|| host.node.swarm().reject(device))?;
            done(device, None, link).await
        }
        Swarm::Members => members(host, link).await,
        Swarm::Revoke { device, reason } => {
            let member = member(host, &device)?;
            waiting(|| host.node.swarm().revoke(member.node, &reason))?;
            done(member.node, Some(member.name), link).await
        }
        Swarm::Renew { device } => {
            let member = member(host, &device)?;
            waiting(|| host.node.swarm().renew(member.node))?;
            done(member.node, Some(member.name), link).await
        }
        Swarm::Promote { root_key } => {
            let key: RootKey = root_key.parse()?;
            waiting(|| host.node.swarm().become_issuer(&key))?;
            done(host.node.id(), None, link).await
        }
    }
}

/// Does what waits for the disk, while others have their turn.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

async fn create(host: &Host, swarm: &str, device: &str, link: &mut Link) -> Result<()> {
    let founded = waiting(|| host.node.swarm().create(swarm, device))?;
    link.row(&FoundedRow {
        swarm: founded.swarm.to_string(),
        node: host.node.id().to_string(),
        root_key: founded.root_key.to_string(),
    })
    .await?;
    link.note("the root key is shown this once and kept nowhere: print it, and put it into a safe")
        .await
}

async fn invite(host: &Host, terms: Terms, link: &mut Link) -> Result<()> {
    let invite = waiting(|| host.node.swarm().invite(&options(terms)))?;
    link.row(&InviteRow { invite }).await?;
    if host.standing == Standing::Command {
        let note = "no node runs here: start it with `swarmlet run`, as only this node can let the \
                    device in";
        link.note(note).await?;
    }
    Ok(())
}

fn options(terms: Terms) -> InviteOptions {
    let mut options = InviteOptions::default();
    options.capabilities = terms.rights;
    options.name = terms.name;
    options.labels = terms.labels;
    options.uses = terms.uses;
    options.valid = terms.valid;
    options
}

async fn joined(host: &Host, link: &mut Link) -> Result<()> {
    let swarm = host.node.swarm().id();
    link.row(&JoinedRow {
        node: host.node.id().to_string(),
        swarm: swarm.map(|swarm| swarm.to_string()),
    })
    .await
}

async fn ask(
    host: &Host,
    (address, device): (&str, &str),
    within: Duration,
    link: &mut Link,
) -> Result<()> {
    let code = host.node.swarm().ask(address, device, within).await?;
    link.row(&CodeRow {
        node: host.node.id().to_string(),
        code: code_text(code),
    })
    .await?;
    link.note("compare the code with what `swarmlet swarm pending` shows on the issuer")
        .await?;
    link.pause().await?;
    host.node.swarm().wait_joined(within).await?;
    joined(host, link).await
}

async fn pending(host: &Host, link: &mut Link) -> Result<()> {
    for device in PendingReport::all_of(&host.node)? {
        link.row(&device).await?;
    }
    Ok(())
}

async fn members(host: &Host, link: &mut Link) -> Result<()> {
    for member in MemberReport::all_of(&host.node)? {
        link.row(&member).await?;
    }
    Ok(())
}

async fn done(device: NodeId, name: Option<String>, link: &mut Link) -> Result<()> {
    let device = device.to_string();
    link.row(&DeviceRow { device, name }).await
}

/// The member with this identity, or the only one of this name.
fn member(host: &Host, named: &str) -> Result<MemberInfo> {
    let id: Option<NodeId> = named.parse().ok();
    let is_meant = |member: &MemberInfo| match id {
        Some(id) => member.node == id,
        None => member.name == named && !member.is_revoked,
    };
    let members = host.node.swarm().members()?;
    let mut meant = members.into_iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(member), None) => Ok(member),
        (Some(_), Some(_)) => {
            let message = format!("several devices are called `{named}`");
            Err(Failure::invalid(message).advise("name it by its id, see `swarmlet swarm members`"))
        }
        (None, _) => Err(Failure::new(
            ErrorKind::NotFound,
            format!("no device of the swarm is called `{named}`"),
        )
        .advise("`swarmlet swarm members` lists them")),
    }
}

/// The device that waits with this identity, or shows this code.
fn waiting_device(host: &Host, named: &str) -> Result<NodeId> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let pending = host.node.swarm().pending()?;
    let mut meant = pending
        .iter()
        .filter(|device| code_text(device.code) == named);
    match (meant.next(), meant.next()) {
        (Some(device), None) => Ok(device.device),
        _ => Err(Failure::new(
            ErrorKind::NotFound,
            format!("no device waits that is `{named}`, or shows that code"),
        )
        .advise("`swarmlet swarm pending` lists who waits")),
    }
}
