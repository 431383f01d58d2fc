//! The harness: nodes on simulated disks, connected by queues of frames, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, ErrorKind};
use crate::event::{
    AppId, Content, DeviceKey, Incarnation, NodeId, Offset, Offsets, Payload, Signer, StreamId,
    StreamName, StreamNumber, Tag, Tags, Timestamp,
};
use crate::log::{
    Log, LogOptions, LogReader, Maintenance, Order, Publish, Query, Retention, Route,
};
use crate::membership::tests::swarm::{self, TestSwarm};
use crate::membership::{Chain, Claims, Directory};
use crate::select::Selection;
use crate::storage::SimDisk;
use crate::sync::limits::CONNECTIONS_RECEPTION;
use crate::sync::{
    Address, CloseReason, Contact, Frame, Incident, Input, Members, Output, SessionId, Sync,
    SyncOptions,
};

/// Nodes, and the frames between them.
pub(super) struct Bench {
    pub(super) nodes: Vec<Node>,
    pub(super) now: Duration,
    /// Both ends of each session.
    ends: BTreeMap<SessionId, [usize; 2]>,
    /// What is on its way: to whom, on which session.
    wire: VecDeque<(usize, SessionId, Bytes)>,
    /// Every frame that was sent, with its sender.
    pub(super) said: Vec<(usize, Frame)>,
    next_session: u64,
    next_incarnation: u64,
    /// Only nodes of one group reach each other.
    pub(super) groups: Vec<usize>,
    connections_max: usize,
}

/// A node.
pub(super) struct Node {
    pub(super) id: NodeId,
    log: Log,
    maintenance: Maintenance,
    pub(super) sync: Sync,
    pub(super) incidents: Vec<Incident>,
    pub(super) closed: Vec<CloseReason>,
    /// While it is set, nothing is stored: the disk is full.
    pub(super) is_full: bool,
    /// What it was told of blobs, and to whom it may speak of them.
    pub(super) blobs: Vec<Bytes>,
    pub(super) introduced: Vec<NodeId>,
    /// While it is set, connections take nothing.
    pub(super) is_blocked: bool,
    signer: Arc<DeviceKey>,
    disk: SimDisk,
    /// Frames sent in each session, forged ones too.
    numbers: BTreeMap<SessionId, u32>,
}

impl Bench {
    /// So many nodes that hold everything.
    pub(super) fn new(count: u8) -> Self {
        Self::holding(&vec!["*"; usize::from(count)])
    }

    /// A node for each pattern, which holds the streams that match it.
    pub(super) fn holding(patterns: &[&str]) -> Self {
        Self::with(patterns, &vec!["rw:*"; patterns.len()])
    }

    /// As [`Bench::holding`], with these capabilities.
    pub(super) fn with(patterns: &[&str], capabilities: &[&str]) -> Self {
        Self::crowd(patterns, capabilities, usize::MAX)
    }

    /// As [`Bench::with`]; none of them has more than so many connections for long.
    pub(super) fn crowd(patterns: &[&str], capabilities: &[&str], most: usize) -> Self {
        let members = members(capabilities);
        let nodes = patterns
            .iter()
            .zip(1..)
            .map(|(holds, seed)| Node::new(seed, holds, &members, most));
        Self {
            nodes: nodes.collect(),
            now: Duration::ZERO,
            ends: BTreeMap::new(),
            wire: VecDeque::new(),
            said: Vec::new(),
            next_session: 0,
            next_incarnation: 7,
            groups: vec![0; patterns.len()],
            connections_max: most,
        }
    }

    /// Tells one node that another is out, after these offsets of its streams. It does nothing
    /// about it before it is stepped.
    pub(super) fn revoke(&mut self, at: usize, device: usize, cut: &[(u64, u64)]) {
        let revocation = plant().revoked_by_root(self.nodes[device].id, cut);
        let members = self.nodes[at].sync.members_mut();
        members.revoke(revocation).unwrap();
    }

    /// Connects two nodes.
    pub(super) fn connect(&mut self, left: usize, right: usize) -> SessionId {
        self.next_session += 1;
        let session = SessionId(self.next_session);
        self.ends.insert(session, [left, right]);
        for (at, other) in [(left, right), (right, left)] {
            let peer = self.nodes[other].id;
            self.step(at, Input::Connected { session, peer });
        }
        session
    }

