//! What is counted of other nodes together: whom this one let in, what it denied, what it checked.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swarmlet_engine::membership::Denial;
use swarmlet_engine::sync::{CloseReason, Incident, Tally};

use super::histogram::Recorder;
use super::recorders::count;
use super::snapshot::SwarmMetrics;

/// What is counted of other nodes.
#[derive(Debug, Default)]
pub(crate) struct SwarmRecorder {
    pub(crate) delivery_direct: Recorder,
    pub(crate) delivery_relayed: Recorder,
    greetings: [AtomicU64; Greeting::ALL.len()],
    denied: [AtomicU64; Denied::ALL.len()],
    /// Of devices that proved who they are, and of their certificates.
    devices_verified: AtomicU64,
    devices_forged: AtomicU64,
    /// Of events, as the machine counts them.
    runs_verified: AtomicU64,
    runs_forged: AtomicU64,
    pub(crate) forks: AtomicU64,
}

/// How an admission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    Ok,
    UnknownSwarm,
    Revoked,
    Expired,
    Version,
    Timeout,
    /// Refused for another reason, put off, or broken off.
    Other,
}

/// What was denied to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It asked for a stream that it may not read.
    Read,
    /// It sent events whose author may not write them.
    Write,
    /// It lets more wait for it than there is room for.
    Quota,
    /// It sent what no honest node sends.
    Malformed,
}

impl Greeting {
    const ALL: [Self; 7] = [
        Self::Ok,
        Self::UnknownSwarm,
        Self::Revoked,
        Self::Expired,
        Self::Version,
        Self::Timeout,
        Self::Other,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UnknownSwarm => "unknown_swarm",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Version => "version",
            Self::Timeout => "timeout",
            Self::Other => "other",
        }
    }
}

impl From<Denial> for Greeting {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::WrongSwarm | Denial::UnknownIssuer => Self::UnknownSwarm,
            Denial::Revoked | Denial::IssuerRevoked => Self::Revoked,
            Denial::Expired | Denial::InviteExpired => Self::Expired,
            Denial::NoCommonVersion => Self::Version,
            _ => Self::Other,
        }
    }
}

impl Denied {
    const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Quota, Self::Malformed];

    /// What the machine has denied where it tells of `incident`.
    pub(crate) const fn told_by(incident: &Incident) -> Option<Self> {
        match incident {
            Incident::Quarantined { .. } => Some(Self::Write),
            _ => None,
        }
    }

    /// What it has denied where it closes a session for `reason`.
    pub(crate) const fn closing(reason: &CloseReason) -> Option<Self> {
        match reason {
            CloseReason::Misbehaved(_) => Some(Self::Malformed),
            CloseReason::Unread => Some(Self::Quota),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Quota => "quota",
            Self::Malformed => "malformed",
        }
    }
}

impl SwarmRecorder {
    pub(crate) fn note_greeting(&self, greeting: Greeting) {
        count(&self.greetings[greeting as usize]);
    }

    pub(crate) fn note_denied(&self, denied: Denied) {
        count(&self.denied[denied as usize]);
    }

    /// The signature of a device at the other end of a connection, or its certificate, was checked.
    pub(crate) fn note_checked(&self, holds: bool) {
        count(match holds {
            true => &self.devices_verified,
            false => &self.devices_forged,
        });
    }

    /// What the machine has counted so far.
    pub(crate) fn set_tally(&self, tally: &Tally) {
        self.runs_verified.store(tally.runs_verified, Relaxed);
        self.runs_forged.store(tally.runs_forged, Relaxed);
        self.denied[Denied::Read as usize].store(tally.reads_denied, Relaxed);
    }

    pub(super) fn snapshot(&self) -> SwarmMetrics {
        let sum = |one: &AtomicU64, other: &AtomicU64| one.load(Relaxed) + other.load(Relaxed);
        let greetings = Greeting::ALL.iter();
        let denied = Denied::ALL.iter();
        SwarmMetrics {
            delivery_direct: self.delivery_direct.snapshot(),
            delivery_relayed: self.delivery_relayed.snapshot(),
            handshakes: greetings
                .map(|one| (one.word(), self.greetings[*one as usize].load(Relaxed)))
                .collect(),
            denied: denied
                .map(|one| (one.word(), self.denied[*one as usize].load(Relaxed)))
                .collect(),
            signatures_verified: sum(&self.devices_verified, &self.runs_verified),
            signatures_failed: sum(&self.devices_forged, &self.runs_forged),
            forks: self.forks.load(Relaxed),
            ..SwarmMetrics::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use swarmlet_engine::event::{NodeId, Offset, StreamId, StreamNumber};

    use super::*;

    #[test]
    fn each_ending_and_each_denial_is_counted_under_its_word() {
        let swarm = SwarmRecorder::default();
        for greeting in Greeting::ALL {
            swarm.note_greeting(greeting);
        }
        swarm.note_greeting(Greeting::from(Denial::Revoked));
        let refused = Incident::Quarantined {
            stream: StreamId::new(NodeId::from_bytes([1; 32]), StreamNumber::DEFAULT),
            name: None,
            first: Offset::ZERO,
        };
        let forked = Incident::DuplicateIdentity {
            node: NodeId::from_bytes([1; 32]),
        };
        swarm.note_denied(Denied::told_by(&refused).unwrap());
        assert_eq!(Denied::told_by(&forked), None);
        swarm.note_denied(Denied::closing(&CloseReason::Unread).unwrap());
        assert_eq!(Denied::closing(&CloseReason::Crowded), None);
        let tally = Tally {
            reads_denied: 3,
            runs_verified: 5,
            runs_forged: 1,
            ..Tally::default()
        };
        swarm.note_checked(true);
        swarm.note_checked(false);
        swarm.set_tally(&tally);
        let told = swarm.snapshot();
        for (word, times) in told.handshakes {
            assert_eq!(times, if word == "revoked" { 2 } else { 1 }, "{word}");
        }
        let denied = [("read", 3), ("write", 1), ("quota", 1), ("malformed", 0)];
        assert_eq!(told.denied, denied);
        assert_eq!((told.signatures_verified, told.signatures_failed), (6, 2));
    }
}
