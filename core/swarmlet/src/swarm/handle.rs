//! The swarm as its user sees it: founding, inviting, joining, and how far everybody is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use swarmlet_engine::event::{NodeId, StreamNumber};
use swarmlet_engine::membership::{
    Capabilities, Chain, Grant, Invite, InviteFault, InviteTerms, Name, PendingDevice, Registrar,
    Revocation, Role, SwarmId, Withdrawal,
};
use swarmlet_engine::{Error, ErrorKind, Result};
use swarmlet_net::Endpoint;
use tokio::sync::watch;

use super::entropy::random;
use super::gatehouse::{JoinState, Wish};
use super::membership::{Membership, denied};
use super::network::endpoints;
use super::root_key::RootKey;
use super::start::SwarmSide;
use super::status::{Peer, SwarmStatus};
use super::whereabouts;
use crate::limits::{HINTS_MAX, INVITE_VALID};
use crate::park::block_on_for;

/// A node's place in its swarm; see [`Node::swarm`](crate::Node::swarm). Cheap to clone.
///
/// Calls that change who is a member return when that is durable; they block for as long as a
/// small write takes, some milliseconds. Calls that wait for other devices are async and need a
/// tokio runtime with time; their twins that end in `_blocking` need none.
#[derive(Clone, Debug)]
pub struct Swarm {
    side: Arc<SwarmSide>,
}

/// A swarm that was just founded.
#[derive(Debug)]
pub struct Founded {
    /// The swarm.
    pub swarm: SwarmId,
    /// The root key. It is given out once and kept nowhere: who has it can make issuers, so print
    /// it and put it into a safe.
    pub root_key: RootKey,
}

/// What an invite gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InviteOptions {
    /// What the device may do: `rw:*` unless set, like `rw:sensors*,r:*`.
    pub capabilities: Capabilities,
    /// What the device is called; otherwise what it calls itself.
    pub name: Option<String>,
    /// What the operator says about it, like `line` = `1`.
    pub labels: BTreeMap<String, String>,
    /// How many devices may use it: one unless set.
    pub uses: usize,
    /// For how long: 24 hours unless set.
    pub valid: Duration,
}

/// A device of the swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberInfo {
    /// Its identity.
    pub node: NodeId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub capabilities: String,
    /// What the operator said about it.
    pub labels: BTreeMap<String, String>,
    /// Whether it lets others in.
    pub is_issuer: bool,
    /// Whether it is out.
    pub is_revoked: bool,
    /// When its certificate ends, in seconds since 1970-01-01 UTC.
    pub not_after: u64,
}

impl Default for InviteOptions {
    fn default() -> Self {
        Self {
            capabilities: Capabilities::member(),
            name: None,
            labels: BTreeMap::new(),
            uses: 1,
            valid: INVITE_VALID,
        }
    }
}

impl Swarm {
    pub(crate) fn new(side: Arc<SwarmSide>) -> Self {
        Self { side }
    }

    /// The swarm that this node is in, or wants to join.
    #[must_use]
    pub fn id(&self) -> Option<SwarmId> {
        self.side.house.swarm()
    }

    /// Founds a swarm with this node as its first member and issuer. Its events stay; from here on
    /// it uses the network. Durable when it returns.
    ///
    /// # Errors
    ///
    /// `already_exists` if the node is in a swarm, `invalid_argument` for names, `network` if the
    /// network cannot be used, `storage`, `closed`.
    pub fn create(&self, swarm: &str, device: &str) -> Result<Founded> {
        let during = |error: Error| error.during("swarm.create");
        self.found(swarm, device).map_err(during)
    }

    fn found(&self, swarm: &str, device: &str) -> Result<Founded> {
        let house = &self.side.house;
        let root_key = RootKey::generate()?;
        let moment = (house.wall_secs(), random()?);
        let (swarm, device) = (Name::new(swarm)?, Name::new(device)?);
        let membership = Membership::found(swarm, device, &root_key.signer(), house.own, moment)?;
        let swarm = membership.members.authority().swarm();
        house.enter(membership)?;
        whereabouts::forget_doors(house);
        self.side.start()?;
        Ok(Founded { swarm, root_key })
    }

