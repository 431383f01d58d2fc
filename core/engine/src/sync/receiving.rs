//! What peers have, and the runs they send: judged, stored, and their credit given back.

use std::time::Duration;

use super::frame::{Chunk, Frame, HeadEntry};
use super::incident::Incident;
use super::input::{Output, Receipt, SessionId};
use super::limits::PARTIAL_BYTES_MAX;
use super::machine::Sync;
use super::session::Session;
use crate::error::Result;
use crate::event::codec::Malformed;
use crate::event::{Offset, Run};
use crate::log::Received;

impl Sync {
    pub(super) fn hear_heads(
        &mut self,
        id: SessionId,
        entries: Vec<HeadEntry>,
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), Malformed> {
        for entry in entries {
            let stream = entry.stream;
            let next = self.next(stream);
            let Some(session) = self.sessions.get_mut(&id) else {
                return Ok(());
            };
            let is_ahead = Some(entry.last) > self.present.last(stream);
            let is_answer = Some(entry.last) < self.present.last(stream)
                && stream.node == self.own
                && session.has_all_heads;
            session.hear(entry, next)?;
            if is_ahead {
                self.lagging.entry(stream).or_insert(now);
            }
            if is_answer {
                session.uncompared.insert(stream);
            } else {
                self.compare(id, stream, now, out);
            }
            self.choose(stream, now, out);
        }
        Ok(())
    }

    pub(super) fn data(
        &mut self,
        id: SessionId,
        chunk: Chunk,
        now: Duration,
        out: &mut Vec<Output>,
    ) -> Result<(), Malformed> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        if let Some(arrived) = session.incoming.take(chunk, now)? {
            let checked = Run::check(arrived.bytes);
            self.tally.note_checked(&checked);
            let run = checked?;
            if run.stream() != arrived.stream {
                let what = "a run is of another stream than its frame says";
                return Err(Malformed { what, at: 0 });
            }
            if arrived.is_shown {
                session.incoming.release(arrived.charge);
                self.shown(id, &run, now, out);
                self.grant(id, now, out);
                return Ok(());
            }
            session.infer(&run);
            let receipt = Receipt {
                session: id,
                stream: run.stream(),
                charge: arrived.charge,
                gap: None,
            };
            let asked = session.incoming.asked(run.stream());
            let begins_at = asked.and_then(|asked| asked.begins_at.filter(|at| *at == asked.next));
            match begins_at {
                Some(at) => self.begin(receipt, run, at, now, out),
                None => self.judge(receipt, run, now, out),
            }
        }
        self.grant(id, now, out);
        Ok(())
    }

    /// Takes the first run of a stream that is to begin at `first`, behind a gap.
    fn begin(
        &mut self,
        receipt: Receipt,
        run: Run,
        first: Offset,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let (stream, next) = (run.stream(), self.next(run.stream()));
        let may_begin = !self.is_part_of_own(stream, next);
        let begins = Some(run).filter(|run| run.first() == first && may_begin);
        let begins = begins.and_then(|run| run.beginning_behind(next.get()));
        if let Some(run) = begins {
            self.judge(receipt, run, now, out);
        } else if let Some(session) = self.sessions.get_mut(&receipt.session) {
            // No honest node sends it, but for what early versions wrote. It would go on.
            session.incoming.release(receipt.charge);
            session.lack(stream, now);
            session.note_withheld(stream);
            session.send(&Frame::Unwant(stream), now, out);
            self.choose(stream, now, out);
        }
    }

    /// Stores a run if its author may write it; else nobody asks for the stream again until the
    /// rights have changed.
    pub(super) fn judge(
        &mut self,
        receipt: Receipt,
        run: Run,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let (stream, head) = (run.stream(), self.log.head(run.stream()));
        let name = run.name().cloned().or(head.map(|head| head.name));
        let is_allowed = name
            .as_ref()
            .is_none_or(|name| self.members.may_write(stream.node, name))
            && self.members.accepts(stream, run.first());
        let Some(session) = self.sessions.get_mut(&receipt.session) else {
            return;
        };
        if is_allowed {
            let next = run.last().advanced(1).unwrap_or(run.last());
            session.incoming.advance(stream, next);
            let from = run.begins_behind().filter(|from| *from > 0);
            let gap = from.map(|from| (from, run.first()));
            let receipt = Receipt { gap, ..receipt };
            out.push(Output::Store { receipt, run });
        } else {
            session.incoming.release(receipt.charge);
            session.lack(stream, now);
            let (name, first) = (name, run.first());
            out.push(Output::Incident(Incident::Quarantined {
                stream,
                name,
                first,
            }));
        }
    }

    pub(super) fn stored(
        &mut self,
        receipt: Receipt,
        outcome: Result<Received>,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let Receipt {
            session: id,
            stream,
            charge,
            gap,
        } = receipt;
        if let (Some((from, to)), Ok(Received::Taken(_))) = (gap, &outcome) {
            out.push(Output::Incident(Incident::Gap { stream, from, to }));
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.incoming.release(charge);
        match outcome {
            Ok(Received::Taken(_) | Received::Known) => {}
            Ok(Received::Gap(_)) => {
                session.incoming.forget(stream);
                self.choose(stream, now, out);
            }
            Ok(Received::Forked(at)) => {
                let is_own = stream.node == self.own;
                session.lack(stream, now);
                if is_own {
                    self.own_contradicted(id, stream, now, out);
                } else {
                    self.forked(id, stream, at, now, out);
                }
            }
            // It will be an earlier one of ours as soon as this node has heard of it.
            Ok(Received::Own) => session.lack(stream, now),
            Ok(Received::LamportTooFar) => {
                session.lack(stream, now);
                out.push(Output::Incident(Incident::LamportTooFar { stream }));
            }
            // What the disk could not take is asked for again later.
            Err(_) => session.lack(stream, now),
        }
        self.grant(id, now, out);
    }

    /// Gives the peer credit back. Incomplete runs of all peers share one bound; when it is
    /// reached, one peer at a time goes on.
    pub(super) fn grant(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        let partial = |session: &Session| session.incoming.partial_bytes();
        let total: usize = self.sessions.values().map(partial).sum();
        let first = self.sessions.values().find(|session| partial(session) > 0);
        let may_grow = total < PARTIAL_BYTES_MAX || first.is_none_or(|first| first.id == id);
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Some(bytes) = session.incoming.grant(may_grow) {
            session.send(&Frame::Credit(bytes), now, out);
        }
    }
}
