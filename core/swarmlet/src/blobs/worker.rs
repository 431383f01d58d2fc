//! The worker: the thread that reads, checks and writes blobs for the exchange, which decides.
//!
//! It does one thing after the other; how much waits for it is bounded by the exchange. It also
//! follows the log for blobs that this node is to hold.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use swarmlet_engine::blobs::exchange::{Held, Input, Offer, Outcome};
use swarmlet_engine::blobs::{BlobId, BlobRecord, BlobSize, Piece, PieceSet, Taken};
use swarmlet_engine::event::{Event, NodeId, StreamId, StreamName};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::select::Selection;
use swarmlet_engine::sync::SessionId;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::follower::Follower;
use super::keeper::BlobKeeper;
use crate::limits::{
    BLOB_RECORDS_LOOKS_MAX, BLOB_RECORDS_PER_LOOK, BLOBS_HELD_AT_ONCE, BLOBS_TO_HOLD_MAX,
    CHUNK_BYTES_MAX,
};
use crate::state::State;

/// What the worker is asked to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Somebody waits for bytes of a blob.
    Want(BlobId),
    /// Somebody does not wait any more.
    Unwait(BlobId),
    /// A blob is whole here now.
    Gained(BlobId),
    /// The exchange has given up a blob, for now.
    GivenUp(BlobId),
    /// Say what a peer may have of a blob.
    Lookup {
        session: SessionId,
        peer: NodeId,
        blob: BlobId,
    },
    /// Read a piece for a peer.
    Encode {
        session: SessionId,
        blob: BlobId,
        piece: Piece,
    },
    /// Check and write a piece.
    Store {
        blob: BlobId,
        size: BlobSize,
        piece: Piece,
        bytes: Bytes,
    },
    /// Look for records.
    Look,
}

/// Whether a node may read streams of a name.
pub(crate) type MayRead = Box<dyn Fn(NodeId, &StreamName) -> bool + Send>;

/// Where its answers go.
pub(crate) type Answer = Box<dyn Fn(Input) + Send>;

/// What the worker works on.
pub(crate) struct BlobWorker {
    keeper: Arc<BlobKeeper>,
    state: Arc<State>,
    may_read: MayRead,
    answer: Answer,
    follower: Follower,
    /// The blobs that records say this node is to hold and it fetches now, and those to come.
    held: BTreeSet<BlobId>,
    to_hold: VecDeque<BlobId>,
}

impl BlobWorker {
    pub(crate) fn new(
        keeper: Arc<BlobKeeper>,
        state: Arc<State>,
        may_read: MayRead,
        answer: Answer,
    ) -> Self {
        Self {
            keeper,
            state,
            may_read,
            answer,
            follower: Follower::default(),
            held: BTreeSet::new(),
            to_hold: VecDeque::new(),
        }
    }

