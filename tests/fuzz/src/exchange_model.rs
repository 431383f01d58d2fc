//! What the exchange of blobs may say, told from what goes in and comes out alone.
//!
//! It knows the frames by docs/format/blob.md, and nothing of how the machine decides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use swarmlet_engine::blobs::exchange::limits::{
    AHEAD_MAX, ENCODES_MAX, END_PATIENCE, END_PIECES, FETCHES_MAX, LATE_MIN, LOOKUPS_MAX,
    WINDOW_MAX,
};
use swarmlet_engine::blobs::exchange::{Input, Output};
use swarmlet_engine::blobs::{BlobId, Piece};
use swarmlet_engine::event::codec::Reader;
use swarmlet_engine::sync::SessionId;

pub const ASK: u8 = 1;
pub const FORGET: u8 = 2;
pub const HAVE: u8 = 3;
pub const LACK: u8 = 4;
pub const FETCH: u8 = 5;
pub const PIECE: u8 = 6;
pub const REFUSE: u8 = 7;
pub const SEEK: u8 = 8;

/// Outputs of one step: a window or two of frames, and what all sessions look up and read.
const OUTPUTS_MAX: usize = 200;

/// What has been said so far, and what has not been answered.
#[derive(Debug, Default)]
pub struct Model {
    peers: BTreeMap<SessionId, Peer>,
    /// Pieces of a blob of some size that somebody is relied on for, and since when.
    relied: BTreeMap<(BlobId, u64, u64), (SessionId, Duration)>,
    /// What the worker has not answered. Of a lookup: whether no right has changed since.
    pub stores: BTreeSet<(BlobId, Piece)>,
    pub encodes: BTreeSet<(SessionId, BlobId, Piece)>,
    pub lookups: BTreeMap<(SessionId, BlobId), bool>,
    /// The blobs that are wanted, and how many pieces are missing, where that is known.
    wants: BTreeMap<BlobId, Option<u32>>,
    /// Those of them that only peers want.
    for_peers: BTreeSet<BlobId>,
    /// The piece that came in this step and was asked for, with the size of its blob.
    arrived: Option<(BlobId, u64, u64, Bytes)>,
    /// Pieces that were read for peers, and not sent yet.
    read: BTreeMap<(SessionId, BlobId, u64), Bytes>,
}

#[derive(Debug, Default)]
struct Peer {
    /// Blobs that the peer was asked for, and what it ever said of their sizes.
    asked: BTreeSet<BlobId>,
    claims: BTreeSet<(BlobId, u64)>,
    /// Pieces that it was asked for and has not answered, and of which size.
    flights: BTreeMap<(BlobId, u64), u64>,
    /// Pieces that it asked for and that were not answered.
    fetches: BTreeSet<(BlobId, u64)>,
    /// Blobs that it asked for, and those that it asked to have fetched.
    asks: BTreeSet<BlobId>,
    seeks: BTreeSet<BlobId>,
    /// Blobs that it was told are here, and those that it may have as far as is known.
    told: BTreeMap<BlobId, u64>,
    allowed: BTreeSet<BlobId>,
}

/// A frame, as far as one has to look into it.
struct Said {
    kind: u8,
    blob: BlobId,
    /// The size, or 0, and the number of the piece, if it has one.
    size: u64,
    piece: u64,
    rest: Bytes,
}

impl Model {
    /// Whether there is such a session.
    #[must_use]
    pub fn is_open(&self, session: SessionId) -> bool {
        self.peers.contains_key(&session)
    }

    /// What a peer could say that belongs to what was said before: pieces that it was asked for,
    /// then blobs of which it was told the size, then blobs that it was asked for.
    #[must_use]
    pub fn hints(&self, session: SessionId) -> [Vec<(BlobId, u64)>; 3] {
        let Some(peer) = self.peers.get(&session) else {
            return Default::default();
        };
        [
            peer.flights.keys().copied().collect(),
            peer.told
                .iter()
                .map(|(blob, size)| (*blob, *size))
                .collect(),
            peer.asked.iter().map(|blob| (*blob, 0)).collect(),
        ]
    }

