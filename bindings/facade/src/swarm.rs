//! The swarm for bindings: the same calls, answered by completions; what people type comes as text.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use swarmlet::{Founded, InviteOptions, MemberInfo, PendingDevice, SwarmId, SwarmStatus};

use crate::completion::{Answer, Completion, Waiting};
use crate::failure::Result;
use crate::fork::OwnProcess;
use crate::guard::guarded;
use crate::runtime::Lease;
use crate::stream::Changes;

/// A node's place in its swarm. It does not keep the node open.
pub struct Swarm(OwnProcess<Place>);

struct Place {
    swarm: swarmlet::Swarm,
    lease: Arc<Lease>,
}

/// What a device is granted, as far as the caller says it; the node knows the rest.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What the device may do, like `rw:sensors*,r:*`.
    pub capabilities: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What the operator says about it.
    pub labels: BTreeMap<String, String>,
    /// How many devices may use the invite.
    pub uses: Option<u64>,
    /// For how long it is good.
    pub valid: Option<Duration>,
}

/// The number that two people compare, as they read it: always six digits.
#[must_use]
pub fn code_text(code: u32) -> String {
    format!("{code:06}")
}

impl Swarm {
    pub(crate) fn new(swarm: swarmlet::Swarm, lease: Arc<Lease>) -> Self {
        Self(OwnProcess::new(Place { swarm, lease }))
    }

    /// The swarm that the node is in, or wants to join.
    pub fn id(&self) -> Result<Option<SwarmId>> {
        Ok(self.0.value()?.swarm.id())
    }

    /// Founds a swarm with this node as its first member and issuer.
    pub fn create(&self, name: String, device: String, completion: Completion<Founded>) {
        let create = move |swarm: &swarmlet::Swarm| swarm.create(&name, &device);
        self.act("swarm.create", completion, create);
    }

    /// Makes this node an issuer, with the text of the root key.
    pub fn become_issuer(&self, root_key: String, completion: Completion<()>) {
        self.act("swarm.become_issuer", completion, move |swarm| {
            swarm.become_issuer(&root_key.parse()?)
        });
    }

    /// Makes an invite.
    pub fn invite(&self, terms: Terms, completion: Completion<String>) {
        self.act("swarm.invite", completion, move |swarm| {
            swarm.invite(&terms.to_options()?)
        });
    }

    /// Takes an invite back; says whether it was still good.
    pub fn withdraw(&self, invite: String, completion: Completion<bool>) {
        let withdraw = move |swarm: &swarmlet::Swarm| swarm.withdraw(&invite);
        self.act("swarm.withdraw", completion, withdraw);
    }

    /// Joins by an invite; answered when the certificate is durable. Without a timeout it waits
    /// until the node is closed. The node goes on trying when nobody waits any more.
    pub fn join(
        &self,
        invite: String,
        name: String,
        timeout: Option<Duration>,
        completion: Completion<()>,
    ) -> Waiting {
        self.wait("swarm.join", completion, move |swarm| async move {
            swarm.join(&invite, &name, limit(timeout)).await
        })
    }

    /// Asks the issuer at an address to be let in; answered by the number to compare.
    pub fn ask(
        &self,
        address: String,
        name: String,
        timeout: Option<Duration>,
        completion: Completion<String>,
    ) -> Waiting {
        self.wait("swarm.ask", completion, move |swarm| async move {
            let code = swarm.ask(&address, &name, limit(timeout)).await?;
            Ok(code_text(code))
        })
    }

    /// Waits until this node was let in.
    pub fn wait_joined(&self, timeout: Option<Duration>, completion: Completion<()>) -> Waiting {
        self.wait("swarm.wait_joined", completion, move |swarm| async move {
            swarm.wait_joined(limit(timeout)).await
        })
    }

    /// Waits until some peer is connected and all connected peers have the same events.
    pub fn wait_in_sync(&self, timeout: Option<Duration>, completion: Completion<()>) -> Waiting {
        self.wait("swarm.wait_in_sync", completion, move |swarm| async move {
            swarm.wait_in_sync(limit(timeout)).await
        })
    }

    /// The devices that wait for approval by this issuer.
    pub fn pending(&self, completion: Completion<Vec<PendingDevice>>) {
        self.act("swarm.pending", completion, swarmlet::Swarm::pending);
    }

