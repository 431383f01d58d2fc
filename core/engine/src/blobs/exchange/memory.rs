//! How much the exchange holds in memory, and how much that may be: whatever peers send, and
//! however slowly they answer.

use super::limits::{
    AHEAD_MAX, ASKED_MAX, ENCODES_MAX, FETCHES_MAX, LIES_MAX, LOOKUPS_MAX, OUTSTANDING_MAX,
    WANTED_MAX, WINDOW_MAX,
};
use super::machine::Exchange;

/// What is held at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Sessions.
    pub sessions: usize,
    /// Blobs that this node wants.
    pub wanted: usize,
    /// Answers of peers about them, of half a kibibyte at most.
    pub sources: usize,
    /// Pieces that peers are relied on for.
    pub flying: usize,
    /// Pieces that peers were asked for and have not answered, those included.
    pub unanswered: usize,
    /// Pieces that are being stored, with their bytes.
    pub storing: usize,
    /// Blobs that peers lied about.
    pub lies: usize,
    /// Blobs that peers are told of.
    pub watches: usize,
    /// Of these, those that are being looked up.
    pub lookups: usize,
    /// Pieces that peers wait for.
    pub fetches: usize,
    /// Of these, those that are being encoded, with their bytes.
    pub encoding: usize,
    /// Those that are encoded, with their bytes.
    pub encoded: usize,
}

impl Holding {
    /// Which of the figures is beyond its bound, if one is.
    #[must_use]
    pub fn excess(&self) -> Option<&'static str> {
        let sessions = self.sessions;
        let figures = [
            (self.wanted, WANTED_MAX, "wanted blobs"),
            (self.sources, sessions * ASKED_MAX, "answers of peers"),
            (self.flying, OUTSTANDING_MAX, "pieces on their way"),
            (
                self.unanswered,
                sessions * WINDOW_MAX as usize,
                "pieces asked for",
            ),
            (self.storing, OUTSTANDING_MAX, "pieces to be stored"),
            (self.lies, sessions * LIES_MAX, "lies"),
            (self.watches, sessions * ASKED_MAX, "blobs to tell of"),
            (self.lookups, sessions * LOOKUPS_MAX, "blobs to look up"),
            (self.fetches, sessions * FETCHES_MAX, "pieces to send"),
            (self.encoding, ENCODES_MAX, "pieces to encode"),
            (
                self.encoded,
                sessions * AHEAD_MAX,
                "pieces that are encoded",
            ),
        ];
        let excess = figures.into_iter().find(|(held, max, _)| held > max);
        excess.map(|(.., what)| what)
    }
}

impl Exchange {
    /// What is held now.
    #[must_use]
    pub fn holding(&self) -> Holding {
        let start = Holding {
            sessions: self.sessions.len(),
            wanted: self.wants.len(),
            sources: self.wants.values().map(|want| want.sources.len()).sum(),
            flying: self.flying.len(),
            storing: self.storing.len(),
            ..Holding::default()
        };
        let sessions = self.sessions.values();
        sessions.fold(start, |held, session| session.add_to(held))
    }
}