    /// Something is about to happen.
    pub fn note(&mut self, input: &Input) {
        self.arrived = None;
        match input {
            Input::Connected { session, .. } => {
                self.peers.insert(*session, Peer::default());
            }
            Input::Disconnected { session } => self.close(*session),
            Input::Received { session, frame } => self.hear(*session, frame),
            Input::Want { blob, terms } => {
                match terms.is_for_peers {
                    true => self.for_peers.insert(*blob),
                    false => self.for_peers.remove(blob),
                };
                self.want(*blob, terms.missing.as_ref().map(|it| it.1.len()));
            }
            Input::Unwant { blob } => {
                self.wants.remove(blob);
            }
            Input::Offered { session, blob, .. } => {
                let is_right = self.lookups.remove(&(*session, *blob)) == Some(true);
                if let Some(peer) = self.peers.get_mut(session).filter(|_| is_right) {
                    peer.allowed.insert(*blob);
                }
            }
            Input::Encoded {
                session,
                blob,
                piece,
                bytes,
            } => {
                let is_awaited = self.encodes.remove(&(*session, *blob, *piece));
                let key = (*session, *blob, u64::from(piece.get()));
                let read = bytes.clone().filter(|_| is_awaited);
                self.read.extend(read.map(|bytes| (key, bytes)));
            }
            Input::Stored { blob, piece, .. } => {
                self.stores.remove(&(*blob, *piece));
            }
            Input::RightsChanged => {
                self.lookups
                    .values_mut()
                    .for_each(|is_right| *is_right = false);
                self.peers
                    .values_mut()
                    .for_each(|peer| peer.allowed.clear());
            }
            Input::Sent { .. } | Input::Gained { .. } | Input::Tick => {}
        }
    }

    fn want(&mut self, blob: BlobId, missing: Option<u32>) {
        let want = self.wants.entry(blob).or_default();
        *want = missing.or(*want);
        if missing == Some(0) {
            self.wants.remove(&blob);
        }
    }