    /// Lets a waiting device in.
    pub fn approve(&self, device: String, terms: Terms, completion: Completion<()>) {
        self.act("swarm.approve", completion, move |swarm| {
            swarm.approve(device.parse()?, &terms.to_options()?)
        });
    }

    /// Sends a waiting device away.
    pub fn reject(&self, device: String, completion: Completion<()>) {
        let reject = move |swarm: &swarmlet::Swarm| swarm.reject(device.parse()?);
        self.act("swarm.reject", completion, reject);
    }

    /// Lets a device in whose identity is known beforehand, when it asks.
    pub fn preauthorise(&self, device: String, terms: Terms, completion: Completion<()>) {
        self.act("swarm.preauthorise", completion, move |swarm| {
            swarm.preauthorise(device.parse()?, &terms.to_options()?)
        });
    }

    /// All devices of the swarm that this node knows.
    pub fn members(&self, completion: Completion<Vec<MemberInfo>>) {
        self.act("swarm.members", completion, swarmlet::Swarm::members);
    }

    /// Puts a device out, for good.
    pub fn revoke(&self, device: String, reason: String, completion: Completion<()>) {
        self.act("swarm.revoke", completion, move |swarm| {
            swarm.revoke(device.parse()?, &reason)
        });
    }

    /// Renews the certificate of a device.
    pub fn renew(&self, device: String, completion: Completion<()>) {
        self.act("swarm.renew", completion, move |swarm| {
            swarm.renew(device.parse()?)
        });
    }

    /// How the node stands in the swarm now.
    pub fn status(&self) -> Result<SwarmStatus> {
        Ok(self.0.value()?.swarm.status())
    }

    /// The status now, and then the newest whenever it has changed.
    pub fn changes(&self) -> Result<Changes> {
        let place = self.0.value()?;
        let changes = place.swarm.changes();
        Ok(Changes::follow(
            "swarm.changes",
            changes,
            place.lease.clone(),
        ))
    }

    /// To be called when the device has changed networks.
    pub fn network_changed(&self) -> Result<()> {
        self.0.value()?.swarm.network_changed();
        Ok(())
    }

    /// A call that blocks for a small write, off the thread of the caller.
    fn act<T: Send + 'static>(
        &self,
        operation: &'static str,
        completion: Completion<T>,
        call: impl FnOnce(&swarmlet::Swarm) -> swarmlet::Result<T> + Send + 'static,
    ) {
        let answer = Answer::new(operation, completion);
        let place = match self.0.value() {
            Ok(place) => place,
            Err(failure) => return answer.give(Err(failure)),
        };
        let swarm = place.swarm.clone();
        place.lease.handle().spawn_blocking(move || {
            let outcome = guarded(operation, || {
                call(&swarm).map_err(|error| error.during(operation).into())
            });
            answer.give(outcome);
        });
    }

    /// A call that waits for other devices.
    fn wait<T, F>(
        &self,
        operation: &'static str,
        completion: Completion<T>,
        call: impl FnOnce(swarmlet::Swarm) -> F,
    ) -> Waiting
    where
        T: Send + 'static,
        F: Future<Output = swarmlet::Result<T>> + Send + 'static,
    {
        let answer = Answer::new(operation, completion);
        match self.0.value() {
            Ok(place) => {
                let wait = call(place.swarm.clone());
                let wait = async move { Ok(wait.await.map_err(|error| error.during(operation))?) };
                Waiting::spawn(place.lease.handle(), answer, wait)
            }
            Err(failure) => {
                answer.give(Err(failure));
                Waiting::default()
            }
        }
    }
}

impl Terms {
    fn to_options(&self) -> swarmlet::Result<InviteOptions> {
        let mut options = InviteOptions::default();
        if let Some(capabilities) = &self.capabilities {
            options.capabilities = capabilities.parse()?;
        }
        options.name.clone_from(&self.name);
        options.labels.clone_from(&self.labels);
        if let Some(uses) = self.uses {
            // More than there can be is refused by the node.
            options.uses = usize::try_from(uses).unwrap_or(usize::MAX);
        }
        if let Some(valid) = self.valid {
            options.valid = valid;
        }
        Ok(options)
    }
}

/// Not given is no limit.
fn limit(timeout: Option<Duration>) -> Duration {
    timeout.unwrap_or(Duration::MAX)
}
