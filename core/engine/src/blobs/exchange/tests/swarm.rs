//! Swarms of machines over links that come and go, some of them lying.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use super::bench::{blob, once, peer, piece};
use crate::blobs::exchange::frame::Frame;
use crate::blobs::exchange::limits::WINDOW_MAX;
use crate::blobs::exchange::{Exchange, Held, Input, Offer, Outcome, Output, Terms};
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::event::NodeId;
use crate::event::codec::checksum;
use crate::sync::SessionId;

const NODES: usize = 5;
const STEP: Duration = Duration::from_millis(10);

/// Repeatable chance.
#[derive(Debug)]
pub(super) struct Chance {
    pub(super) seed: u64,
    pub(super) drawn: u64,
}

impl Chance {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        checksum(&[&self.seed.to_le_bytes(), &self.drawn.to_le_bytes()]) % bound
    }

    pub(super) fn hits(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// How a node lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    Honest,
    /// Pieces are wrong every other time.
    WrongBytes,
    /// Claims another size.
    WrongSize,
    /// Offers everything and gives nothing.
    Silent,
    /// Says what nobody asked for.
    Noisy,
}

#[derive(Debug)]
struct Node {
    machine: Exchange,
    nature: Nature,
    /// What it has. The fake store keeps no bytes: only the right ones are ever proven.
    has: BTreeMap<BlobId, PieceSet>,
    wants: BTreeSet<BlobId>,
    /// Answers of its disk, and when they come.
    answers: Vec<(Duration, Input)>,
}

/// Frames on their way in one direction, and when they arrive.
#[derive(Debug, Default)]
struct Lane {
    frames: VecDeque<(Duration, Bytes)>,
    delay: Duration,
}

#[derive(Debug)]
struct Swarm {
    chance: Chance,
    now: Duration,
    nodes: Vec<Node>,
    sizes: BTreeMap<BlobId, BlobSize>,
    /// Who has no right to which blob.
    denied: BTreeSet<(usize, BlobId)>,
    links: BTreeMap<(usize, usize), SessionId>,
    lanes: BTreeMap<(usize, SessionId), Lane>,
    sessions: u64,
}

impl Swarm {
    fn new(seed: u64) -> Self {
        let mut chance = Chance { seed, drawn: 0 };
        let natures = [
            Nature::WrongBytes,
            Nature::WrongSize,
            Nature::Silent,
            Nature::Noisy,
        ];
        // Parts of some have more ranges than one answer has room for.
        let bytes = |chance: &mut Chance| {
            let pieces = if chance.hits(5) { 400 } else { 30 };
            1 + chance.below(pieces * PIECE_BYTES)
        };
        let sizes = (0..4).map(|number| (blob(number), bytes(&mut chance)));
        let sizes: BTreeMap<BlobId, BlobSize> = sizes
            .map(|(blob, bytes)| (blob, BlobSize::new(bytes).unwrap()))
            .collect();
        let nodes = (0..NODES).map(|_| Node {
            machine: Exchange::new(),
            nature: if chance.hits(30) {
                *chance.pick(&natures)
            } else {
                Nature::Honest
            },
            has: BTreeMap::new(),
            wants: BTreeSet::new(),
            answers: Vec::new(),
        });
        let nodes = nodes.collect();
        let mut swarm = Self {
            chance,
            now: Duration::ZERO,
            nodes,
            sizes,
            denied: BTreeSet::new(),
            links: BTreeMap::new(),
            lanes: BTreeMap::new(),
            sessions: 0,
        };
        swarm.fill();
        swarm
    }

    /// Gives nodes all or parts of blobs, as if fetched: with the last piece.
    fn fill(&mut self) {
        for (blob, size) in self.sizes.clone() {
            for at in 0..NODES {
                let share = *self.chance.pick(&[0, 0, 30, 70, 100]);
                let mut set = PieceSet::none(size);
                for number in 0..u64::from(size.pieces()) {
                    if self.chance.hits(share) {
                        set.insert(piece(number));
                    }
                }
                if share > 0 {
                    set.insert(size.last_piece());
                    self.nodes[at].has.insert(blob, set);
                }
            }
        }
    }

    /// Each honest node begins to want the blobs that it has not.
    fn want_all(&mut self) {
        for at in 0..NODES {
            for (blob, size) in self.sizes.clone() {
                let has = self.nodes[at].has.get(&blob);
                let missing = has.map(|has| (size, complement(size, has)));
                if self.nodes[at].nature == Nature::Honest {
                    self.nodes[at].wants.insert(blob);
                    let first = once(0..self.chance.below(3) * PIECE_BYTES);
                    self.step(
                        at,
                        Input::Want {
                            blob,
                            terms: Terms {
                                missing,
                                first,
                                ..Terms::default()
                            },
                        },
                    );
                }
            }
        }
    }

