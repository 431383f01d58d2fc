//! What a node does on its disk for the exchange: one job after the other.

use bytes::Bytes;
use swarmlet_engine::blobs::exchange::{Held, Input, Offer, Outcome, Terms};
use swarmlet_engine::blobs::{Blob, BlobId, BlobRecord, BlobSize, Hold, Part, Piece, Taken};
use swarmlet_engine::event::{Event, NodeId, Offsets, Tag};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::select::Selection;
use swarmlet_engine::sync::{SessionId, Sync};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::folder::BlobFolder;
use super::side::{BlobSide, Job};
use super::there::There;
use crate::met::Met;

/// What the worker works with.
pub(super) struct Desk<'a> {
    pub(super) folder: &'a mut BlobFolder,
    pub(super) log: &'a LogReader,
    pub(super) sync: &'a Sync,
}

impl BlobSide {
    /// Does the next job, and looks at a little of what is being looked at.
    pub(super) fn work(&mut self, desk: &mut Desk<'_>) {
        match self.jobs.pop_front() {
            None => {}
            Some(Job::Want(blob)) => self.want(blob, desk),
            Some(Job::Unwait(blob)) => self.unwanted(blob),
            Some(Job::Gained(blob)) => self.has_all(blob),
            Some(Job::Damaged(blob)) => self.mend(blob, desk),
            Some(Job::Lookup {
                session,
                peer,
                blob,
            }) => self.lookup(session, peer, blob, desk),
            Some(Job::Encode {
                session,
                blob,
                piece,
            }) => self.encode(session, (blob, piece), desk),
            Some(Job::Store {
                blob,
                size,
                piece,
                bytes,
            }) => self.store(blob, size, (piece, &bytes), desk),
        }
        self.check_some(desk);
    }

    /// Looks at the records that are new, and again for what could not be had.
    pub(super) fn look(&mut self, now: std::time::Duration, desk: &mut Desk<'_>) {
        if now >= self.woken + WAKE_PERIOD {
            self.woken = now;
            if let Err(error) = self.store.tidy() {
                self.judge(&error, None, desk.folder);
            }
            for blob in std::mem::take(&mut self.resting) {
                self.hold(blob, desk);
            }
        }
        let position = desk.log.position();
        if self.looked_at == Some(position) {
            return;
        }
        self.looked_at = Some(position);
        let upper = desk.log.present();
        let tag = Tag::new(BlobRecord::TAG).expect("the word is a tag");
        let lower = std::mem::replace(&mut self.seen, upper);
        for record in records(desk.log, tag, lower) {
            if record.hold == Hold::Everyone && !matches!(self.store.blob(record.id), Ok(Some(_))) {
                self.hold(record.id, desk);
            }
        }
    }

    fn hold(&mut self, blob: BlobId, desk: &mut Desk<'_>) {
        if self.holds.insert(blob) {
            self.want(blob, desk);
        }
    }

    fn want(&mut self, blob: BlobId, desk: &mut Desk<'_>) {
        if let Err(error) = self.try_want(blob, desk) {
            self.fail(blob, error, desk);
        }
    }

    fn try_want(&mut self, blob: BlobId, desk: &mut Desk<'_>) -> Result<()> {
        if self.store.blob(blob)?.is_some() {
            self.has_all(blob);
            return Ok(());
        }
        if !self.parts.contains_key(&blob)
            && let Some(part) = self.store.part(blob)?
        {
            self.take_up(part);
        }
        let part = self.parts.get(&blob);
        if part.is_some_and(|part| !part.is_checked()) {
            // It is wanted when that is known.
            return Ok(());
        }
        if part.is_some_and(|part| part.missing_count() == 0) {
            self.complete(blob, desk);
            return Ok(());
        }
        let room = part.map_or(Ok(()), |part| part.expect_room());
        let missing = part.map(|part| (part.size(), part.missing()));
        let waits = self.waits.get(&blob);
        let first = waits.map_or_else(Vec::new, |waits| waits.values().cloned().collect());
        let terms = Terms {
            missing,
            first,
            is_full: room.is_err(),
            ..Terms::default()
        };
        self.note(Input::Want { blob, terms });
        room
    }