    /// Makes this node an issuer, with the root key that [`Swarm::create`] returned.
    ///
    /// # Errors
    ///
    /// `unavailable` if the node is in no swarm, `permission_denied` if the key is one of another
    /// swarm, `storage`.
    pub fn become_issuer(&self, root_key: &RootKey) -> Result<()> {
        let promote = || {
            let moment = (self.side.house.wall_secs(), random()?);
            self.side.house.change(|membership| {
                *membership = membership.promoted(&root_key.signer(), moment)?;
                Ok(())
            })
        };
        promote().map_err(|error: Error| error.during("swarm.become_issuer"))
    }

    /// Makes an invite: one line of text that lets a device in, with addresses of this node in it.
    /// Durable when it returns.
    ///
    /// # Errors
    ///
    /// `unavailable` if the node is in no swarm, `permission_denied` if it is no issuer,
    /// `invalid_argument` for what exceeds bounds or the issuer's own rights, `storage`.
    pub fn invite(&self, options: &InviteOptions) -> Result<String> {
        let during = |error: Error| error.during("swarm.invite");
        self.make_invite(options).map_err(during)
    }

    fn make_invite(&self, options: &InviteOptions) -> Result<String> {
        let house = &self.side.house;
        let now = house.wall_secs();
        let terms = InviteTerms {
            grant: grant(options)?,
            uses: options.uses,
            expires_at: now.saturating_add(options.valid.as_secs()),
        };
        let hints = self.hints();
        let random = random()?;
        self.as_issuer(|registrar, now| {
            let invite = registrar.invite(terms, hints, random, now)?;
            Ok(invite.to_string())
        })
    }

    /// Takes an invite back that nobody has used, or not everybody who may: nobody else is let in
    /// by it. Says whether it was still good. Durable when it returns.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a text that is no invite; `unavailable` and `permission_denied` as
    /// for [`Swarm::invite`]; `storage`.
    pub fn withdraw(&self, invite: &str) -> Result<bool> {
        let withdrawn = parse_invite(invite).and_then(|invite| {
            self.as_issuer(|registrar, now| Ok(registrar.withdraw(invite.id, now)))
        });
        withdrawn.map_err(|error| error.during("swarm.withdraw"))
    }

    /// Addresses that others may reach this node at. Those of the machine itself only if there are
    /// no others, as they mean something else to everybody else.
    fn hints(&self) -> Vec<String> {
        let announced = self.side.announced().into_iter();
        let is_local = |endpoint: &Endpoint| endpoint.address.ip().is_loopback();
        let (local, others): (Vec<_>, Vec<_>) = announced.partition(is_local);
        let useful = if others.is_empty() { local } else { others };
        let texts = useful.iter().map(ToString::to_string);
        texts
            .filter(|text| text.len() <= 63)
            .take(HINTS_MAX)
            .collect()
    }

    /// Joins a swarm by an invite, and returns when the certificate is here and durable. Events
    /// that were published alone come along. Goes on trying in the background if the time runs
    /// out, until the node is closed.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a text that is no invite, or one that is used up or too old;
    /// `already_exists` if the node is in a swarm; `timeout` if the issuer was not reached;
    /// `permission_denied`; `network`; `storage`.
    pub async fn join(&self, invite: &str, name: &str, timeout: Duration) -> Result<()> {
        let mut joining = self.begin_join(invite, name)?;
        let outcome = tokio::time::timeout(timeout, joined(&mut joining)).await;
        outcome.unwrap_or_else(|_| Err(too_late("swarm.join")))
    }

    /// As [`Swarm::join`], for callers without a runtime.
    pub fn join_blocking(&self, invite: &str, name: &str, timeout: Duration) -> Result<()> {
        let mut joining = self.begin_join(invite, name)?;
        let outcome = block_on_for(joined(&mut joining), Some(timeout));
        outcome.unwrap_or_else(|| Err(too_late("swarm.join")))
    }

