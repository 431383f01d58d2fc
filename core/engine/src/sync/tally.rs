//! What the machine has counted since it was made. Nothing is decided by it.

use std::collections::BTreeMap;

use super::machine::Sync;
use super::session::Session;
use crate::event::{NodeId, Run, StreamId, Unfit};

/// What has happened in all sessions together, those that ended too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs of events whose author's signature held.
    pub runs_verified: u64,
    /// Runs of events without a signature that holds.
    pub runs_forged: u64,
    /// Times that a peer asked for a stream that it may not read.
    pub reads_denied: u64,
    /// Events that were sent to each peer: as many entries as members were met.
    pub events_sent: BTreeMap<NodeId, u64>,
}

impl Tally {
    /// A run was checked.
    pub(super) fn note_checked(&mut self, checked: &Result<Run, Unfit>) {
        match checked {
            Ok(_) => self.runs_verified += 1,
            Err(Unfit::Unsigned(_)) => self.runs_forged += 1,
            Err(Unfit::Malformed(_)) => {}
        }
    }

    /// What is to be told of a session that has sent something.
    pub(super) fn note_sent(&mut self, session: &mut Session) {
        let events = session.outgoing.take_events_sent();
        if events > 0 {
            *self.events_sent.entry(session.peer).or_default() += events;
        }
    }
}

impl Sync {
    /// What was counted so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// A peer has asked for a stream that is not for it; that it does not hold it is no denial.
    pub(super) fn note_denied(&mut self, peer: NodeId, stream: StreamId) {
        let name = self.log.name(stream);
        if name.is_some_and(|name| stream.node != peer && !self.members.may_read(peer, &name)) {
            self.tally.reads_denied += 1;
        }
    }
}
