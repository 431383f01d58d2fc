//! What peers want, and what they are told when the log has grown.

use std::time::Duration;

use super::frame::Frame;
use super::incident::{CloseReason, Incident};
use super::input::{Output, SessionId};
use super::machine::Sync;
use crate::event::codec::Malformed;
use crate::event::{Offset, StreamId};

impl Sync {
    pub(super) fn want(
        &mut self,
        id: SessionId,
        stream: StreamId,
        from: Offset,
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), Malformed> {
        let is_allowed = !self.heads_for(id, std::iter::once(stream)).is_empty();
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        if is_allowed {
            session.outgoing.want(stream, from)?;
            self.pump(id, now, out);
        } else {
            session.send(&Frame::Missing(stream), now, out);
            let peer = session.peer;
            self.note_denied(peer, stream);
        }
        Ok(())
    }

    pub(super) fn show(
        &mut self,
        id: SessionId,
        stream: StreamId,
        at: Offset,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let is_allowed = !self.heads_for(id, std::iter::once(stream)).is_empty();
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if is_allowed && session.outgoing.show(stream, at) {
            self.pump(id, now, out);
        } else {
            session.send(&Frame::Unshown(stream), now, out);
            let peer = session.peer;
            self.note_denied(peer, stream);
        }
    }

    pub(super) fn committed(&mut self, now: Duration, out: &mut Vec<Output>) {
        let present = self.log.durable();
        let mut is_new = false;
        let mut reached = Vec::new();
        let mut within_reach = Vec::new();
        for (stream, last) in present.iter() {
            let before = self.present.last(stream);
            if before == Some(last) {
                continue;
            }
            is_new |= before.is_none();
            // Somebody had what followed; what follows now is another question.
            self.gaps.remove(&stream);
            let mut is_behind = false;
            let next = last.get() + 1;
            for session in self.sessions.values_mut() {
                session.note_grown(stream);
                if session.comes_within_reach(stream, before, next) {
                    within_reach.push(stream);
                }
                let theirs = session.their(stream).map(|entry| entry.last);
                is_behind |= theirs > Some(last) && !session.is_forked(stream);
                if theirs > before && theirs <= Some(last) {
                    reached.push((session.id, stream));
                }
            }
            if is_behind {
                self.lagging.insert(stream, now);
            } else {
                self.lagging.remove(&stream);
            }
        }
        self.present = present;
        for (id, stream) in reached {
            self.compare(id, stream, now, out);
        }
        for stream in within_reach {
            self.choose(stream, now, out);
        }
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            self.pump(id, now, out);
            self.announce(id, is_new, now, out);
        }
    }

    /// Sends the peer what it wants, as far as there is room.
    pub(super) fn pump(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        loop {
            match session.outgoing.next_frame(&self.log) {
                Ok(Some(frame)) => {
                    if let Frame::Missing(stream) = frame {
                        // The peer may not know from where on it can be had.
                        session.note_unannounced(stream);
                    }
                    session.send(&frame, now, out);
                    self.tally.note_sent(session);
                }
                Ok(None) => return,
                Err(error) => {
                    out.push(Output::Incident(Incident::unreadable(&error)));
                    return self.close(id, CloseReason::Unreadable, now, out);
                }
            }
        }
    }

    /// Tells the peer of heads whose events it does not get from us anyway.
    pub(super) fn announce(
        &mut self,
        id: SessionId,
        is_urgent: bool,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if !session.is_introduced {
            return;
        }
        let due = session.due_heads(now, is_urgent);
        if due.is_empty() {
            return;
        }
        let mut entries = self.heads_for(id, due.into_iter());
        if let Some(session) = self.sessions.get_mut(&id) {
            entries.retain(|entry| !session.outgoing.was_sent(entry.stream, entry.last));
            session.send_heads(&entries, now, out);
        }
    }
}
