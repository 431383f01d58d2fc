//! What is measured of a server, the median of it, and how it stands beside another.

use swarmlet_bench::quantile::{median, quantile};
use swarmlet_bench::report::{Row, Target};

/// One figure of one server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
}

/// Which figure is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Larger,
    Smaller,
}

impl Figure {
    /// So many a second.
    pub(crate) fn rate(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            better: Better::Larger,
        }
    }

    /// The 50th and 99th of a hundred times, in milliseconds.
    pub(crate) fn times(name: &str, millis: &[f64]) -> [Self; 2] {
        [50, 99].map(|percent| {
            let value = quantile(millis, f64::from(percent) / 100.0);
            Self {
                name: format!("{name}, p{percent}"),
                value: value.unwrap_or(f64::INFINITY),
                unit: "ms",
                better: Better::Smaller,
            }
        })
    }
}

/// The middle of each figure over all rounds, which have the same figures.
pub(crate) fn medians(rounds: &[Vec<Figure>]) -> Vec<Figure> {
    let first = rounds.first().map(Vec::as_slice).unwrap_or_default();
    let middle = |index: usize| {
        let values: Vec<f64> = rounds.iter().map(|round| round[index].value).collect();
        median(&values).expect("there is a first round")
    };
    let figures = first.iter().enumerate();
    figures
        .map(|(index, figure)| Figure {
            value: middle(index),
            ..figure.clone()
        })
        .collect()
}

/// Our figures, beside the same ones of the predecessor, which are to be behind.
pub(crate) fn rows(ours: &[Figure], ax: Option<&[Figure]>) -> Vec<Row> {
    let row = |(index, figure): (usize, &Figure)| {
        let row = Row::alone(&figure.name, figure.value, figure.unit, Target::Open);
        let target = match figure.better {
            Better::Larger => Target::RatioMin(1.0),
            Better::Smaller => Target::RatioMax(1.0),
        };
        match ax.map(|ax| &ax[index]) {
            Some(ax) => row.beside("ax", ax.value, target),
            None => row,
        }
    };
    ours.iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: [f64; 2]) -> Vec<Figure> {
        let [rate, time] = values;
        let [time, _] = Figure::times("b", &[time]);
        vec![Figure::rate("a", rate, "events/s"), time]
    }

    #[test]
    fn the_median_is_that_of_each_figure() {
        let rounds = [
            figures([3.0, 1.0]),
            figures([1.0, 9.0]),
            figures([2.0, 2.0]),
        ];
        assert_eq!(medians(&rounds), figures([2.0, 2.0]));
    }

    #[test]
    fn more_is_better_of_rates_and_less_of_times() {
        let rows = rows(&figures([3.0, 1.0]), Some(&figures([2.0, 2.0])));
        assert!(rows.iter().all(|row| row.met == Some(true)));
        let rows = super::rows(&figures([1.0, 3.0]), Some(&figures([2.0, 2.0])));
        assert!(rows.iter().all(|row| row.met == Some(false)));
        let rows = super::rows(&figures([1.0, 3.0]), None);
        assert!(rows.iter().all(|row| row.met.is_none()));
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let millis: Vec<f64> = (0..200).rev().map(f64::from).collect();
        let [p50, p99] = Figure::times("a", &millis);
        assert_eq!((p50.value, p99.value), (100.0, 198.0));
        let [p50, p99] = Figure::times("a", &[7.0]);
        assert_eq!((p50.value, p99.value), (7.0, 7.0));
    }
}