    fn begin_join(&self, invite: &str, name: &str) -> Result<watch::Receiver<JoinState>> {
        let begin = || {
            let invite = parse_invite(invite)?;
            let hints = endpoints(invite.hints()).unwrap_or_default();
            self.wish(Wish::Invite(invite), Name::new(name)?, &hints)?;
            Ok(self.side.house.joining())
        };
        begin().map_err(|error: Error| error.during("swarm.join"))
    }

    /// Asks the issuer at `address` to be let in, without an invite. Returns a number of six
    /// digits, which a person compares with the one that the issuer shows, and then approves;
    /// [`Swarm::wait_joined`] waits for that.
    ///
    /// # Errors
    ///
    /// As [`Swarm::join`].
    pub async fn ask(&self, address: &str, name: &str, timeout: Duration) -> Result<u32> {
        let mut joining = self.begin_ask(address, name)?;
        let outcome = tokio::time::timeout(timeout, waiting(&mut joining)).await;
        outcome.unwrap_or_else(|_| Err(too_late("swarm.ask")))
    }

    fn begin_ask(&self, address: &str, name: &str) -> Result<watch::Receiver<JoinState>> {
        let begin = || {
            let address = endpoints(&[address.to_owned()])?;
            self.wish(Wish::Ask, Name::new(name)?, &address)?;
            Ok(self.side.house.joining())
        };
        begin().map_err(|error: Error| error.during("swarm.ask"))
    }

    /// Waits until this node was let in.
    ///
    /// # Errors
    ///
    /// `timeout`, `permission_denied` if a person said no.
    pub async fn wait_joined(&self, timeout: Duration) -> Result<()> {
        let mut joining = self.side.house.joining();
        let outcome = tokio::time::timeout(timeout, joined(&mut joining)).await;
        outcome.unwrap_or_else(|_| Err(too_late("swarm.wait_joined")))
    }

    /// Wants to be let in at one of these addresses.
    fn wish(&self, wish: Wish, name: Name, doors: &[Endpoint]) -> Result<()> {
        self.side.house.wish(wish, name)?;
        whereabouts::keep_doors(doors, &self.side.house)?;
        self.side.start()?;
        doors.iter().for_each(|door| self.side.dial(*door));
        Ok(())
    }

    /// The devices that wait for approval by this issuer.
    ///
    /// # Errors
    ///
    /// `unavailable` if the node is in no swarm.
    pub fn pending(&self) -> Result<Vec<PendingDevice>> {
        let pending = self.side.house.member(|membership| {
            let registrar = membership.registrar.as_ref();
            Ok(registrar.map_or_else(Vec::new, |registrar| registrar.pending()))
        });
        pending.map_err(|error| error.during("swarm.pending"))
    }

    /// Lets a waiting device in. Durable when it returns; the device learns of it when it asks
    /// again, within seconds.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if it does not wait, or for too many rights; `permission_denied` if this
    /// node is no issuer; `storage`.
    pub fn approve(&self, device: NodeId, options: &InviteOptions) -> Result<()> {
        let approved = grant(options).and_then(|grant| {
            self.as_issuer(|registrar, now| registrar.approve(device, grant, now))
        });
        approved.map_err(|error| error.during("swarm.approve"))
    }

    /// Sends a waiting device away.
    ///
    /// # Errors
    ///
    /// As [`Swarm::approve`].
    pub fn reject(&self, device: NodeId) -> Result<()> {
        let rejected = self.as_issuer(|registrar, _| registrar.reject(device));
        rejected.map_err(|error| error.during("swarm.reject"))
    }

    /// Lets a device in whose identity is known beforehand, when it asks.
    ///
    /// # Errors
    ///
    /// As [`Swarm::approve`].
    pub fn preauthorise(&self, device: NodeId, options: &InviteOptions) -> Result<()> {
        let valid = options.valid.as_secs();
        let listed = grant(options).and_then(|grant| {
            self.as_issuer(|registrar, now| {
                registrar.preauthorise(device, grant, now.saturating_add(valid))
            })
        });
        listed.map_err(|error| error.during("swarm.preauthorise"))
    }

