//! Admission as the network asks for it: who is at the other end, and whether it may come in.
//!
//! Connections have keys of their own, made at each start, so that the transport tells strangers
//! nothing and the key of the device may lie in a keystore. First each side proves which device it
//! is: its signature over both connection keys. Then the engine's admission judges.

use std::sync::Arc;

use swarmlet_engine::event::{NodeId, Signature};
use swarmlet_engine::membership::{
    Denial, Door, Handshake, Joining, Member, Step as Judged, Then as Verdict,
};
use swarmlet_net::{self as net, PeerKey};

use super::entropy::random;
use super::gatehouse::{Gatehouse, JoinState, Standing, Wish};
use super::membership::Membership;
use crate::metrics::{Greeting, Recorders};

/// The gate of a node.
#[derive(Debug)]
pub(super) struct NodeGate {
    pub(super) house: Arc<Gatehouse>,
    pub(super) recorders: Arc<Recorders>,
    /// Makes the label of this start different from all others.
    pub(super) nonce: [u8; 8],
}

/// One conversation at the gate.
struct Conversation {
    house: Arc<Gatehouse>,
    ends: Ends,
    stage: Stage,
    recorders: Arc<Recorders>,
    /// How it ended.
    ending: Option<Greeting>,
}

/// The keys of both ends of a connection.
#[derive(Clone, Copy)]
struct Ends {
    own: PeerKey,
    peer: PeerKey,
}

enum Stage {
    Introduction,
    AsMember(Box<Handshake>),
    AsJoiner(Box<Joining>),
}

impl net::Gate for NodeGate {
    fn begin(&self, own: PeerKey, peer: PeerKey, _: bool) -> Box<dyn net::Handshake> {
        Box::new(Conversation {
            house: self.house.clone(),
            ends: Ends { own, peer },
            stage: Stage::Introduction,
            recorders: self.recorders.clone(),
            ending: None,
        })
    }

    fn label(&self) -> String {
        let tag = self.tag(&self.nonce).unwrap_or([0; 8]);
        format!("{}{}", hex(&self.nonce), hex(&tag))
    }

    fn is_ours(&self, label: &str) -> bool {
        let parts = label.split_at_checked(16);
        parts.is_some_and(|(nonce, tag)| {
            let nonce = u64::from_str_radix(nonce, 16).map(u64::to_be_bytes);
            let expected = nonce.ok().and_then(|nonce| self.tag(&nonce));
            expected.is_some_and(|expected| hex(&expected) == tag)
        })
    }
}

impl NodeGate {
    /// What only who knows the swarm can tell from chance.
    fn tag(&self, nonce: &[u8; 8]) -> Option<[u8; 8]> {
        let swarm = self.house.swarm()?;
        let mut hasher = blake3::Hasher::new_keyed(swarm.as_bytes());
        hasher.update(b"swarmlet/label/1").update(nonce);
        let mut tag = [0; 8];
        tag.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Some(tag)
    }
}

impl net::Handshake for Conversation {
    fn step(&mut self, received: Option<&[u8]>) -> net::Step {
        if !matches!(self.stage, Stage::Introduction) {
            return self.judge(received);
        }
        let Some(received) = received else {
            let message = introduction(self.ends.own, self.ends.peer);
            let signature = self.house.signer.0.sign(&message);
            let mut bytes = self.house.own.as_bytes().to_vec();
            bytes.extend_from_slice(signature.as_bytes());
            return net::Step {
                send: Some(bytes),
                then: net::Then::Receive,
            };
        };
        let Some(node) = self.introduced(received) else {
            return self.give_up("the device at the other end did not prove its identity");
        };
        // The network does not connect a node with itself.
        if node == self.house.own {
            self.house.met_clone();
            return self
                .give_up("another device has the identity of this one: its folder was copied");
        }
        match self.stage_with(node) {
            Some(stage) => {
                self.stage = stage;
                self.judge(None)
            }
            None => {
                self.ending = Some(Greeting::UnknownSwarm);
                refuse("this node is in no swarm")
            }
        }
    }

    /// Only now it is counted: who has admitted the other may still hear why it does not. One that
    /// is late is counted where the network says so.
    fn ended(&mut self) {
        let ending = self.ending.unwrap_or(Greeting::Other);
        self.recorders.swarm.note_greeting(ending);
    }
}

impl Conversation {
    /// Which device is at the other end.
    fn introduced(&self, received: &[u8]) -> Option<NodeId> {
        let (node, signature) = received.split_at_checked(32)?;
        let node = NodeId::from_bytes(node.try_into().ok()?);
        let signature = Signature::from_bytes(signature.try_into().ok()?);
        let message = introduction(self.ends.peer, self.ends.own);
        let holds = signature.is_valid(node, &message);
        self.recorders.swarm.note_checked(holds);
        holds.then_some(node)
    }

