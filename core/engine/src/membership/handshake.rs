//! Admission at a member: the one exchange of a new connection before anything else.
//!
//! Both sides run the same machine: say hello, present the chain, judge that of the other. A side
//! admits only after its own judgement and the word of the other side, so that both know the same
//! verdict. An issuer also answers joiners here. A stranger that knows neither the swarm nor an
//! invite is told nothing but a refusal. The machine never waits and never sends: it says what to
//! send and what comes next.

use super::authority::{Authority, Member};
use super::chain::Chain;
use super::denial::Denial;
use super::joining::{Joined, Ticket};
use super::message::{Message, VERSION, Welcome};
use super::name::Name;
use super::proof;
use super::registrar::{Join, Office, Registrar};
use crate::event::{NodeId, Signer};

/// What a step asks for: first send, then go on.
#[derive(Debug)]
pub struct Step {
    /// A message for the other side.
    pub send: Option<Vec<u8>>,
    /// What comes after it was sent.
    pub then: Then,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Then {
    /// Wait for the next message of the other side.
    Receive,
    /// The other side is a member, and it knows that we are one.
    Admit(Box<Member>),
    /// A device was let in by us; it will come again as a member. Store the registrar before the
    /// message is sent: only then is a single use exact across a crash.
    LetIn(Box<Chain>),
    /// We were let in. Store everything, then connect again as a member.
    Joined(Box<Joined>),
    /// We wait for a person; keep the ticket, show its code, and ask again later.
    Wait(Box<Ticket>),
    /// No admission; close the connection once the message is sent.
    Refuse(Denial),
}

/// What a step at a member depends on, besides what it received.
pub struct Door<'a> {
    /// Who is a member.
    pub authority: &'a Authority,
    /// Who may come in, if this device is an issuer.
    pub registrar: Option<&'a mut Registrar>,
    /// The key of this device; it is also the key of the connection.
    pub signer: &'a dyn Signer,
    /// The clock of this device, in seconds since 1970-01-01 UTC.
    pub wall_secs: u64,
    /// New random bytes for each step.
    pub random: [u8; 32],
}

/// Admission of one connection, at a member.
#[derive(Debug)]
pub struct Handshake {
    peer: NodeId,
    own: Chain,
    state: State,
}

#[derive(Debug)]
enum State {
    Start,
    Greeted,
    Presented,
    Accepted(Box<Member>),
    Asked,
    Done,
}

impl Handshake {
    /// The admission of the connection with `peer`, whose key the transport has verified; we are a
    /// member by `own`. Begin with a step that received nothing.
    #[must_use]
    pub fn new(peer: NodeId, own: Chain) -> Self {
        Self {
            peer,
            own,
            state: State::Start,
        }
    }

    /// Takes the next message of the other side; nothing in the first step.
    pub fn step(&mut self, received: Option<&[u8]>, door: Door<'_>) -> Step {
        let state = std::mem::replace(&mut self.state, State::Done);
        let message = match (state, received) {
            (State::Start, None) => return self.greet(&door),
            (_, None) => return refuse(Denial::Unexpected),
            (state, Some(bytes)) => Message::decode(bytes).map(|message| (state, message)),
        };
        match message {
            Ok((_, Message::Refused { code, .. })) => refused(code),
            Ok((State::Greeted, message)) => self.answer(message, door),
            Ok((State::Presented, Message::Present { chain })) => self.judge(&chain, &door),
            Ok((State::Accepted(member), Message::Accepted)) => end(Then::Admit(member)),
            Ok((State::Asked, Message::Reveal { nonce })) => self.reveal(&nonce, door),
            Ok(_) => refuse(Denial::Unexpected),
            Err(denial) => refuse(denial),
        }
    }

    fn greet(&mut self, door: &Door<'_>) -> Step {
        let own = door.signer.node_id();
        let hello = Message::Hello {
            versions: (VERSION, VERSION),
            tag: proof::hello(door.authority.swarm(), own, self.peer),
        };
        self.go_on(State::Greeted, &hello)
    }