    /// Copies the folder of a node and starts it as another one.
    pub(super) fn copy(&mut self, at: usize) -> usize {
        let copy = self.nodes[at].copy([200 + self.nodes.len() as u8; 16]);
        self.nodes.push(copy);
        self.groups.push(0);
        self.nodes.len() - 1
    }

    /// The sizes of the payloads that a node has, of all streams; each once.
    pub(super) fn payloads(&self, at: usize) -> BTreeSet<usize> {
        let query = Query {
            selection: Selection::All,
            lower: Offsets::default(),
            upper: None,
            order: Order::Ascending,
        };
        let mut cursor = self.reader(at).query(&query).unwrap();
        let events = cursor.next_chunk(usize::MAX, usize::MAX).unwrap();
        let sizes = events
            .iter()
            .map(|event| event.payload().to_serde::<String>());
        sizes.map(|text| text.unwrap().len()).collect()
    }

    /// Every node says where it is.
    pub(super) fn announce(&mut self) {
        for at in 0..self.nodes.len() {
            let addresses = vec![Address::new(&at.to_string()).unwrap()];
            let signer = DeviceKey::from_seed(&[at as u8 + 1; 32]);
            let contact = Contact::sign(1, addresses, &signer);
            self.step(at, Input::Announced(contact));
        }
    }

    /// Connects two nodes if they reach each other, are not connected, and there is room.
    pub(super) fn dial(&mut self, from: usize, to: usize) {
        let is_open = self
            .ends
            .values()
            .any(|ends| *ends == [from, to] || *ends == [to, from]);
        let most = self.connections_max.saturating_add(CONNECTIONS_RECEPTION);
        let is_full = self.degree(to) >= most || self.degree(from) >= most;
        if self.groups[from] == self.groups[to] && !is_open && !is_full {
            self.connect(from, to);
        }
    }

    /// How many connections a node has.
    pub(super) fn degree(&self, at: usize) -> usize {
        self.ends.values().filter(|ends| ends.contains(&at)).count()
    }

