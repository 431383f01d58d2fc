//! What a run of a swarm can meet.

/// Something a run can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Met {
    Apart,
    Cut,
    CutOneWay,
    PowerLoss,
    Kill,
    ShownUnsynced,
    Loss,
    Repeated,
    Reordered,
    Skewed,
    Backlog,
    Evil,
    EvilRefused,
    Revoked,
    SessionRefused,
    Copied,
    Clones,
    Rescued,
    Begun,
    Gap,
    GapOfOwn,
}

impl Met {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[
        Self::Apart,
        Self::Cut,
        Self::CutOneWay,
        Self::PowerLoss,
        Self::Kill,
        Self::ShownUnsynced,
        Self::Loss,
        Self::Repeated,
        Self::Reordered,
        Self::Skewed,
        Self::Backlog,
        Self::Evil,
        Self::EvilRefused,
        Self::Revoked,
        Self::SessionRefused,
        Self::Copied,
        Self::Clones,
        Self::Rescued,
        Self::Begun,
        Self::Gap,
        Self::GapOfOwn,
    ];
}
