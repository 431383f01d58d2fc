//! Choice: which piece is fetched next, and from whom.
//!
//! Pieces that readers wait for come first, one of each blob in turn; then the oldest blob, from
//! its beginning. Of the peers that have a piece the nearest one is asked that has room.

use std::time::Duration;

use super::limits::{CLAIMS_MAX, END_PATIENCE, END_PIECES, OUTSTANDING_MAX};
use super::machine::Exchange;
use super::want::{Place, Want};
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::sync::SessionId;

/// A piece to fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) session: SessionId,
    pub(super) blob: BlobId,
    pub(super) size: BlobSize,
    pub(super) piece: Piece,
    /// Whether a reader waits for it.
    pub(super) is_for_reader: bool,
}

impl Exchange {
    /// The next piece to fetch, if one can be.
    pub(super) fn choose(&mut self, now: Duration) -> Option<Choice> {
        if self.flying.len() + self.storing.len() >= OUTSTANDING_MAX {
            return None;
        }
        let peers = self.nearest();
        if peers.is_empty() {
            return None;
        }
        let mut exhausted = Vec::new();
        let choice = self.choose_for_readers(&peers, now);
        let choice = choice.or_else(|| self.choose_in_order(&peers, now, &mut exhausted));
        for place in exhausted {
            self.open.remove(&place);
        }
        choice
    }

    /// Something has happened to a blob, so that more of it can be fetched, perhaps.
    pub(super) fn reopen(&mut self, blob: BlobId) {
        if let Some(want) = self.wants.get(&blob).filter(|want| want.is_active) {
            self.open.insert(want.place, blob);
        }
    }

    /// As [`Exchange::reopen`], with all blobs.
    pub(super) fn reopen_all(&mut self) {
        self.open.clone_from(&self.active);
    }

    /// A piece that a reader waits for.
    fn choose_for_readers(&self, peers: &[SessionId], now: Duration) -> Option<Choice> {
        let mut read: Vec<_> = self
            .open_wants(now)
            .take_while(|(place, ..)| !place.is_background)
            .collect();
        read.sort_by_key(|(_, _, want)| want.fed);
        let mut read = read.into_iter();
        read.find_map(|(_, blob, want)| self.choose_from(peers, (blob, want), true, now))
    }

    /// A piece of the first that has one. Notes those of which nobody has anything to fetch, be
    /// there room or not.
    fn choose_in_order(
        &self,
        peers: &[SessionId],
        now: Duration,
        exhausted: &mut Vec<Place>,
    ) -> Option<Choice> {
        self.open_wants(now).find_map(|(place, blob, want)| {
            let choice = self.choose_from(peers, (blob, want), false, now);
            let mut sources = want.sources.keys();
            let has_none = |id: &SessionId| self.choose_of(blob, want, *id, false, now).is_none();
            if choice.is_none() && sources.all(has_none) {
                exhausted.push(place);
            }
            choice
        })
    }

    /// The open blobs that can be stored, those that readers wait for first.
    fn open_wants(&self, now: Duration) -> impl Iterator<Item = (Place, BlobId, &Want)> {
        let wants = self.open.iter();
        let wants = wants.filter_map(|(place, blob)| Some((*place, *blob, self.wants.get(blob)?)));
        wants.filter(move |(_, _, want)| want.pause.is_over(now))
    }

    /// A piece of one blob from the first of these peers that has one.
    fn choose_from(
        &self,
        peers: &[SessionId],
        (blob, want): (BlobId, &Want),
        is_for_reader: bool,
        now: Duration,
    ) -> Option<Choice> {
        peers.iter().find_map(|session| {
            let (size, piece) = self.choose_of(blob, want, *session, is_for_reader, now)?;
            Some(Choice {
                session: *session,
                blob,
                size,
                piece,
                is_for_reader,
            })
        })
    }

    /// The peers that have room, nearest first; before them those that were not measured yet.
    fn nearest(&self) -> Vec<SessionId> {
        let peers = self.sessions.iter();
        let peers = peers.filter(|(_, session)| session.has_room());
        let mut peers: Vec<_> = peers
            .map(|(id, session)| (session.pace.distance(), *id))
            .collect();
        peers.sort();
        peers.into_iter().map(|(_, id)| id).collect()
    }

    fn choose_of(
        &self,
        blob: BlobId,
        want: &Want,
        id: SessionId,
        is_for_reader: bool,
        now: Duration,
    ) -> Option<(BlobSize, Piece)> {
        let session = self.sessions.get(&id)?;
        let source = want.sources.get(&id)?;
        let may_test = || want.known.is_some() || self.flying_of(blob) < CLAIMS_MAX;
        if !source.is_usable(now) || !may_test() {
            return None;
        }
        let is_asked = |piece| session.was_asked(blob, piece) || self.is_stored(blob, piece);
        let is_taken =
            |size, piece| is_asked(piece) || self.flying.contains_key(&(blob, size, piece));
        let free = want.choose(source, is_for_reader, is_taken);
        if free.is_some() || want.missing().is_none_or(|missing| missing > END_PIECES) {
            return free;
        }
        // Few are missing, and all of them are on their way. One that takes its time is asked of
        // another peer too, so that the slowest one does not decide when the blob is complete.
        let is_slow = |size, piece| {
            let flown = self.flying.get(&(blob, size, piece));
            flown.is_none_or(|flight| now >= flight.since + END_PATIENCE)
        };
        let is_taken = |size, piece| is_asked(piece) || !is_slow(size, piece);
        want.choose(source, is_for_reader, is_taken)
    }
}
