//! The worker: the thread that reads, checks and writes blobs for the exchange, which decides.
//!
//! It does one thing after the other; how much waits for it is bounded by the exchange. It also
//! follows the log for blobs that this node is to hold.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use swarmlet_engine::blobs::exchange::{Input, Outcome, Terms};
use swarmlet_engine::blobs::{
    BlobDeletion, BlobId, BlobRecord, BlobSize, Hold, Part, Piece, Taken,
};
use swarmlet_engine::event::{Event, NodeId, Tag};
use swarmlet_engine::sync::SessionId;
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::mpsc::{self, error::TryRecvError};

use super::claims::{Judge, Standing};
use super::follower::Follower;
use super::holds::Holds;
use super::keeper::{BlobKeeper, Reserved};
use super::opened::OpenBlobs;
use super::syncer::Syncer;
use crate::clock::Stopwatch;
use crate::limits::{
    BLOB_HOLDERS_PERIOD, BLOB_PARTS_UNUSED_MAX, BLOB_PIECES_PER_CHECK, BLOB_SYNC_BYTES,
};

/// What the worker is asked to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Somebody waits for bytes of a blob.
    Want(BlobId),
    /// Somebody does not wait any more.
    Unwait(BlobId),
    /// A blob is whole here now.
    Gained(BlobId),
    /// A whole blob was found damaged, and is a part now.
    Damaged(BlobId),
    /// A blob is to be held here whatever records say.
    Hold(BlobId),
    /// A blob was removed.
    Gone(BlobId),
    /// A part of which nothing was missing is a whole blob now, durably, or could not become one.
    Completed { blob: BlobId, outcome: Result<()> },
    /// Nobody has a blob, or has what is missing of it.
    Unavailable(BlobId),
    /// The exchange has no room for a blob.
    Crowded(BlobId),
    /// A peer asks this node to fetch a blob that nobody has whom it can reach.
    Sought { peer: NodeId, blob: BlobId },
    /// No peer does any more.
    Unsought(BlobId),
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
    /// Look for records, and for what has its turn.
    Look,
    /// As [`Job::Look`]; also what could not be had is worth trying again.
    Wake,
    /// Members or their rights have changed: others may be to hold what records say.
    Regroup,
}

/// Where its answers go.
pub(crate) type Answer = Box<dyn Fn(Input) + Send>;

/// What the worker works on.
pub(crate) struct BlobWorker {
    pub(super) keeper: Arc<BlobKeeper>,
    pub(super) judge: Judge,
    pub(super) answer: Answer,
    records: Follower,
    deletions: Follower,
    holds: Holds,
    /// Whether it may change which records ask this device to hold their blobs, and when the last
    /// look at all of them began.
    has_choices: bool,
    chosen: Stopwatch,
    /// Parts that are being looked at: how much of them is there.
    checking: VecDeque<BlobId>,
    /// Parts that nobody wants just now, the newest last: looking at them again would take as long
    /// as reading them.
    unused: VecDeque<BlobId>,
    /// Blobs that are fetched for peers who cannot reach those who have them.
    pub(super) relayed: BTreeSet<BlobId>,
    /// Blobs that peers fetch from here.
    pub(super) opened: OpenBlobs,
    syncer: Syncer,
    /// Parts that are becoming whole blobs.
    completing: BTreeSet<BlobId>,
    /// Blobs that were found damaged, and are not whole again.
    pub(super) damaged: BTreeSet<BlobId>,
    /// Whether the last piece could not be kept.
    is_failing: bool,
}

impl BlobWorker {
    /// # Errors
    ///
    /// `closed`, `storage`.
    pub(crate) fn new(keeper: Arc<BlobKeeper>, answer: Answer) -> Result<Self> {
        let judge = keeper.judge()?.clone();
        let mut holds = Holds::default();
        keeper.pins().into_iter().for_each(|id| holds.add(id));
        let syncer = Syncer::start(keeper.clone())?;
        Ok(Self {
            keeper,
            judge,
            answer,
            records: Follower::new(Tag::new(BlobRecord::TAG)?),
            deletions: Follower::new(Tag::new(BlobDeletion::TAG)?),
            holds,
            has_choices: false,
            chosen: Stopwatch::start(),
            checking: VecDeque::new(),
            unused: VecDeque::new(),
            relayed: BTreeSet::new(),
            opened: OpenBlobs::default(),
            syncer,
            completing: BTreeSet::new(),
            damaged: BTreeSet::new(),
            is_failing: false,
        })
    }