    fn take_up(&mut self, part: Part) {
        let blob = part.id();
        if !part.is_checked() && !self.checking.contains(&blob) {
            self.checking.push_back(blob);
        }
        self.parts.insert(blob, part);
    }

    fn check_some(&mut self, desk: &mut Desk<'_>) {
        let Some(blob) = self.checking.front().copied() else {
            return;
        };
        let part = self.parts.get(&blob);
        if part.is_some_and(|part| !part.check(PIECES_PER_CHECK)) {
            return;
        }
        self.checking.pop_front();
        self.check_pieces(blob, desk);
        if self.is_wanted(blob) {
            self.want(blob, desk);
        }
    }

    /// Checks that all that came of a blob was found again.
    fn check_pieces(&mut self, blob: BlobId, desk: &mut Desk<'_>) {
        let Some(part) = self.parts.get(&blob) else {
            return;
        };
        let present: Vec<u32> = part.present().iter().map(Piece::get).collect();
        let pieces = self.pieces.get(&blob).into_iter().flatten();
        let pieces: Vec<u32> = pieces.copied().collect();
        if desk.folder.is_exact_for(blob) && present != pieces {
            let finding = anyhow::anyhow!("{blob}: {present:?} are here, and not {pieces:?}");
            self.findings.push(finding);
        }
    }

    /// Lets go of a blob, unless somebody wants it.
    fn unwanted(&mut self, blob: BlobId) {
        if self.is_wanted(blob) {
            return;
        }
        self.note(Input::Unwant { blob });
        if self.random.percent(50) {
            self.parts.remove(&blob);
        }
    }

    fn has_all(&mut self, blob: BlobId) {
        self.parts.remove(&blob);
        self.pieces.remove(&blob);
        self.loose.remove(&blob);
        self.holds.remove(&blob);
        self.resting.remove(&blob);
        self.note(Input::Unwant { blob });
        self.note(Input::Gained { blob });
    }

    /// Others have what is damaged; the rest is not fetched again.
    fn mend(&mut self, blob: BlobId, desk: &mut Desk<'_>) {
        self.hold(blob, desk);
        if self.waits.contains_key(&blob) {
            self.want(blob, desk);
        }
    }

    fn fail(&mut self, blob: BlobId, error: Error, desk: &mut Desk<'_>) {
        self.judge(&error, Some(blob), desk.folder);
        if self.waits.contains_key(&blob) {
            self.failures.insert(blob, error);
        }
        if self.holds.remove(&blob) {
            self.resting.insert(blob);
            self.unwanted(blob);
        }
    }

    fn lookup(&mut self, session: SessionId, peer: NodeId, blob: BlobId, desk: &mut Desk<'_>) {
        let offer = match may_have(peer, blob, desk) {
            true => self.offer(blob),
            false => Ok(None),
        };
        if let Err(error) = &offer {
            self.judge(error, Some(blob), desk.folder);
        }
        let is_damaged = offer.as_ref().is_err_and(is_damage);
        let about = (&*desk.folder.shelf, blob);
        let nature = desk.folder.nature;
        let offer = nature.offer(offer.unwrap_or(None), about, &mut self.random);
        self.note(Input::Offered {
            session,
            blob,
            offer,
        });
        if is_damaged {
            self.set_back(blob, desk);
        }
    }

    fn offer(&self, blob: BlobId) -> Result<Option<Offer>> {
        if let Some(part) = self.parts.get(&blob) {
            let has = Held::Some(part.present());
            let size = part.size();
            return Ok(Some(Offer { size, has }));
        }
        let Some(whole) = self.store.blob(blob)? else {
            return Ok(None);
        };
        let (size, has) = (whole.proven_size()?, Held::All);
        Ok(Some(Offer { size, has }))
    }

