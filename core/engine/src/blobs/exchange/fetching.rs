//! Fetching: pieces that are on their way to this node, from the question to the disk.

use std::time::Duration;

use bytes::Bytes;

use super::choice::Choice;
use super::frame::Frame;
use super::input::{Outcome, Output};
use super::limits::OUTSTANDING_MAX;
use super::machine::Exchange;
use super::want::{Known, Source};
use crate::blobs::{BlobId, BlobSize, Piece, PieceSet};
use crate::event::NodeId;
use crate::sync::SessionId;

/// Who is relied on for a piece, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flown {
    pub(super) session: SessionId,
    pub(super) since: Duration,
}

/// A piece that is being checked and written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storing {
    session: SessionId,
    peer: NodeId,
    size: BlobSize,
}

impl Exchange {
    /// Asks for as many pieces as there is room for.
    pub(super) fn fetch(&mut self, now: Duration, out: &mut Vec<Output>) {
        while let Some(choice) = self.choose(now) {
            self.fetch_one(choice, now, out);
        }
    }

    fn fetch_one(&mut self, choice: Choice, now: Duration, out: &mut Vec<Output>) {
        let Choice {
            session: id,
            blob,
            size,
            piece,
            is_for_reader,
        } = choice;
        let flown = Flown {
            session: id,
            since: now,
        };
        self.flying.insert((blob, size, piece), flown);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.ask(blob, size, piece, now);
            session.send(&Frame::Fetch(blob, size, piece), out);
        }
        if let Some(want) = self.wants.get_mut(&blob).filter(|_| is_for_reader) {
            self.fetches += 1;
            want.fed = self.fetches;
        }
    }

    /// A peer sends a piece.
    pub(super) fn arrived(
        &mut self,
        id: SessionId,
        (blob, piece, bytes): (BlobId, Piece, Bytes),
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        let is_full = !session.has_room();
        let flight = session.answered(blob, piece);
        let flight = flight.ok_or("a peer sends a piece that it was not asked for")?;
        session.pace.answered(flight.asked, is_full, now);
        let (peer, size) = (session.peer, flight.size);
        let is_believed = !session.is_barred(blob);
        self.land(id, blob, size, piece);
        let mut want = self.wants.get_mut(&blob);
        if let Some(source) = want.as_mut().and_then(|want| want.sources.get_mut(&id)) {
            source.give();
        }
        let is_needed = want.is_some_and(|want| want.needs(size, piece))
            && !self.is_stored(blob, piece)
            && self.storing.len() < OUTSTANDING_MAX;
        if is_needed && is_believed {
            let storing = Storing {
                session: id,
                peer,
                size,
            };
            self.storing.insert((blob, piece), storing);
            out.push(Output::Store {
                blob,
                size,
                piece,
                bytes,
            });
        }
        Ok(())
    }

    /// A peer does not send a piece.
    pub(super) fn refused(
        &mut self,
        id: SessionId,
        (blob, piece): (BlobId, Piece),
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        let flight = session.answered(blob, piece);
        let flight = flight.ok_or("a peer refuses a piece that it was not asked for")?;
        self.land(id, blob, flight.size, piece);
        let want = self.wants.get_mut(&blob);
        if let Some(source) = want.and_then(|want| want.sources.get_mut(&id)) {
            source.refuse(now);
        }
        self.review(blob, now, out);
        Ok(())
    }

    /// A piece was stored, or not.
    pub(super) fn stored(
        &mut self,
        (blob, piece): (BlobId, Piece),
        outcome: Outcome,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(storing) = self.storing.remove(&(blob, piece)) else {
            return;
        };
        self.reopen(blob);
        match outcome {
            Outcome::Stored => self.progress((blob, storing.size, piece), now, out),
            Outcome::Unproven => self.bar(storing.session, storing.peer, blob, now, out),
            Outcome::Failed => {
                if let Some(want) = self.wants.get_mut(&blob) {
                    want.pause.fail(now);
                }
                self.review(blob, now, out);
            }
        }
    }

    fn progress(
        &mut self,
        (blob, size, piece): (BlobId, BlobSize, Piece),
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        self.gained(blob, now);
        let Some(want) = self.wants.get_mut(&blob) else {
            return;
        };
        want.pause.succeed();
        let is_new = want.known.is_none();
        let known = want.known.get_or_insert_with(|| Known {
            size,
            missing: PieceSet::all(size),
        });
        if known.size != size {
            return;
        }
        if is_new {
            want.sources.values_mut().for_each(Source::seek_anew);
        }
        known.missing.remove(piece);
        let missing = known.missing.len();
        out.push(Output::Progress {
            blob,
            size,
            missing,
        });
        if is_new {
            self.bar_liars(blob, now, out);
        }
        if missing == 0 {
            self.finish(blob, out);
            out.push(Output::Done { blob });
        } else {
            self.review(blob, now, out);
        }
    }

    /// Gives back the pieces that are late, to be asked of others.
    pub(super) fn give_back_late(&mut self, now: Duration) {
        let sessions = self.sessions.iter_mut();
        let late = sessions.map(|(id, session)| (*id, session.new_late(now)));
        let late: Vec<(SessionId, Vec<_>)> = late.collect();
        for (id, pieces) in late {
            for (blob, size, piece) in pieces {
                self.land(id, blob, size, piece);
            }
        }
    }

    /// A peer is no longer relied on for a piece, if it was.
    fn land(&mut self, id: SessionId, blob: BlobId, size: BlobSize, piece: Piece) {
        self.reopen(blob);
        let key = (blob, size, piece);
        if self
            .flying
            .get(&key)
            .is_some_and(|flown| flown.session == id)
        {
            self.flying.remove(&key);
        }
    }

    /// Whether a piece is being stored.
    pub(super) fn is_stored(&self, blob: BlobId, piece: Piece) -> bool {
        self.storing.contains_key(&(blob, piece))
    }

    /// How many pieces of a blob somebody is relied on for.
    pub(super) fn flying_of(&self, blob: BlobId) -> usize {
        let blobs = self.flying.keys().map(|(other, ..)| *other);
        blobs.filter(|other| *other == blob).count()
    }

    /// Whether anything of a blob is on its way.
    pub(super) fn is_moving(&self, blob: BlobId) -> bool {
        let is_stored = self.storing.keys().any(|(other, _)| *other == blob);
        is_stored || self.flying_of(blob) > 0
    }
}