    /// Readers at some node go somewhere else.
    fn seek(&mut self) {
        let at = self.chance.below(NODES as u64) as usize;
        let blob = blob(self.chance.below(4));
        if self.nodes[at].wants.contains(&blob) {
            let start = self.chance.below(self.sizes[&blob].get());
            let first = once(start..start + self.chance.below(5) * PIECE_BYTES);
            let missing = None;
            self.step(
                at,
                Input::Want {
                    blob,
                    terms: Terms {
                        missing,
                        first,
                        ..Terms::default()
                    },
                },
            );
        }
    }

    fn step(&mut self, at: usize, input: Input) {
        let mut out = Vec::new();
        self.nodes[at].machine.step(self.now, input, &mut out);
        self.nodes[at].machine.check();
        out.into_iter()
            .for_each(|output| self.carry_out(at, output));
    }

    fn carry_out(&mut self, at: usize, output: Output) {
        match output {
            Output::Send { session, frame } => self.send(at, session, frame),
            Output::Lookup {
                session,
                peer,
                blob,
            } => {
                let offer = self.offer(at, peer, blob);
                self.answer(
                    at,
                    Input::Offered {
                        session,
                        blob,
                        offer,
                    },
                );
            }
            Output::Encode {
                session,
                blob,
                piece,
            } => {
                let bytes = self.encode(at, blob, piece);
                self.answer(
                    at,
                    Input::Encoded {
                        session,
                        blob,
                        piece,
                        bytes,
                    },
                );
            }
            Output::Store {
                blob,
                size,
                piece,
                bytes,
            } => {
                let outcome = self.store(at, (blob, size, piece), &bytes);
                self.answer(
                    at,
                    Input::Stored {
                        blob,
                        piece,
                        outcome,
                    },
                );
            }
            Output::Done { blob } => {
                assert!(self.nodes[at].wants.remove(&blob));
                assert!(self.nodes[at].has[&blob].is_full());
            }
            Output::Close { session, reason } => {
                let other = self.other(at, session);
                let nature = self.nodes[other].nature;
                assert_ne!(nature, Nature::Honest, "{reason}");
                self.cut(session, Some(at));
            }
            Output::Lied { peer, .. } => {
                let nature = self.nodes[number_of(peer)].nature;
                let is_liar = matches!(nature, Nature::WrongBytes | Nature::WrongSize);
                assert!(is_liar, "{nature:?}");
            }
            Output::Crowded { .. } => panic!("few blobs are wanted"),
            // Nobody waits for these, or could fetch more than it does.
            _ => {}
        }
    }

    fn send(&mut self, at: usize, session: SessionId, frame: Bytes) {
        let nature = self.nodes[at].nature;
        let said = Frame::decode(&frame).unwrap();
        if let (Frame::Piece(blob, ..), Nature::Honest) = (&said, nature) {
            let is_denied = self.denied.contains(&(self.other(at, session), *blob));
            assert!(!is_denied, "a piece for who has lost the right to it");
        }
        let is_piece = matches!(said, Frame::Piece(..) | Frame::Refuse(..));
        if nature == Nature::Silent && is_piece {
            return;
        }
        self.queue(at, session, frame.clone());
        if nature == Nature::Noisy && self.chance.hits(1) {
            self.queue(at, session, frame);
        }
    }

    fn queue(&mut self, at: usize, session: SessionId, frame: Bytes) {
        let jitter = Duration::from_millis(self.chance.below(5));
        if let Some(lane) = self.lanes.get_mut(&(at, session)) {
            let due = self.now + lane.delay + jitter;
            let after = lane.frames.back().map_or(due, |(last, _)| due.max(*last));
            lane.frames.push_back((after, frame));
        }
    }

    fn answer(&mut self, at: usize, input: Input) {
        let due = self.now + Duration::from_millis(self.chance.below(40));
        self.nodes[at].answers.push((due, input));
    }