    /// Answers the first words of the other side: a member's, or a joiner's.
    fn answer(&mut self, message: Message, door: Door<'_>) -> Step {
        if let Message::Hello { versions, tag } = message {
            return self.present(versions, &tag, &door);
        }
        let Some(registrar) = door.registrar else {
            return refuse(Denial::NotIssuer);
        };
        let office = Office {
            authority: door.authority,
            signer: door.signer,
            wall_secs: door.wall_secs,
            random: door.random,
        };
        match message {
            Message::Join {
                invite,
                name,
                nonce,
                mac,
            } => {
                let join = Join {
                    invite,
                    name: &name,
                    nonce,
                    mac,
                };
                let_in(registrar.join(self.peer, &join, &office))
            }
            Message::Ask { name, commitment } => {
                let request = (Name::sanitised(&name), commitment);
                self.ask(registrar, request, &office)
            }
            Message::AskAgain => {
                let expected = registrar.expected(self.peer, &Name::sanitised(""), &office);
                let state = || Err(registrar.state(self.peer));
                let_in(expected.unwrap_or_else(state))
            }
            _ => refuse(Denial::Unexpected),
        }
    }

    fn present(&mut self, versions: (u64, u64), tag: &[u8; 32], door: &Door<'_>) -> Step {
        if !(versions.0..=versions.1).contains(&VERSION) {
            return refuse(Denial::NoCommonVersion);
        }
        let own = door.signer.node_id();
        let expected = proof::hello(door.authority.swarm(), self.peer, own);
        if !proof::is_same(&expected, tag) {
            return refuse(Denial::WrongSwarm);
        }
        let present = Message::Present {
            chain: self.own.encode(),
        };
        self.go_on(State::Presented, &present)
    }

    fn judge(&mut self, chain: &[u8], door: &Door<'_>) -> Step {
        let chain = Chain::decode(chain);
        let judge = |chain: Chain| door.authority.judge(&chain, self.peer, door.wall_secs);
        match chain.and_then(judge) {
            Ok(member) => self.go_on(State::Accepted(Box::new(member)), &Message::Accepted),
            Err(denial) => refuse(denial),
        }
    }

    fn ask(
        &mut self,
        registrar: &mut Registrar,
        request: (Name, [u8; 32]),
        office: &Office<'_>,
    ) -> Step {
        if let Some(expected) = registrar.expected(self.peer, &request.0, office) {
            return let_in(expected);
        }
        match registrar.ask(self.peer, request, office) {
            Ok(nonce) => self.go_on(State::Asked, &Message::Pending { nonce }),
            Err(denial) => refuse(denial),
        }
    }

    fn reveal(&mut self, nonce: &[u8; 32], door: Door<'_>) -> Step {
        let registrar = door.registrar.ok_or(Denial::NotIssuer);
        let revealed = registrar.and_then(|registrar| registrar.reveal(self.peer, nonce));
        refuse(revealed.err().unwrap_or(Denial::Pending))
    }

    fn go_on(&mut self, state: State, message: &Message) -> Step {
        self.state = state;
        go_on(message)
    }
}

fn let_in(answer: Result<(Welcome, Chain), Denial>) -> Step {
    match answer {
        Ok((welcome, chain)) => Step {
            send: Some(Message::Welcome(welcome).encode()),
            then: Then::LetIn(Box::new(chain)),
        },
        Err(denial) => refuse(denial),
    }
}

pub(super) fn go_on(message: &Message) -> Step {
    Step {
        send: Some(message.encode()),
        then: Then::Receive,
    }
}

/// Refuses the other side and tells it why.
pub(super) fn refuse(denial: Denial) -> Step {
    Step {
        send: Some(Message::refused(denial).encode()),
        then: Then::Refuse(denial),
    }
}

/// The other side has refused us: nothing is left to say.
pub(super) fn refused(code: u16) -> Step {
    end(Then::Refuse(Denial::from_code(code)))
}

pub(super) fn end(then: Then) -> Step {
    Step { send: None, then }
}