    /// Changes whom this issuer lets in; what has expired makes room first.
    fn as_issuer<T>(&self, act: impl FnOnce(&mut Registrar, u64) -> Result<T>) -> Result<T> {
        let now = self.side.house.wall_secs();
        self.side.house.change(|membership| {
            let registrar = membership.registrar.as_mut().ok_or_else(no_issuer)?;
            registrar.expire(now);
            act(registrar, now)
        })
    }

    /// All devices of the swarm that this node knows, by identity.
    ///
    /// # Errors
    ///
    /// `unavailable` if the node is in no swarm.
    pub fn members(&self) -> Result<Vec<MemberInfo>> {
        let listed = self.side.house.member(|membership| {
            let revocations = membership.members.authority().revocations();
            let info = |chain: &Chain| {
                let claims = chain.claims();
                let labels = claims.labels.iter();
                MemberInfo {
                    node: claims.subject,
                    name: claims.name.to_string(),
                    capabilities: claims.capabilities.to_string(),
                    labels: labels
                        .map(|(key, value)| (key.to_string(), value.to_string()))
                        .collect(),
                    is_issuer: claims.role == Role::Issuer,
                    is_revoked: revocations.is_revoked(claims.subject),
                    not_after: claims.not_after,
                }
            };
            Ok(membership.members.directory().iter().map(info).collect())
        });
        listed.map_err(|error| error.during("swarm.members"))
    }

    /// Puts a device out, for good: its sessions close at once, and of its events every node keeps
    /// what this one has now. Durable when it returns.
    ///
    /// # Errors
    ///
    /// `permission_denied` if this node is no issuer; `invalid_argument` for itself; `storage`.
    pub fn revoke(&self, device: NodeId, reason: &str) -> Result<()> {
        let during = |error: Error| error.during("swarm.revoke");
        self.put_out(device, reason).map_err(during)
    }

    fn put_out(&self, device: NodeId, reason: &str) -> Result<()> {
        let house = &self.side.house;
        if device == house.own {
            return Err(Error::invalid("a node cannot revoke itself"));
        }
        let present = self.side.state.log()?.present();
        let own = present.iter().filter(|(stream, _)| stream.node == device);
        let cut: BTreeMap<StreamNumber, _> =
            own.map(|(stream, last)| (stream.number, last)).collect();
        let (revoked_at, reason) = (house.wall_secs(), reason.to_owned());
        house.change(|membership| {
            if membership.registrar.is_none() {
                return Err(no_issuer());
            }
            let withdrawal = Withdrawal {
                swarm: membership.members.authority().swarm(),
                device,
                revoked_at,
                reason,
                cut,
                signer: house.own,
            };
            let proof = Some(&membership.own.member);
            let revocation = Revocation::issue(withdrawal, proof, house.signer.0.as_ref())?;
            membership.members.revoke(revocation).map_err(denied)?;
            Ok(())
        })
    }

    /// Renews the certificate of a device: what it may do stays, its time begins anew. Issuers
    /// do that by themselves when less than a quarter of the time is left, so this is for a device
    /// that was away until long after. Durable when it returns.
    ///
    /// # Errors
    ///
    /// `permission_denied` if this node is no issuer, or the device is one, was put out, or may do
    /// more than this issuer; `invalid_argument` if it is not known; `storage`.
    pub fn renew(&self, device: NodeId) -> Result<()> {
        let house = &self.side.house;
        let renewed = random().and_then(|random| {
            let moment = (house.wall_secs(), random);
            house.change(|membership| {
                let registrar = membership.registrar.as_ref().ok_or_else(no_issuer)?;
                let chain = membership.members.directory().of(device);
                let chain = chain.ok_or_else(|| {
                    Error::invalid("the device is no member").with("device", device)
                })?;
                let (authority, signer) = (membership.members.authority(), &house.signer.0);
                let renewed = registrar.renew(chain, authority, signer.as_ref(), moment);
                let renewed = renewed.map_err(denied)?;
                membership.members.admit(renewed).map_err(denied)
            })
        });
        renewed
            .map(drop)
            .map_err(|error| error.during("swarm.renew"))
    }

