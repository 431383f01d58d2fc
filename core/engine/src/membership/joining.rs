//! Admission at a joiner: a device that is no member yet and talks to an issuer.
//!
//! With an invite, both sides prove that they know its secret. Without one, a person compares the
//! six digits and approves; the joiner then asks the same issuer again. Without an invite and
//! without knowing the swarm, a joiner believes the issuer it asked.

use super::authority::Authority;
use super::chain::Chain;
use super::denial::Denial;
use super::handshake::{Step, Then, end, go_on, refuse, refused};
use super::invite::{Invite, Secret};
use super::message::{Message, Welcome};
use super::name::Name;
use super::proof::{self, Ends};
use super::revocations::Revocations;
use super::root_set::RootSet;
use super::swarm_id::SwarmId;
use super::time_floor::TimeFloor;
use crate::event::NodeId;

/// What a device gets that was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The swarm.
    pub root_set: RootSet,
    /// By what the device is a member.
    pub chain: Chain,
}

/// What a joiner keeps while it waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whom it asked, and whom it has to ask again.
    pub issuer: NodeId,
    /// The number to show, below 1 000 000; to be written with six digits.
    pub code: u32,
    /// The swarm it wants to join, if it knows.
    pub swarm: Option<SwarmId>,
}

/// Admission of one connection, at a joiner.
#[derive(Debug)]
pub struct Joining {
    ends: Ends,
    /// Whom to believe; any other swarm or issuer is refused.
    swarm: Option<SwarmId>,
    state: State,
    nonce: [u8; 32],
    is_greeted: bool,
}

#[derive(Debug)]
enum State {
    Start(Box<Opening>),
    /// With the secret that the issuer has to prove, if there is one.
    AwaitWelcome(Option<Secret>, Option<Box<Ticket>>),
    AwaitPending,
    Done,
}

#[derive(Debug)]
enum Opening {
    Join(Invite, Name),
    Ask(Name),
    AskAgain(Ticket),
}

impl Joining {
    /// Joins with `invite` over the connection from `own` to `peer`, whose key the transport has
    /// verified. `nonce` must be random and new.
    #[must_use]
    pub fn with_invite(
        (own, peer): (NodeId, NodeId),
        invite: Invite,
        name: Name,
        nonce: [u8; 32],
    ) -> Self {
        let swarm = Some(invite.swarm);
        Self::new((own, peer), swarm, Opening::Join(invite, name), nonce)
    }

    /// Asks `peer` to be let in. If `swarm` is given, no other swarm is joined.
    #[must_use]
    pub fn asking(
        (own, peer): (NodeId, NodeId),
        swarm: Option<SwarmId>,
        name: Name,
        nonce: [u8; 32],
    ) -> Self {
        Self::new((own, peer), swarm, Opening::Ask(name), nonce)
    }

    /// Asks the issuer of `ticket` again.
    #[must_use]
    pub fn again((own, peer): (NodeId, NodeId), ticket: Ticket) -> Self {
        let swarm = ticket.swarm;
        Self::new((own, peer), swarm, Opening::AskAgain(ticket), [0; 32])
    }

    fn new(
        (joiner, issuer): (NodeId, NodeId),
        swarm: Option<SwarmId>,
        opening: Opening,
        nonce: [u8; 32],
    ) -> Self {
        Self {
            ends: Ends { joiner, issuer },
            swarm,
            state: State::Start(Box::new(opening)),
            nonce,
            is_greeted: false,
        }
    }

    /// Takes the next message of the issuer; nothing in the first step.
    pub fn step(&mut self, received: Option<&[u8]>, wall_secs: u64) -> Step {
        let state = std::mem::replace(&mut self.state, State::Done);
        let message = match (state, received) {
            (State::Start(opening), None) => return self.open(*opening),
            (_, None) => return refuse(Denial::Unexpected),
            (state, Some(bytes)) => Message::decode(bytes).map(|message| (state, message)),
        };
        match message {
            Ok((state, Message::Hello { .. })) => self.pass_over(state),
            Ok((state, Message::Refused { code, .. })) => self.refused(state, code),
            Ok((State::AwaitPending, Message::Pending { nonce })) => self.reveal(&nonce),
            Ok((State::AwaitPending, Message::Welcome(welcome))) => {
                self.enter(&welcome, None, wall_secs)
            }
            Ok((State::AwaitWelcome(secret, _), Message::Welcome(welcome))) => {
                self.enter(&welcome, secret, wall_secs)
            }
            Ok(_) => refuse(Denial::Unexpected),
            Err(denial) => refuse(denial),
        }
    }

