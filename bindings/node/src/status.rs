//! What the swarm tells, as JSON in the words of JavaScript, and the stream of its changes.

use napi_derive::napi;
use serde_json::{Value, json};
use swarmlet::{Founded, MemberInfo, PendingDevice, SwarmStatus};
use swarmlet_facade::code_text;

use crate::failure::called;
use crate::json;
use crate::port::Port;
use crate::stream::{as_flag, watch_at};

/// How a node stands in its swarm, the newest whenever it has changed.
#[napi]
pub struct Changes(swarmlet_facade::Changes);

impl Changes {
    pub(crate) fn new(changes: swarmlet_facade::Changes) -> Self {
        Self(changes)
    }
}

#[napi]
impl Changes {
    /// True: there is something; false: there will be none any more; null: nothing yet.
    #[napi]
    pub fn look(&self) -> napi::Result<Option<bool>> {
        called("look", || Ok(as_flag(self.0.look()?)))
    }

    /// The newest status if it was not taken yet, as JSON.
    #[napi]
    pub fn take(&self) -> napi::Result<Option<String>> {
        called("take", || {
            Ok(self.0.take()?.map(|taken| status_text(&taken)))
        })
    }

    /// Answers at `port` when a look shows something.
    #[napi]
    pub fn watch(&self, port: &Port) -> napi::Result<i64> {
        called("ready", || watch_at(&self.0, port))
    }

    /// Ends the stream.
    #[napi]
    pub fn cancel(&self) -> napi::Result<()> {
        called("cancel", || self.0.cancel())
    }
}

/// The status.
pub(crate) fn status_text(status: &SwarmStatus) -> String {
    let peers = status.peers.iter().map(|peer| {
        json!({
            "node": peer.node.to_string(),
            "address": peer.address,
            "isInSync": peer.is_in_sync,
            "behind": peer.behind,
            "ahead": peer.ahead,
            "lagMs": peer.lag.as_secs_f64() * 1000.0,
            "roundTripMs": peer.round_trip.map(|time| time.as_secs_f64() * 1000.0),
        })
    });
    let missing = status.to_replicate.iter();
    let missing: Vec<_> = missing.map(|(id, count)| (id.to_string(), count)).collect();
    json::text(&json!({
        "listening": status.listening,
        "peers": peers.collect::<Vec<_>>(),
        "toReplicate": missing,
        "refused": status.refused,
        "incidents": status.incidents,
    }))
}

/// A swarm that was founded, with its root key.
pub(crate) fn founded_text(founded: &Founded) -> String {
    json::text(&(founded.swarm.to_string(), founded.root_key.to_string()))
}

/// Devices that wait for approval. Times are seconds.
pub(crate) fn pending_text(pending: &[PendingDevice]) -> String {
    let devices = pending.iter().map(|each| {
        json!({
            "device": each.device.to_string(),
            "name": each.name.to_string(),
            "code": code_text(each.code),
            "since": each.since,
        })
    });
    json::text(&devices.collect::<Vec<Value>>())
}

/// Devices of the swarm. Times are seconds.
pub(crate) fn members_text(members: &[MemberInfo]) -> String {
    let devices = members.iter().map(|each| {
        json!({
            "node": each.node.to_string(),
            "name": each.name,
            "capabilities": each.capabilities,
            "labels": each.labels,
            "isIssuer": each.is_issuer,
            "isRevoked": each.is_revoked,
            "notAfter": each.not_after,
        })
    });
    json::text(&devices.collect::<Vec<Value>>())
}
