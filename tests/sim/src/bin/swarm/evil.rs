//! A malicious member: admitted, with a key of its own, saying whatever it likes.
//!
//! It writes frames by hand, so none of the checks of an honest sender are in its way.

use std::collections::BTreeMap;

use bytes::Bytes;
use swarmlet_engine::event::batch::{BatchPlace, BodyBuilder};
use swarmlet_engine::event::{
    AppId, Batch, BatchHash, Content, DeviceKey, Lamport, NodeId, Offset, Offsets, Payload, Signer,
    StreamId, StreamName, StreamNumber, Tags, Timestamp,
};
use swarmlet_engine::limits::LAMPORT_JUMP_MAX;
use swarmlet_engine::membership::Revocations;
use swarmlet_engine::sync::limits::{
    CHUNK_BYTES_MAX, FRAME_BYTES_MAX, HEADS_PER_FRAME_MAX, STREAMS_PER_PEER_MAX,
};
use swarmlet_engine::sync::{Chunk, Frame, HeadEntry, Hello, SessionId};
use swarmlet_sim::random::Random;

use crate::device::SECRET;
use crate::network::Place;

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strategy {
    /// Writes as a member may.
    Honest,
    /// Signs an event of another author with its own key.
    ForgedAuthor,
    /// Writes a batch that does not continue its own chain.
    WrongChain,
    /// Says again what it said before.
    Replay,
    /// Writes two batches at one place.
    Equivocate,
    /// Writes a stream that it has no right to.
    ForeignStream,
    /// Writes a lamport that would use up the numbers.
    LamportPoison,
    /// Sends a frame that is too long.
    OversizedFrame,
    /// Sends bytes that are no frame.
    Garbage,
    /// Sends more than there is room for.
    NoCredit,
    /// Grants more credit than there is.
    GrantTooMuch,
    /// Wants more streams than anybody has.
    WantEverything,
    /// Announces what it does not have, and never sends it.
    EmptyPromise,
}

pub(crate) const STRATEGIES: &[Strategy] = &[
    Strategy::Honest,
    Strategy::ForgedAuthor,
    Strategy::WrongChain,
    Strategy::Replay,
    Strategy::Equivocate,
    Strategy::ForeignStream,
    Strategy::LamportPoison,
    Strategy::OversizedFrame,
    Strategy::Garbage,
    Strategy::NoCredit,
    Strategy::GrantTooMuch,
    Strategy::WantEverything,
    Strategy::EmptyPromise,
];

/// The malicious member.
pub(crate) struct Evil {
    signer: DeviceKey,
    sessions: BTreeMap<Place, (SessionId, u32)>,
    /// The batches of its own stream, encoded.
    chain: Vec<Batch>,
    instance: [u8; 16],
    /// Whether it has promised more streams than it may: once is enough, it takes long.
    has_overpromised: bool,
}

impl Evil {
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut instance = [0; 16];
        instance.copy_from_slice(&random.bytes(16));
        Self {
            signer: key(),
            sessions: BTreeMap::new(),
            chain: Vec::new(),
            instance,
            has_overpromised: false,
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.signer.node_id()
    }

    pub(crate) fn session(&self, place: Place) -> Option<SessionId> {
        self.sessions.get(&place).map(|(session, _)| *session)
    }

    pub(crate) fn connected(&mut self, place: Place, session: SessionId) {
        self.sessions.insert(place, (session, 0));
    }

    pub(crate) fn disconnected(&mut self, session: SessionId) {
        self.sessions.retain(|_, (open, _)| *open != session);
    }

    /// The next frames to a device that has `streams`.
    pub(crate) fn speak(
        &mut self,
        place: Place,
        streams: &Offsets,
        random: &mut Random,
    ) -> (Strategy, Vec<Bytes>) {
        let strategy = *random.pick(STRATEGIES);
        let mut frames = Vec::new();
        let sequence = self
            .sessions
            .get(&place)
            .map_or(0, |(_, sequence)| *sequence);
        if sequence == 0 {
            frames.push(Frame::Hello(Hello {
                instance: self.instance,
                holds: vec!["*".parse().expect("a star is a pattern")],
                revocations: Revocations::new().digest(),
                members: [0; 32],
            }));
        }
        frames.extend(self.act(strategy, streams, random));
        let first = sequence;
        let numbered = frames.iter().zip(first..);
        let mut bytes: Vec<Bytes> = numbered
            .map(|(frame, number)| frame.encode(number))
            .collect();
        if let Some((_, sequence)) = self.sessions.get_mut(&place) {
            *sequence += bytes.len() as u32;
        }
        match strategy {
            Strategy::OversizedFrame => bytes.push(vec![0; FRAME_BYTES_MAX + 1].into()),
            Strategy::Garbage => {
                let len = random.skewed(300) as usize;
                bytes.push(random.bytes(len).into());
            }
            _ => {}
        }
        (strategy, bytes)
    }