    /// Works until nobody can ask any more.
    pub(crate) fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            self.work(job);
        }
    }

    fn work(&mut self, job: Job) {
        let outcome = match job {
            Job::Want(blob) => self.want(blob),
            Job::Unwait(blob) => {
                self.unwait(blob);
                Ok(())
            }
            Job::Gained(blob) => {
                (self.answer)(Input::Gained { blob });
                Ok(())
            }
            Job::GivenUp(blob) => self.given_up(blob),
            Job::Lookup {
                session,
                peer,
                blob,
            } => self.lookup(session, peer, blob),
            Job::Encode {
                session,
                blob,
                piece,
            } => self.encode(session, blob, piece),
            Job::Store {
                blob,
                size,
                piece,
                bytes,
            } => {
                self.store(blob, size, piece, &bytes);
                Ok(())
            }
            Job::Look => self.look(),
        };
        if let Err(error) = outcome
            && error.kind() != ErrorKind::Closed
        {
            tracing::warn!(%error, "a blob could not be read or written");
        }
    }

    /// Has the exchange fetch what is missing of a blob.
    fn want(&mut self, blob: BlobId) -> Result<()> {
        if self.keeper.store.blob(blob)?.is_some() {
            self.held.remove(&blob);
            self.keeper.note_moved();
            return Ok(());
        }
        let missing =
            |keeper: &BlobKeeper| keeper.part(blob, |part| (part.size(), part.missing().clone()));
        let mut known = missing(&self.keeper);
        if known.is_none()
            && let Some(part) = self.keeper.store.part(blob)?
        {
            self.keeper.add_part(part);
            known = missing(&self.keeper);
            self.keeper.note_moved();
        }
        if known
            .as_ref()
            .is_some_and(|(_, missing)| missing.is_empty())
        {
            self.complete(blob);
            return Ok(());
        }
        (self.answer)(Input::Want {
            blob,
            missing: known,
            first: self.keeper.waits(blob),
        });
        Ok(())
    }

    fn unwait(&mut self, blob: BlobId) {
        if self.keeper.waits(blob).is_empty() && !self.held.contains(&blob) {
            self.keeper.drop_part(blob);
            (self.answer)(Input::Unwant { blob });
        }
    }

    /// Nobody has it, or others were to be fetched first: others have their turn, and it comes
    /// again.
    fn given_up(&mut self, blob: BlobId) -> Result<()> {
        if !self.keeper.waits(blob).is_empty() || self.to_hold.is_empty() {
            return Ok(());
        }
        if self.held.contains(&blob) {
            self.keeper.drop_part(blob);
            (self.answer)(Input::Unwant { blob });
            self.hold_later(blob);
        }
        self.hold_more()
    }

    /// Follows the log.
    fn look(&mut self) -> Result<()> {
        while self.to_hold.len() < BLOBS_TO_HOLD_MAX {
            let wanted = {
                let log = self.state.log()?;
                self.follower.look(&log)?
            };
            let Some(wanted) = wanted else {
                break;
            };
            for blob in wanted {
                let is_here = matches!(self.keeper.store.blob(blob), Ok(Some(_)));
                if !is_here && !self.held.contains(&blob) {
                    self.to_hold.push_back(blob);
                }
            }
        }
        self.hold_more()
    }

    fn hold_more(&mut self) -> Result<()> {
        // Each once: what fails has its turn again when something else has happened.
        for _ in 0..self.to_hold.len() {
            if self.held.len() >= BLOBS_HELD_AT_ONCE {
                break;
            }
            let Some(blob) = self.to_hold.pop_front() else {
                break;
            };
            self.held.insert(blob);
            if let Err(error) = self.want(blob) {
                self.hold_later(blob);
                return Err(error);
            }
        }
        Ok(())
    }

    /// What is to be held and cannot be now has its turn behind the others.
    fn hold_later(&mut self, blob: BlobId) {
        if self.held.remove(&blob) {
            self.to_hold.push_back(blob);
        }
    }

    fn lookup(&self, session: SessionId, peer: NodeId, blob: BlobId) -> Result<()> {
        let offer = match self.may_have(peer, blob) {
            Ok(true) => self.offer(blob),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        let (offer, outcome) = match offer {
            Ok(offer) => (offer, Ok(())),
            Err(error) => (None, Err(error)),
        };
        (self.answer)(Input::Offered {
            session,
            blob,
            offer,
        });
        outcome
    }

    fn offer(&self, blob: BlobId) -> Result<Option<Offer>> {
        let part = self.keeper.part(blob, |part| {
            let (size, missing) = (part.size(), part.missing());
            let mut has = PieceSet::all(size);
            missing.iter().for_each(|piece| {
                has.remove(piece);
            });
            let has = Held::Some(has);
            Offer { size, has }
        });
        if part.is_some() {
            return Ok(part);
        }
        let whole = self.keeper.store.blob(blob)?;
        Ok(whole.map(|whole| Offer {
            size: whole.size(),
            has: Held::All,
        }))
    }

    /// Whether a record of the blob is in a stream that the peer may read.
    fn may_have(&self, peer: NodeId, blob: BlobId) -> Result<bool> {
        let log = self.state.log()?;
        let mut cursor = log.query(&Query {
            selection: Selection::Tag(BlobRecord::tag_of(blob)),
            lower: Default::default(),
            upper: None,
            order: Order::Ascending,
        })?;
        let opens = |event: &Event| {
            let record = BlobRecord::parse(&event.payload());
            let is_of_it = record.is_some_and(|record| record.id == blob);
            is_of_it && self.may_read_stream(&log, peer, event.key.stream)
        };
        for _ in 0..BLOB_RECORDS_LOOKS_MAX {
            let events = cursor.next_chunk(BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX)?;
            if events.iter().any(opens) {
                return Ok(true);
            }
            if events.is_empty() {
                break;
            }
        }
        Ok(false)
    }

    fn may_read_stream(&self, log: &LogReader, peer: NodeId, stream: StreamId) -> bool {
        let head = log.head(stream);
        stream.node == peer || head.is_some_and(|head| (self.may_read)(peer, &head.name))
    }

    fn encode(&mut self, session: SessionId, blob: BlobId, piece: Piece) -> Result<()> {
        let encoded = match self.keeper.part(blob, |part| part.encode(piece)) {
            Some(encoded) => encoded,
            None => self.encode_whole(blob, piece),
        };
        let (bytes, outcome) = match encoded {
            Ok(bytes) => (bytes.map(Bytes::from), Ok(())),
            Err(error) => (None, Err(error)),
        };
        (self.answer)(Input::Encoded {
            session,
            blob,
            piece,
            bytes,
        });
        let is_damaged = |error: &Error| error.kind() == ErrorKind::Corrupt;
        if outcome.as_ref().is_err_and(is_damaged) {
            // Others have what is damaged; the rest is not fetched again.
            self.keeper.store.set_back(blob)?;
            self.held.insert(blob);
            self.want(blob)?;
        }
        outcome
    }

    fn encode_whole(&self, blob: BlobId, piece: Piece) -> Result<Option<Vec<u8>>> {
        match self.keeper.store.blob(blob)? {
            Some(whole) => whole.encode(piece).map(Some),
            None => Ok(None),
        }
    }

    fn store(&mut self, blob: BlobId, size: BlobSize, piece: Piece, bytes: &[u8]) {
        let stored = match self.keeper.write(blob, piece, bytes) {
            Ok(None) => self.go_on(blob, size, piece, bytes),
            Ok(Some(taken)) => Ok(outcome(taken)),
            Err(error) => Err(error),
        };
        let answered = stored.as_ref().map_or(Outcome::Failed, |outcome| *outcome);
        (self.answer)(Input::Stored {
            blob,
            piece,
            outcome: answered,
        });
        match stored {
            Ok(Outcome::Stored) => {
                self.keeper.note_moved();
                self.complete(blob);
            }
            Ok(Outcome::Unproven | Outcome::Failed) => {}
            Err(error) => {
                tracing::warn!(%error, %blob, "a piece of a blob could not be kept");
                self.keeper.note_failure(blob, error);
            }
        }
    }

    /// A piece of what is not in hand: the first one, or one that was asked for when somebody else
    /// wanted it. It says nothing about the peer who sent it if nobody needs it any more.
    fn go_on(&self, blob: BlobId, size: BlobSize, piece: Piece, bytes: &[u8]) -> Result<Outcome> {
        let is_wanted = !self.keeper.waits(blob).is_empty() || self.held.contains(&blob);
        if !is_wanted || self.keeper.store.blob(blob)?.is_some() {
            return Ok(Outcome::Failed);
        }
        if let Some(part) = self.keeper.store.part(blob)? {
            self.keeper.add_part(part);
            let taken = self.keeper.write(blob, piece, bytes)?;
            return Ok(taken.map_or(Outcome::Failed, outcome));
        }
        let promised = self.keeper.promised();
        let begun = self
            .keeper
            .store
            .begin(blob, size, (piece, bytes), promised)?;
        let Some(part) = begun else {
            return Ok(Outcome::Unproven);
        };
        self.keeper.add_part(part);
        Ok(Outcome::Stored)
    }

    fn complete(&mut self, blob: BlobId) {
        match self.keeper.complete(blob) {
            Ok(None) => {}
            Ok(Some(_)) => {
                tracing::debug!(%blob, "a blob was fetched");
                self.held.remove(&blob);
                (self.answer)(Input::Gained { blob });
                // Others have their turn, and records that there was no room for.
                self.keeper.ask(Job::Look);
            }
            Err(error) => {
                tracing::warn!(%error, %blob, "a blob could not be kept");
                self.hold_later(blob);
                self.keeper.note_failure(blob, error);
            }
        }
    }
}

fn outcome(taken: Taken) -> Outcome {
    match taken {
        Taken::Stored => Outcome::Stored,
        Taken::Unproven => Outcome::Unproven,
    }
}
