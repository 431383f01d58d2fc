//! Forks: two different batches of one author at one place, as cloned and restored devices make
//! them, and malicious ones.
//!
//! What a peer claims of its heads leads to a question, and only the author's signature on the run
//! that it then shows is an answer. Where the stream is our own, more is asked: back to where both
//! branches were one, so that our own branch can be published again in a stream of its own.

use std::time::Duration;

use super::frame::Frame;
use super::incident::Incident;
use super::input::{Output, SessionId};
use super::limits::COMPARE_PERIOD;
use super::machine::Sync;
use super::session::Session;
use crate::error::{Error, Result};
use crate::event::{Incarnation, Offset, Run, StreamId};

/// A question that a peer was asked about a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// How far to go back if the two differ there.
    stride: u64,
    /// Whether a difference was seen.
    is_proven: bool,
    /// Whether nobody has what follows ours, and the peer is to prove that there is more.
    is_behind_gap: bool,
}

/// Where a run and our log are the same, and where not.
#[derive(Debug, Default)]
struct Compared {
    /// The last offset up to which they are known to be the same.
    common: Option<Offset>,
    /// The first offset of the first batch that differs.
    differs: Option<Offset>,
}

impl Sync {
    /// Asks for proof where the peer says that it has another batch than we, or more of a stream
    /// that only we write.
    pub(super) fn compare(
        &mut self,
        id: SessionId,
        stream: StreamId,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let Some(entry) = session.their(stream).filter(|_| !session.is_forked(stream)) else {
            return;
        };
        let (last, hash, is_own) = (entry.last, entry.hash, stream.node == self.own);
        // What the peer has from us is what we have, unless it has our own from somebody else.
        if !is_own && session.outgoing.is_sent(stream, last) {
            return;
        }
        let is_ahead = Some(last) > self.log.head(stream).map(|head| head.last);
        let is_suspect = match self.log.agrees(stream, last, hash) {
            Ok(agrees) => agrees == Some(false),
            Err(error) => return self.cannot_compare(&error, out),
        };
        if is_suspect || is_ahead && self.is_written_here(stream) {
            self.ask_to_show(id, stream, last, Search::first(), now, out);
        }
    }

    /// Holds what the peer has told of how far it has our streams against them, now and then: that
    /// reads a batch of each.
    pub(super) fn compare_answers(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if now < session.compared + COMPARE_PERIOD {
            return;
        }
        session.compared = now;
        for stream in std::mem::take(&mut session.uncompared) {
            self.compare(id, stream, now, out);
        }
    }

    /// A peer cannot give what follows ours, though it has more: perhaps it is another branch.
    pub(super) fn compare_ends(
        &mut self,
        id: SessionId,
        stream: StreamId,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let ours = self.log.head(stream).map(|head| head.last);
        let theirs = self
            .sessions
            .get(&id)
            .and_then(|session| session.their(stream));
        let is_between = |ours| theirs.is_some_and(|entry| entry.last > ours && entry.has(ours));
        if let Some(ours) = ours.filter(|ours| is_between(*ours)) {
            self.ask_to_show(id, stream, ours, Search::first(), now, out);
        }
    }

    pub(super) fn ask_to_show(
        &mut self,
        id: SessionId,
        stream: StreamId,
        at: Offset,
        search: Search,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if !session.is_forked(stream) && session.incoming.expect_shown(stream) {
            session.searches.insert(stream, search);
            session.send(&Frame::Show(stream, at), now, out);
        }
    }

    /// The peer has shown what it has at the place that it was asked for.
    pub(super) fn shown(&mut self, id: SessionId, run: &Run, now: Duration, out: &mut Vec<Output>) {
        let stream = run.stream();
        let session = self.sessions.get_mut(&id);
        let Some(search) = session.and_then(|session| session.searches.remove(&stream)) else {
            return;
        };
        let compared = match self.compare_run(run) {
            Ok(compared) => compared,
            Err(error) => return self.cannot_compare(&error, out),
        };
        let is_proven = search.is_proven || compared.differs.is_some();
        if !is_proven {
            let is_ahead = Some(run.last()) > self.log.head(stream).map(|head| head.last);
            if is_ahead && self.is_written_here(stream) {
                out.push(Output::NewIncarnation);
                out.push(Output::Incident(Incident::BehindOwn { stream }));
            } else if is_ahead && search.is_behind_gap {
                self.rescue_part(stream, run.first(), out);
            }
            return;
        }
        if stream.node != self.own {
            let at = compared.differs.unwrap_or(run.first());
            return self.forked(id, stream, at, now, out);
        }
        let their_first = self
            .sessions
            .get(&id)
            .and_then(|session| session.their(stream));
        let their_first = their_first.map_or(Offset::ZERO, |entry| entry.first);
        match (compared.common, run.first()) {
            (Some(common), _) => {
                let from = common.advanced(1).unwrap_or(common);
                self.own_forked(id, stream, from, now, out);
            }
            // It can show nothing earlier, so all that is here may be here alone.
            (None, first) if first <= their_first => {
                self.own_forked(id, stream, Offset::ZERO, now, out);
            }
            (None, first) => {
                let back = first.get().saturating_sub(search.stride);
                let at = Offset::new(back).unwrap_or(Offset::ZERO);
                self.ask_to_show(id, stream, at, search.further(), now, out);
            }
        }
    }

