//! What is aimed at, and beside whom. Applies as soon as the subject is among the stores.

use super::figures::{Figure, Figures};
use swarmlet_bench::report::{Row, Target};

/// The name of our own store.
pub(crate) const SUBJECT: &str = "swarmlet";

/// A figure of the subject, the peer beside it, and the aim.
const AIMS: &[(Figure, Option<&str>, Target)] = &[
    (
        Figure::PublishSingly,
        Some("bare file"),
        Target::RatioMin(0.8),
    ),
    (Figure::PublishSingly, Some("sqlite"), Target::Open),
    (
        Figure::PublishInFlight,
        Some("sqlite"),
        Target::RatioMin(2.0),
    ),
    (Figure::PublishInFlight, Some("bare file"), Target::Open),
    (
        Figure::PublishBatches,
        Some("sqlite"),
        Target::RatioMin(3.0),
    ),
    (Figure::PublishBatches, Some("bare file"), Target::Open),
    (Figure::DiskPerEvent, Some("sqlite"), Target::RatioMax(0.4)),
    (Figure::DiskPerEvent, None, Target::ValueMax(106.0)),
    (Figure::LoadMemory, None, Target::ValueMax(64.0)),
    (Figure::QueryMemory, None, Target::ValueMax(64.0)),
    (Figure::Open, None, Target::ValueMax(100.0)),
    (Figure::QueryTag, Some("sqlite"), Target::Open),
    (Figure::QueryTag, None, Target::ValueMax(100.0)),
    (Figure::QueryFirst, None, Target::ValueMax(5.0)),
    (Figure::SlowReaderMemory, None, Target::ValueMax(64.0)),
];

/// The rows of the subject, as far as it and its peers were measured.
pub(crate) fn rows(figures: &Figures) -> Vec<Row> {
    AIMS.iter()
        .filter_map(|(figure, peer, target)| row(figures, *figure, *peer, *target))
        .collect()
}

fn row(figures: &Figures, figure: Figure, peer: Option<&str>, target: Target) -> Option<Row> {
    let value = figures.value(figure, SUBJECT)?;
    let Some(peer) = peer else {
        return Some(Row::alone(figure.name(), value, figure.unit(), target));
    };
    let peer_value = figures.value(figure, peer)?;
    let row = Row::alone(figure.name(), value, figure.unit(), Target::Open);
    Some(row.beside(peer, peer_value, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_is_judged_beside_its_peers() {
        let mut figures = Figures::default();
        figures.add(Figure::PublishInFlight, "sqlite", 10.0);
        assert!(rows(&figures).is_empty());
        figures.add(Figure::PublishInFlight, SUBJECT, 19.0);
        figures.add(Figure::Open, SUBJECT, 40.0);
        let judged: Vec<_> = rows(&figures)
            .iter()
            .map(|row| (row.ratio, row.met))
            .collect();
        assert_eq!(judged, [(Some(1.9), Some(false)), (None, Some(true))]);
    }
}
