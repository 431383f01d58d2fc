//! Operations on swarms.

use serde_json::{Value, json};
use swarmlet::{InviteOptions, MemberInfo, Node, NodeId, PendingDevice, SwarmStatus};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout_at};

use crate::arguments::Arguments;
use crate::handles::Handles;
use crate::shapes;
use crate::trouble::Trouble;

type Answered = Result<Value, Trouble>;

/// The status of a swarm, followed.
pub(crate) struct Following {
    status: Mutex<watch::Receiver<SwarmStatus>>,
    cancelled: watch::Sender<bool>,
}

impl Following {
    pub(crate) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }
}

pub(crate) async fn perform(op: &str, arguments: &Arguments, handles: &Handles) -> Answered {
    let node = handles.node(arguments.text("node")?)?;
    let swarm = node.swarm();
    match op {
        "id" => Ok(json!(swarm.id().map(|id| id.to_string()))),
        "create" => {
            let founded = swarm.create(arguments.text("name")?, arguments.text("device")?)?;
            Ok(json!({
                "swarm": founded.swarm.to_string(),
                "root_key": founded.root_key.to_string(),
            }))
        }
        "become_issuer" => done(swarm.become_issuer(&arguments.parsed("root_key")?)),
        "invite" => Ok(json!(swarm.invite(&terms(arguments)?)?)),
        "withdraw" => Ok(json!(swarm.withdraw(arguments.text("invite")?)?)),
        "pending" => Ok(swarm.pending()?.iter().map(pending).collect()),
        "approve" => done(swarm.approve(device(arguments)?, &terms(arguments)?)),
        "reject" => done(swarm.reject(device(arguments)?)),
        "preauthorise" => done(swarm.preauthorise(device(arguments)?, &terms(arguments)?)),
        "members" => Ok(swarm.members()?.iter().map(member).collect()),
        "revoke" => done(swarm.revoke(device(arguments)?, arguments.text("reason")?)),
        "renew" => done(swarm.renew(device(arguments)?)),
        "status" => Ok(shapes::status(&swarm.status())),
        "network_changed" => {
            swarm.network_changed();
            Ok(Value::Null)
        }
        "changes" => {
            let mut status = swarm.changes();
            status.mark_changed();
            let following = Following {
                status: Mutex::new(status),
                cancelled: watch::Sender::new(false),
            };
            handles.keep_changes(arguments.text("as")?, following);
            Ok(Value::Null)
        }
        _ => wait(op, &node, arguments).await,
    }
}

/// Calls that wait for others.
async fn wait(op: &str, node: &Node, arguments: &Arguments) -> Answered {
    let swarm = node.swarm();
    let timeout = arguments.duration("timeout_ms")?;
    match op {
        "join" => {
            let (invite, name) = (arguments.text("invite")?, arguments.text("name")?);
            done(swarm.join(invite, name, timeout).await)
        }
        "ask" => {
            let (address, name) = (arguments.text("address")?, arguments.text("name")?);
            let code = swarm.ask(address, name, timeout).await?;
            Ok(json!(format!("{code:06}")))
        }
        "wait_joined" => done(swarm.wait_joined(timeout).await),
        "wait_in_sync" => done(swarm.wait_in_sync(timeout).await),
        _ => Err(Trouble::broken(format!("there is no operation swarm.{op}"))),
    }
}

pub(crate) async fn perform_changes(
    op: &str,
    arguments: &Arguments,
    handles: &Handles,
) -> Answered {
    let following = handles.changes(arguments.text("changes")?)?;
    if op == "cancel_changes" {
        following.cancel();
        return Ok(Value::Null);
    }
    let deadline = Instant::now() + arguments.duration("timeout_ms")?;
    let mut cancelled = following.cancelled.subscribe();
    let mut status = following.status.lock().await;
    let changed = tokio::select! {
        biased;
        _ = cancelled.wait_for(|is_cancelled| *is_cancelled) => {
            return Ok(json!({"status": null, "is_ended": true}));
        }
        changed = timeout_at(deadline, status.changed()) => changed,
    };
    match changed {
        Ok(Ok(())) => {
            let status = shapes::status(&status.borrow_and_update());
            Ok(json!({"status": status, "is_ended": false}))
        }
        Ok(Err(_)) => Ok(json!({"status": null, "is_ended": true})),
        Err(_) => Ok(json!({"status": null, "is_ended": false})),
    }
}

fn done(outcome: swarmlet::Result<()>) -> Answered {
    Ok(outcome.map(|()| Value::Null)?)
}

fn device(arguments: &Arguments) -> Result<NodeId, Trouble> {
    arguments.parsed("device")
}

fn terms(arguments: &Arguments) -> Result<InviteOptions, Trouble> {
    let mut options = InviteOptions::default();
    if arguments.given("capabilities").is_some() {
        options.capabilities = arguments.parsed("capabilities")?;
    }
    options.name = arguments.text_given("name")?.map(str::to_owned);
    options.labels = arguments.labels_given("labels")?;
    if let Some(uses) = arguments.number_given("uses")? {
        options.uses = uses as usize;
    }
    if let Some(valid) = arguments.duration_given("valid_ms")? {
        options.valid = valid;
    }
    Ok(options)
}

fn pending(device: &PendingDevice) -> Value {
    json!({
        "device": device.device.to_string(),
        "name": device.name.to_string(),
        "code": format!("{:06}", device.code),
        "since_s": device.since,
    })
}

fn member(member: &MemberInfo) -> Value {
    json!({
        "node": member.node.to_string(),
        "name": member.name,
        "capabilities": member.capabilities,
        "labels": member.labels,
        "is_issuer": member.is_issuer,
        "is_revoked": member.is_revoked,
        "not_after_s": member.not_after,
    })
}