    /// The peer has nothing at the place of `stream` that it was asked for.
    pub(super) fn unshown(
        &mut self,
        id: SessionId,
        stream: StreamId,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.incoming.unshown(stream);
        let search = session.searches.remove(&stream);
        // It has dropped what is earlier, so all that is here may be here alone.
        if stream.node == self.own && search.is_some_and(|search| search.is_proven) {
            self.own_forked(id, stream, Offset::ZERO, now, out);
        }
    }

    /// Holds a run against what is here of its stream.
    fn compare_run(&self, run: &Run) -> Result<Compared> {
        let mut compared = Compared::default();
        let ours = self.log.head(run.stream()).map(|head| head.last);
        for batch in run.batches() {
            let (first, last) = (batch.header.first_offset, batch.header.last_offset());
            // Batches are written whole, so one that reaches over our end is another one.
            let reaches_over = Some(first) <= ours && Some(last) > ours;
            match self.log.agrees(run.stream(), last, batch.hash)? {
                Some(true) => compared.common = Some(last),
                Some(false) => {
                    compared.differs.get_or_insert(first);
                }
                None if reaches_over => {
                    compared.differs.get_or_insert(first);
                }
                None => {}
            }
        }
        Ok(compared)
    }

    /// The peer has another branch of the stream: nothing of it is asked for or counted any more.
    pub(super) fn forked(
        &mut self,
        id: SessionId,
        stream: StreamId,
        at: Offset,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let peer = session.peer;
        session.note_forked(stream);
        if session.incoming.forget(stream) {
            session.send(&Frame::Unwant(stream), now, out);
        }
        out.push(Output::Incident(Incident::Forked { stream, at, peer }));
        self.choose(stream, now, out);
    }

    /// What a peer sent of a stream of our own does not follow on ours.
    pub(super) fn own_contradicted(
        &mut self,
        id: SessionId,
        stream: StreamId,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let next = self.next(stream);
        let session = self.sessions.get(&id);
        let entry = session.and_then(|session| session.their(stream));
        if entry.is_some_and(|entry| entry.first >= next) {
            // It has nothing of what is here, so all of that may be here alone.
            self.own_forked(id, stream, Offset::ZERO, now, out);
        } else {
            self.compare_ends(id, stream, now, out);
        }
    }

    fn own_forked(
        &mut self,
        id: SessionId,
        stream: StreamId,
        from: Offset,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        if self.is_written_here(stream) {
            out.push(Output::NewIncarnation);
        }
        out.push(Output::Rescue { stream, from });
        self.forked(id, stream, from, now, out);
    }

    /// This node writes into other streams from here on; the earlier ones are as those of others.
    pub(super) fn reborn(
        &mut self,
        incarnation: Incarnation,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        self.options.incarnation = incarnation;
        let heard = self.sessions.values().flat_map(Session::theirs);
        let own = heard.map(|entry| entry.stream);
        let own: Vec<StreamId> = own.filter(|stream| stream.node == self.own).collect();
        for stream in own {
            self.choose(stream, now, out);
        }
    }

    /// Whether this node writes the stream, and nobody else may.
    pub(super) fn is_written_here(&self, stream: StreamId) -> bool {
        stream.node == self.own && self.options.incarnation.has(stream.number)
    }

    fn cannot_compare(&self, error: &Error, out: &mut Vec<Output>) {
        out.push(Output::Incident(Incident::unreadable(error)));
    }
}

impl Search {
    fn first() -> Self {
        Self {
            stride: 1,
            is_proven: false,
            is_behind_gap: false,
        }
    }

    /// A question to who has only what lies behind a gap in a stream of our own.
    pub(super) fn behind_gap() -> Self {
        Self {
            is_behind_gap: true,
            ..Self::first()
        }
    }

    /// The next one goes back twice as far: as many questions as the branch has digits.
    fn further(self) -> Self {
        Self {
            stride: self.stride.saturating_mul(2),
            is_proven: true,
            ..self
        }
    }
}