    /// How this node stands in the swarm now.
    #[must_use]
    pub fn status(&self) -> SwarmStatus {
        self.side.status().borrow().clone()
    }

    /// The connected peers.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        self.status().peers
    }

    /// Something to wait on for changes of the status; it is looked at every 50 ms.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<SwarmStatus> {
        self.side.status()
    }

    /// Waits until some peer is connected and all connected peers have the same events as this
    /// node, those that it had at the time of the call in any case.
    ///
    /// # Errors
    ///
    /// `timeout`, `closed`.
    pub async fn wait_in_sync(&self, timeout: Duration) -> Result<()> {
        let waited = tokio::time::timeout(timeout, self.in_sync()).await;
        waited.unwrap_or_else(|_| Err(too_late("swarm.wait_in_sync")))
    }

    async fn in_sync(&self) -> Result<()> {
        let during = |error: Error| error.during("swarm.wait_in_sync");
        let closed = |_| during(crate::state::closed());
        let position = self.side.state.log().map_err(during)?.position();
        let mut reported = self.side.reported();
        let mut status = self.side.status();
        let has_looked = |looked_at: &u64| *looked_at >= position;
        reported.wait_for(has_looked).await.map_err(closed)?;
        let in_sync = status.wait_for(SwarmStatus::is_in_sync).await;
        in_sync.map(drop).map_err(closed)
    }

    /// As [`Swarm::wait_in_sync`], for callers without a runtime.
    pub fn wait_in_sync_blocking(&self, timeout: Duration) -> Result<()> {
        let waited = block_on_for(self.in_sync(), Some(timeout));
        waited.unwrap_or_else(|| Err(too_late("swarm.wait_in_sync")))
    }

    /// To be called when the device has changed networks: everything is dialled anew at once.
    pub fn network_changed(&self) {
        self.side.network_changed();
    }
}

async fn joined(joining: &mut watch::Receiver<JoinState>) -> Result<()> {
    let is_over = |state: &JoinState| {
        matches!(
            state,
            JoinState::Joined | JoinState::Refused(_) | JoinState::Failed(_)
        )
    };
    match &*joining
        .wait_for(is_over)
        .await
        .map_err(|_| crate::state::closed())?
    {
        JoinState::Refused(denial) => Err(denied(*denial).during("swarm.join")),
        JoinState::Failed(why) => {
            Err(Error::new(ErrorKind::Storage, why.clone()).during("swarm.join"))
        }
        _ => Ok(()),
    }
}

async fn waiting(joining: &mut watch::Receiver<JoinState>) -> Result<u32> {
    let is_answered = |state: &JoinState| *state != JoinState::Idle;
    match &*joining
        .wait_for(is_answered)
        .await
        .map_err(|_| crate::state::closed())?
    {
        JoinState::Waiting(code) => Ok(*code),
        JoinState::Refused(denial) => Err(denied(*denial).during("swarm.ask")),
        JoinState::Failed(why) => {
            Err(Error::new(ErrorKind::Storage, why.clone()).during("swarm.ask"))
        }
        _ => {
            let message = "the device was let in without a comparison";
            Err(Error::new(ErrorKind::AlreadyExists, message).during("swarm.ask"))
        }
    }
}

fn grant(options: &InviteOptions) -> Result<Grant> {
    let labels = options.labels.iter().map(|(key, value)| {
        let pair = (Name::new(key)?, Name::new(value)?);
        Ok(pair)
    });
    Ok(Grant {
        name: options.name.as_deref().map(Name::new).transpose()?,
        capabilities: options.capabilities.clone(),
        labels: labels.collect::<Result<_>>()?,
    })
}

fn parse_invite(text: &str) -> Result<Invite> {
    let invite = text.parse();
    invite.map_err(|fault: InviteFault| Error::invalid("the invite cannot be read").because(fault))
}

fn no_issuer() -> Error {
    let message = "this node is no issuer; one becomes it with the root key";
    Error::new(ErrorKind::PermissionDenied, message)
}

fn too_late(operation: &'static str) -> Error {
    let message = "it did not happen in time; the node goes on trying";
    Error::new(ErrorKind::Timeout, message).during(operation)
}
