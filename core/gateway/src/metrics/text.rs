//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use swarmlet::Histogram;

/// Measurements as text.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// What kind of measurement it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

/// The names and values that tell samples of one name apart.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Text {
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// One number.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// What the samples that follow are; every name comes once.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help);
    }

    pub(super) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let lead = if index == 0 { '{' } else { ',' };
            self.write(format_args!("{lead}{label}=\"{}\"", escaped(value)));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        self.write(format_args!(" {value}\n"));
    }

    /// Durations, told apart by labels; every name comes once.
    pub(super) fn histograms<'a>(
        &mut self,
        name: &str,
        help: &str,
        histograms: impl IntoIterator<Item = (Labels<'a>, &'a Histogram)>,
    ) {
        self.head(name, "histogram", help);
        for (labels, histogram) in histograms {
            self.buckets(name, labels, histogram);
        }
    }

    fn buckets(&mut self, name: &str, labels: Labels<'_>, histogram: &Histogram) {
        let bounds = Histogram::BOUNDS
            .iter()
            .map(|bound| seconds(*bound).to_string());
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let (bucket, mut total) = (format!("{name}_bucket"), 0);
        for (bound, count) in bounds.zip(histogram.counts()) {
            total += count;
            let labels = [labels, &[("le", bound.as_str())]].concat();
            self.sample(&bucket, &labels, total);
        }
        let sum = seconds(histogram.sum());
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, total);
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0
            .write_fmt(text)
            .expect("writing to a string succeeds");
    }
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_labels_and_no_way_out_of_them() {
        let mut text = Text::default();
        text.family("a_total", Kind::Counter, "What it is.");
        text.sample("a_total", &[("x", "1"), ("y", "\"\\\n")], 7);
        let expected = "# HELP a_total What it is.\n# TYPE a_total counter\n\
                        a_total{x=\"1\",y=\"\\\"\\\\\\n\"} 7\n";
        assert_eq!(text.into_string(), expected);
    }

    #[test]
    fn buckets_add_up_to_the_count() {
        let mut text = Text::default();
        let histogram = Histogram::default();
        text.histograms("a_seconds", "What it is.", [(&[][..], &histogram)]);
        let text = text.into_string();
        assert!(
            text.contains("a_seconds_bucket{le=\"0.0001\"} 0\n"),
            "{text}"
        );
        assert!(
            text.ends_with("{le=\"+Inf\"} 0\na_seconds_sum 0\na_seconds_count 0\n"),
            "{text}"
        );
    }
}