    fn offer(&mut self, at: usize, peer: NodeId, blob: BlobId) -> Option<Offer> {
        let size = self.sizes[&blob];
        let node = &self.nodes[at];
        if matches!(node.nature, Nature::Silent | Nature::WrongBytes) {
            return Some(Offer {
                size,
                has: Held::All,
            });
        }
        if node.nature == Nature::WrongSize {
            let other = self.chance.below(60 * PIECE_BYTES);
            let size = BlobSize::new(other).unwrap();
            return Some(Offer {
                size,
                has: Held::All,
            });
        }
        if self.denied.contains(&(number_of(peer), blob)) {
            return None;
        }
        let set = node.has.get(&blob)?.clone();
        let is_proven = set.contains(size.last_piece());
        let has = Held::Some(set);
        is_proven.then_some(Offer { size, has })
    }

    fn encode(&mut self, at: usize, blob: BlobId, piece: Piece) -> Option<Bytes> {
        let node = &self.nodes[at];
        match node.nature {
            Nature::WrongSize => return Some(Bytes::from_static(b"wrong")),
            Nature::WrongBytes if self.chance.hits(50) => {
                return Some(Bytes::from_static(b"wrong"));
            }
            _ => {}
        }
        let is_here = node.has.get(&blob).is_some_and(|has| has.contains(piece));
        let is_read = is_here && !self.chance.hits(1);
        is_read.then(|| truth(blob, self.sizes[&blob], piece))
    }

    fn store(
        &mut self,
        at: usize,
        (blob, size, piece): (BlobId, BlobSize, Piece),
        bytes: &Bytes,
    ) -> Outcome {
        let right = self.sizes[&blob];
        if size != right || *bytes != truth(blob, right, piece) {
            return Outcome::Unproven;
        }
        if self.chance.hits(2) {
            return Outcome::Failed;
        }
        let node = &mut self.nodes[at];
        let has = node.has.entry(blob).or_insert_with(|| PieceSet::none(size));
        assert!(has.insert(piece), "a piece is stored once");
        Outcome::Stored
    }

    fn other(&self, at: usize, session: SessionId) -> usize {
        let mut links = self.links.iter();
        let ((left, right), _) = links.find(|(_, other)| **other == session).unwrap();
        left + right - at
    }

    fn connect(&mut self, left: usize, right: usize) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        self.links.insert((left, right), session);
        let delay = Duration::from_millis(*self.chance.pick(&[0, 3, 20, 150]));
        for at in [left, right] {
            let frames = VecDeque::new();
            self.lanes.insert((at, session), Lane { frames, delay });
        }
        for (at, other) in [(left, right), (right, left)] {
            let peer = peer(other as u64);
            self.step(at, Input::Connected { session, peer });
        }
    }

    /// Ends a session, but does not tell the node that ended it.
    fn cut(&mut self, session: SessionId, by: Option<usize>) {
        let mut links = self.links.iter();
        let (link, _) = links.find(|(_, other)| **other == session).unwrap();
        let (left, right) = *link;
        self.links.remove(&(left, right));
        for at in [left, right] {
            self.lanes.remove(&(at, session));
        }
        for at in [left, right] {
            if by != Some(at) {
                self.step(at, Input::Disconnected { session });
            }
        }
    }

    /// Connects and cuts at random.
    fn shake(&mut self) {
        let left = self.chance.below(NODES as u64 - 1) as usize;
        let right = left + 1 + self.chance.below((NODES - left - 1) as u64) as usize;
        match self.links.get(&(left, right)) {
            Some(session) => self.cut(*session, None),
            None => self.connect(left, right),
        }
    }

    /// Takes or gives a right, and all nodes learn of it.
    fn change_rights(&mut self) {
        let right = (
            self.chance.below(NODES as u64) as usize,
            blob(self.chance.below(4)),
        );
        if !self.denied.remove(&right) {
            self.denied.insert(right);
        }
        self.tell_rights();
    }

    fn tell_rights(&mut self) {
        for at in 0..NODES {
            self.step(at, Input::RightsChanged);
        }
    }

    fn connect_all(&mut self) {
        for right in 1..NODES {
            for left in 0..right {
                if !self.links.contains_key(&(left, right)) {
                    self.connect(left, right);
                }
            }
        }
    }

    /// One moment: whatever is due arrives.
    fn pass(&mut self, is_tick: bool) {
        self.now += STEP;
        let lanes: Vec<(usize, SessionId)> = self.lanes.keys().copied().collect();
        for (at, session) in lanes {
            while let Some(frame) = self.due(at, session) {
                let other = self.other(at, session);
                self.step(other, Input::Received { session, frame });
                let lane = self.lanes.get(&(at, session));
                let waiting = lane.map(|lane| &lane.frames);
                let unsent = waiting.map_or(0, |frames| frames.iter().map(|(_, f)| f.len()).sum());
                self.step(at, Input::Sent { session, unsent });
            }
        }
        for at in 0..NODES {
            let now = self.now;
            let is_due = |answer: &mut (Duration, Input)| answer.0 <= now;
            let due: Vec<_> = self.nodes[at].answers.extract_if(.., is_due).collect();
            due.into_iter().for_each(|(_, input)| self.step(at, input));
            if is_tick {
                self.step(at, Input::Tick);
            }
        }
    }

    fn due(&mut self, at: usize, session: SessionId) -> Option<Bytes> {
        let lane = self.lanes.get_mut(&(at, session))?;
        let (due, _) = lane.frames.front()?;
        if *due > self.now {
            return None;
        }
        lane.frames.pop_front().map(|(_, frame)| frame)
    }

    /// The pieces that honest nodes have among them.
    fn reachable(&self, blob: BlobId) -> PieceSet {
        let honest = self
            .nodes
            .iter()
            .filter(|node| node.nature == Nature::Honest);
        let mut all = PieceSet::none(self.sizes[&blob]);
        for has in honest.filter_map(|node| node.has.get(&blob)) {
            has.iter().for_each(|piece| {
                all.insert(piece);
            });
        }
        all
    }

    /// Whether every honest node has all that honest nodes have, and knows it.
    fn is_settled(&self) -> bool {
        let is_honest = |node: &&Node| node.nature == Nature::Honest;
        let is_storing = |(_, input): &(Duration, Input)| matches!(input, Input::Stored { .. });
        let mut honest = self.nodes.iter().filter(is_honest);
        honest.all(|node| {
            let count = |blob| node.has.get(blob).map_or(0, PieceSet::len);
            let mut blobs = self.sizes.keys();
            let has_all = blobs.all(|blob| count(blob) == self.reachable(*blob).len());
            has_all && !node.answers.iter().any(is_storing)
        })
    }
}

