//! What a person does with the devices of the swarm: letting in, sending away, putting out.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use swarmlet::{Error, ErrorKind, InviteOptions, NodeId, QrCode, Swarm};

use super::person::Person;
use super::refusal::refused;
use crate::background::in_background;
use crate::body::Sent;
use crate::limits::PAGE_REQUEST_BYTES_MAX;
use crate::negotiation::json;
use crate::problem::Problem;

type Named = Result<Path<String>, PathRejection>;

/// What a device that is let in gets. What is left out is as the node has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Terms {
    rights: Option<String>,
    name: Option<String>,
    labels: BTreeMap<String, String>,
    uses: Option<usize>,
    valid_secs: Option<u64>,
}

#[derive(Serialize)]
struct Invited {
    invite: String,
    /// The same as a picture, for the camera of a device.
    svg: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    invite: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Withdrawn {
    was_good: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

/// A device to which something was done.
#[derive(Serialize)]
struct Device {
    device: String,
}

pub(super) async fn invite(person: Person, sent: Sent) -> Result<Response, Problem> {
    let terms: Terms = sent.json(PAGE_REQUEST_BYTES_MAX).await?;
    let options = terms.into_options().map_err(refused)?;
    let invite = change(&person, move |swarm| swarm.invite(&options)).await?;
    let code = QrCode::of(&invite).map_err(refused)?;
    tracing::info!("a person made an invite");
    let svg = code.svg();
    json(&Invited { invite, svg })
}

pub(super) async fn withdraw(person: Person, sent: Sent) -> Result<Response, Problem> {
    let Invite { invite } = sent.json(PAGE_REQUEST_BYTES_MAX).await?;
    let was_good = change(&person, move |swarm| swarm.withdraw(invite.trim())).await?;
    tracing::info!(was_good, "a person took an invite back");
    json(&Withdrawn { was_good })
}

pub(super) async fn approve(
    person: Person,
    device: Named,
    sent: Sent,
) -> Result<Response, Problem> {
    let device = parse(device)?;
    let terms: Terms = sent.json(PAGE_REQUEST_BYTES_MAX).await?;
    let options = terms.into_options().map_err(refused)?;
    change(&person, move |swarm| swarm.approve(device, &options)).await?;
    tracing::info!(%device, "a person let a device in");
    done(device)
}

pub(super) async fn reject(person: Person, device: Named) -> Result<Response, Problem> {
    let device = parse(device)?;
    change(&person, move |swarm| swarm.reject(device)).await?;
    tracing::info!(%device, "a person sent a device away");
    done(device)
}

pub(super) async fn revoke(person: Person, device: Named, sent: Sent) -> Result<Response, Problem> {
    let device = parse(device)?;
    let Reason { reason } = sent.json(PAGE_REQUEST_BYTES_MAX).await?;
    let put_out = move |swarm: &Swarm| {
        let members = swarm.members()?;
        let is_member = members.iter().any(|member| member.node == device);
        match is_member {
            true => swarm.revoke(device, &reason),
            false => Err(Error::new(
                ErrorKind::NotFound,
                "no such device is a member",
            )),
        }
    };
    change(&person, put_out).await?;
    tracing::info!(%device, "a person put a device out");
    done(device)
}

impl Terms {
    fn into_options(self) -> Result<InviteOptions, Error> {
        let mut options = InviteOptions::default();
        if let Some(rights) = self.rights {
            options.capabilities = rights.parse()?;
        }
        if let Some(uses) = self.uses {
            options.uses = uses;
        }
        if let Some(seconds) = self.valid_secs {
            options.valid = Duration::from_secs(seconds);
        }
        options.name = self.name;
        options.labels = self.labels;
        Ok(options)
    }
}

/// Changes something in the swarm; it is durable when that returns.
async fn change<T: Send + 'static>(
    person: &Person,
    act: impl FnOnce(&Swarm) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let swarm = person.node.swarm();
    in_background(move || act(&swarm)).await.map_err(refused)
}

/// The device that an address names by its id.
fn parse(device: Named) -> Result<NodeId, Problem> {
    let Path(device) = device.map_err(|_| Problem::NotFound)?;
    device.parse().map_err(|_| Problem::NotFound)
}

fn done(device: NodeId) -> Result<Response, Problem> {
    let device = device.to_string();
    json(&Device { device })
}
