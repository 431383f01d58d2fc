//! Gaps: streams of which nobody who is connected has what follows ours, because retention has
//! dropped it, or because it never came to them.
//!
//! Such a stream begins where somebody has it: in the middle if nothing of it is here, once more
//! if something is. What lies before is not asked for any more, by this node or by those that get
//! the stream from it. So a node takes its time: whoever else is around may have it all.

use std::time::Duration;

use super::input::{Output, SessionId};
use super::limits::GAP_PATIENCE;
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
        if self.may_be_had(stream, next) {
            self.gaps.insert(stream, now);
            return None;
        }
        let since = *self.gaps.entry(stream).or_insert(now);
        let is_due = now >= since + GAP_PATIENCE;
        is_due.then(|| {
            self.gaps.remove(&stream);
            found
        })
    }

    /// Whether the stream is about to begin behind a gap: it was asked for, and is not stored yet.
    pub(super) fn is_beginning(&self, stream: StreamId, next: Offset) -> bool {
        let asked = |session: &Session| session.incoming.asked(stream);
        let mut asked = self.sessions.values().filter_map(asked);
        let is_asked = asked.any(|asked| asked.begins_at.is_some_and(|at| at > next));
        is_asked && self.first_behind(stream, next).is_some() && !self.may_be_had(stream, next)
    }

    /// The peer did not give `stream` from where it was asked for.
    pub(super) fn note_withheld(&mut self, id: SessionId, stream: StreamId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.note_withheld(stream);
        }
    }

    /// Whether some peer has what is at `next`, or has not said yet what it has.
    fn may_be_had(&self, stream: StreamId, next: Offset) -> bool {
        let has_it = |session: &Session| {
            let entry = session.their(stream);
            let is_there = entry.is_some_and(|entry| entry.has(next));
            is_there && !session.withholds(stream) && !session.is_forked(stream)
        };
        let mut peers = self.sessions.values();
        peers.any(|session| !session.has_all_heads || has_it(session))
    }

    /// Who has the most of what lies behind the gap.
    fn first_behind(&self, stream: StreamId, next: Offset) -> Option<(SessionId, Offset)> {
        if self.is_written_here(stream) {
            return None;
        }
        let candidates = self.sessions.values().filter_map(|session| {
            let entry = session.their(stream)?;
            let is_behind = next < entry.first && entry.has(entry.first);
            let is_offered = is_behind && session.offers(stream);
            let is_wanted = is_offered && self.is_wanted(stream, &entry.name);
            let is_accepted = is_wanted && self.members.accepts(stream, entry.first);
            is_accepted.then_some((entry.first, session))
        });
        let best = candidates.min_by_key(|(first, session)| {
            let round_trip = session.round_trip.unwrap_or(Duration::MAX);
            (*first, session.peer != stream.node, round_trip, session.id)
        });
        best.map(|(first, session)| (session.id, first))
    }

    /// Looks again at the gaps that were given time.
    pub(super) fn bridge(&mut self, now: Duration, out: &mut Vec<Output>) {
        let is_due = |since: &Duration| now >= *since + GAP_PATIENCE;
        let due = self.gaps.iter().filter(|(_, since)| is_due(since));
        let due: Vec<StreamId> = due.map(|(stream, _)| *stream).collect();
        for stream in due {
            self.choose(stream, now, out);
        }
    }
}