    /// Works until nobody can ask any more, or wants an answer.
    pub(crate) fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Vec<Job>>) {
        let mut todo = VecDeque::new();
        while self.keeper.is_expected() {
            if todo.is_empty() {
                let asked = match self.checking.is_empty() {
                    true => jobs.blocking_recv().ok_or(TryRecvError::Disconnected),
                    false => jobs.try_recv(),
                };
                match asked {
                    Ok(asked) => todo.extend(asked),
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            if let Some(job) = todo.pop_front() {
                self.work(job);
            }
            // Between two jobs, so that neither waits for all of the other.
            self.check_some();
            self.count_missing(self.holds.len());
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Want(blob) => self.want(blob),
            Job::Unwait(blob) => self.unwait(blob),
            Job::Gained(blob) => self.has_all(blob),
            Job::Damaged(blob) => self.mend(blob),
            Job::Hold(blob) => {
                self.holds.add(blob);
                self.take_turns();
            }
            Job::Gone(blob) => self.gone(blob),
            Job::Completed { blob, outcome } => self.completed(blob, outcome),
            Job::Unavailable(blob) => {
                self.holds.note_vain(blob);
                self.take_turns();
            }
            Job::Crowded(blob) => {
                self.holds.rest(blob);
                self.relayed.remove(&blob);
            }
            Job::Sought { peer, blob } => self.relay(peer, blob),
            Job::Unsought(blob) => {
                self.relayed.remove(&blob);
                self.unwait(blob);
            }
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
            } => self.store(blob, size, piece, &bytes),
            Job::Look => self.look(),
            Job::Wake => {
                self.holds.wake();
                if self.has_choices && self.chosen.elapsed() > BLOB_HOLDERS_PERIOD {
                    self.regroup();
                }
                self.look();
            }
            Job::Regroup => {
                if self.has_choices {
                    self.regroup();
                    self.look();
                }
            }
        }
    }

    /// Looks at all records again: others may be to hold their blobs now.
    fn regroup(&mut self) {
        self.chosen = Stopwatch::start();
        self.records.begin_again();
    }

    /// Has the exchange fetch what is missing of a blob.
    pub(super) fn want(&mut self, blob: BlobId) {
        if let Err(error) = self.try_want(blob) {
            self.fail(blob, error);
        }
    }

    fn try_want(&mut self, blob: BlobId) -> Result<()> {
        self.unused.retain(|other| *other != blob);
        if self.completing.contains(&blob) {
            // It is here when that is done.
            return Ok(());
        }
        if self.keeper.store.blob(blob)?.is_some() {
            self.has_all(blob);
            return Ok(());
        }
        let part = match self.keeper.part(blob) {
            Some(part) => Some(part),
            None => self.keeper.store.part(blob)?.map(|part| self.take_up(part)),
        };
        if part.as_ref().is_some_and(|part| !part.is_checked()) {
            // It is wanted when that is known.
            return Ok(());
        }
        if part.as_ref().is_some_and(|part| part.missing_count() == 0) {
            self.complete(blob);
            return Ok(());
        }
        let room = part.as_ref().map_or(Ok(()), |part| part.expect_room());
        let first = self.keeper.waits(blob);
        let terms = Terms {
            missing: part.map(|part| (part.size(), part.missing())),
            is_for_peers: first.is_empty() && !self.holds.contains(blob),
            holders: self.judge.holders(blob)?,
            first,
            is_full: room.is_err(),
        };
        // Whoever waits for longer gets it when there is room.
        (self.answer)(Input::Want { blob, terms });
        room
    }

    /// Goes on with what is there of a blob, once it was looked at.
    fn take_up(&mut self, part: Part) -> Arc<Part> {
        if !part.is_checked() && !self.checking.contains(&part.id()) {
            self.checking.push_back(part.id());
        }
        let part = self.keeper.add_part(part);
        self.keeper.note_moved();
        part
    }

    /// Looks at a little of what is being looked at.
    fn check_some(&mut self) {
        let Some(blob) = self.checking.front().copied() else {
            return;
        };
        let is_done = match self.keeper.part(blob) {
            Some(part) => part.check(BLOB_PIECES_PER_CHECK),
            None => true,
        };
        if is_done {
            self.checking.pop_front();
            if self.is_wanted(blob) {
                self.want(blob);
            }
        }
    }

    fn is_wanted(&self, blob: BlobId) -> bool {
        let is_relayed = self.relayed.contains(&blob);
        is_relayed || self.holds.contains(blob) || !self.keeper.waits(blob).is_empty()
    }

    /// A blob was removed. What was known of it does not hold, and who waits for it begins anew.
    fn gone(&mut self, blob: BlobId) {
        self.holds.remove(blob);
        self.damaged.remove(&blob);
        self.relayed.remove(&blob);
        self.opened.forget(blob);
        self.has_choices = true;
        self.let_go(blob);
        if self.is_wanted(blob) {
            self.want(blob);
        }
    }

    fn unwait(&mut self, blob: BlobId) {
        if !self.is_wanted(blob) {
            self.let_go(blob);
        } else if self.relayed.contains(&blob) {
            // From here on it may be for peers only.
            self.want(blob);
        }
    }

    /// Nobody wants a blob just now.
    fn let_go(&mut self, blob: BlobId) {
        (self.answer)(Input::Unwant { blob });
        if self.keeper.part(blob).is_some() && !self.unused.contains(&blob) {
            self.unused.push_back(blob);
        }
        if self.unused.len() > BLOB_PARTS_UNUSED_MAX
            && let Some(oldest) = self.unused.pop_front()
        {
            self.keeper.drop_part(oldest);
        }
    }

    /// A blob is whole here.
    fn has_all(&mut self, blob: BlobId) {
        self.keeper.drop_part(blob);
        self.unused.retain(|other| *other != blob);
        self.relayed.remove(&blob);
        (self.answer)(Input::Unwant { blob });
        (self.answer)(Input::Gained { blob });
        self.keeper.note_moved();
        if self.holds.remove(blob) {
            // Others have their turn.
            self.keeper.ask(Job::Look);
        }
    }

    /// Others have what is damaged; the rest is not fetched again.
    fn mend(&mut self, blob: BlobId) {
        self.count_damaged(blob);
        self.opened.forget(blob);
        self.holds.add(blob);
        self.take_turns();
        if !self.keeper.waits(blob).is_empty() {
            self.want(blob);
        }
    }

    /// Something of a blob could not be read or kept. Whoever waits for it learns why, and it is
    /// tried again all the time; otherwise it is tried again later. That the node closes meanwhile
    /// is nothing to tell anybody else.
    fn fail(&mut self, blob: BlobId, error: Error) {
        let is_closed = error.kind() == ErrorKind::Closed;
        if !is_closed && !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(%error, %blob, "a blob, and maybe more of them, could not be kept");
        }
        self.keeper.note_failure(blob, error);
        if self.relayed.remove(&blob) {
            self.unwait(blob);
        }
        if self.holds.contains(blob) {
            self.holds.rest(blob);
            self.unwait(blob);
        }
    }

    /// Looks at some more of the log, and for what has its turn.
    fn look(&mut self) {
        let looked = self.look_at_deletions();
        let looked = looked.and_then(|more| Ok(self.look_at_records()? | more));
        match looked {
            // There may be more; others come in between.
            Ok(true) => self.keeper.ask(Job::Look),
            Ok(false) => {}
            Err(error) if error.kind() == ErrorKind::Closed => {}
            Err(error) => tracing::warn!(%error, "the records of blobs could not be read"),
        }
        self.take_turns();
    }

    /// Has what is not told of any more removed; says whether there may be more.
    fn look_at_deletions(&mut self) -> Result<bool> {
        let log = self.judge.state.log()?;
        let Some(events) = self.deletions.look(&log)? else {
            return Ok(false);
        };
        let deleted = events.iter().filter_map(BlobDeletion::of);
        deleted.for_each(|deletion| self.keeper.suspect(deletion.id));
        Ok(true)
    }

    /// Notes what is to be held; says whether there may be more.
    fn look_at_records(&mut self) -> Result<bool> {
        if !self.holds.has_room() {
            return Ok(false);
        }
        let log = self.judge.state.log()?;
        let Some(events) = self.records.look(&log)? else {
            return Ok(false);
        };
        drop(log);
        for event in &events {
            if let Some(record) = BlobRecord::of(event) {
                self.look_at_record(&record, event)?;
            }
        }
        Ok(true)
    }

    fn look_at_record(&mut self, record: &BlobRecord, event: &Event) -> Result<()> {
        self.has_choices |= matches!(record.hold, Hold::Copies(_) | Hold::Labels(_));
        let is_wanted = self.judge.asks_for(record, event.key.stream)?;
        if is_wanted && !matches!(self.keeper.store.blob(record.id), Ok(Some(_))) {
            self.holds.add(record.id);
        }
        Ok(())
    }

    fn take_turns(&mut self) {
        while let Some(turn) = self.holds.next() {
            if let Some(vain) = turn.instead_of {
                self.unwait(vain);
            }
            if self.is_to_be_held(turn.blob) {
                self.want(turn.blob);
            } else {
                self.holds.remove(turn.blob);
                // What is over now may be referred to later, or be the last version again.
                self.has_choices = true;
            }
        }
    }

    /// Whether a blob whose turn has come is still to be held: it may have been taken back.
    fn is_to_be_held(&self, blob: BlobId) -> bool {
        let standing = self.keeper.standing(blob);
        let is_over = matches!(standing, Ok(Standing::Deleted | Standing::Over));
        !is_over || self.keeper.is_pinned(blob)
    }

    /// Takes what was found damaged for a part.
    pub(super) fn set_back(&mut self, blob: BlobId) {
        if let Err(error) = self.keeper.store.set_back(blob) {
            self.fail(blob, error);
        }
        // Its files may have other names all the same.
        self.mend(blob);
    }

    fn store(&mut self, blob: BlobId, size: BlobSize, piece: Piece, bytes: &[u8]) {
        let stored = match self.keeper.part(blob) {
            Some(part) => part.write(piece, bytes).map(outcome),
            None => self.go_on(blob, size, piece, bytes),
        };
        let outcome = stored.as_ref().map_or(Outcome::Failed, |outcome| *outcome);
        (self.answer)(Input::Stored {
            blob,
            piece,
            outcome,
        });
        self.count_piece(&stored, bytes.len());
        match stored {
            Ok(Outcome::Stored) => {
                self.is_failing = false;
                self.holds.note_hope(blob);
                self.keeper.moves.note_piece();
                self.sync_if_due(blob);
                self.complete(blob);
            }
            Ok(Outcome::Unproven | Outcome::Failed) => {}
            Err(error) => self.fail(blob, error),
        }
    }

    /// A piece of what is not in hand: the first one, or one that was asked for when somebody else
    /// wanted it. It says nothing about the peer who sent it if nobody needs it any more, or it is
    /// not one to begin with.
    fn go_on(
        &mut self,
        blob: BlobId,
        size: BlobSize,
        piece: Piece,
        bytes: &[u8],
    ) -> Result<Outcome> {
        if self.keeper.store.blob(blob)?.is_some() {
            self.has_all(blob);
            return Ok(Outcome::Failed);
        }
        if !self.is_wanted(blob) {
            return Ok(Outcome::Failed);
        }
        if let Some(part) = self.keeper.store.part(blob)? {
            let part = self.take_up(part);
            return part.write(piece, bytes).map(outcome);
        }
        if piece != size.last_piece() {
            return Ok(Outcome::Failed);
        }
        let promised = self.keeper.promised(|other| self.is_wanted(other));
        let store = &self.keeper.store;
        // Nothing makes room for what a peer only says.
        if !store.is_proof(blob, size, piece, bytes) {
            return Ok(Outcome::Unproven);
        }
        let mut room = Reserved::none(self.keeper.clone());
        room.grow(size.get())?;
        loop {
            let uncounted = self.keeper.hold_removal();
            match store.begin(blob, size, (piece, bytes), promised) {
                Ok(Some(part)) => {
                    room.keep(size.get());
                    drop(uncounted);
                    self.take_up(part);
                    return Ok(Outcome::Stored);
                }
                Ok(None) => return Ok(Outcome::Unproven),
                Err(error) if error.kind() != ErrorKind::DiskFull => return Err(error),
                Err(error) => {
                    drop(uncounted);
                    if !self.keeper.give_way()? {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Has the disk write what came of a blob, if that is much.
    fn sync_if_due(&self, blob: BlobId) {
        if let Some(part) = self.keeper.part(blob)
            && part.is_sync_due(BLOB_SYNC_BYTES)
        {
            self.syncer.sync(part);
        }
    }

    /// Has what is being fetched become whole if nothing is missing.
    fn complete(&mut self, blob: BlobId) {
        let part = self.keeper.part(blob);
        let is_whole = |part: &Arc<Part>| part.is_checked() && part.missing_count() == 0;
        if let Some(part) = part.filter(is_whole)
            && self.completing.insert(blob)
        {
            self.syncer.complete(part);
        }
    }

    fn completed(&mut self, blob: BlobId, outcome: Result<()>) {
        self.completing.remove(&blob);
        self.count_completed(blob, outcome.is_ok());
        match outcome {
            Ok(()) => {
                tracing::debug!(%blob, "a blob was fetched");
                if self.keeper.part(blob).is_none() {
                    // It was removed meanwhile, and may be here all the same.
                    self.keeper.suspect(blob);
                }
                self.has_all(blob);
            }
            Err(error) => {
                // It is looked at anew: nobody knows what was kept.
                self.keeper.drop_part(blob);
                self.fail(blob, error);
            }
        }
    }
}

/// Whether bytes are not what they were, or cannot be read any more.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Storage)
}

fn outcome(taken: Taken) -> Outcome {
    match taken {
        Taken::Stored => Outcome::Stored,
        Taken::Unproven => Outcome::Unproven,
    }
}