    /// What to talk about with it; nothing if this node is alone.
    fn stage_with(&self, node: NodeId) -> Option<Stage> {
        let nonce = random().ok()?;
        let own = self.house.own;
        self.house.with(|standing| match standing {
            Standing::Member(membership) => {
                let handshake = Handshake::new(node, membership.own.clone());
                Some(Stage::AsMember(Box::new(handshake)))
            }
            Standing::Joining(wish, name) => {
                let ends = (own, node);
                let joining = match wish.as_ref() {
                    Wish::Invite(invite) => {
                        Joining::with_invite(ends, invite.clone(), name.clone(), nonce)
                    }
                    Wish::Ask => Joining::asking(ends, None, name.clone(), nonce),
                    Wish::Again(ticket) => Joining::again(ends, ticket.clone()),
                };
                Some(Stage::AsJoiner(Box::new(joining)))
            }
            Standing::Alone => None,
        })
    }

    fn judge(&mut self, received: Option<&[u8]>) -> net::Step {
        let Ok(random) = random() else {
            return self.give_up("the operating system gives no randomness");
        };
        let wall_secs = self.house.wall_secs();
        let judged = match &mut self.stage {
            Stage::Introduction => return self.give_up("nothing was said yet"),
            Stage::AsJoiner(joining) => joining.step(received, wall_secs),
            Stage::AsMember(handshake) => {
                let signer = self.house.signer.clone();
                let step = |standing: &mut Standing| {
                    let Standing::Member(membership) = standing else {
                        return None;
                    };
                    let Membership {
                        members, registrar, ..
                    } = membership.as_mut();
                    let door = Door {
                        authority: members.authority(),
                        registrar: registrar.as_mut(),
                        signer: signer.0.as_ref(),
                        wall_secs,
                        random,
                    };
                    Some(handshake.step(received, door))
                };
                match self.house.with(step) {
                    Some(judged) => judged,
                    None => return self.give_up("this node is in no swarm"),
                }
            }
        };
        self.conclude(judged)
    }

    /// Keeps what was decided before the other side hears of it.
    fn conclude(&mut self, Judged { send, then }: Judged) -> net::Step {
        self.note_checked(&then);
        let house = &self.house;
        let (ending, then) = match then {
            Verdict::Receive => {
                return net::Step {
                    send,
                    then: net::Then::Receive,
                };
            }
            Verdict::Admit(member) => {
                self.admit(&member);
                (Greeting::Ok, net::Then::Admit)
            }
            Verdict::LetIn(chain) => {
                let device = chain.device();
                if let Err(error) = house.keep(*chain) {
                    tracing::error!(%error, %device, "who was let in cannot be kept");
                    return self.give_up("what was granted cannot be kept");
                }
                tracing::info!(%device, "a device was let in");
                (Greeting::Ok, net::Then::Part)
            }
            Verdict::Joined(joined) => {
                let membership = Membership::joined(*joined);
                let entered = membership.and_then(|membership| house.enter(membership));
                let ending = match entered {
                    Ok(()) => Greeting::Ok,
                    Err(error) => {
                        house.report(JoinState::Failed(error.to_string()));
                        Greeting::Other
                    }
                };
                (ending, net::Then::Part)
            }
            Verdict::Wait(ticket) => {
                house.report(JoinState::Waiting(ticket.code));
                house.with(|standing| {
                    if let Standing::Joining(wish, _) = standing {
                        **wish = Wish::Again(*ticket);
                    }
                });
                (Greeting::Other, net::Then::Part)
            }
            Verdict::Refuse(denial) => {
                if matches!(self.stage, Stage::AsJoiner(_)) && self.is_final(denial) {
                    house.report(JoinState::Refused(denial));
                }
                let then = net::Then::Refuse(denial.text().into());
                (Greeting::from(denial), then)
            }
        };
        self.ending = Some(ending);
        net::Step { send, then }
    }

    /// Refuses for a reason of this node.
    fn give_up(&mut self, why: &str) -> net::Step {
        self.ending = Some(Greeting::Other);
        refuse(why)
    }

    /// Counts the signature that was checked for a verdict, if one was.
    fn note_checked(&self, verdict: &Verdict) {
        let swarm = &self.recorders.swarm;
        match verdict {
            Verdict::Admit(_) => swarm.note_checked(true),
            Verdict::Refuse(Denial::BadSignature) => swarm.note_checked(false),
            _ => {}
        }
    }

    /// Whether asking again would not help.
    fn is_final(&self, denial: Denial) -> bool {
        match denial {
            Denial::Pending | Denial::NotIssuer | Denial::Unexpected | Denial::WrongSwarm => false,
            // Who asks on two connections at once is believed on one of them only.
            Denial::BadProof => self.house.with(|standing| match standing {
                Standing::Joining(wish, _) => matches!(wish.as_ref(), Wish::Invite(_)),
                Standing::Alone | Standing::Member(_) => true,
            }),
            _ => true,
        }
    }

