//! The machine: all sessions of a node, and who is asked for what.
//!
//! Pure: frames, commits and the time go in, frames and runs to store come out, in one ordered
//! list. It reads the log, and never writes it. Each stream is asked for from one peer at a time,
//! from its author where there is a session with it, else from whoever has most of it; so each
//! event comes once, and nodes that cannot reach each other get it over those in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::contact::Contact;
use super::contacts::Contacts;
use super::frame::Frame;
use super::incident::CloseReason;
use super::input::{Input, Output, SessionId};
use super::members::Members;
use super::session::Session;
use super::tally::Tally;
use crate::event::codec::Malformed;
use crate::event::{Incarnation, NodeId, Offsets, StreamId, StreamName};
use crate::log::LogReader;
use crate::membership::StreamPattern;

/// Settings of the machine.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// Random, anew at each open.
    pub instance: [u8; 16],
    /// The names of the streams that this node wants to hold.
    pub holds: Vec<StreamPattern>,
    /// Connections that there should be at most.
    pub connections_max: usize,
    /// Whose streams this node writes.
    pub incarnation: Incarnation,
    /// Whether addresses are exchanged, and those learnt are dialled.
    pub is_meeting: bool,
}

/// Synchronizes one node's log with those of its peers.
#[derive(Debug)]
pub struct Sync {
    pub(super) own: NodeId,
    pub(super) log: LogReader,
    pub(super) options: SyncOptions,
    pub(super) members: Members,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// How far the log was when it was looked at last.
    pub(super) present: Offsets,
    /// Streams that some peer has more of, and since when nothing more of them came.
    pub(super) lagging: BTreeMap<StreamId, Duration>,
    /// Streams of which peers have something behind a gap, and since when nobody has what is in it.
    pub(super) gaps: BTreeMap<StreamId, Duration>,
    /// Streams of our own of which the part that is here was published again, since others have
    /// only what lies behind a gap.
    pub(super) rescued: BTreeSet<StreamId>,
    pub(super) own_contact: Option<Contact>,
    pub(super) contacts: Contacts,
    /// When it was looked last whether there are the right neighbours.
    pub(super) met: Duration,
    pub(super) tally: Tally,
}

impl Sync {
    /// A machine without sessions.
    #[must_use]
    pub fn new(own: NodeId, log: LogReader, members: Members, options: SyncOptions) -> Self {
        log.set_ceilings(members.ceilings());
        let present = log.durable();
        Self {
            own,
            log,
            options,
            members,
            sessions: BTreeMap::new(),
            present,
            lagging: BTreeMap::new(),
            gaps: BTreeMap::new(),
            rescued: BTreeSet::new(),
            own_contact: None,
            contacts: Contacts::default(),
            met: Duration::ZERO,
            tally: Tally::default(),
        }
    }

