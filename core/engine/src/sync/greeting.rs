//! How a session begins: hellos, revocations first, then certificates and heads.

use std::collections::BTreeSet;
use std::time::Duration;

use super::frame::{Frame, HeadEntry, Hello};
use super::incident::{CloseReason, Incident};
use super::input::{Output, SessionId};
use super::machine::Sync;
use super::session::Session;
use crate::event::codec::Malformed;
use crate::event::{NodeId, StreamId, StreamName};

impl Sync {
    pub(super) fn connected(
        &mut self,
        id: SessionId,
        peer: NodeId,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        if self.members.is_revoked(peer) {
            // It was admitted a moment before it was put out.
            let reason = CloseReason::Revoked;
            out.push(Output::Close {
                session: id,
                reason,
            });
            return;
        }
        let revocations = self.members.revocations_digest();
        let mut session = Session::new(id, peer, revocations, now);
        let hello = Hello {
            instance: self.options.instance,
            holds: self.options.holds.clone(),
            revocations,
            members: self.members.digest(),
        };
        session.send(&Frame::Hello(hello), now, out);
        self.sessions.insert(id, session);
    }

    /// Both sides now know who they are; revocations come before anything else.
    pub(super) fn greeted(
        &mut self,
        id: SessionId,
        hello: Hello,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let (peer, instance) = (session.peer, hello.instance);
        // Both compare the same two digests, so that both wait or none does, whatever one of them
        // has learnt since its hello.
        let is_agreed = hello.revocations == session.revocations;
        let has_news = self.members.revocations_digest() != session.revocations;
        session.hello = Some(hello);
        if !is_agreed || has_news {
            for bytes in self.members.revocation_frames() {
                session.send(&Frame::Revocations(bytes), now, out);
            }
        }
        if !is_agreed {
            session.send(&Frame::RevocationsComplete, now, out);
        }
        let is_double = |other: &Session| {
            let theirs = other.hello.as_ref().map(|hello| hello.instance);
            other.peer == peer && theirs.is_some_and(|theirs| theirs != instance)
        };
        if self.sessions.values().any(is_double) || peer == self.own {
            out.push(Output::Incident(Incident::DuplicateIdentity { node: peer }));
        }
        if is_agreed {
            self.introduce(id, now, out);
        }
    }

    /// All revocations of the peer are known, as it had said that they would be.
    pub(super) fn informed(
        &mut self,
        id: SessionId,
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), Malformed> {
        let session = self.sessions.get(&id);
        if session.is_some_and(|session| session.is_introduced) {
            let what = "a session has one list of revocations";
            return Err(Malformed { what, at: 0 });
        }
        self.introduce(id, now, out);
        Ok(())
    }

    /// Sends certificates and heads: nothing of the log was said before.
    fn introduce(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.is_introduced = true;
        }
        let entries = self.heads_for(id, self.log.streams().into_iter().map(|info| info.id));
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let theirs = session.hello.as_ref().map(|hello| hello.members);
        if theirs.is_some_and(|digest| digest != self.members.digest()) {
            for bytes in self.members.frames() {
                session.send(&Frame::Members(bytes), now, out);
            }
        }
        session.send_heads(&entries, now, out);
        session.send(&Frame::HeadsComplete, now, out);
        let peer = session.peer;
        out.push(Output::Introduced { session: id, peer });
        self.tell_contacts(id, now, out);
    }

    /// Whether a stream is for a peer: it wrote it, or may read it and wants to hold it.
    pub(super) fn is_for(&self, peer: &Session, stream: StreamId, name: &StreamName) -> bool {
        stream.node == peer.peer || peer.holds(name) && self.members.may_read(peer.peer, name)
    }

    /// The heads of those of `streams` that are for a peer; none before it is introduced.
    pub(super) fn heads_for(
        &self,
        id: SessionId,
        streams: impl Iterator<Item = StreamId>,
    ) -> Vec<HeadEntry> {
        let session = self.sessions.get(&id);
        let Some(session) = session.filter(|session| session.is_introduced) else {
            return Vec::new();
        };
        let entry = |stream| {
            let head = self.log.head(stream)?;
            let is_for_peer = self.is_for(session, stream, &head.name);
            is_for_peer.then_some(HeadEntry {
                stream,
                name: head.name,
                first: self.log.first(stream),
                last: head.last,
                hash: head.hash,
            })
        };
        streams.filter_map(entry).collect()
    }

    /// A peer has told of members or revocations.
    pub(super) fn members_heard(
        &mut self,
        id: SessionId,
        is_new: bool,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        if is_new {
            out.push(Output::MembersChanged);
            self.members_changed(Some(id), now, out);
        }
    }

    /// Sends no peer what it may not read any more, and tells each of what it may read now.
    fn rights_changed(&mut self, now: Duration, out: &mut Vec<Output>) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            let wanted = session.outgoing.wanted();
            let streams = self.present.iter().map(|(stream, _)| stream);
            streams.for_each(|stream| session.note_unannounced(stream));
            let allowed = self.heads_for(id, wanted.iter().copied());
            let allowed: BTreeSet<_> = allowed.iter().map(|entry| entry.stream).collect();
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            for stream in wanted.iter().filter(|stream| !allowed.contains(stream)) {
                session.outgoing.unwant(*stream);
                session.send(&Frame::Missing(*stream), now, out);
            }
        }
    }

    /// Passes on what is new, cuts off who was revoked, and asks for what may be asked for now.
    pub(super) fn members_changed(
        &mut self,
        from: Option<SessionId>,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        self.log.set_ceilings(self.members.ceilings());
        // What is shown has changed; and a commit may have come meanwhile, not to be missed.
        self.committed(now, out);
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            if self.members.is_revoked(session.peer) {
                self.close(id, CloseReason::Revoked, now, out);
                continue;
            }
            if Some(id) == from || session.hello.is_none() {
                continue;
            }
            for bytes in self.members.revocation_frames() {
                session.send(&Frame::Revocations(bytes), now, out);
            }
            for bytes in self.members.frames() {
                session.send(&Frame::Members(bytes), now, out);
            }
        }
        self.rights_changed(now, out);
        let heard = self.sessions.values().flat_map(Session::theirs);
        let streams: BTreeSet<_> = heard.map(|entry| entry.stream).collect();
        for stream in streams {
            self.choose(stream, now, out);
        }
    }
}