    fn hear(&mut self, session: SessionId, frame: &Bytes) {
        let (Some(said), Some(peer)) = (Said::read(frame), self.peers.get_mut(&session)) else {
            return;
        };
        let (blob, piece) = (said.blob, said.piece);
        match said.kind {
            ASK => {
                peer.asks.insert(blob);
            }
            SEEK if peer.asks.contains(&blob) => {
                peer.seeks.insert(blob);
            }
            FORGET => {
                peer.told.remove(&blob);
                peer.asks.remove(&blob);
                peer.seeks.remove(&blob);
            }
            HAVE => {
                peer.claims.insert((blob, said.size));
            }
            FETCH => {
                peer.fetches.insert((blob, piece));
            }
            PIECE | REFUSE => {
                let Some(size) = peer.flights.remove(&(blob, piece)) else {
                    return;
                };
                if said.kind == PIECE {
                    self.arrived = Some((blob, size, piece, said.rest));
                }
                let key = (blob, size, piece);
                if self.relied.get(&key).is_some_and(|(by, _)| *by == session) {
                    self.relied.remove(&key);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, session: SessionId) {
        self.peers.remove(&session);
        self.relied.retain(|_, (by, _)| *by != session);
        self.encodes.retain(|(by, ..)| *by != session);
        self.read.retain(|(by, ..), _| *by != session);
        self.lookups.retain(|(by, _), _| *by != session);
    }

    /// What came of it.
    pub fn check(&mut self, now: Duration, outputs: Vec<Output>) {
        assert!(outputs.len() <= OUTPUTS_MAX, "{} outputs", outputs.len());
        for output in outputs {
            self.check_one(now, output);
        }
        assert!(self.encodes.len() <= ENCODES_MAX);
        for session in self.peers.keys() {
            let ahead = self.read.keys().filter(|(by, ..)| by == session);
            assert!(ahead.count() <= AHEAD_MAX);
        }
    }

    fn check_one(&mut self, now: Duration, output: Output) {
        match output {
            Output::Send { session, frame } => {
                let said = Said::read(&frame).expect("a frame that is sent can be read");
                self.check_said(now, session, &said);
            }
            Output::Lookup { session, blob, .. } => {
                assert!(self.is_open(session));
                assert_eq!(self.lookups.insert((session, blob), true), None);
                let here = self.lookups.keys().filter(|(by, _)| *by == session);
                assert!(here.count() <= LOOKUPS_MAX);
            }
            Output::Encode {
                session,
                blob,
                piece,
            } => {
                self.peers[&session].check_gets(blob, u64::from(piece.get()));
                assert!(self.encodes.insert((session, blob, piece)));
            }
            Output::Store {
                blob,
                size,
                piece,
                bytes,
            } => {
                let number = u64::from(piece.get());
                let arrived = self.arrived.take();
                assert_eq!(arrived, Some((blob, size.get(), number, bytes)));
                assert!(self.wants.contains_key(&blob));
                assert!(self.stores.insert((blob, piece)));
            }
            Output::Progress { blob, missing, .. } => {
                let want = self.wants.get_mut(&blob).expect("it is wanted");
                assert!(want.is_none_or(|before| missing <= before));
                *want = Some(missing);
            }
            Output::Done { blob } => {
                let missing = self.wants.remove(&blob).flatten();
                assert!(missing.is_none_or(|missing| missing == 0));
            }
            Output::Sought { blob, .. } => assert!(self.is_sought(blob)),
            Output::Unsought { blob } => assert!(!self.is_sought(blob)),
            Output::Unavailable { blob } => assert!(self.wants.contains_key(&blob)),
            Output::Crowded { .. } => panic!("few blobs are wanted"),
            Output::Lied { .. } => {}
            Output::Close { session, .. } => self.close(session),
        }
    }

    fn is_sought(&self, blob: BlobId) -> bool {
        self.peers.values().any(|peer| peer.seeks.contains(&blob))
    }

    fn check_said(&mut self, now: Duration, session: SessionId, said: &Said) {
        let peer = self.peers.get_mut(&session);
        let peer = peer.expect("nothing is sent where no session is");
        let (blob, piece) = (said.blob, said.piece);
        match said.kind {
            ASK => {
                assert!(self.wants.contains_key(&blob));
                peer.asked.insert(blob);
            }
            FORGET => {
                peer.asked.remove(&blob);
                let is_theirs = |of: BlobId, by| of == blob && by == session;
                self.relied.retain(|(of, ..), (by, _)| !is_theirs(*of, *by));
            }
            HAVE => {
                peer.told.insert(blob, said.size);
            }
            LACK => {
                peer.told.remove(&blob);
            }
            FETCH => self.check_fetch(now, session, said),
            PIECE => {
                peer.check_gets(blob, piece);
                peer.fetches.remove(&(blob, piece));
                let read = self.read.remove(&(session, blob, piece));
                assert_eq!(read.as_ref(), Some(&said.rest), "as it was read");
            }
            REFUSE => {
                assert!(peer.fetches.remove(&(blob, piece)), "it did not ask");
                self.read.remove(&(session, blob, piece));
            }
            SEEK => {
                assert!(peer.asked.contains(&blob), "it was not asked what it has");
                assert!(self.wants.contains_key(&blob));
                assert!(!self.for_peers.contains(&blob), "it may come back");
            }
            kind => panic!("no kind of frame is {kind}"),
        }
    }

    fn check_fetch(&mut self, now: Duration, session: SessionId, said: &Said) {
        let (blob, size, piece) = (said.blob, said.size, said.piece);
        let peer = self.peers.get_mut(&session).expect("it was looked at");
        assert!(peer.asked.contains(&blob));
        assert!(peer.claims.contains(&(blob, size)), "it did not offer that");
        assert_eq!(peer.flights.insert((blob, piece), size), None, "twice");
        assert!(peer.flights.len() <= WINDOW_MAX as usize);
        let mut stores = self.stores.iter();
        let is_here =
            |(of, number): &(BlobId, Piece)| *of == blob && u64::from(number.get()) == piece;
        assert!(!stores.any(is_here), "it is being stored");
        let missing = self.wants[&blob];
        let is_end = missing.is_some_and(|missing| missing <= END_PIECES);
        let patience = if is_end { END_PATIENCE } else { LATE_MIN };
        let before = self.relied.insert((blob, size, piece), (session, now));
        let is_slow = |(_, since): (SessionId, Duration)| now >= since + patience;
        assert!(before.is_none_or(is_slow), "asked of two at once");
    }
}

impl Peer {
    /// The peer is given a piece.
    fn check_gets(&self, blob: BlobId, piece: u64) {
        assert!(self.fetches.contains(&(blob, piece)), "it did not ask");
        assert!(self.fetches.len() <= FETCHES_MAX);
        assert!(self.told.contains_key(&blob), "it was not told of it");
        assert!(self.allowed.contains(&blob), "it may not have it");
    }
}

impl Said {
    fn read(frame: &Bytes) -> Option<Self> {
        let mut reader = Reader::new(frame);
        let kind = reader.u8().ok()?;
        let blob = BlobId::from_bytes(reader.array().ok()?);
        let has_size = matches!(kind, HAVE | FETCH);
        let has_piece = matches!(kind, FETCH | PIECE | REFUSE);
        let mut number = |is_there| {
            if is_there {
                reader.varint().ok()
            } else {
                Some(0)
            }
        };
        let (size, piece) = (number(has_size)?, number(has_piece)?);
        Some(Self {
            kind,
            blob,
            size,
            piece,
            rest: frame.slice(reader.position()..),
        })
    }
}