    fn encode(&mut self, session: SessionId, (blob, piece): (BlobId, Piece), desk: &mut Desk<'_>) {
        let is_made_up = |whole: &Blob| {
            desk.folder.nature.lies_about_size() && piece.get() >= whole.size().pieces()
        };
        let encoded = match self.parts.get(&blob) {
            Some(part) => part.encode(piece),
            None => match self.store.blob(blob) {
                Ok(Some(whole)) if !is_made_up(&whole) => whole.encode(piece).map(Some),
                other => other.map(|_| None),
            },
        };
        let damage = encoded.as_ref().err().filter(|error| is_damage(error));
        if let Some(error) = damage {
            self.judge(error, Some(blob), desk.folder);
        }
        let is_damaged = damage.is_some();
        let bytes = encoded.unwrap_or(None).map(Bytes::from);
        let about = (&*desk.folder.shelf, blob, piece);
        let nature = desk.folder.nature;
        if let Some(bytes) = nature.encode(bytes, about, &mut self.random) {
            self.note(Input::Encoded {
                session,
                blob,
                piece,
                bytes,
            });
        }
        if is_damaged {
            self.set_back(blob, desk);
        }
    }

    fn set_back(&mut self, blob: BlobId, desk: &mut Desk<'_>) {
        match self.store.set_back(blob) {
            Ok(()) => self.mend(blob, desk),
            Err(error) => {
                desk.folder.note_torn(blob);
                self.fail(blob, error, desk);
            }
        }
    }

    fn store(
        &mut self,
        blob: BlobId,
        size: BlobSize,
        (piece, bytes): (Piece, &[u8]),
        desk: &mut Desk<'_>,
    ) {
        let stored = match self.parts.get(&blob) {
            Some(part) => part.write(piece, bytes).map(outcome),
            None => self.go_on(blob, size, (piece, bytes), desk),
        };
        let outcome = stored.as_ref().map_or(Outcome::Failed, |outcome| *outcome);
        self.note(Input::Stored {
            blob,
            piece,
            outcome,
        });
        let tally = &mut desk.folder.tally;
        match outcome {
            Outcome::Stored => tally.stored += 1,
            Outcome::Unproven => tally.unproven += 1,
            Outcome::Failed => tally.failed += 1,
        }
        match stored {
            Ok(Outcome::Stored) => {
                let is_new = self.pieces.entry(blob).or_default().insert(piece.get());
                if !is_new && desk.folder.is_exact_for(blob) && !self.loose.contains(&blob) {
                    let number = piece.get();
                    let finding = anyhow::anyhow!("{number} of {blob} was here, and is again");
                    self.findings.push(finding);
                }
                self.complete(blob, desk);
            }
            Ok(Outcome::Unproven | Outcome::Failed) => {}
            Err(error) => {
                // Some of it may have been written.
                self.find_pieces(blob, desk);
                self.fail(blob, error, desk);
            }
        }
    }

    /// A piece of what is not in hand.
    fn go_on(
        &mut self,
        blob: BlobId,
        size: BlobSize,
        (piece, bytes): (Piece, &[u8]),
        desk: &mut Desk<'_>,
    ) -> Result<Outcome> {
        if self.store.blob(blob)?.is_some() {
            self.has_all(blob);
            return Ok(Outcome::Failed);
        }
        if !self.is_wanted(blob) {
            return Ok(Outcome::Failed);
        }
        if let Some(part) = self.store.part(blob)? {
            let written = part.write(piece, bytes);
            self.take_up(part);
            return written.map(outcome);
        }
        if piece != size.last_piece() {
            return Ok(Outcome::Failed);
        }
        let wanted = self.parts.values().filter(|part| self.is_wanted(part.id()));
        let missing: u64 = wanted.map(|part| u64::from(part.missing_count())).sum();
        let promised = missing * swarmlet_engine::blobs::limits::PIECE_BYTES;
        let begun = self.store.begin(blob, size, (piece, bytes), promised)?;
        let Some(part) = begun else {
            return Ok(Outcome::Unproven);
        };
        // What was there of it could not be gone on with.
        if desk.folder.is_exact_for(blob)
            && self.pieces.get(&blob).is_some_and(|had| !had.is_empty())
        {
            self.findings
                .push(anyhow::anyhow!("{blob} was begun again"));
        }
        // With the last piece others are proven that were there. They are asked for until they were
        // looked at.
        self.find_pieces(blob, desk);
        self.loose.insert(blob);
        self.pieces.entry(blob).or_default().remove(&piece.get());
        self.take_up(part);
        Ok(Outcome::Stored)
    }

