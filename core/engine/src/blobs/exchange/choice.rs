//! Choice: which piece is fetched next, and from whom.
//!
//! Pieces that readers wait for come first, one of each blob in turn; then the oldest blob, from
//! its beginning. Of the peers that have a piece the nearest one is asked that has room.

use std::time::Duration;

use super::limits::{CLAIMS_MAX, END_PATIENCE, END_PIECES, OUTSTANDING_MAX};
use super::machine::Exchange;
use super::want::Want;
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
    pub(super) fn choose(&self, now: Duration) -> Option<Choice> {
        if self.flying.len() + self.storing.len() >= OUTSTANDING_MAX {
            return None;
        }
        let peers = self.nearest();
        if peers.is_empty() {
            return None;
        }
        let wants = self.active.values();
        let wants = wants.filter_map(|blob| Some((*blob, self.wants.get(blob)?)));
        let wants = wants.filter(|(_, want)| want.pause.is_over(now));
        let mut read: Vec<_> = wants
            .clone()
            .filter(|(_, want)| !want.first.is_empty())
            .collect();
        read.sort_by_key(|(_, want)| want.fed);
        let read = read.into_iter().map(|(blob, want)| (blob, want, true));
        let mut all = read.chain(wants.map(|(blob, want)| (blob, want, false)));
        all.find_map(|(blob, want, is_for_reader)| {
            let mut peers = peers.iter();
            peers.find_map(|session| {
                let (size, piece) = self.choose_of(blob, want, *session, is_for_reader, now)?;
                Some(Choice {
                    session: *session,
                    blob,
                    size,
                    piece,
                    is_for_reader,
                })
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