    /// How many nodes are connected with this one, over others too, and itself.
    pub(super) fn reached(&self, from: usize) -> usize {
        let mut reached = vec![from];
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            for ends in self.ends.values().filter(|ends| ends.contains(&at)) {
                for other in ends {
                    if !reached.contains(other) {
                        reached.push(*other);
                    }
                }
            }
        }
        reached.len()
    }

    /// Puts nodes into groups, and cuts all connections between those.
    pub(super) fn part(&mut self, groups: &[usize]) {
        self.groups = groups.to_vec();
        let is_cut = |ends: &[usize; 2]| groups[ends[0]] != groups[ends[1]];
        let cut = self.ends.iter().filter(|(_, ends)| is_cut(ends));
        let cut: Vec<SessionId> = cut.map(|(session, _)| *session).collect();
        cut.into_iter().for_each(|session| self.disconnect(session));
    }

    /// Cuts a connection.
    pub(super) fn disconnect(&mut self, session: SessionId) {
        self.wire.retain(|(_, other, _)| *other != session);
        for at in self.ends.remove(&session).unwrap() {
            self.step(at, Input::Disconnected { session });
        }
    }

    /// Publishes so many events of a megabyte into stream `recent`, of which two are kept at least,
    /// and drops what may be dropped. Returns where the stream begins then.
    pub(super) fn publish_recent(&mut self, at: usize, count: usize) -> u64 {
        for _ in 0..count {
            self.publish(at, "r", 1_000_000);
            self.settle();
            let now = Timestamp::from_micros(7);
            while self.nodes[at].maintenance.step(now).unwrap().is_some() {}
        }
        self.reader(at).first(self.stream(at, 1)).get()
    }

    /// Publishes one event with a payload of so many bytes; the tag `a` leads to stream `alarms`.
    pub(super) fn publish(&mut self, at: usize, tag: &str, bytes: usize) {
        self.commit(at, tag, bytes);
        self.step(at, Input::Committed);
    }

    /// As [`Bench::publish`], before the machine has heard of it.
    pub(super) fn commit(&mut self, at: usize, tag: &str, bytes: usize) {
        let tags = Tags::new([tag]).unwrap();
        self.commit_together(at, &[bytes], &tags);
    }

    /// As [`Bench::publish`], some events in one batch.
    pub(super) fn publish_together(&mut self, at: usize, tag: &str, sizes: &[usize]) {
        self.commit_together(at, sizes, &Tags::new([tag]).unwrap());
        self.step(at, Input::Committed);
    }

    fn commit_together(&mut self, at: usize, sizes: &[usize], tags: &Tags) {
        let content = |bytes: &usize| {
            let payload = Payload::from_serde(&"x".repeat(*bytes)).unwrap();
            Content::new(tags, &payload)
        };
        let content = sizes.iter().map(content).collect();
        let call = Publish::new(AppId::new("com.example").unwrap(), content).unwrap();
        self.nodes[at]
            .log
            .commit(&[call], Timestamp::from_micros(7))
            .unwrap();
    }

    /// Hands frames over until nobody has anything to say.
    pub(super) fn settle(&mut self) {
        while self.deliver_one() {}
    }

    /// Lets time pass, and settles after each step.
    pub(super) fn pass(&mut self, millis: u64) {
        for _ in 0..millis.div_ceil(50) {
            self.now += Duration::from_millis(50);
            for at in 0..self.nodes.len() {
                self.step(at, Input::Tick);
            }
            self.settle();
        }
    }

    /// Hands the next frame over.
    pub(super) fn deliver_one(&mut self) -> bool {
        let Some((to, session, frame)) = self.wire.pop_front() else {
            return false;
        };
        if self.ends.contains_key(&session) {
            self.step(to, Input::Received { session, frame });
        }
        true
    }

    /// A frame that `from` never meant to send.
    pub(super) fn forge(&mut self, from: usize, session: SessionId, frame: &Frame) {
        let number = self.nodes[from].numbers.entry(session).or_default();
        let bytes = frame.encode(*number);
        *number += 1;
        self.inject(from, session, bytes);
    }

    /// Bytes that `from` never meant to send.
    pub(super) fn inject(&mut self, from: usize, session: SessionId, bytes: Bytes) {
        let to = self.other(from, session);
        self.wire.push_back((to, session, bytes));
    }

    /// The connection of `at` takes frames again.
    pub(super) fn unblock(&mut self, at: usize, session: SessionId) {
        self.nodes[at].is_blocked = false;
        let bytes = usize::MAX / 2;
        self.step(at, Input::Sent { session, bytes });
    }

    pub(super) fn reader(&self, at: usize) -> LogReader {
        self.nodes[at].log.reader()
    }

    /// How many events of each stream a node has.
    pub(super) fn count(&self, at: usize) -> Vec<u64> {
        let present = self.reader(at).present();
        present.iter().map(|(_, last)| last.get() + 1).collect()
    }

    /// The stream `number` of a node.
    pub(super) fn stream(&self, at: usize, number: u64) -> StreamId {
        StreamId::new(self.nodes[at].id, StreamNumber::new(number).unwrap())
    }

    pub(super) fn step(&mut self, at: usize, input: Input) {
        let mut outputs = Vec::new();
        self.nodes[at].sync.step(self.now, input, &mut outputs);
        for output in outputs {
            self.carry_out(at, output);
        }
    }

    fn carry_out(&mut self, at: usize, output: Output) {
        match output {
            Output::Send { session, frame } => {
                let bytes = frame.len();
                let number = u32::from_le_bytes(frame[..4].try_into().unwrap());
                let frame = Frame::decode(&frame, number).unwrap();
                if self.ends.contains_key(&session) {
                    self.forge(at, session, &frame);
                }
                self.said.push((at, frame));
                if !self.nodes[at].is_blocked {
                    self.step(at, Input::Sent { session, bytes });
                }
            }
            Output::Store { receipt, run } => {
                let now = Timestamp::from_micros(7);
                let node = &mut self.nodes[at];
                let outcome = if node.is_full {
                    Err(Error::new(ErrorKind::DiskFull, "the disk is full"))
                } else {
                    let committed = node.log.commit_with(&[], &[run], now);
                    committed.map(|committed| committed.received[0])
                };
                self.step(at, Input::Stored { receipt, outcome });
                self.step(at, Input::Committed);
            }
            Output::Close { session, reason } => {
                self.nodes[at].closed.push(reason);
                let other = self.other(at, session);
                self.ends.remove(&session);
                self.step(other, Input::Disconnected { session });
            }
            Output::Dial(address) => {
                let to = address.as_str().parse().unwrap();
                self.dial(at, to);
            }
            Output::NewIncarnation => {
                let incarnation = Incarnation::from_random(self.next_incarnation);
                self.next_incarnation += 1;
                self.nodes[at].log.begin_incarnation(incarnation);
                self.step(at, Input::Incarnation(incarnation));
            }
            Output::Rescue { stream, from } => self.rescue(at, stream, from),
            Output::MembersChanged | Output::ContactsChanged => {}
            Output::Introduced { peer, .. } => self.nodes[at].introduced.push(peer),
            Output::Blobs { frame, .. } => self.nodes[at].blobs.push(frame),
            Output::Incident(incident) => self.nodes[at].incidents.push(incident),
        }
    }

    fn rescue(&mut self, at: usize, stream: StreamId, mut from: Offset) {
        let node = &mut self.nodes[at];
        let reader = node.log.reader();
        let end = reader.head(stream).unwrap().last;
        while let Some((publish, last)) = reader.read_again(stream, from, end).unwrap() {
            node.log
                .commit(&[publish], Timestamp::from_micros(9))
                .unwrap();
            from = last.advanced(1).unwrap();
        }
        self.step(at, Input::Committed);
    }

    fn other(&self, at: usize, session: SessionId) -> usize {
        let ends = self.ends[&session];
        if ends[0] == at { ends[1] } else { ends[0] }
    }
}

