//! The node's place in its swarm.

use std::sync::Arc;

use crate::arguments::{GivenTerms, time_limit};
use crate::call::{answered, awaited};
use crate::failure::Result;
use crate::status::{FoundedSwarm, SwarmMember, SwarmState, WaitingDevice};
use crate::stream::Changes;

/// A node's place in its swarm. Calls that wait are given up when their wait is dropped.
#[derive(uniffi::Object)]
pub(crate) struct Swarm(swarmlet_facade::Swarm);

impl Swarm {
    pub(crate) fn new(swarm: swarmlet_facade::Swarm) -> Self {
        Self(swarm)
    }
}

#[uniffi::export]
impl Swarm {
    /// The swarm that the node is in, or wants to join.
    pub(crate) fn id(&self) -> Result<Option<String>> {
        Ok(self.0.id()?.map(|id| id.to_string()))
    }

    /// Founds a swarm.
    pub(crate) async fn create(&self, name: String, device: String) -> Result<FoundedSwarm> {
        let founded = answered(|completion| self.0.create(name, device, completion)).await?;
        Ok(founded.into())
    }

    /// Makes this node an issuer.
    pub(crate) async fn become_issuer(&self, root_key: String) -> Result<()> {
        answered(|completion| self.0.become_issuer(root_key, completion)).await
    }

    /// Makes an invite.
    pub(crate) async fn invite(&self, terms: GivenTerms) -> Result<String> {
        let terms = terms.into_terms("swarm.invite")?;
        answered(|completion| self.0.invite(terms, completion)).await
    }

    /// Takes an invite back.
    pub(crate) async fn withdraw(&self, invite: String) -> Result<bool> {
        answered(|completion| self.0.withdraw(invite, completion)).await
    }

    /// Joins by an invite.
    pub(crate) async fn join(
        &self,
        invite: String,
        name: String,
        timeout_micros: Option<i64>,
    ) -> Result<()> {
        let timeout = time_limit(timeout_micros);
        awaited(|completion| self.0.join(invite, name, timeout, completion)).await
    }

    /// Asks an issuer to be let in.
    pub(crate) async fn ask(
        &self,
        address: String,
        name: String,
        timeout_micros: Option<i64>,
    ) -> Result<String> {
        let timeout = time_limit(timeout_micros);
        awaited(|completion| self.0.ask(address, name, timeout, completion)).await
    }

    /// Waits until this node was let in.
    pub(crate) async fn wait_joined(&self, timeout_micros: Option<i64>) -> Result<()> {
        let timeout = time_limit(timeout_micros);
        awaited(|completion| self.0.wait_joined(timeout, completion)).await
    }

    /// Waits until all connected peers have the same events.
    pub(crate) async fn wait_in_sync(&self, timeout_micros: Option<i64>) -> Result<()> {
        let timeout = time_limit(timeout_micros);
        awaited(|completion| self.0.wait_in_sync(timeout, completion)).await
    }

    /// The devices that wait for approval.
    pub(crate) async fn pending(&self) -> Result<Vec<WaitingDevice>> {
        let pending = answered(|completion| self.0.pending(completion)).await?;
        Ok(pending.into_iter().map(Into::into).collect())
    }

    /// Lets a waiting device in.
    pub(crate) async fn approve(&self, device: String, terms: GivenTerms) -> Result<()> {
        let terms = terms.into_terms("swarm.approve")?;
        answered(|completion| self.0.approve(device, terms, completion)).await
    }

    /// Sends a waiting device away.
    pub(crate) async fn reject(&self, device: String) -> Result<()> {
        answered(|completion| self.0.reject(device, completion)).await
    }

    /// Lets a device in when it asks.
    pub(crate) async fn preauthorise(&self, device: String, terms: GivenTerms) -> Result<()> {
        let terms = terms.into_terms("swarm.preauthorise")?;
        answered(|completion| self.0.preauthorise(device, terms, completion)).await
    }

    /// All devices of the swarm.
    pub(crate) async fn members(&self) -> Result<Vec<SwarmMember>> {
        let members = answered(|completion| self.0.members(completion)).await?;
        Ok(members.into_iter().map(Into::into).collect())
    }

    /// Puts a device out.
    pub(crate) async fn revoke(&self, device: String, reason: String) -> Result<()> {
        answered(|completion| self.0.revoke(device, reason, completion)).await
    }

    /// Renews the certificate of a device.
    pub(crate) async fn renew(&self, device: String) -> Result<()> {
        answered(|completion| self.0.renew(device, completion)).await
    }

    /// How the node stands in the swarm.
    pub(crate) fn status(&self) -> Result<SwarmState> {
        Ok(self.0.status()?.into())
    }

    /// The status now, and then whenever it has changed.
    pub(crate) fn changes(&self) -> Result<Arc<Changes>> {
        Ok(Arc::new(Changes::new(self.0.changes()?)))
    }

    /// The device has changed networks.
    pub(crate) fn network_changed(&self) -> Result<()> {
        Ok(self.0.network_changed()?)
    }
}
