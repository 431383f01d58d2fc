//! What the runs of all seeds met: a fault that no run meets is a fault that is not tested.

use std::collections::BTreeMap;

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
    const ALL: [Self; 23] = [
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

/// How many seeds met each thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    seeds: BTreeMap<Met, u64>,
}

impl Coverage {
    /// One run met it, once or more.
    pub(crate) fn note(&mut self, met: Met) {
        self.seeds.insert(met, 1);
    }

    /// Adds the runs of others.
    pub(crate) fn add(&mut self, other: &Self) {
        for (met, count) in &other.seeds {
            *self.seeds.entry(*met).or_default() += count;
        }
    }

    /// Each thing with the share of `seeds` that met it, in percent.
    pub(crate) fn shares(&self, seeds: u64) -> impl Iterator<Item = (Met, f64)> {
        Met::ALL.into_iter().map(move |met| {
            let count = self.seeds.get(&met).copied().unwrap_or(0);
            (met, count as f64 * 100.0 / seeds as f64)
        })
    }
}

/// Share of seeds, in percent, that must meet each thing.
pub(crate) const PERCENT_MIN: f64 = 5.0;