impl Exchange {
    /// What holds at any time.
    pub(super) fn check(&self) {
        assert_eq!(self.holding().excess(), None);
        for flown in self.flying.values() {
            assert!(self.sessions.contains_key(&flown.session));
        }
        for (id, session) in &self.sessions {
            let flown = self.flying.values().filter(|flown| flown.session == *id);
            assert!(flown.count() <= WINDOW_MAX as usize);
            assert!(session.pace.window() <= WINDOW_MAX as usize);
        }
        assert_eq!(self.active.len() + self.waiting.len(), self.wants.len());
    }
}

/// Which of the nodes it is.
fn number_of(peer: NodeId) -> usize {
    usize::from(peer.as_bytes()[0])
}

/// What travels as this piece of this blob.
fn truth(blob: BlobId, size: BlobSize, piece: Piece) -> Bytes {
    let number = piece.get().to_le_bytes();
    let parts = [&blob.as_bytes()[..8], &size.get().to_le_bytes(), &number];
    Bytes::from(parts.concat())
}

fn complement(size: BlobSize, has: &PieceSet) -> PieceSet {
    let mut missing = PieceSet::all(size);
    has.iter().for_each(|piece| {
        missing.remove(piece);
    });
    missing
}

/// Whatever happens, honest nodes end with all that honest nodes have.
fn run(seed: u64) {
    let mut swarm = Swarm::new(seed);
    swarm.want_all();
    for moment in 0..300 {
        if swarm.chance.hits(8) {
            swarm.shake();
        }
        if swarm.chance.hits(5) {
            swarm.change_rights();
        }
        if swarm.chance.hits(20) {
            swarm.seek();
        }
        swarm.pass(moment % 10 == 0);
    }
    swarm.denied.clear();
    swarm.tell_rights();
    for moment in 0..12_000 {
        swarm.connect_all();
        swarm.pass(moment % 10 == 0);
        if moment % 100 == 0 && swarm.is_settled() {
            break;
        }
    }
    assert!(swarm.is_settled(), "seed {seed}: {:?}", swarm.now);
    for node in swarm
        .nodes
        .iter()
        .filter(|node| node.nature == Nature::Honest)
    {
        for (blob, size) in &swarm.sizes {
            let is_complete = node.has.get(blob).is_some_and(PieceSet::is_full);
            let want = node.machine.wants.get(blob);
            assert_eq!(
                want.is_none(),
                is_complete,
                "seed {seed}: {size:?}, {want:?}"
            );
            assert_eq!(node.wants.contains(blob), !is_complete, "seed {seed}");
        }
    }
}

#[test]
fn honest_nodes_end_with_all_that_honest_nodes_have() {
    (0..100).for_each(run);
}
