//! The figures of a run: what was measured, of which store.

use swarmlet_bench::report::{Row, Target};

/// What is measured of every store that can do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    PublishSingly,
    PublishInFlight,
    PublishBatches,
    Load,
    DiskPerEvent,
    LoadMemory,
    QueryMemory,
    Open,
    QueryTag,
    QueryFirst,
    ReadAll,
    SlowReaderMemory,
}

impl Figure {
    /// Every figure, in the order of the table.
    pub(crate) const ALL: [Figure; 12] = [
        Figure::PublishSingly,
        Figure::PublishInFlight,
        Figure::PublishBatches,
        Figure::Load,
        Figure::DiskPerEvent,
        Figure::LoadMemory,
        Figure::QueryMemory,
        Figure::Open,
        Figure::QueryTag,
        Figure::QueryFirst,
        Figure::ReadAll,
        Figure::SlowReaderMemory,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Figure::PublishSingly => "durable publish, one at a time",
            Figure::PublishInFlight => "durable publish, 32 in flight",
            Figure::PublishBatches => "durable publish, batches of 100",
            Figure::Load => "durable publish, batches of 1000",
            Figure::DiskPerEvent => "disk for an event",
            Figure::LoadMemory => "peak memory of a writer",
            Figure::QueryMemory => "peak memory of a reader",
            Figure::Open => "open after a kill",
            Figure::QueryTag => "query a tag of 1 %",
            Figure::QueryFirst => "first result of that query",
            Figure::ReadAll => "subscribe, all events",
            Figure::SlowReaderMemory => "peak memory, subscriber at 1/s, writer at 5000/s",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Figure::PublishSingly
            | Figure::PublishInFlight
            | Figure::PublishBatches
            | Figure::Load
            | Figure::ReadAll => "events/s",
            Figure::DiskPerEvent => "B",
            Figure::LoadMemory | Figure::QueryMemory | Figure::SlowReaderMemory => "MiB",
            Figure::Open | Figure::QueryTag | Figure::QueryFirst => "ms",
        }
    }
}

/// The figures of all stores, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    measured: Vec<(Figure, &'static str, f64)>,
}

impl Figures {
    pub(crate) fn add(&mut self, figure: Figure, store: &'static str, value: f64) {
        self.measured.push((figure, store, value));
    }

    pub(crate) fn value(&self, figure: Figure, store: &str) -> Option<f64> {
        let mut measured = self.measured.iter();
        let found = measured.find(|(other, name, _)| *other == figure && *name == store)?;
        Some(found.2)
    }

    /// A row for every figure of every store, those of one figure together.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let of = |figure: Figure| {
            self.measured
                .iter()
                .filter(move |(other, _, _)| *other == figure)
        };
        let row = |(figure, store, value): &(Figure, &str, f64)| {
            Row::alone(
                format!("{}: {store}", figure.name()),
                *value,
                figure.unit(),
                Target::Open,
            )
        };
        Figure::ALL.into_iter().flat_map(of).map(row).collect()
    }
}
