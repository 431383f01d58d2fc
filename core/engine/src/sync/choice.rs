//! Whom to ask for which stream.
//!
//! Each stream is asked for from one peer at a time: from its author where there is a session with
//! it, else from whoever has most of it.

use std::time::Duration;

use super::frame::Frame;
use super::incoming::Asked;
use super::input::{Output, SessionId};
use super::limits::{PATIENCE, STALL};
use super::machine::Sync;
use super::session::Session;
use crate::event::{Offset, StreamId, StreamName};

impl Sync {
    /// Streams that a peer has more of, but does not send.
    pub(super) fn stalled(&mut self, id: SessionId, now: Duration) -> Vec<StreamId> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Vec::new();
        };
        let is_stalled = |(stream, asked): &(StreamId, Asked)| {
            let has_more = session
                .their(*stream)
                .is_some_and(|entry| entry.last >= asked.next);
            has_more && now >= asked.progressed + STALL
        };
        let stalled = session.incoming.streams().filter(is_stalled);
        let stalled: Vec<StreamId> = stalled.map(|(stream, _)| stream).collect();
        for stream in &stalled {
            session.lack(*stream, now);
        }
        stalled
    }

    /// Turns to another peer where the one that is asked has no more than we do, though others
    /// have: two nodes that ask each other would wait for ever.
    pub(super) fn unlock(&mut self, now: Duration, out: &mut Vec<Output>) {
        let is_due = |since: &Duration| now >= *since + PATIENCE;
        let due = self.lagging.iter().filter(|(_, since)| is_due(since));
        let due: Vec<StreamId> = due.map(|(stream, _)| *stream).collect();
        for stream in due {
            self.lagging.insert(stream, now);
            let ours = self.present.last(stream);
            let last = |id: &SessionId| {
                let session = self.sessions.get(id);
                session.and_then(|session| session.their(stream).map(|entry| entry.last))
            };
            let asked = self.asked(stream).filter(|id| last(id) <= ours);
            let Some(session) = asked.and_then(|id| self.sessions.get_mut(&id)) else {
                continue;
            };
            session.lack(stream, now);
            session.send(&Frame::Unwant(stream), now, out);
            self.choose(stream, now, out);
        }
    }

    /// Where `stream` goes on here.
    pub(super) fn next(&self, stream: StreamId) -> Offset {
        let last = self.log.head(stream).map(|head| head.last);
        last.map_or(Offset::ZERO, |last| last.advanced(1).unwrap_or(last))
    }

    /// Who is asked for `stream`.
    pub(super) fn asked(&self, stream: StreamId) -> Option<SessionId> {
        self.sessions.values().find_map(|session| {
            let is_asked = session.incoming.asked(stream).is_some();
            is_asked.then_some(session.id)
        })
    }

    /// Asks the right peer for `stream`, and only that one.
    pub(super) fn choose(&mut self, stream: StreamId, now: Duration, out: &mut Vec<Output>) {
        let next = self.next(stream);
        if self.is_beginning(stream, next) {
            return;
        }
        // First, as others may be asked for what follows though they have nothing of it yet.
        let found = self.beginning(stream, next, now);
        let found = found.or_else(|| Some((self.preferred(stream, next)?, next)));
        let (wanted, from) = found.unzip();
        let asked = self.asked(stream);
        let is_same = self.is_to_begin(stream, next) == from.is_some_and(|from| from > next);
        if is_same && (asked == wanted || self.is_good_enough(asked, wanted, stream)) {
            return;
        }
        if let Some(session) = asked.and_then(|id| self.sessions.get_mut(&id)) {
            session.incoming.forget(stream);
            session.send(&Frame::Unwant(stream), now, out);
        }
        let (Some(from), Some(id)) = (from, wanted) else {
            return;
        };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.incoming.ask(stream, from, from > next, now);
            session.send(&Frame::Want(stream, from), now, out);
        }
    }

    /// A peer that is asked already is kept, unless the author itself can be asked.
    fn is_good_enough(
        &self,
        asked: Option<SessionId>,
        wanted: Option<SessionId>,
        stream: StreamId,
    ) -> bool {
        let is_author = |id: SessionId| {
            let session = self.sessions.get(&id);
            session.is_some_and(|session| session.peer == stream.node)
        };
        let both = asked.zip(wanted);
        both.is_some_and(|(asked, wanted)| is_author(asked) || !is_author(wanted))
    }

    /// Whom to ask for `stream` from `next` on: its author, else who has most of it and answers
    /// fastest.
    fn preferred(&self, stream: StreamId, next: Offset) -> Option<SessionId> {
        let ours = self.present.last(stream);
        let can_give = |session: &&Session| {
            let entry = session.their(stream).filter(|entry| entry.first <= next);
            let is_wanted = entry.is_some_and(|entry| self.is_wanted(stream, &entry.name));
            is_wanted && session.offers(stream)
        };
        let offers = self.sessions.values().filter(can_give);
        if self.is_written_here(stream) {
            return None;
        }
        // Of our earlier streams only what we lack.
        let is_ahead = |session: &Session| session.their(stream).map(|entry| entry.last) > ours;
        let offers = offers.filter(|session| stream.node != self.own || is_ahead(session));
        let best = offers.max_by_key(|session| {
            let is_author = session.peer == stream.node;
            let last = session.their(stream).map(|entry| entry.last);
            let round_trip = session.round_trip.unwrap_or(Duration::MAX);
            (is_author, last, std::cmp::Reverse((round_trip, session.id)))
        });
        best.map(|session| session.id)
    }

    /// Whether this node wants to hold the stream, may read it, and accepts more of it.
    pub(super) fn is_wanted(&self, stream: StreamId, name: &StreamName) -> bool {
        let holds = &self.options.holds;
        let is_accepted = || {
            let next = self.present.next(stream);
            Offset::new(next).is_ok_and(|next| self.members.accepts(stream, next))
        };
        holds.iter().any(|pattern| pattern.matches(name))
            && is_accepted()
            && self.members.may_write(stream.node, name)
            && self.members.may_read(self.own, name)
    }
}
