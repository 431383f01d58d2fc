//! What we asked a peer for: how far each stream has come, and the run that is arriving.
//!
//! Everything is bounded by credit: a peer that sends more than it was granted is cut off. Credit
//! comes back when bytes are stored, or as soon as they are part of an incomplete run, of which
//! there is one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::frame::Chunk;
use super::limits::{CREDIT_BYTES, SHOWN_MAX, STORING_BYTES_MAX};
use crate::event::codec::Malformed;
use crate::event::{Offset, StreamId};
use crate::limits::RUN_BYTES_MAX;

/// The receiving side of a session.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    asked: BTreeMap<StreamId, Asked>,
    /// Streams of which the peer was asked to show something.
    to_see: BTreeSet<StreamId>,
    partial: Option<Partial>,
    /// Credit that the peer has used.
    used: u64,
    /// Of that, what it can have back.
    owed: u64,
    /// Bytes of runs that are being stored.
    storing: usize,
}

/// A stream that we asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The offset that must come next.
    pub(super) next: Offset,
    /// When something of it came last.
    pub(super) progressed: Duration,
    /// Where the stream is to begin, behind a gap.
    pub(super) begins_at: Option<Offset>,
}

/// A run of which more is to come.
#[derive(Debug)]
struct Partial {
    stream: StreamId,
    is_shown: bool,
    bytes: Vec<u8>,
}

/// A run that has arrived whole, not yet checked.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) stream: StreamId,
    pub(super) bytes: Bytes,
    /// Whether it was only to be shown, as proof.
    pub(super) is_shown: bool,
    /// To give back once it is stored.
    pub(super) charge: Charge,
}

/// What a run costs until it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charge {
    /// The credit of its last piece; that of the others was given back before.
    credit: u64,
    /// Bytes of the whole run.
    bytes: usize,
}

impl Incoming {
    /// Notes that `stream` was asked for from `next` on, and whether there is a gap before it.
    pub(super) fn ask(&mut self, stream: StreamId, next: Offset, is_gap: bool, now: Duration) {
        self.forget(stream);
        let asked = Asked {
            next,
            progressed: now,
            begins_at: is_gap.then_some(next),
        };
        self.asked.insert(stream, asked);
    }

    /// Notes that the peer is to show something of `stream`; says whether it may be asked now.
    pub(super) fn expect_shown(&mut self, stream: StreamId) -> bool {
        self.to_see.len() < SHOWN_MAX && self.to_see.insert(stream)
    }

    /// The peer cannot show what it was asked for of `stream`.
    pub(super) fn unshown(&mut self, stream: StreamId) {
        self.to_see.remove(&stream);
        let is_of_it = |run: &Partial| run.stream == stream && run.is_shown;
        if self.partial.as_ref().is_some_and(is_of_it) {
            self.partial = None;
        }
    }

    /// Forgets that `stream` was asked for; says whether it was.
    pub(super) fn forget(&mut self, stream: StreamId) -> bool {
        if self
            .partial
            .as_ref()
            .is_some_and(|run| run.stream == stream && !run.is_shown)
        {
            self.partial = None;
        }
        self.asked.remove(&stream).is_some()
    }

    /// What was asked for `stream`.
    pub(super) fn asked(&self, stream: StreamId) -> Option<Asked> {
        self.asked.get(&stream).copied()
    }

    /// The streams that were asked for.
    pub(super) fn streams(&self) -> impl Iterator<Item = (StreamId, Asked)> {
        self.asked.iter().map(|(stream, asked)| (*stream, *asked))
    }

    /// Takes a piece of a run; gives the run if it is whole.
    pub(super) fn take(
        &mut self,
        chunk: Chunk,
        now: Duration,
    ) -> Result<Option<Arrived>, Malformed> {
        let len = chunk.bytes.len() as u64;
        self.used += len;
        if self.used > CREDIT_BYTES {
            return Err(refused("a peer sends more than there is room for"));
        }
        let is_expected = match self.asked.get_mut(&chunk.stream) {
            _ if chunk.is_shown => self.to_see.contains(&chunk.stream),
            Some(asked) => {
                asked.progressed = now;
                true
            }
            None => false,
        };
        if !is_expected {
            self.owed += len;
            return Ok(None);
        }
        let (stream, is_end, is_shown) = (chunk.stream, chunk.is_end, chunk.is_shown);
        let Some(bytes) = self.join(chunk)? else {
            self.owed += len;
            return Ok(None);
        };
        debug_assert!(is_end);
        if is_shown {
            self.to_see.remove(&stream);
        }
        self.storing += bytes.len();
        let charge = Charge {
            credit: len,
            bytes: bytes.len(),
        };
        Ok(Some(Arrived {
            stream,
            bytes,
            is_shown,
            charge,
        }))
    }

    /// The run that `chunk` completes.
    fn join(&mut self, chunk: Chunk) -> Result<Option<Bytes>, Malformed> {
        if chunk.at == 0 && chunk.is_end {
            return Ok(Some(chunk.bytes));
        }
        let mut partial = match self.partial.take() {
            None if chunk.at == 0 => Partial {
                stream: chunk.stream,
                is_shown: chunk.is_shown,
                bytes: Vec::new(),
            },
            Some(partial)
                if (partial.stream, partial.is_shown) == (chunk.stream, chunk.is_shown)
                    && partial.bytes.len() == chunk.at =>
            {
                partial
            }
            _ => return Err(refused("a piece of a run is not the next one")),
        };
        if partial.bytes.len() + chunk.bytes.len() > RUN_BYTES_MAX {
            return Err(refused("a run is too long"));
        }
        partial.bytes.extend_from_slice(&chunk.bytes);
        if chunk.is_end {
            return Ok(Some(partial.bytes.into()));
        }
        self.partial = Some(partial);
        Ok(None)
    }

    /// A run of `stream` up to `last` is being stored.
    pub(super) fn advance(&mut self, stream: StreamId, next: Offset) {
        if let Some(asked) = self.asked.get_mut(&stream) {
            asked.next = next;
        }
    }

    /// Bytes of the incomplete run.
    pub(super) fn partial_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |run| run.bytes.len())
    }

    /// Bytes of runs that wait to be stored.
    pub(super) fn storing_bytes(&self) -> usize {
        self.storing
    }

    /// How many streams are remembered.
    pub(super) fn entries(&self) -> usize {
        self.asked.len() + self.to_see.len()
    }

    /// A run is stored, or given up.
    pub(super) fn release(&mut self, charge: Charge) {
        self.owed += charge.credit;
        self.storing -= charge.bytes;
    }

    /// Credit to be granted now, if it is worth a frame. An incomplete run gets none unless it
    /// `may_grow`, and nothing is granted while much waits to be stored.
    pub(super) fn grant(&mut self, may_grow: bool) -> Option<u64> {
        let may_grow = may_grow || self.partial.is_none();
        let is_due = self.owed >= CREDIT_BYTES / 4;
        let is_due = is_due && may_grow && self.storing < STORING_BYTES_MAX;
        is_due.then(|| {
            self.used -= self.owed;
            std::mem::take(&mut self.owed)
        })
    }
}

fn refused(what: &'static str) -> Malformed {
    Malformed { what, at: 0 }
}
