//! Conversations: two machines and the messages between them, step by step.

use super::super::message::Message;
use super::super::*;
use super::swarm::{NOW, TestSwarm, key};
use crate::event::{DeviceKey, NodeId, Signer};

/// One end of a conversation.
pub(super) trait End {
    fn step(&mut self, received: Option<&[u8]>) -> Step;
}

impl End for Joining {
    fn step(&mut self, received: Option<&[u8]>) -> Step {
        Self::step(self, received, NOW)
    }
}

/// A member at its door.
pub(super) struct AtDoor<'a> {
    pub(super) handshake: Handshake,
    pub(super) authority: &'a Authority,
    pub(super) registrar: Option<&'a mut Registrar>,
    pub(super) signer: &'a DeviceKey,
    pub(super) now: u64,
}

impl End for AtDoor<'_> {
    fn step(&mut self, received: Option<&[u8]>) -> Step {
        let door = Door {
            authority: self.authority,
            registrar: self.registrar.as_deref_mut(),
            signer: self.signer,
            wall_secs: self.now,
            random: [9; 32],
        };
        self.handshake.step(received, door)
    }
}

/// What one end sees in the end.
pub(super) struct Outcome {
    pub(super) left: Then,
    pub(super) right: Then,
    /// The messages in the order they were sent, as `left hello` or `right refused 5`.
    pub(super) said: Vec<String>,
}

/// Lets two ends talk until both have ended or nothing is on its way.
pub(super) fn talk<'a>(left: &'a mut dyn End, right: &'a mut dyn End) -> Outcome {
    let mut said = Vec::new();
    let mut ways = [(Vec::new(), Then::Receive), (Vec::new(), Then::Receive)];
    let mut ends = [left, right];
    for (side, end) in ends.iter_mut().enumerate() {
        let step = end.step(None);
        take(step, side, &mut ways, &mut said);
    }
    while let Some(side) =
        (0..2).find(|side| ways[*side].1 == Then::Receive && !ways[1 - *side].0.is_empty())
    {
        let message: Vec<u8> = ways[1 - side].0.remove(0);
        let step = ends[side].step(Some(&message));
        take(step, side, &mut ways, &mut said);
    }
    let [(_, left), (_, right)] = ways;
    Outcome { left, right, said }
}

fn take(step: Step, side: usize, ways: &mut [(Vec<Vec<u8>>, Then); 2], said: &mut Vec<String>) {
    if let Some(message) = step.send {
        said.push(format!("{} {}", ["left", "right"][side], word(&message)));
        ways[side].0.push(message);
    }
    ways[side].1 = step.then;
}

fn word(message: &[u8]) -> String {
    match Message::decode(message).unwrap() {
        Message::Hello { .. } => "hello".into(),
        Message::Present { .. } => "present".into(),
        Message::Accepted => "accepted".into(),
        Message::Refused { code, .. } => format!("refused {code}"),
        Message::Join { .. } => "join".into(),
        Message::Welcome(_) => "welcome".into(),
        Message::Ask { .. } => "ask".into(),
        Message::Pending { .. } => "pending".into(),
        Message::Reveal { .. } => "reveal".into(),
        Message::AskAgain => "ask again".into(),
    }
}

impl TestSwarm {
    /// The issuer at its door, where `peer` stands.
    pub(super) fn at_door<'a>(&'a self, peer: NodeId, registrar: &'a mut Registrar) -> AtDoor<'a> {
        AtDoor {
            handshake: Handshake::new(peer, self.issuer_chain()),
            authority: &self.authority,
            registrar: Some(registrar),
            signer: &self.issuer,
            now: NOW,
        }
    }

    pub(super) fn registrar(&self) -> Registrar {
        Registrar::new(self.issuer_certificate.clone()).unwrap()
    }
}

/// The member `own` by `chain` at its door, where `peer` stands.
pub(super) fn member_at_door<'a>(
    authority: &'a Authority,
    (chain, signer): (Chain, &'a DeviceKey),
    peer: u8,
) -> AtDoor<'a> {
    AtDoor {
        handshake: Handshake::new(key(peer).node_id(), chain),
        authority,
        registrar: None,
        signer,
        now: NOW,
    }
}
