//! Gaps: streams of which nobody who is connected has what follows ours, because retention has
//! dropped it, or because it never came to them.
//!
//! Such a stream begins where somebody has it: in the middle if nothing of it is here, once more
//! if something is. What lies before is not asked for any more, by this node or by those that get
//! the stream from it. So a node takes its time: whoever else is around may have it all.
//!
//! A stream that this node wrote itself, in an earlier incarnation, never begins once more while
//! something of it is here: that may be here alone, say where a copy of the device wrote on. It is
//! published again instead.

use std::time::Duration;

use super::forks::Search;
use super::incident::Incident;
use super::input::{Output, SessionId};
use super::limits::{GAP_PATIENCE, GAP_PATIENCE_HELD, HEADS_PATIENCE};
use super::machine::Sync;
use super::session::Session;
use crate::event::{Offset, StreamId};

impl Sync {
    /// Whom to ask for `stream`, and from which offset behind `next` on, if nobody has what is at
    /// `next`. `None` as long as somebody may have it.
    pub(super) fn beginning(
        &mut self,
        stream: StreamId,
        next: Offset,
        now: Duration,
    ) -> Option<(SessionId, Offset)> {
        let behind = self.first_behind(stream, next);
        let Some(found) = behind.filter(|_| !self.rescued.contains(&stream)) else {
            self.gaps.remove(&stream);
            return None;
        };
        if self.is_had(stream, next) {
            self.gaps.insert(stream, now);
            return None;
        }
        let since = *self.gaps.entry(stream).or_insert(now);
        let may_begin = !self.is_part_of_own(stream, next);
        (may_begin && self.is_due(next, since, now)).then_some(found)
    }

    /// Whether the stream is about to begin behind a gap: it was asked for, and is not stored yet.
    pub(super) fn is_beginning(&self, stream: StreamId, next: Offset) -> bool {
        let is_asked = self.is_to_begin(stream, next);
        is_asked && self.first_behind(stream, next).is_some() && !self.is_had(stream, next)
    }

    /// Whether a peer was asked for the stream from behind a gap.
    pub(super) fn is_to_begin(&self, stream: StreamId, next: Offset) -> bool {
        let asked = |session: &Session| session.incoming.asked(stream);
        let mut asked = self.sessions.values().filter_map(asked);
        asked.any(|asked| asked.begins_at.is_some_and(|at| at > next))
    }

    /// Whether this node wrote the stream in an earlier incarnation, and something of it is here,
    /// or was.
    pub(super) fn is_part_of_own(&self, stream: StreamId, next: Offset) -> bool {
        stream.node == self.own && next > Offset::ZERO
    }

    /// The peer did not give `stream` from where it was asked for.
    pub(super) fn note_withheld(&mut self, id: SessionId, stream: StreamId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.note_withheld(stream);
        }
    }

    /// Whether nobody has had what is in a gap for long enough, and all have told what they have,
    /// or have had time to.
    fn is_due(&self, next: Offset, since: Duration, now: Duration) -> bool {
        let is_telling = self.sessions.values().any(|open| !open.has_all_heads);
        let patience = match next {
            Offset::ZERO => GAP_PATIENCE,
            _ => GAP_PATIENCE_HELD,
        };
        let more = if is_telling {
            HEADS_PATIENCE
        } else {
            Duration::ZERO
        };
        now >= since + patience + more
    }

    /// Whether some peer has what is at `next`.
    fn is_had(&self, stream: StreamId, next: Offset) -> bool {
        let has_it = |session: &Session| {
            let entry = session.their(stream);
            let is_there = entry.is_some_and(|entry| entry.has(next));
            is_there && !session.withholds(stream) && !session.is_forked(stream)
        };
        self.sessions.values().any(has_it)
    }

    /// Who has the most of what lies behind the gap.
    fn first_behind(&self, stream: StreamId, next: Offset) -> Option<(SessionId, Offset)> {
        let best = self
            .behind_gap(stream, next)
            .min_by_key(|(first, session)| {
                let round_trip = session.round_trip.unwrap_or(Duration::MAX);
                (*first, session.peer != stream.node, round_trip, session.id)
            });
        best.map(|(first, session)| (session.id, first))
    }

    /// Who has what lies behind the gap, and from where on.
    fn behind_gap(
        &self,
        stream: StreamId,
        next: Offset,
    ) -> impl Iterator<Item = (Offset, &Session)> {
        let is_read = !self.is_written_here(stream);
        let sessions = self.sessions.values().filter(move |_| is_read);
        sessions.filter_map(move |session| {
            let entry = session.their(stream)?;
            let is_behind = next < entry.first && entry.has(entry.first);
            let is_offered = is_behind && session.offers(stream);
            let is_wanted = is_offered && self.is_wanted(stream, &entry.name);
            let is_accepted = is_wanted && self.members.accepts(stream, entry.first);
            is_accepted.then_some((entry.first, session))
        })
    }

    /// Looks again at the gaps that were given time.
    pub(super) fn bridge(&mut self, now: Duration, out: &mut Vec<Output>) {
        let is_due = |(stream, since): &(&StreamId, &Duration)| {
            self.is_due(self.next(**stream), **since, now)
        };
        let due = self.gaps.iter().filter(is_due);
        let due: Vec<StreamId> = due.map(|(stream, _)| *stream).collect();
        for stream in due {
            self.choose(stream, now, out);
            self.prove_gap(stream, now, out);
        }
    }

    /// Asks for proof that there is more of a stream of our own, where nobody has what follows on
    /// the part that is here: what a peer says is none.
    fn prove_gap(&mut self, stream: StreamId, now: Duration, out: &mut Vec<Output>) {
        let next = self.next(stream);
        if !self.gaps.contains_key(&stream) || !self.is_part_of_own(stream, next) {
            return;
        }
        let last = |session: &Session| Some((session.id, session.their(stream)?.last));
        let asked = self.behind_gap(stream, next);
        let asked: Vec<_> = asked.filter_map(|(_, session)| last(session)).collect();
        for (id, last) in asked {
            self.ask_to_show(id, stream, last, Search::behind_gap(), now, out);
        }
        // If none of them can show it, once more then.
        self.gaps.insert(stream, now);
    }

    /// There is proof that others have more of a stream of our own, from `first` on. What is here
    /// of it is published again if they have nothing of that: nobody can say any more which of it
    /// they have had.
    pub(super) fn rescue_part(&mut self, stream: StreamId, first: Offset, out: &mut Vec<Output>) {
        let next = self.next(stream);
        if first <= next || self.is_had(stream, next) || !self.rescued.insert(stream) {
            return;
        }
        self.gaps.remove(&stream);
        let from = Offset::ZERO;
        out.push(Output::Rescue { stream, from });
        out.push(Output::Incident(Incident::BehindOwn { stream }));
    }

    /// Whether nobody waits any more for what begins at `first`: a stream of our own of which the
    /// part before it was published again.
    pub(super) fn is_apart(&self, stream: StreamId, first: Offset) -> bool {
        self.rescued.contains(&stream) && first > self.next(stream)
    }
}