    fn open(&mut self, opening: Opening) -> Step {
        match opening {
            Opening::Join(invite, _) if invite.issuer != self.ends.issuer => {
                end(Then::Refuse(Denial::NotIssuer))
            }
            Opening::Join(invite, name) => {
                let name = name.as_str();
                let mac = proof::join(&invite.secret, self.ends, &self.nonce, name);
                self.state = State::AwaitWelcome(Some(invite.secret), None);
                go_on(&Message::Join {
                    invite: invite.id,
                    name: name.into(),
                    nonce: self.nonce,
                    mac,
                })
            }
            Opening::Ask(name) => {
                self.state = State::AwaitPending;
                go_on(&Message::Ask {
                    name: name.as_str().into(),
                    commitment: proof::commitment(&self.nonce),
                })
            }
            Opening::AskAgain(ticket) if ticket.issuer != self.ends.issuer => {
                end(Then::Refuse(Denial::NotIssuer))
            }
            Opening::AskAgain(ticket) => {
                self.state = State::AwaitWelcome(None, Some(Box::new(ticket)));
                go_on(&Message::AskAgain)
            }
        }
    }

    /// A member greets everybody before it knows who is there; a joiner has nothing to answer.
    fn pass_over(&mut self, state: State) -> Step {
        if std::mem::replace(&mut self.is_greeted, true) || matches!(state, State::Start(_)) {
            return refuse(Denial::Unexpected);
        }
        self.state = state;
        end(Then::Receive)
    }

    fn reveal(&mut self, issuer_nonce: &[u8; 32]) -> Step {
        let ticket = Ticket {
            issuer: self.ends.issuer,
            code: proof::code(self.ends, &self.nonce, issuer_nonce),
            swarm: self.swarm,
        };
        self.state = State::AwaitWelcome(None, Some(Box::new(ticket)));
        go_on(&Message::Reveal { nonce: self.nonce })
    }

    fn refused(&mut self, state: State, code: u16) -> Step {
        match state {
            State::AwaitWelcome(_, Some(ticket)) if code == Denial::Pending.code() => {
                end(Then::Wait(ticket))
            }
            _ => refused(code),
        }
    }

    fn enter(&mut self, welcome: &Welcome, secret: Option<Secret>, wall_secs: u64) -> Step {
        match self.check(welcome, secret, wall_secs) {
            Ok(joined) => end(Then::Joined(Box::new(joined))),
            Err(denial) => refuse(denial),
        }
    }

    fn check(
        &self,
        welcome: &Welcome,
        secret: Option<Secret>,
        wall_secs: u64,
    ) -> Result<Joined, Denial> {
        if let Some(secret) = secret {
            let expected = proof::welcome(&secret, self.ends, &self.nonce, &welcome.said());
            let mac = <[u8; 32]>::try_from(&welcome.mac[..]).map_err(|_| Denial::BadProof)?;
            if !proof::is_same(&mac, &expected) {
                return Err(Denial::BadProof);
            }
        }
        let root_set = RootSet::decode(&welcome.root_set)?;
        if self.swarm.is_some_and(|swarm| swarm != root_set.id()) {
            return Err(Denial::WrongSwarm);
        }
        let chain = Chain::decode(&welcome.chain)?;
        if chain.claims().issuer != self.ends.issuer {
            return Err(Denial::BadChain);
        }
        let floor = TimeFloor::new(chain.not_before());
        let authority = Authority::new(root_set.clone(), Revocations::new(), floor);
        authority.judge(&chain, self.ends.joiner, wall_secs)?;
        Ok(Joined { root_set, chain })
    }
}
