//! What a run of the log can meet.

/// Something a run can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Met {
    Sealed,
    Merged,
    Dropped,
    Recycled,
    SeveralStreams,
    HeldCursor,
    SkippedByRetention,
    CleanClose,
    Kill,
    PowerLoss,
    PowerLossInOperation,
    UnsyncedWriteLost,
    TornWriteSetAside,
    BufferedLoss,
    DoubtfulGroupKept,
    InputOutputError,
    FailedSync,
    FullDisk,
    FullDiskRecovered,
    ReadOnlyDisk,
    OpenFailed,
    BitFlipDetected,
    BitFlipWithoutEffect,
}

impl Met {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[
        Self::Sealed,
        Self::Merged,
        Self::Dropped,
        Self::Recycled,
        Self::SeveralStreams,
        Self::HeldCursor,
        Self::SkippedByRetention,
        Self::CleanClose,
        Self::Kill,
        Self::PowerLoss,
        Self::PowerLossInOperation,
        Self::UnsyncedWriteLost,
        Self::TornWriteSetAside,
        Self::BufferedLoss,
        Self::DoubtfulGroupKept,
        Self::InputOutputError,
        Self::FailedSync,
        Self::FullDisk,
        Self::FullDiskRecovered,
        Self::ReadOnlyDisk,
        Self::OpenFailed,
        Self::BitFlipDetected,
        Self::BitFlipWithoutEffect,
    ];
}