    fn admit(&self, member: &Member) {
        let (device, chain) = (member.device(), member.chain());
        self.house.admit(self.ends.peer, device);
        if member.is_in_grace() {
            tracing::warn!(%device, "the certificate of a device has expired; invite it again");
        }
        let known = self.house.member(|membership| {
            let known = membership.members.directory().of(device);
            Ok(known == Some(chain))
        });
        if !known.unwrap_or(false)
            && let Err(error) = self.house.keep(chain.clone())
        {
            // The device presents it again next time.
            tracing::warn!(%error, %device, "the certificate of a device cannot be kept");
        }
    }
}

/// What a device signs to show that a connection is its own.
fn introduction(own: PeerKey, peer: PeerKey) -> Vec<u8> {
    [
        b"swarmlet/connection/1".as_slice(),
        own.as_bytes(),
        peer.as_bytes(),
    ]
    .concat()
}

fn refuse(why: &str) -> net::Step {
    net::Step {
        send: None,
        then: net::Then::Refuse(why.into()),
    }
}

fn hex(bytes: &[u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use swarmlet_engine::event::{DeviceKey, Signer};
    use swarmlet_engine::log::Durability;
    use swarmlet_engine::membership::{Grant, InviteTerms, Name};
    use swarmlet_net::Gate;

    use super::super::vault::Vault;
    use super::*;
    use crate::clock::{Clock, SystemClock};

    fn gate(seed: u8, vault: Vault) -> NodeGate {
        let signer: Arc<dyn Signer> = Arc::new(DeviceKey::from_seed(&[seed; 32]));
        let clock = Arc::new(SystemClock);
        let recorders = Recorders::new(clock.now(), Durability::Synced);
        NodeGate {
            house: Arc::new(Gatehouse::open(vault, signer, clock).unwrap()),
            recorders: Arc::new(recorders),
            nonce: [seed; 8],
        }
    }

    /// How conversations ended, those of which there were some.
    fn endings(gate: &NodeGate) -> Vec<(&'static str, u64)> {
        let ended = gate.recorders.snapshot(0).swarm.handshakes.into_iter();
        ended.filter(|(_, times)| *times > 0).collect()
    }

    /// Lets the two talk with each other until nobody has more to say.
    fn talk(gates: [&NodeGate; 2]) {
        let keys = [PeerKey::new([1; 32]), PeerKey::new([2; 32])];
        let begin = |at: usize| gates[at].begin(keys[at], keys[1 - at], at == 0);
        let mut sides = [begin(0), begin(1)];
        let mut said = VecDeque::new();
        for (at, side) in sides.iter_mut().enumerate() {
            said.push_back((at, side.step(None).send.unwrap()));
        }
        let mut is_over = [false; 2];
        while let Some((from, message)) = said.pop_front() {
            let at = 1 - from;
            if !is_over[at] {
                let step = sides[at].step(Some(&message));
                said.extend(step.send.map(|message| (at, message)));
                is_over[at] = matches!(step.then, net::Then::Refuse(_) | net::Then::Part);
            }
        }
        sides.iter_mut().for_each(|side| side.ended());
    }

    #[test]
    fn only_what_was_carried_out_has_ended_well() {
        let folder = tempfile::tempdir().unwrap();
        let issuer = gate(1, Vault::new(Some(folder.path())));
        let name = |name| Name::new(name).unwrap();
        let (house, root) = (&issuer.house, DeviceKey::from_seed(&[9; 32]));
        let moment = (house.wall_secs(), [3; 16]);
        let founded = Membership::found(name("plant"), name("first"), &root, house.own, moment);
        house.enter(founded.unwrap()).unwrap();
        let terms = InviteTerms {
            grant: Grant::member(),
            uses: 1,
            expires_at: moment.0 + 3_600,
        };
        let invite = house.change(|membership| {
            let registrar = membership.registrar.as_mut().unwrap();
            registrar.invite(terms, Vec::new(), [5; 24], moment.0)
        });
        // Without a folder it cannot keep what it is granted.
        let joiner = gate(2, Vault::new(None));
        let wish = Wish::Invite(invite.unwrap());
        joiner.house.wish(wish, name("other")).unwrap();
        talk([&issuer, &joiner]);
        let failed = matches!(*joiner.house.joining().borrow(), JoinState::Failed(_));
        assert!(failed, "{:?}", joiner.house.joining());
        assert_eq!(endings(&issuer), [("ok", 1)]);
        assert_eq!(endings(&joiner), [("other", 1)]);
    }

    #[test]
    fn an_introduction_that_is_none_has_no_signature_that_fails() {
        let node = gate(1, Vault::new(None));
        for (introduction, failed) in [(&[0; 95][..], 0), (&[0; 96], 1)] {
            let mut side = node.begin(PeerKey::new([1; 32]), PeerKey::new([2; 32]), true);
            side.step(None);
            let step = side.step(Some(introduction));
            assert!(matches!(step.then, net::Then::Refuse(_)));
            side.ended();
            let counted = node.recorders.snapshot(0).swarm;
            assert_eq!(counted.signatures_failed, failed);
        }
        assert_eq!(endings(&node), [("other", 2)]);
    }
}