    /// Looks which pieces of a part there are.
    fn find_pieces(&mut self, blob: BlobId, desk: &Desk<'_>) {
        let there = There::on(&desk.folder.disk);
        let pieces = there.map(|there| there.pieces(&desk.folder.shelf).remove(&blob));
        self.pieces
            .insert(blob, pieces.ok().flatten().unwrap_or_default());
    }

    fn complete(&mut self, blob: BlobId, desk: &mut Desk<'_>) {
        let part = self.parts.get(&blob);
        let is_whole = |part: &&Part| part.is_checked() && part.missing_count() == 0;
        let Some(part) = part.filter(is_whole) else {
            return;
        };
        match self.store.complete(&[part]).remove(0) {
            Ok(()) => {
                desk.folder.doubted.remove(&blob);
                if self.holds.contains(&blob) {
                    desk.folder.met.insert(Met::BlobHeld);
                }
                let checked = There::on(&desk.folder.disk);
                let checked = checked.and_then(|there| desk.folder.check(&there));
                self.findings.extend(checked.err());
                self.has_all(blob);
            }
            Err(error) => {
                // It is looked at anew: nobody knows what was kept.
                desk.folder.doubted.insert(blob);
                desk.folder.met.insert(Met::BlobNotKept);
                self.parts.remove(&blob);
                self.fail(blob, error, desk);
            }
        }
    }
}

/// Whether a record of the blob is in a stream that the peer may read.
fn may_have(peer: NodeId, blob: BlobId, desk: &Desk<'_>) -> bool {
    let opens = |event: &Event| {
        let is_of_it = BlobRecord::of(event).is_some_and(|record| record.id == blob);
        let head = desk.log.head(event.key.stream);
        let may_read = head.is_some_and(|head| desk.sync.may_read(peer, &head.name));
        is_of_it && (may_read || event.key.stream.node == peer)
    };
    let tag = BlobRecord::tag_of(blob);
    tagged(desk.log, tag, Offsets::new()).iter().any(opens)
}

/// The records with a tag, behind these offsets.
pub(super) fn records(log: &LogReader, tag: Tag, lower: Offsets) -> Vec<BlobRecord> {
    let events = tagged(log, tag, lower);
    events.iter().filter_map(BlobRecord::of).collect()
}

fn tagged(log: &LogReader, tag: Tag, lower: Offsets) -> Vec<Event> {
    let cursor = log.query(&Query {
        selection: Selection::Tag(tag),
        lower,
        upper: None,
        order: Order::Ascending,
    });
    let mut cursor = cursor.expect("the disk of the log has no faults");
    let mut events = Vec::new();
    loop {
        let chunk = cursor.next_chunk(100, usize::MAX);
        let chunk = chunk.expect("the disk of the log has no faults");
        if chunk.is_empty() {
            return events;
        }
        events.extend(chunk);
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

/// How often it is tried again to fetch what could not be kept.
const WAKE_PERIOD: std::time::Duration = std::time::Duration::from_secs(1);

/// Pieces that are looked at between two jobs.
const PIECES_PER_CHECK: u32 = 3;
