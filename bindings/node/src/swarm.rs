//! The swarm: calls answer at a port; those that wait for other devices can be given up.

use napi_derive::napi;
use swarmlet_facade::Completion;

use crate::failure::called;
use crate::options::{GivenTerms, GivenWait, parsed};
use crate::port::{Outcome, Port};
use crate::status::{Changes, founded_text, members_text, pending_text, status_text};

/// A node's place in its swarm.
#[napi]
pub struct Swarm(swarmlet_facade::Swarm);

/// A call that waits for others.
#[napi]
pub struct Waiting {
    token: i64,
    waiting: swarmlet_facade::Waiting,
}

impl Swarm {
    pub(crate) fn new(swarm: swarmlet_facade::Swarm) -> Self {
        Self(swarm)
    }
}

impl Waiting {
    pub(crate) fn new(token: i64, waiting: swarmlet_facade::Waiting) -> Self {
        Self { token, waiting }
    }
}

#[napi]
impl Waiting {
    /// Under which it is answered.
    #[napi(getter)]
    pub fn token(&self) -> i64 {
        self.token
    }

    /// Nobody waits for it any more. What was asked for may happen all the same.
    #[napi]
    pub fn cancel(&self) {
        self.waiting.cancel();
    }
}

#[napi]
impl Swarm {
    /// The swarm that the node is in, or wants to join.
    #[napi(getter)]
    pub fn id(&self) -> napi::Result<Option<String>> {
        called("swarm.id", || Ok(self.0.id()?.map(|id| id.to_string())))
    }

    /// Founds a swarm.
    #[napi]
    pub fn create(&self, port: &Port, name: String, device: String) -> i64 {
        let founded = |founded| Outcome::Text(founded_text(&founded));
        let (token, completion) = port.completion(founded);
        self.0.create(name, device, completion);
        token
    }

    /// Makes this node an issuer.
    #[napi]
    pub fn become_issuer(&self, port: &Port, root_key: String) -> i64 {
        done(port, |completion| {
            self.0.become_issuer(root_key, completion)
        })
    }

    /// Makes an invite.
    #[napi]
    pub fn invite(&self, port: &Port, terms: String) -> napi::Result<i64> {
        called("swarm.invite", || {
            let terms: GivenTerms = parsed("swarm.invite", &terms)?;
            let (token, completion) = port.completion(Outcome::plain);
            self.0.invite(terms.into_terms(), completion);
            Ok(token)
        })
    }

    /// Takes an invite back.
    #[napi]
    pub fn withdraw(&self, port: &Port, invite: String) -> i64 {
        let (token, completion) = port.completion(Outcome::plain);
        self.0.withdraw(invite, completion);
        token
    }

    /// Joins by an invite.
    #[napi]
    pub fn join(
        &self,
        port: &Port,
        invite: String,
        name: String,
        wait: String,
    ) -> napi::Result<Waiting> {
        called("swarm.join", || {
            let wait: GivenWait = parsed("swarm.join", &wait)?;
            let (token, completion) = port.completion(Outcome::done);
            let limit = wait.into_limit();
            let waiting = self.0.join(invite, name, limit, completion);
            Ok(Waiting::new(token, waiting))
        })
    }

    /// Asks an issuer to be let in.
    #[napi]
    pub fn ask(
        &self,
        port: &Port,
        address: String,
        name: String,
        wait: String,
    ) -> napi::Result<Waiting> {
        called("swarm.ask", || {
            let wait: GivenWait = parsed("swarm.ask", &wait)?;
            let (token, completion) = port.completion(Outcome::plain);
            let limit = wait.into_limit();
            let waiting = self.0.ask(address, name, limit, completion);
            Ok(Waiting::new(token, waiting))
        })
    }

    /// Waits until this node was let in.
    #[napi]
    pub fn wait_joined(&self, port: &Port, wait: String) -> napi::Result<Waiting> {
        called("swarm.wait_joined", || {
            let wait: GivenWait = parsed("swarm.wait_joined", &wait)?;
            let (token, completion) = port.completion(Outcome::done);
            let waiting = self.0.wait_joined(wait.into_limit(), completion);
            Ok(Waiting::new(token, waiting))
        })
    }

    /// Waits until all connected peers have the same events.
    #[napi]
    pub fn wait_in_sync(&self, port: &Port, wait: String) -> napi::Result<Waiting> {
        called("swarm.wait_in_sync", || {
            let wait: GivenWait = parsed("swarm.wait_in_sync", &wait)?;
            let (token, completion) = port.completion(Outcome::done);
            let waiting = self.0.wait_in_sync(wait.into_limit(), completion);
            Ok(Waiting::new(token, waiting))
        })
    }

    /// The devices that wait for approval.
    #[napi]
    pub fn pending(&self, port: &Port) -> i64 {
        let pending = |devices: Vec<_>| Outcome::Text(pending_text(&devices));
        let (token, completion) = port.completion(pending);
        self.0.pending(completion);
        token
    }

    /// Lets a waiting device in.
    #[napi]
    pub fn approve(&self, port: &Port, device: String, terms: String) -> napi::Result<i64> {
        called("swarm.approve", || {
            let terms: GivenTerms = parsed("swarm.approve", &terms)?;
            let terms = terms.into_terms();
            Ok(done(port, |completion| {
                self.0.approve(device, terms, completion);
            }))
        })
    }

    /// Sends a waiting device away.
    #[napi]
    pub fn reject(&self, port: &Port, device: String) -> i64 {
        done(port, |completion| self.0.reject(device, completion))
    }

    /// Lets a device in when it asks.
    #[napi]
    pub fn preauthorise(&self, port: &Port, device: String, terms: String) -> napi::Result<i64> {
        called("swarm.preauthorise", || {
            let terms: GivenTerms = parsed("swarm.preauthorise", &terms)?;
            let terms = terms.into_terms();
            Ok(done(port, |completion| {
                self.0.preauthorise(device, terms, completion);
            }))
        })
    }

    /// All devices of the swarm.
    #[napi]
    pub fn members(&self, port: &Port) -> i64 {
        let members = |devices: Vec<_>| Outcome::Text(members_text(&devices));
        let (token, completion) = port.completion(members);
        self.0.members(completion);
        token
    }

    /// Puts a device out.
    #[napi]
    pub fn revoke(&self, port: &Port, device: String, reason: String) -> i64 {
        done(port, |completion| self.0.revoke(device, reason, completion))
    }

    /// Renews the certificate of a device.
    #[napi]
    pub fn renew(&self, port: &Port, device: String) -> i64 {
        done(port, |completion| self.0.renew(device, completion))
    }

    /// How the node stands in the swarm, as JSON.
    #[napi]
    pub fn status(&self) -> napi::Result<String> {
        called("swarm.status", || Ok(status_text(&self.0.status()?)))
    }

    /// The status now, and then whenever it has changed.
    #[napi]
    pub fn changes(&self) -> napi::Result<Changes> {
        called("swarm.changes", || Ok(Changes::new(self.0.changes()?)))
    }

    /// The device has changed networks.
    #[napi]
    pub fn network_changed(&self) -> napi::Result<()> {
        called("swarm.network_changed", || self.0.network_changed())
    }
}

/// A call that brings nothing.
pub(crate) fn done(port: &Port, call: impl FnOnce(Completion<()>)) -> i64 {
    let (token, completion) = port.completion(Outcome::done);
    call(completion);
    token
}
