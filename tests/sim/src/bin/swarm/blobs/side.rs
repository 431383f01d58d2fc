//! What a running node has of blobs: its store, its exchange, and what waits to be done on the
//! disk.
//!
//! It stands for what the node does between the two: the exchange is stepped with what has
//! happened, in order, and what it wants of the disk is done by and by, as by another thread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use anyhow::anyhow;
use bytes::Bytes;
use swarmlet_engine::Error;
use swarmlet_engine::blobs::exchange::{Exchange, Input, Output};
use swarmlet_engine::blobs::{BlobId, BlobSize, BlobStore, Hold, Import, Part, Piece};
use swarmlet_engine::event::{NodeId, Offsets};
use swarmlet_engine::sync::SessionId;
use swarmlet_sim::random::Random;

use super::folder::BlobFolder;
use super::lying::{FETCH, Nature, PIECE, REFUSE};
use super::telling;
use crate::met::Met;

/// The blobs of a running node.
pub(crate) struct BlobSide {
    pub(super) store: BlobStore,
    pub(super) exchange: Exchange,
    inputs: VecDeque<Input>,
    outputs: VecDeque<Output>,
    pub(super) jobs: VecDeque<Job>,
    /// What is in hand, and what of it is being looked at.
    pub(super) parts: BTreeMap<BlobId, Part>,
    pub(super) checking: VecDeque<BlobId>,
    /// Blobs that are to be held and are fetched, and those that are tried again later.
    pub(super) holds: BTreeSet<BlobId>,
    pub(super) resting: BTreeSet<BlobId>,
    pub(super) woken: Duration,
    /// Who waits for which bytes, and what failed that they do not know of.
    pub(super) waits: BTreeMap<BlobId, BTreeMap<u64, Range<u64>>>,
    pub(super) failures: BTreeMap<BlobId, Error>,
    pub(super) importing: Option<Importing>,
    /// How far the log was looked at.
    pub(super) seen: Offsets,
    pub(super) looked_at: Option<u64>,
    /// Who is at the other end, and how many pieces it was asked for without an answer.
    pub(super) sessions: BTreeMap<SessionId, Peer>,
    /// The pieces of parts that are here for sure, if nothing failed.
    pub(super) pieces: BTreeMap<BlobId, BTreeSet<u32>>,
    /// Of these, the parts that were begun where others had been before.
    pub(super) loose: BTreeSet<BlobId>,
    pub(super) findings: Vec<anyhow::Error>,
    /// What happened, for the trace.
    pub(super) notes: Vec<String>,
    pub(super) random: Random,
}

/// A peer that may be told of blobs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) node: NodeId,
    pub(super) asked: u64,
}

/// A blob that is being stored.
pub(super) struct Importing {
    pub(super) import: Import,
    pub(super) id: BlobId,
    pub(super) written: usize,
    pub(super) hold: Hold,
}

/// What is to be done on the disk.
#[derive(Debug)]
pub(super) enum Job {
    Want(BlobId),
    Unwait(BlobId),
    Gained(BlobId),
    Damaged(BlobId),
    Lookup {
        session: SessionId,
        peer: NodeId,
        blob: BlobId,
    },
    Encode {
        session: SessionId,
        blob: BlobId,
        piece: Piece,
    },
    Store {
        blob: BlobId,
        size: BlobSize,
        piece: Piece,
        bytes: Bytes,
    },
}

/// What is to be said to peers.
pub(super) enum Said {
    Send {
        session: SessionId,
        frame: Bytes,
    },
    Close {
        session: SessionId,
        what: &'static str,
    },
}

impl BlobSide {
    pub(super) fn new(
        store: BlobStore,
        pieces: BTreeMap<BlobId, BTreeSet<u32>>,
        random: Random,
    ) -> Self {
        Self {
            store,
            exchange: Exchange::new(),
            inputs: VecDeque::new(),
            outputs: VecDeque::new(),
            jobs: VecDeque::new(),
            parts: BTreeMap::new(),
            checking: VecDeque::new(),
            holds: BTreeSet::new(),
            resting: BTreeSet::new(),
            woken: Duration::ZERO,
            waits: BTreeMap::new(),
            failures: BTreeMap::new(),
            importing: None,
            seen: Offsets::new(),
            looked_at: None,
            sessions: BTreeMap::new(),
            pieces,
            loose: BTreeSet::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            random,
        }
    }

    /// Something has happened; it is looked at when all that happened before was.
    pub(super) fn note(&mut self, input: Input) {
        match &input {
            Input::Connected { session, peer } => {
                let (node, asked) = (*peer, 0);
                self.sessions.insert(*session, Peer { node, asked });
            }
            Input::Disconnected { session } => drop(self.sessions.remove(session)),
            Input::Received { session, frame } => self.count_answer(*session, frame),
            _ => {}
        }
        self.inputs.push_back(input);
    }

