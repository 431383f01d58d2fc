//! Receiving: what becomes of a run that another node sent. Pure.
//!
//! A run has been checked by itself; here it meets what the log has of its stream. What is known
//! already is passed over, what continues the stream is taken, and nothing else is.

use super::heads::{Head, Heads};
use crate::error::Result;
use crate::event::{Offset, Run, RunBatch, StreamId};
use crate::segment::Floors;

/// What became of a received run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// This many of its events are new, and in the log now.
    Taken(u64),
    /// All of it was here.
    Known,
    /// Events before it are missing; the stream goes on at this offset here.
    Gap(u64),
    /// It contradicts what is here: its author wrote two different batches that begin at this
    /// offset, or before it, where the run does not reach; or it gave the stream two names.
    Forked(Offset),
    /// It would continue a stream that only this node writes now.
    Own,
    /// Its lamports are so far ahead that only a faulty or malicious author makes them.
    LamportTooFar,
}

impl Received {
    /// How many of its events are new.
    #[must_use]
    pub fn events(self) -> u64 {
        match self {
            Self::Taken(events) => events,
            Self::Known | Self::Gap(_) | Self::Forked(_) | Self::Own | Self::LamportTooFar => 0,
        }
    }
}

/// Adds the runs that can be taken to `changed`, and calls `take` with the batches that are new.
/// Returns also the floors of the streams that begin with one of them.
pub(super) fn receive<'a>(
    runs: &'a [Run],
    heads: &Heads,
    is_own: impl Fn(StreamId) -> bool,
    changed: &mut Heads,
    mut take: impl FnMut(&'a Run, &'a [RunBatch]),
) -> Result<(Vec<Received>, Floors)> {
    let mut floors = Floors::new();
    let mut outcomes = Vec::with_capacity(runs.len());
    for run in runs {
        let head = changed.head(run.stream()).or(heads.head(run.stream()));
        let (outcome, new) = match judge(run, head, changed) {
            (Received::Taken(_), _) if is_own(run.stream()) => (Received::Own, &[][..]),
            judged => judged,
        };
        if !new.is_empty() {
            if let Some(head) = head.cloned() {
                changed.restore(run.stream(), head);
            }
            for batch in new {
                if let Some(floor) = changed.extend(&batch.header, batch.first_lamport)? {
                    floors.raise(run.stream(), floor);
                }
            }
            take(run, new);
        }
        outcomes.push(outcome);
    }
    Ok((outcomes, floors))
}

/// What is to become of `run`, and which of its batches are new.
fn judge<'a>(run: &'a Run, head: Option<&Head>, clock: &Heads) -> (Received, &'a [RunBatch]) {
    let batches = run.batches();
    let next = head.map_or(0, |head| head.last.get() + 1);
    let known = batches.partition_point(|batch| batch.header.last_offset().get() < next);
    let new = &batches[known..];
    let Some(first) = new.first() else {
        return (known_or_forked(&batches[known - 1], head), &[]);
    };
    let at = first.header.first_offset;
    let begins = at.get() > next && known == 0 && run.begins_behind() == Some(next);
    if at.get() > next && !begins {
        return (Received::Gap(next), &[]);
    }
    let continues = head.is_none_or(|head| {
        let follows = begins || first.header.previous == head.hash;
        let is_called_so = run.name().is_none_or(|name| *name == head.name);
        follows && is_called_so && first.first_lamport > head.lamport
    });
    if at.get() < next || !continues {
        let before = known.checked_sub(1).map(|index| &batches[index]);
        let first = before.map_or(at, |batch| batch.header.first_offset);
        return (Received::Forked(first), &[]);
    }
    if clock.lamport().observed(run.lamport()).is_err() {
        return (Received::LamportTooFar, &[]);
    }
    let events = run.last().get() - at.get() + 1;
    (Received::Taken(events), new)
}

/// A run that ends at or before the head: only where it ends with it can the two be compared.
fn known_or_forked(last: &RunBatch, head: Option<&Head>) -> Received {
    let offset = last.header.last_offset();
    let differs = head.is_some_and(|head| head.last == offset && head.hash != last.hash);
    if differs {
        Received::Forked(last.header.first_offset)
    } else {
        Received::Known
    }
}
