//! The gatehouse: what this node is in its swarm, shared by the API, the network and the sync
//! thread, and kept in the vault before anybody relies on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmlet_engine::event::{Incarnation, NodeId, Signer};
use swarmlet_engine::membership::{Chain, Denial, Invite, Name, SwarmId, Ticket};
use swarmlet_engine::sync::Members;
use swarmlet_engine::{Error, ErrorKind, Result};
use swarmlet_net::PeerKey;
use tokio::sync::{mpsc, watch};

use super::entropy::random;
use super::happening::Happening;
use super::membership::{Membership, denied};
use super::rights::Company;
use super::vault::{Kept, Vault};
use crate::clock::Clock;
use crate::limits::ADMITTED_MAX;

/// What this node is in its swarm.
#[derive(Debug)]
pub(crate) struct Gatehouse {
    pub(super) own: NodeId,
    pub(super) signer: SharedSigner,
    clock: Arc<dyn Clock>,
    vault: Vault,
    inner: Mutex<Inner>,
    company: Mutex<Company>,
    joining: watch::Receiver<JoinState>,
}

/// A signer that says nothing of itself.
#[derive(Clone)]
pub(super) struct SharedSigner(pub(super) Arc<dyn Signer>);

#[derive(Debug)]
struct Inner {
    standing: Standing,
    /// Which member each connection key belongs to that was admitted, the newest last.
    admitted: VecDeque<(PeerKey, NodeId)>,
    notes: Option<mpsc::UnboundedSender<Happening>>,
    /// Gone once the node is closed, which ends the waits for joining.
    joining: Option<watch::Sender<JoinState>>,
}

/// Whether this node is in a swarm.
#[derive(Debug)]
pub(super) enum Standing {
    Alone,
    Joining(Box<Wish>, Name),
    Member(Box<Membership>),
}

/// How a node wants to join.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    Invite(Invite),
    Ask,
    Again(Ticket),
}

/// How joining goes, for whoever waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum JoinState {
    #[default]
    Idle,
    /// A person has to compare this number and approve.
    Waiting(u32),
    Joined,
    Refused(Denial),
    /// What was granted could not be kept.
    Failed(String),
}

impl Gatehouse {
    /// Reads from the vault what this node is.
    pub(crate) fn open(
        vault: Vault,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let own = signer.node_id();
        let (standing, state) = match vault.load(signer.as_ref())? {
            Some(membership) => (Standing::Member(Box::new(membership)), JoinState::Joined),
            None => (Standing::Alone, JoinState::Idle),
        };
        let (teller, joining) = watch::channel(state);
        Ok(Self {
            own,
            signer: SharedSigner(signer),
            clock,
            vault,
            inner: Mutex::new(Inner {
                standing,
                admitted: VecDeque::new(),
                notes: None,
                joining: Some(teller),
            }),
            company: Mutex::new(Company::new()),
            joining,
        })
    }

    /// Seconds since 1970-01-01 UTC by the clock of the device.
    pub(super) fn wall_secs(&self) -> u64 {
        u64::try_from(self.clock.now().micros() / 1_000_000).unwrap_or(0)
    }

