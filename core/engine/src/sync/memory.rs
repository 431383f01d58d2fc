//! How much the sessions hold in memory, and how much that may be: whatever peers send, and however
//! slowly they read.

use super::limits::{
    CREDIT_BYTES, PARTIAL_BYTES_MAX, QUEUED_BYTES_MAX, STORING_BYTES_MAX, STREAMS_PER_PEER_MAX,
};
use super::machine::Sync;
use crate::limits::RUN_BYTES_MAX;

/// What is held for peers at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Sessions.
    pub sessions: usize,
    /// Bytes of runs that have not arrived whole.
    pub incomplete_bytes: usize,
    /// Bytes of runs that wait to be stored.
    pub storing_bytes: usize,
    /// Bytes of frames that wait to be written, and of runs that are being sent.
    pub outgoing_bytes: usize,
    /// What is remembered of single streams, some hundred bytes each.
    pub entries: usize,
}

impl Holding {
    /// Which of the figures is beyond its bound, if one is.
    #[must_use]
    pub fn excess(&self) -> Option<&'static str> {
        let credit = CREDIT_BYTES as usize;
        // One at a time grows beyond the bound on all; of the others the credit may be on its way.
        let incomplete_max = PARTIAL_BYTES_MAX + RUN_BYTES_MAX + self.sessions * credit;
        let storing_max = self.sessions * (STORING_BYTES_MAX + credit + RUN_BYTES_MAX);
        let outgoing_max = self.sessions * (QUEUED_BYTES_MAX + RUN_BYTES_MAX);
        let entries_max = self.sessions * ENTRIES_PER_STREAM * STREAMS_PER_PEER_MAX;
        let figures = [
            (self.incomplete_bytes, incomplete_max, "incomplete runs"),
            (self.storing_bytes, storing_max, "runs to be stored"),
            (self.outgoing_bytes, outgoing_max, "frames to be written"),
            (self.entries, entries_max, "entries of streams"),
        ];
        let excess = figures.into_iter().find(|(held, max, _)| held > max);
        excess.map(|(.., what)| what)
    }
}

impl Sync {
    /// What is held for peers now.
    #[must_use]
    pub fn holding(&self) -> Holding {
        let start = Holding {
            sessions: self.sessions.len(),
            entries: self.lagging.len() + self.gaps.len(),
            ..Holding::default()
        };
        self.sessions.values().fold(start, |held, session| Holding {
            incomplete_bytes: held.incomplete_bytes + session.incoming.partial_bytes(),
            storing_bytes: held.storing_bytes + session.incoming.storing_bytes(),
            outgoing_bytes: held.outgoing_bytes + session.outgoing.held_bytes(),
            entries: held.entries + session.entries(),
            ..held
        })
    }
}

/// Heads, wants in both directions, what a peer lacks or withholds, that this node lags behind it,
/// and a gap.
const ENTRIES_PER_STREAM: usize = 7;