    fn act(&mut self, strategy: Strategy, streams: &Offsets, random: &mut Random) -> Vec<Frame> {
        let own = StreamId::new(self.id(), StreamNumber::DEFAULT);
        match strategy {
            Strategy::Honest => {
                let lamport = random.below(1_000);
                let batch = self.next_batch(self.chain.len(), lamport);
                self.chain.push(batch);
                say(own, &self.chain)
            }
            Strategy::Replay => say(own, &self.chain),
            Strategy::ForgedAuthor => {
                let victim = streams.iter().nth(random.below(4) as usize);
                let Some((stream, last)) = victim else {
                    return Vec::new();
                };
                let place = BatchPlace {
                    stream,
                    name: StreamName::default_name(),
                    first_offset: last.advanced(1).expect("offsets of a run are small"),
                    previous: BatchHash::from_bytes([1; 32]),
                };
                let batch = self.batch(place, 5_000);
                say(stream, &[batch])
            }
            Strategy::WrongChain => {
                let mut batch = self.next_batch(self.chain.len().max(1), 10);
                batch.header.previous = BatchHash::from_bytes([9; 32]);
                let batch = self.sign(batch);
                say(own, &[batch])
            }
            Strategy::Equivocate => {
                let length = random.below(self.chain.len() as u64 + 1) as usize;
                let batch = self.next_batch(length, random.below(1_000));
                let mut branch = self.chain[..length].to_vec();
                branch.push(batch);
                say(own, &branch)
            }
            Strategy::ForeignStream => {
                let number = StreamNumber::new(1).expect("numbers are small");
                let stream = StreamId::new(self.id(), number);
                let place = BatchPlace {
                    stream,
                    name: StreamName::new(SECRET).expect("a valid name"),
                    first_offset: Offset::ZERO,
                    previous: BatchHash::GENESIS,
                };
                say(stream, &[self.batch(place, 5)])
            }
            Strategy::LamportPoison => {
                let batch = self.next_batch(self.chain.len(), 2 * LAMPORT_JUMP_MAX);
                let mut branch = self.chain.clone();
                branch.push(batch);
                say(own, &branch)
            }
            _ => self.disturb(strategy, streams),
        }
    }

    /// What it does without writing anything.
    fn disturb(&mut self, strategy: Strategy, streams: &Offsets) -> Vec<Frame> {
        let own = StreamId::new(self.id(), StreamNumber::DEFAULT);
        match strategy {
            Strategy::NoCredit => {
                let chunk = |index: usize| {
                    Frame::Data(Chunk {
                        stream: own,
                        at: index * CHUNK_BYTES_MAX,
                        is_end: false,
                        is_shown: false,
                        bytes: vec![7; CHUNK_BYTES_MAX].into(),
                    })
                };
                (0..200).map(chunk).collect()
            }
            Strategy::GrantTooMuch => vec![Frame::Credit(u64::MAX)],
            Strategy::WantEverything => {
                let stream = |number| {
                    let number = StreamNumber::new(number).expect("numbers are small");
                    StreamId::new(NodeId::from_bytes([5; 32]), number)
                };
                let want = |number| Frame::Want(stream(number), Offset::ZERO);
                (0..200).map(want).collect()
            }
            Strategy::EmptyPromise => {
                let mut heads = vec![(own, 1 << 40)];
                heads.extend(streams.iter().map(|(stream, _)| (stream, 1 << 30)));
                if !std::mem::replace(&mut self.has_overpromised, true) {
                    let number = |number| StreamNumber::new(number).expect("numbers are small");
                    let more = (0..STREAMS_PROMISED).map(number);
                    heads.extend(more.map(|number| (StreamId::new(own.node, number), 1 << 20)));
                }
                let frames = heads.chunks(HEADS_PER_FRAME_MAX).map(|heads| {
                    let heads = heads.iter().map(|(stream, last)| head(*stream, *last));
                    Frame::Heads(heads.collect())
                });
                frames.chain([Frame::HeadsComplete]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A batch behind the first `length` ones of the own chain.
    fn next_batch(&self, length: usize, lamport_step: u64) -> Batch {
        let before = length
            .checked_sub(1)
            .and_then(|index| self.chain.get(index));
        let first_offset = Offset::new(length as u64).expect("chains are short");
        let place = BatchPlace {
            stream: StreamId::new(self.id(), StreamNumber::DEFAULT),
            name: StreamName::default_name(),
            first_offset,
            previous: before.map_or(BatchHash::from_bytes([u8::from(length > 0); 32]), |batch| {
                batch.header.hash()
            }),
        };
        let lamport = before.map_or(0, |batch| batch.header.lamport.get());
        self.batch(place, lamport + 1 + lamport_step)
    }

    fn batch(&self, place: BatchPlace, lamport: u64) -> Batch {
        let payload = Payload::from_serde(&lamport).expect("a number is a payload");
        let content = Content::new(&Tags::default(), &payload);
        let mut body = BodyBuilder::new();
        let lamport = Lamport::new(lamport).expect("chosen below the bound");
        body.push(lamport, Timestamp::from_micros(0), content.as_bytes());
        let app_id = AppId::new("com.example.evil").expect("a valid app id");
        self.sign(body.finish(place, app_id))
    }

    fn sign(&self, mut batch: Batch) -> Batch {
        batch.signature = Some(batch.header.hash().signed_by(&self.signer));
        batch
    }
}

/// Whose identity it has.
pub(crate) fn evil_id() -> NodeId {
    key().node_id()
}

fn key() -> DeviceKey {
    DeviceKey::from_seed(&[200; 32])
}

/// Announces `stream` and sends these batches, each as a run.
fn say(stream: StreamId, batches: &[Batch]) -> Vec<Frame> {
    let last = batches
        .last()
        .map_or(0, |batch| batch.header.last_offset().get());
    let mut frames = vec![Frame::Heads(vec![head(stream, last)])];
    for batch in batches {
        let mut bytes = Vec::new();
        batch.encode(&mut bytes);
        frames.push(Frame::Data(Chunk {
            stream,
            at: 0,
            is_end: true,
            is_shown: false,
            bytes: bytes.into(),
        }));
    }
    frames
}

fn head(stream: StreamId, last: u64) -> HeadEntry {
    HeadEntry {
        stream,
        name: StreamName::default_name(),
        first: Offset::ZERO,
        last: Offset::new(last).expect("chosen below the bound"),
        hash: BatchHash::from_bytes([3; 32]),
    }
}

/// More streams than a peer may announce.
const STREAMS_PROMISED: u64 = STREAMS_PER_PEER_MAX as u64 + 1_000;
