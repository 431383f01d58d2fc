//! One session: what a peer was asked for, how fast it answers, and what it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::frame::Frame;
use super::input::Output;
use super::limits::LIES_MAX;
use super::memory::Holding;
use super::pace::Pace;
use super::serving::Serving;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::event::NodeId;
use crate::sync::SessionId;

/// A session with one peer.
#[derive(Debug)]
pub(super) struct Session {
    id: SessionId,
    pub(super) peer: NodeId,
    pub(super) pace: Pace,
    /// Pieces that the peer was asked for and has not answered, wanted any more or not.
    flights: BTreeMap<(BlobId, Piece), Flight>,
    /// Blobs that the peer lied about.
    barred: BTreeSet<BlobId>,
    pub(super) serving: Serving,
}

/// A piece that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// The size that the blob has, or was claimed to have.
    pub(super) size: BlobSize,
    pub(super) asked: Duration,
    is_late: bool,
}

impl Session {
    pub(super) fn new(id: SessionId, peer: NodeId, now: Duration) -> Self {
        Self {
            id,
            peer,
            pace: Pace::new(now),
            flights: BTreeMap::new(),
            barred: BTreeSet::new(),
            serving: Serving::default(),
        }
    }

    /// Sends a frame.
    pub(super) fn send(&mut self, frame: &Frame, out: &mut Vec<Output>) {
        let frame = frame.encode();
        self.serving.queued(frame.len());
        out.push(Output::Send {
            session: self.id,
            frame,
        });
    }

    /// Whether the peer can be asked for one more piece.
    pub(super) fn has_room(&self) -> bool {
        self.flights.len() < self.pace.window()
    }

    /// Whether nothing more is to be hoped from the peer for now.
    pub(super) fn is_stalled(&self) -> bool {
        !self.has_room() && self.flights.values().all(|flight| flight.is_late)
    }

    /// Whether the peer was asked for `piece` and has not answered.
    pub(super) fn was_asked(&self, blob: BlobId, piece: Piece) -> bool {
        self.flights.contains_key(&(blob, piece))
    }

    /// The peer is asked for a piece.
    pub(super) fn ask(&mut self, blob: BlobId, size: BlobSize, piece: Piece, now: Duration) {
        let flight = Flight {
            size,
            asked: now,
            is_late: false,
        };
        self.flights.insert((blob, piece), flight);
    }

    /// The peer has answered for a piece, with it or not; nothing if it was not asked.
    pub(super) fn answered(&mut self, blob: BlobId, piece: Piece) -> Option<Flight> {
        self.flights.remove(&(blob, piece))
    }

    /// The pieces that are late now and were not before.
    pub(super) fn new_late(&mut self, now: Duration) -> Vec<(BlobId, BlobSize, Piece)> {
        let patience = self.pace.patience();
        let mut late = Vec::new();
        for ((blob, piece), flight) in &mut self.flights {
            if !flight.is_late && now >= flight.asked + patience {
                flight.is_late = true;
                late.push((*blob, flight.size, *piece));
            }
        }
        if !late.is_empty() {
            self.pace.late(now);
        }
        late
    }

    /// The peer lied about a blob. Says whether it may stay.
    pub(super) fn bar(&mut self, blob: BlobId) -> bool {
        self.barred.insert(blob);
        self.barred.len() <= LIES_MAX
    }

    /// Adds what is held for the peer.
    pub(super) fn add_to(&self, held: Holding) -> Holding {
        self.serving.add_to(Holding {
            unanswered: held.unanswered + self.flights.len(),
            lies: held.lies + self.barred.len(),
            ..held
        })
    }

    /// Whether the peer lied about a blob.
    pub(super) fn is_barred(&self, blob: BlobId) -> bool {
        self.barred.contains(&blob)
    }
}