    /// Looks at what this node is, and may change it in memory only.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Standing) -> T) -> T {
        look(&mut self.lock().standing)
    }

    /// Which members were met.
    pub(super) fn company(&self) -> MutexGuard<'_, Company> {
        self.company.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As a member; an error otherwise.
    pub(super) fn member<T>(&self, look: impl FnOnce(&Membership) -> Result<T>) -> Result<T> {
        self.with(|standing| match standing {
            Standing::Member(membership) => look(membership),
            Standing::Alone | Standing::Joining(..) => Err(no_member()),
        })
    }

    /// Changes the membership: first a copy, which is saved, then what everybody sees. The sync
    /// thread is told.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Membership) -> Result<T>) -> Result<T> {
        let mut inner = self.lock();
        let Standing::Member(current) = &inner.standing else {
            return Err(no_member());
        };
        let mut changed = current.clone();
        let answer = change(&mut changed)?;
        self.vault.save(&changed)?;
        let members = changed.members.clone();
        inner.standing = Standing::Member(changed);
        inner.tell(members);
        Ok(answer)
    }

    /// Renews the certificates that are to be renewed, if this node is an issuer.
    pub(super) fn renew(&self) {
        let renewals = self.member(|membership| {
            let Some(registrar) = &membership.registrar else {
                return Ok(Vec::new());
            };
            let (members, signer) = (&membership.members, self.signer.0.as_ref());
            let moment = (self.wall_secs(), random()?);
            Ok(registrar.renewals(members.directory(), members.authority(), signer, moment))
        });
        let kept = renewals.and_then(|renewals| {
            let devices = renewals.len();
            let admit = |membership: &mut Membership| {
                let mut renewals = renewals.into_iter();
                renewals
                    .try_for_each(|chain| membership.members.admit(chain).map(drop).map_err(denied))
            };
            if devices > 0 {
                self.change(admit)?;
            }
            Ok(devices)
        });
        match kept {
            Ok(0) => {}
            Ok(devices) => tracing::info!(devices, "certificates were renewed"),
            Err(error) => tracing::error!(%error, "certificates cannot be renewed"),
        }
    }

    /// Keeps the certificate of a member that was met or let in.
    pub(super) fn keep(&self, chain: Chain) -> Result<()> {
        self.change(|membership| membership.members.admit(chain).map_err(denied))?;
        Ok(())
    }

    /// Wants to join; refused if it is a member already.
    pub(super) fn wish(&self, wish: Wish, name: Name) -> Result<()> {
        let mut inner = self.lock();
        inner.check_joinable()?;
        inner.standing = Standing::Joining(Box::new(wish), name);
        inner.report(JoinState::Idle);
        Ok(())
    }

    /// Becomes a member; refused if it is one already.
    pub(super) fn enter(&self, membership: Membership) -> Result<()> {
        let mut inner = self.lock();
        inner.check_joinable()?;
        self.vault.save(&membership)?;
        let members = membership.members.clone();
        inner.standing = Standing::Member(Box::new(membership));
        inner.tell(members);
        inner.report(JoinState::Joined);
        Ok(())
    }

    /// The swarm that this node is in or wants to join, if it knows.
    pub(super) fn swarm(&self) -> Option<SwarmId> {
        self.with(|standing| match standing {
            Standing::Member(membership) => Some(membership.members.authority().swarm()),
            Standing::Joining(wish, _) => match wish.as_ref() {
                Wish::Invite(invite) => Some(invite.swarm),
                Wish::Again(ticket) => ticket.swarm,
                Wish::Ask => None,
            },
            Standing::Alone => None,
        })
    }

    /// Peers have told of members or revocations: keeps them.
    pub(super) fn learnt(&self, members: &Members) {
        let mut inner = self.lock();
        let Standing::Member(current) = &mut inner.standing else {
            return;
        };
        if !current.members.absorb(members) {
            return;
        }
        current.adopt_own();
        if let Err(error) = self.vault.save(current) {
            // It is known in memory, and peers will tell it again.
            tracing::error!(%error, "what was learnt of members cannot be kept");
        }
    }

    /// What was kept of this kind, encoded.
    pub(super) fn recall(&self, kept: Kept) -> Result<Vec<u8>> {
        self.vault.recall(kept)
    }

    /// Keeps something for the next start; durable when it returns.
    pub(super) fn keep_for_later(&self, kept: Kept, bytes: Vec<u8>) -> Result<()> {
        self.vault.keep(kept, bytes)
    }

    /// Which streams this device writes.
    pub(crate) fn incarnation(&self) -> Result<Incarnation> {
        let bytes = self.vault.recall(Kept::Incarnation)?;
        if bytes.is_empty() {
            return Ok(Incarnation::FIRST);
        }
        let number = <[u8; 8]>::try_from(bytes).ok().map(u64::from_le_bytes);
        let incarnation = number.and_then(|number| Incarnation::new(number).ok());
        incarnation.ok_or_else(|| Error::corrupt("the incarnation of the device cannot be read"))
    }

    /// Has this device write other streams than before; durable when it returns.
    pub(super) fn begin_incarnation(&self) -> Result<Incarnation> {
        let incarnation = Incarnation::from_random(u64::from_le_bytes(random()?));
        let bytes = incarnation.get().to_le_bytes().to_vec();
        self.vault.keep(Kept::Incarnation, bytes)?;
        Ok(incarnation)
    }

    /// Another device has the identity of this one.
    pub(super) fn met_clone(&self) {
        if let Some(notes) = &self.lock().notes {
            let _ = notes.send(Happening::MetClone);
        }
    }

    /// Where the sync thread is told of changes.
    pub(super) fn connect(&self, notes: mpsc::UnboundedSender<Happening>) {
        self.lock().notes = Some(notes);
    }

    /// Notes that the connection with this key belongs to a member.
    pub(super) fn admit(&self, key: PeerKey, node: NodeId) {
        let admitted = &mut self.lock().admitted;
        admitted.retain(|(known, _)| *known != key);
        if admitted.len() == ADMITTED_MAX {
            admitted.pop_front();
        }
        admitted.push_back((key, node));
    }

    /// The member that a connection belongs to.
    pub(super) fn node_of(&self, key: PeerKey) -> Option<NodeId> {
        let inner = self.lock();
        let found = inner.admitted.iter().find(|(known, _)| *known == key);
        found.map(|(_, node)| *node)
    }

    /// Tells whoever waits for joining. Once it is a member, what other conversations with issuers
    /// lead to does not matter any more.
    pub(super) fn report(&self, state: JoinState) {
        let inner = self.lock();
        if matches!(inner.standing, Standing::Joining(..)) {
            inner.report(state);
        }
    }

    /// How joining goes; closed once the node is.
    pub(super) fn joining(&self) -> watch::Receiver<JoinState> {
        self.joining.clone()
    }

    /// Lets go of the vault, for good, and of those who wait for joining.
    pub(super) fn close(&self) {
        self.vault.close();
        self.lock().joining = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn check_joinable(&self) -> Result<()> {
        if matches!(self.standing, Standing::Member(_)) {
            let message = "this node is in a swarm already; another one needs another folder";
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        Ok(())
    }

    fn report(&self, state: JoinState) {
        if let Some(joining) = &self.joining {
            joining.send_replace(state);
        }
    }

    fn tell(&self, members: Members) {
        if let Some(notes) = &self.notes {
            let _ = notes.send(Happening::Members(Box::new(members)));
        }
    }
}

impl std::fmt::Debug for SharedSigner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SharedSigner(..)")
    }
}

fn no_member() -> Error {
    let message = "this node is in no swarm; create one or join one";
    Error::new(ErrorKind::Unavailable, message)
}
