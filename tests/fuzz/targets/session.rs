//! A whole session against arbitrary frames of an admitted member: nothing panics, memory stays
//! bounded, and nothing gets into the log that its author did not sign.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::{DeviceKey, Incarnation, NodeId, Signer, Timestamp};
use swarmlet_engine::log::{Log, LogOptions};
use swarmlet_engine::membership::{
    Authority, Certificate, Chain, Claims, Directory, Name, Revocations, Role, RootSet, TimeFloor,
};
use swarmlet_engine::storage::SimDisk;
use swarmlet_engine::sync::{Frame, Hello, Input, Members, Output, SessionId, Sync, SyncOptions};

const SESSION: SessionId = SessionId(1);

thread_local! {
    static MEMBERS: Members = members();
}

fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed(&[seed; 32])
}

/// A swarm of two issuers: the node, and the peer that speaks.
fn members() -> Members {
    let root = key(100);
    let name = || Name::new("fuzz").expect("a name");
    let roots = RootSet::new(name(), 1, vec![root.node_id()]).expect("one root key");
    let authority = Authority::new(roots.clone(), Revocations::new(), TimeFloor::default());
    let mut members = Members::new(authority, Directory::new());
    for seed in [1, 2] {
        let claims = Claims {
            swarm: roots.id(),
            serial: [seed; 16],
            subject: key(seed).node_id(),
            name: name(),
            role: Role::Issuer,
            capabilities: "rwa:*".parse().expect("capabilities"),
            labels: BTreeMap::new(),
            not_before: 1,
            not_after: 9,
            issuer: root.node_id(),
        };
        let certificate = Certificate::issue(claims, &root).expect("the root key is the issuer");
        members
            .admit(Chain::of_issuer(certificate))
            .expect("the certificate is good");
    }
    members
}

/// A node with an empty log.
struct Bench {
    log: Log,
    sync: Sync,
    sequence: u32,
    is_closed: bool,
}

impl Bench {
    fn new() -> Self {
        let disk = Arc::new(SimDisk::new(1));
        let log = Log::open(disk, Arc::new(key(1)), LogOptions::default());
        let log = log.expect("the disk is empty");
        let options = SyncOptions {
            instance: [1; 16],
            holds: vec!["*".parse().expect("a star is a pattern")],
            connections_max: 12,
            incarnation: Incarnation::FIRST,
            is_meeting: true,
        };
        let members = MEMBERS.with(Members::clone);
        let sync = Sync::new(key(1).node_id(), log.reader(), members, options);
        let mut bench = Self {
            log,
            sync,
            sequence: 0,
            is_closed: false,
        };
        let peer: NodeId = key(2).node_id();
        bench.step(Input::Connected {
            session: SESSION,
            peer,
        });
        let hello = Frame::Hello(Hello {
            instance: [2; 16],
            holds: vec!["*".parse().expect("a star is a pattern")],
            revocations: Revocations::new().digest(),
            members: [0; 32],
        });
        let frame = hello.encode(0);
        bench.receive(frame);
        bench
    }

    fn receive(&mut self, frame: Bytes) {
        self.sequence += 1;
        self.step(Input::Received {
            session: SESSION,
            frame,
        });
    }

    fn step(&mut self, input: Input) {
        let mut outputs = Vec::new();
        self.sync.step(
            Duration::from_millis(u64::from(self.sequence)),
            input,
            &mut outputs,
        );
        for output in outputs {
            match output {
                Output::Store { receipt, run } => {
                    let committed = self.log.commit_with(&[], &[run], Timestamp::MIN);
                    let outcome = committed.map(|committed| committed.received[0]);
                    self.step(Input::Stored { receipt, outcome });
                    self.step(Input::Committed);
                }
                Output::Close { .. } => self.is_closed = true,
                Output::Send { frame, .. } => {
                    let bytes = frame.len();
                    self.step(Input::Sent {
                        session: SESSION,
                        bytes,
                    });
                }
                Output::MembersChanged
                | Output::ContactsChanged
                | Output::Dial(_)
                | Output::NewIncarnation
                | Output::Rescue { .. }
                | Output::Introduced { .. }
                | Output::Blobs { .. }
                | Output::Incident(_) => {}
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut bench = Bench::new();
    let mut rest = bytes;
    while let [kind, low, high, tail @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(tail.len());
        let mut frame = bench.sequence.to_le_bytes().to_vec();
        frame.push(*kind % 16);
        frame.extend_from_slice(&tail[..len]);
        bench.receive(frame.into());
        if bench.is_closed {
            return;
        }
        rest = &tail[len..];
    }
    let authors = bench
        .log
        .reader()
        .streams()
        .into_iter()
        .map(|info| info.id.node);
    let members = MEMBERS.with(Members::clone);
    for author in authors {
        assert!(members.directory().of(author).is_some());
    }
});
