//! How far this node and its peers are: what people ask first.

use std::collections::BTreeMap;
use std::time::Duration;

use super::input::SessionId;
use super::machine::Sync;
use super::session::Session;
use crate::event::{NodeId, Offset, StreamId};

/// A connected peer, as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// The session.
    pub session: SessionId,
    /// The peer.
    pub node: NodeId,
    /// Whether the peer has said everything about itself; until then the rest means little.
    pub is_introduced: bool,
    /// Events that the peer has and this node wants and lacks.
    pub behind: u64,
    /// Events that this node has and the peer wants and lacks, as far as it has said.
    pub ahead: u64,
    /// For how long the first of the two was not zero; until the peer is introduced, since the
    /// session began.
    pub behind_for: Duration,
    /// For how long the second was not, likewise.
    pub ahead_for: Duration,
    /// How long a frame and its answer took last.
    pub round_trip: Option<Duration>,
}

impl PeerStatus {
    /// Whether both have the same.
    #[must_use]
    pub fn is_in_sync(&self) -> bool {
        self.is_introduced && self.behind == 0 && self.ahead == 0
    }

    /// For how long the two have not had the same.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.behind_for.max(self.ahead_for)
    }
}

impl Sync {
    /// All connected peers, in the order of their sessions.
    #[must_use]
    pub fn peers(&self, now: Duration) -> Vec<PeerStatus> {
        let for_how_long = |since: Option<Duration>| {
            since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
        };
        let status = |session: &Session| PeerStatus {
            session: session.id,
            node: session.peer,
            is_introduced: session.has_all_heads,
            behind: self.behind(session),
            ahead: self.ahead(session),
            behind_for: for_how_long(session.behind_since),
            ahead_for: for_how_long(session.ahead_since),
            round_trip: session.round_trip,
        };
        self.sessions.values().map(status).collect()
    }

    /// How many events of each stream some peer has and this node wants and lacks.
    #[must_use]
    pub fn to_replicate(&self) -> BTreeMap<StreamId, u64> {
        let mut lacking = BTreeMap::new();
        for session in self.sessions.values() {
            for (stream, count) in self.lacking_here(session) {
                let most = lacking.entry(stream).or_insert(0);
                *most = count.max(*most);
            }
        }
        lacking
    }

    fn behind(&self, session: &Session) -> u64 {
        self.lacking_here(session).map(|(_, count)| count).sum()
    }

    fn lacking_here<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = (StreamId, u64)> {
        let theirs = session.theirs();
        let theirs = theirs.filter(|entry| !session.is_forked(entry.stream));
        let theirs = theirs.filter(|entry| !self.is_apart(entry.stream, entry.first));
        theirs.filter_map(|entry| {
            let theirs = self.members.clamp(entry.stream, entry.last)?;
            let count = missing(self.present.last(entry.stream), entry.first, theirs);
            let is_wanted = count > 0 && self.is_wanted(entry.stream, &entry.name);
            is_wanted.then_some((entry.stream, count))
        })
    }

    fn ahead(&self, session: &Session) -> u64 {
        let lacking = self.present.iter().filter_map(|(stream, last)| {
            let theirs = session.their(stream).map(|entry| entry.last);
            let last = self.members.clamp(stream, last)?;
            let is_ahead = theirs < Some(last);
            let name = is_ahead.then(|| self.log.head(stream)).flatten()?.name;
            let is_counted = self.is_for(session, stream, &name) && !session.is_forked(stream);
            let first = self.log.first(stream);
            // An author never goes on behind a gap in a stream of its own.
            let is_apart = session.peer == stream.node
                && theirs.is_some_and(|theirs| theirs.get() + 1 < first.get());
            (is_counted && !is_apart).then(|| missing(theirs, first, last))
        });
        lacking.sum()
    }

    /// Remembers since when a peer and this node differ.
    pub(super) fn note_lag(&mut self, id: SessionId, now: Duration) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let is_behind = !session.has_all_heads || self.behind(session) > 0;
        let is_ahead = !session.has_all_heads || self.ahead(session) > 0;
        if let Some(session) = self.sessions.get_mut(&id) {
            session.behind_since = is_behind.then(|| session.behind_since.unwrap_or(now));
            session.ahead_since = is_ahead.then(|| session.ahead_since.unwrap_or(now));
        }
    }
}

/// How many events lie behind `here` up to `there`, where they begin at `first`.
fn missing(here: Option<Offset>, first: Offset, there: Offset) -> u64 {
    let next = here.map_or(0, |offset| offset.get() + 1);
    (there.get() + 1).saturating_sub(next.max(first.get()))
}
