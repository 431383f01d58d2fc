//! A small swarm with known keys, and verbs to issue and revoke in it.

use std::collections::BTreeMap;

use super::super::*;
use crate::event::{DeviceKey, NodeId, Offset, Signer, StreamId, StreamName, StreamNumber};

/// When everything in these tests happens.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 24 * 3600;

pub(crate) struct TestSwarm {
    pub(crate) root: DeviceKey,
    pub(crate) issuer: DeviceKey,
    pub(crate) issuer_certificate: Certificate,
    pub(crate) authority: Authority,
}

pub(crate) fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed(&[seed; 32])
}

pub(crate) fn id(seed: u8) -> NodeId {
    key(seed).node_id()
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn stream_name(text: &str) -> StreamName {
    StreamName::new(text).unwrap()
}

pub(crate) fn stream(node: NodeId, number: u64) -> StreamId {
    StreamId::new(node, StreamNumber::new(number).unwrap())
}

pub(crate) fn offset(number: u64) -> Offset {
    Offset::new(number).unwrap()
}

/// What a certificate says unless a test wants it otherwise.
pub(crate) fn claims(swarm: SwarmId, subject: NodeId, issuer: NodeId) -> Claims {
    Claims {
        swarm,
        serial: [7; 16],
        subject,
        name: name("press 4"),
        role: Role::Member,
        capabilities: Capabilities::member(),
        labels: BTreeMap::from([(name("line"), name("1")), (name("b"), name("2"))]),
        not_before: NOW,
        not_after: NOW + 400 * DAY,
        issuer,
    }
}

/// A swarm founded by root key `seed`, whose issuer has key `seed + 1`.
pub(crate) fn swarm(seed: u8) -> TestSwarm {
    let (root, issuer) = (key(seed), key(seed + 1));
    let roots = RootSet::new(name("plant"), NOW - DAY, vec![root.node_id()]).unwrap();
    let says = Claims {
        role: Role::Issuer,
        capabilities: Capabilities::full(),
        not_before: NOW - DAY,
        ..claims(roots.id(), issuer.node_id(), root.node_id())
    };
    let issuer_certificate = Certificate::issue(says, &root).unwrap();
    TestSwarm {
        root,
        issuer,
        issuer_certificate,
        authority: Authority::new(roots, Revocations::new(), TimeFloor::default()),
    }
}

impl TestSwarm {
    pub(crate) fn claims(&self, device: u8) -> Claims {
        claims(self.authority.swarm(), id(device), self.issuer.node_id())
    }

    pub(crate) fn member(&self, device: u8) -> Chain {
        self.member_with(self.claims(device))
    }

    pub(crate) fn member_with(&self, claims: Claims) -> Chain {
        let member = Certificate::issue(claims, &self.issuer).unwrap();
        Chain::of_member(member, self.issuer_certificate.clone())
    }

    pub(crate) fn issuer_chain(&self) -> Chain {
        Chain::of_issuer(self.issuer_certificate.clone())
    }

    pub(crate) fn withdrawal(&self, device: NodeId, cut: &[(u64, u64)]) -> Withdrawal {
        let cut = cut.iter().map(|(number, last)| {
            let number = StreamNumber::new(*number).unwrap();
            (number, offset(*last))
        });
        Withdrawal {
            swarm: self.authority.swarm(),
            device,
            revoked_at: NOW,
            reason: "stolen".into(),
            cut: cut.collect(),
            signer: self.root.node_id(),
        }
    }

    pub(crate) fn revoked_by_root(&self, device: NodeId, cut: &[(u64, u64)]) -> Revocation {
        Revocation::issue(self.withdrawal(device, cut), None, &self.root).unwrap()
    }

    pub(crate) fn revoked_by_issuer(&self, device: NodeId, cut: &[(u64, u64)]) -> Revocation {
        let withdrawal = Withdrawal {
            signer: self.issuer.node_id(),
            ..self.withdrawal(device, cut)
        };
        Revocation::issue(withdrawal, Some(&self.issuer_certificate), &self.issuer).unwrap()
    }
}