    /// One step at the time `now`, which never goes back. What is to be done is appended to `out`.
    pub fn step(&mut self, now: Duration, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Connected { session, peer } => self.connected(session, peer, now, out),
            Input::Received { session, frame } => self.received(session, &frame, now, out),
            Input::Sent { session, bytes } => {
                if let Some(open) = self.sessions.get_mut(&session) {
                    open.outgoing.sent(bytes);
                    self.pump(session, now, out);
                }
            }
            Input::Disconnected { session } => self.drop_session(session, now, out),
            Input::SendBlobs { session, frame } => self.send_blobs(session, frame, now, out),
            Input::Misbehaved { session, what } => {
                if self.sessions.contains_key(&session) {
                    self.close(session, CloseReason::Misbehaved(what), now, out);
                }
            }
            Input::Stored { receipt, outcome } => self.stored(receipt, outcome, now, out),
            Input::Committed => self.committed(now, out),
            Input::Incarnation(incarnation) => self.reborn(incarnation, now, out),
            Input::Announced(contact) => self.announced(contact, now, out),
            Input::MembersChanged => self.members_changed(None, now, out),
            Input::Tick => self.tick(now, out),
        }
    }

    /// Remembers contacts from before the node was started, if addresses are exchanged at all.
    pub fn remember(&mut self, contacts: impl IntoIterator<Item = Contact>) {
        for contact in contacts.into_iter().filter(|_| self.options.is_meeting) {
            self.contacts.learn(contact, Duration::ZERO);
        }
    }

    /// What it was made with; the incarnation as it is now.
    #[must_use]
    pub fn options(&self) -> &SyncOptions {
        &self.options
    }

    /// The certificates and revocations it judges by.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// As [`Sync::members`], to add some; step with [`Input::MembersChanged`] afterwards.
    pub fn members_mut(&mut self) -> &mut Members {
        &mut self.members
    }

    /// Bytes of frames that wait to be written to a peer.
    #[must_use]
    pub fn unsent(&self, session: SessionId) -> usize {
        let session = self.sessions.get(&session);
        session.map_or(0, |session| session.outgoing.unsent())
    }

    /// Whether a node may read streams of this name, and so the blobs that are recorded there.
    #[must_use]
    pub fn may_read(&self, node: NodeId, name: &StreamName) -> bool {
        self.members.may_read(node, name)
    }

    fn send_blobs(&mut self, id: SessionId, frame: Bytes, now: Duration, out: &mut Vec<Output>) {
        let session = self.sessions.get_mut(&id);
        if let Some(session) = session.filter(|session| session.is_introduced) {
            session.send(&Frame::Blobs(frame), now, out);
        }
    }

    fn received(&mut self, id: SessionId, bytes: &Bytes, now: Duration, out: &mut Vec<Output>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let handled = session.decode(bytes, now);
        let handled = handled.and_then(|frame| self.handle(id, frame, now, out));
        if let Err(error) = handled {
            return self.close(id, CloseReason::Misbehaved(error.what), now, out);
        }
        // What it asked for may have been the last that it does not read.
        let session = self.sessions.get(&id);
        if session.is_some_and(|session| session.outgoing.is_unread()) {
            self.close(id, CloseReason::Unread, now, out);
        }
    }

    fn handle(
        &mut self,
        id: SessionId,
        frame: Frame,
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), Malformed> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        match frame {
            Frame::Hello(hello) => self.greeted(id, hello, now, out),
            Frame::Revocations(bytes) => {
                let is_new = self.members.merge_revocations(&bytes)?;
                self.members_heard(id, is_new, now, out);
            }
            Frame::RevocationsComplete => self.informed(id, now, out)?,
            Frame::Members(bytes) => {
                let is_new = self.members.merge(&bytes)?;
                self.members_heard(id, is_new, now, out);
            }
            Frame::Heads(entries) => self.hear_heads(id, entries, now, out)?,
            Frame::HeadsComplete => session.has_all_heads = true,
            Frame::Want(stream, from) => self.want(id, stream, from, now, out)?,
            Frame::Unwant(stream) => session.outgoing.unwant(stream),
            Frame::Show(stream, at) => self.show(id, stream, at, now, out),
            Frame::Unshown(stream) => self.unshown(id, stream, now, out),
            Frame::Data(chunk) => self.data(id, chunk, now, out)?,
            Frame::Missing(stream) => {
                session.lack(stream, now);
                self.compare_ends(id, stream, now, out);
                self.note_withheld(id, stream);
                self.choose(stream, now, out);
            }
            Frame::Credit(bytes) => {
                session.outgoing.grant(bytes)?;
                self.pump(id, now, out);
            }
            Frame::Ping(nonce) => session.send(&Frame::Pong(nonce), now, out),
            Frame::Pong(nonce) => session.pong(nonce, now),
            Frame::Contacts(contacts) => self.hear_contacts(id, contacts, now, out),
            Frame::Crowded => self.leave(id, now, out),
            Frame::Blobs(frame) if session.is_introduced => {
                out.push(Output::Blobs { session: id, frame });
            }
            Frame::Blobs(_) => {
                let what = "blobs are spoken of before revocations are agreed on";
                return Err(Malformed { what, at: 0 });
            }
        }
        Ok(())
    }

    fn tick(&mut self, now: Duration, out: &mut Vec<Output>) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            if session.is_silent(now) {
                self.close(id, CloseReason::Silent, now, out);
                continue;
            }
            if session.outgoing.is_unread() {
                self.close(id, CloseReason::Unread, now, out);
                continue;
            }
            session.ping_if_due(now, out);
            let again = session.expire_lacking(now);
            let stalled = self.stalled(id, now);
            for stream in again.into_iter().chain(stalled) {
                self.choose(stream, now, out);
            }
            self.compare_answers(id, now, out);
            self.announce(id, false, now, out);
            self.grant(id, now, out);
            self.note_lag(id, now);
        }
        self.unlock(now, out);
        self.bridge(now, out);
        self.meet(now, out);
    }

    pub(super) fn close(
        &mut self,
        session: SessionId,
        reason: CloseReason,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Close { session, reason });
        self.drop_session(session, now, out);
    }

    fn drop_session(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        if let Some(session) = self.sessions.remove(&id) {
            for (stream, _) in session.incoming.streams() {
                self.choose(stream, now, out);
            }
            // What only this peer had more of, or said it had, nobody waits for any more.
            let (sessions, present) = (&self.sessions, &self.present);
            let is_told = |stream: &StreamId| {
                let mut others = sessions.values();
                others.any(|session| session.their(*stream).is_some())
            };
            self.gaps.retain(|stream, _| is_told(stream));
            self.lagging.retain(|stream, _| {
                let has_more = |session: &Session| {
                    let theirs = session.their(*stream).map(|entry| entry.last);
                    theirs > present.last(*stream)
                };
                sessions.values().any(has_more)
            });
        }
    }
}