impl Node {
    /// It knows the swarm, and nobody in it but itself.
    pub(super) fn forget_members(&mut self) {
        let members = self.sync.members();
        let own = members.directory().of(self.id).unwrap().clone();
        let mut few = Members::new(members.authority().clone(), Directory::new());
        few.admit(own).unwrap();
        *self.sync.members_mut() = few;
    }

    fn new(seed: u8, holds: &str, members: &Members, connections_max: usize) -> Self {
        let signer = Arc::new(DeviceKey::from_seed(&[seed; 32]));
        let sync = SyncOptions {
            instance: [seed; 16],
            holds: vec![holds.parse().unwrap()],
            connections_max,
            incarnation: Incarnation::FIRST,
            is_meeting: true,
        };
        Self::open(SimDisk::new(1), signer, members, sync)
    }

    /// A copy of its folder, started on another device.
    fn copy(&self, instance: [u8; 16]) -> Self {
        let options = SyncOptions {
            instance,
            ..self.sync.options().clone()
        };
        let members = self.sync.members().clone();
        Self::open(self.disk.copied(2), self.signer.clone(), &members, options)
    }

    fn open(disk: SimDisk, signer: Arc<DeviceKey>, members: &Members, sync: SyncOptions) -> Self {
        let id = signer.node_id();
        let route = |tag, into| Route {
            selection: Selection::Tag(Tag::new(tag).unwrap()),
            into: StreamName::new(into).unwrap(),
        };
        let retention = Retention {
            events_max: Some(2),
            ..Retention::default()
        };
        let options = LogOptions {
            routes: vec![route("a", "alarms"), route("r", "recent")],
            streams: [(StreamName::new("recent").unwrap(), retention)].into(),
            incarnation: sync.incarnation,
            ..LogOptions::default()
        };
        let mut log = Log::open(Arc::new(disk.clone()), signer.clone(), options).unwrap();
        Self {
            id,
            sync: Sync::new(id, log.reader(), members.clone(), sync),
            maintenance: log.maintenance().unwrap(),
            log,
            signer,
            disk,
            incidents: Vec::new(),
            closed: Vec::new(),
            is_full: false,
            blobs: Vec::new(),
            introduced: Vec::new(),
            is_blocked: false,
            numbers: BTreeMap::new(),
        }
    }
}

/// The swarm of the bench, the same in every test.
fn plant() -> TestSwarm {
    swarm::swarm(100)
}

/// The certificate of the node with this seed, which grants these capabilities; of two the later
/// one counts.
pub(super) fn certificate(seed: u8, capabilities: &str, not_before: u64) -> Chain {
    let plant = plant();
    plant.member_with(Claims {
        capabilities: capabilities.parse().unwrap(),
        not_before,
        ..plant.claims(seed)
    })
}

/// The certificates of nodes with these capabilities.
fn members(capabilities: &[&str]) -> Members {
    let mut members = Members::new(plant().authority, Directory::new());
    for (capabilities, seed) in capabilities.iter().zip(1u8..) {
        let chain = certificate(seed, capabilities, swarm::NOW);
        members.admit(chain).unwrap();
    }
    members
}
