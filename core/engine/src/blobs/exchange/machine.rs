//! The machine: all sessions of a node, all blobs that it wants, and what is on its way.
//!
//! Pure: frames, answers of the disk and the time go in, frames and questions to the disk come out,
//! in one ordered list.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::fetching::{Flown, Storing};
use super::frame::Frame;
use super::input::{Input, Output};
use super::session::Session;
use super::want::{Place, Want};
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::event::NodeId;
use crate::sync::SessionId;

/// Fetches blobs from peers, and gives them to peers.
#[derive(Debug, Default)]
pub struct Exchange {
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) wants: BTreeMap<BlobId, Want>,
    /// The wanted blobs that have their turn, and those that wait for one.
    pub(super) active: BTreeMap<Place, BlobId>,
    pub(super) waiting: BTreeMap<Place, BlobId>,
    /// Of those that have their turn, the ones of which something might be fetched. Nobody looks at
    /// the others before something happens to them, or time has passed: most wait for a piece.
    pub(super) open: BTreeMap<Place, BlobId>,
    /// Pieces that somebody is relied on for. Who is late is not, though its answer still counts.
    pub(super) flying: BTreeMap<(BlobId, BlobSize, Piece), Flown>,
    /// Pieces that are being checked and written.
    pub(super) storing: BTreeMap<(BlobId, Piece), Storing>,
    /// The peer that was served last.
    pub(super) served: Option<SessionId>,
    /// Pieces fetched for readers.
    pub(super) fetches: u64,
    numbers: u64,
}

impl Exchange {
    /// A machine without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One step at the time `now`, which never goes back. What is to be done is appended to `out`.
    pub fn step(&mut self, now: Duration, input: Input, out: &mut Vec<Output>) {
        // What these say moves only what peers get. There are several for each piece that they
        // get, so none of them may cost a choice among all that this node wants.
        let is_for_peers = matches!(
            input,
            Input::Sent { .. } | Input::Offered { .. } | Input::Encoded { .. }
        );
        match input {
            Input::Connected { session, peer } => self.connected(session, peer, now, out),
            Input::Disconnected { session } => self.drop_session(session, now, out),
            Input::Received { session, frame } => self.received(session, &frame, now, out),
            Input::Sent { session, unsent } => self.sent(session, unsent),
            Input::Want { blob, terms } => self.want(blob, terms, now, out),
            Input::Unwant { blob } => self.finish(blob, out),
            Input::Offered {
                session,
                blob,
                offer,
            } => self.offered(session, (blob, offer.as_ref()), now, out),
            Input::Encoded {
                session,
                blob,
                piece,
                bytes,
            } => self.encoded(session, (blob, piece), bytes, out),
            Input::Stored {
                blob,
                piece,
                outcome,
            } => self.stored((blob, piece), outcome, now, out),
            Input::Gained { blob } => self.gained(blob, now),
            Input::RightsChanged => self.rights_changed(),
            Input::Tick => self.tick(now, out),
        }
        if !is_for_peers {
            self.take_turns(now, out);
            self.fetch(now, out);
        }
        self.serve(out);
    }

    fn connected(&mut self, id: SessionId, peer: NodeId, now: Duration, out: &mut Vec<Output>) {
        self.sessions.insert(id, Session::new(id, peer, now));
        self.ask_for_all(now, out);
    }

    fn received(&mut self, id: SessionId, bytes: &Bytes, now: Duration, out: &mut Vec<Output>) {
        if !self.sessions.contains_key(&id) {
            return;
        }
        let frame = Frame::decode(bytes).map_err(|error| error.what);
        let handled = frame.and_then(|frame| self.handle(id, frame, now, out));
        if let Err(reason) = handled {
            self.close(id, reason, now, out);
        }
    }

    fn handle(
        &mut self,
        id: SessionId,
        frame: Frame,
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        match frame {
            Frame::Ask(blob, from) => self.asked(id, blob, from)?,
            Frame::Forget(blob) => self.forgotten(id, blob, out),
            Frame::Have(blob, listing) => self.hear(id, blob, Some(listing), now, out),
            Frame::Lack(blob) => self.hear(id, blob, None, now, out),
            Frame::Fetch(blob, size, piece) => self.requested(id, (blob, size, piece), out)?,
            Frame::Piece(blob, piece, bytes) => self.arrived(id, (blob, piece, bytes), now, out)?,
            Frame::Refuse(blob, piece) => self.refused(id, (blob, piece), now, out)?,
            Frame::Seek(blob) => self.sought(id, blob, now),
        }
        Ok(())
    }

    fn tick(&mut self, now: Duration, out: &mut Vec<Output>) {
        self.give_back_late(now);
        self.reopen_all();
        self.ask_again(now, out);
        self.tell(now);
        self.tell_sought(now, out);
    }

    pub(super) fn close(
        &mut self,
        session: SessionId,
        reason: &'static str,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Close { session, reason });
        self.drop_session(session, now, out);
    }

    fn drop_session(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        self.flying.retain(|_, flown| flown.session != id);
        self.reopen_all();
        self.unseek(session.serving.sought(), out);
        let blobs: Vec<BlobId> = self.active.values().copied().collect();
        for blob in blobs {
            let want = self.wants.get_mut(&blob);
            if want.is_some_and(|want| want.sources.remove(&id).is_some()) {
                self.review(blob, now, out);
            }
        }
    }

    /// A number larger than all before.
    pub(super) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
