//! The certificates of the simulated swarm: who may do what in it.

use std::collections::BTreeMap;

use swarmlet_engine::event::{DeviceKey, NodeId, Offset, Offsets, Signer};
use swarmlet_engine::membership::{
    Authority, Certificate, Chain, Claims, Directory, Name, Revocation, Revocations, Role, RootSet,
    TimeFloor, Withdrawal,
};
use swarmlet_engine::sync::Members;

/// The swarm of these devices; each has a capability text like `rw:*`.
pub(crate) fn swarm(devices: &[(NodeId, &str)]) -> Members {
    let authority = Authority::new(roots(), Revocations::new(), TimeFloor::default());
    let mut members = Members::new(authority, Directory::new());
    let issuing = certificate(issuer().node_id(), Role::Issuer, "rwa:*", &root());
    for (device, capabilities) in devices {
        let member = certificate(*device, Role::Member, capabilities, &issuer());
        let admitted = members.admit(Chain::of_member(member, issuing.clone()));
        admitted.expect("the certificates of the simulation are good");
    }
    members
}

/// The root key's word that `device` is out, after what of it is in `present`.
pub(crate) fn revocation(device: NodeId, present: &Offsets) -> Revocation {
    let own = present.iter().filter(|(stream, _)| stream.node == device);
    let cut: BTreeMap<_, Offset> = own.map(|(stream, last)| (stream.number, last)).collect();
    let withdrawal = Withdrawal {
        swarm: roots().id(),
        device,
        revoked_at: 2,
        reason: "seen to misbehave".into(),
        cut,
        signer: root().node_id(),
    };
    Revocation::issue(withdrawal, None, &root()).expect("the root key may revoke")
}

fn certificate(subject: NodeId, role: Role, capabilities: &str, signer: &DeviceKey) -> Certificate {
    let claims = Claims {
        swarm: roots().id(),
        serial: [1; 16],
        subject,
        name: Name::new("device").expect("a name"),
        role,
        capabilities: capabilities.parse().expect("capabilities"),
        labels: BTreeMap::new(),
        not_before: 1,
        not_after: 1_000_000,
        issuer: signer.node_id(),
    };
    Certificate::issue(claims, signer).expect("the signer is the issuer")
}

fn root() -> DeviceKey {
    DeviceKey::from_seed(&[201; 32])
}

fn issuer() -> DeviceKey {
    DeviceKey::from_seed(&[202; 32])
}

fn roots() -> RootSet {
    let name = Name::new("simulation").expect("a name");
    RootSet::new(name, 1, vec![root().node_id()]).expect("one root key")
}