    /// What is to be said next.
    pub(super) fn next(&mut self, folder: &mut BlobFolder, now: Duration) -> Option<Said> {
        loop {
            while let Some(output) = self.outputs.pop_front() {
                if let Some(said) = self.pass(output, folder) {
                    return Some(said);
                }
            }
            let input = self.inputs.pop_front()?;
            let mut outputs = Vec::new();
            let told = telling::input(&input);
            self.notes
                .extend(told.map(|told| format!("{now:?} {told}")));
            if let Input::Received { frame, .. } = &input {
                folder.tally.received += u64::from(frame.first() == Some(&PIECE));
            }
            if input == Input::Tick {
                self.chatter(folder, &mut outputs);
            }
            self.exchange.step(now, input, &mut outputs);
            if let Some(what) = self.exchange.holding().excess() {
                self.findings
                    .push(anyhow!("too much memory for blobs: {what}"));
            }
            self.outputs.extend(outputs);
        }
    }

    /// What a liar adds.
    fn chatter(&mut self, folder: &mut BlobFolder, outputs: &mut Vec<Output>) {
        let nature = folder.nature;
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        if nature == Nature::HONEST || sessions.is_empty() {
            return;
        }
        let session = *self.random.pick(&sessions);
        let frames = nature.chatter(&folder.shelf, &mut self.random);
        if !frames.is_empty() && !nature.is_noisy() {
            folder.met.insert(Met::BlobFickle);
        }
        let frames = frames.into_iter();
        outputs.extend(frames.map(|frame| Output::Send { session, frame }));
    }

    fn pass(&mut self, output: Output, folder: &mut BlobFolder) -> Option<Said> {
        self.notes.extend(telling::output(&output));
        match output {
            Output::Send { session, frame } => {
                if frame.first() == Some(&FETCH) && folder.nature == Nature::HONEST {
                    let peer = self.sessions.get_mut(&session);
                    peer.into_iter().for_each(|peer| peer.asked += 1);
                }
                return Some(Said::Send { session, frame });
            }
            Output::Close { session, reason } => {
                let what = reason;
                self.accuse(session, what, folder);
                self.sessions.remove(&session);
                return Some(Said::Close { session, what });
            }
            Output::Lied { peer, .. } => {
                folder.met.insert(Met::BlobLied);
                self.blame(peer, "sent what is no piece", folder);
            }
            Output::Lookup {
                session,
                peer,
                blob,
            } => self.jobs.push_back(Job::Lookup {
                session,
                peer,
                blob,
            }),
            Output::Encode {
                session,
                blob,
                piece,
            } => self.jobs.push_back(Job::Encode {
                session,
                blob,
                piece,
            }),
            Output::Store {
                blob,
                size,
                piece,
                bytes,
            } => self.jobs.push_back(Job::Store {
                blob,
                size,
                piece,
                bytes,
            }),
            Output::Crowded { blob } => {
                self.findings.push(anyhow!("{blob} is one of too many"));
            }
            // Nobody fetches anything for others here.
            Output::Sought { .. } | Output::Unsought { .. } => {}
            Output::Unavailable { .. } | Output::Progress { .. } | Output::Done { .. } => {}
        }
        None
    }

    fn accuse(&mut self, session: SessionId, what: &str, folder: &mut BlobFolder) {
        if folder.nature == Nature::HONEST {
            folder.met.insert(Met::BlobRefused);
        }
        if let Some(peer) = self.sessions.get(&session) {
            let node = peer.node;
            self.blame(node, what, folder);
        }
    }

    /// Somebody is said to have done what no honest node does.
    fn blame(&mut self, node: NodeId, what: &str, folder: &mut BlobFolder) {
        if folder.nature != Nature::HONEST {
            return;
        }
        if folder.liar != Some(node) {
            self.findings
                .push(anyhow!("{node} is honest, and blamed: {what}"));
        }
    }

    fn count_answer(&mut self, session: SessionId, frame: &Bytes) {
        let is_answer = matches!(frame.first(), Some(&(PIECE | REFUSE)));
        if let Some(peer) = self.sessions.get_mut(&session).filter(|_| is_answer) {
            peer.asked = peer.asked.saturating_sub(1);
        }
    }

    /// Whether nothing waits to be done.
    pub(super) fn is_quiet(&self) -> bool {
        self.jobs.is_empty() && self.inputs.is_empty() && self.checking.is_empty()
    }

    /// Whether somebody wants a blob.
    pub(super) fn is_wanted(&self, blob: BlobId) -> bool {
        self.holds.contains(&blob) || self.waits.contains_key(&blob)
    }

    /// Notes what went wrong, unless it may.
    pub(super) fn judge(&mut self, error: &Error, blob: Option<BlobId>, folder: &mut BlobFolder) {
        self.notes.push(format!("fails: {error}"));
        if let Err(finding) = folder.judge(error, blob) {
            self.findings.push(finding);
        }
    }
}
