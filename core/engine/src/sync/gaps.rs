//! Gaps: streams of which nobody who is connected has what follows ours, because retention has
//! dropped it, or because it never came to them.
//!
//! Such a stream begins where somebody has it: in the middle if nothing of it is here, once more
//! if something is. What lies before is not asked for any more, by this node or by those that get
//! the stream from it. So a node takes its time: whoever else is around may have it all.

use std::time::Duration;

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
        let Some(found) = self.first_behind(stream, next) else {
            self.gaps.remove(&stream);
            return None;
        };
        if self.is_had(stream, next) {
            self.gaps.insert(stream, now);
            return None;
        }
        let since = *self.gaps.entry(stream).or_insert(now);
        self.is_due(next, since, now).then_some(found)
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
        }
    }
}
