//! The text format of Prometheus, read strictly: what any reader of it may rely on.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::Place;
use crate::http::Ask;

/// The labels of a sample, by name.
type Labels = BTreeMap<String, String>;

/// What `/metrics` says at one moment.
#[derive(Debug)]
pub(crate) struct Exposition {
    /// The kind of each family.
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Exposition {
    /// Asks a gateway.
    pub(crate) async fn of(place: &Place) -> Self {
        let reply = place.send(Ask::new("GET", "/metrics")).await;
        assert_eq!(reply.status, 200);
        let format = reply.header("content-type").unwrap();
        assert!(format.starts_with("text/plain; version=0.0.4"), "{format}");
        Self::parse(reply.text())
    }

    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let mut parsed = Self {
            kinds: BTreeMap::new(),
            samples: BTreeMap::new(),
        };
        let (mut helped, mut family) = (String::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').unwrap();
                assert!(text.ends_with('.') && !text.contains('\\'), "{line}");
                helped = name.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, helped, "it is explained just before");
                check_name(name, kind);
                let before = parsed.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} comes twice");
                family = name.to_owned();
            } else {
                let (name, labels, value) = sample(line);
                parsed.check_belongs(&name, &family);
                let before = parsed.samples.insert((name, labels), value);
                assert_eq!(before, None, "{line} comes twice");
            }
        }
        parsed.check_values();
        parsed.check_histograms();
        parsed
    }

    /// What all samples of a name with at least these labels come to.
    pub(crate) fn total(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |found: &Labels| {
            let mut wanted = labels.iter();
            wanted.all(|(label, value)| found.get(*label).is_some_and(|found| found == value))
        };
        let samples = self.samples.iter();
        let found = samples.filter(|((of, labels), _)| of == name && has(labels));
        found.map(|(_, value)| value).sum()
    }

    /// The values of a label of a name.
    pub(crate) fn values(&self, name: &str, label: &str) -> BTreeSet<&str> {
        let samples = self.samples.keys().filter(|(of, _)| of == name);
        samples
            .filter_map(|(_, labels)| labels.get(label).map(String::as_str))
            .collect()
    }

    /// Whether there is a sample of this name.
    pub(crate) fn is_told(&self, name: &str) -> bool {
        self.samples.keys().any(|(of, _)| of == name)
    }

    /// Whether there is a family of this name.
    pub(crate) fn has(&self, family: &str) -> bool {
        self.kinds.contains_key(family)
    }

    fn check_belongs(&self, name: &str, family: &str) {
        let endings: &[&str] = match self.kinds[family].as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        let rest = name.strip_prefix(family);
        assert!(
            rest.is_some_and(|rest| endings.contains(&rest)),
            "{name} is not of {family}"
        );
    }

    fn check_values(&self) {
        for ((name, labels), value) in &self.samples {
            assert!(value.is_finite(), "{name} {labels:?} {value}");
            let kind = self.kinds.get(name).map(String::as_str);
            assert!(kind == Some("gauge") || *value >= 0.0, "{name} {value}");
        }
    }

    fn check_histograms(&self) {
        let histograms = self.kinds.iter().filter(|(_, kind)| *kind == "histogram");
        for (name, _) in histograms {
            let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for ((of, labels), value) in &self.samples {
                if *of == format!("{name}_bucket") {
                    let mut labels = labels.clone();
                    let bound = labels.remove("le").unwrap();
                    let bound = match bound.as_str() {
                        "+Inf" => f64::INFINITY,
                        bound => bound.parse().unwrap(),
                    };
                    series.entry(labels).or_default().push((bound, *value));
                }
            }
            for (labels, mut buckets) in series {
                buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
                let is_cumulative = buckets.is_sorted_by(|one, next| one.1 <= next.1);
                assert!(is_cumulative, "{name} {labels:?} {buckets:?}");
                let last = *buckets.last().unwrap();
                let part =
                    |ending: &str| self.samples[&(format!("{name}{ending}"), labels.clone())];
                assert_eq!(last, (f64::INFINITY, part("_count")), "{name} {labels:?}");
                assert!(part("_sum") >= 0.0);
                assert!(part("_count") > 0.0 || part("_sum") == 0.0);
            }
        }
    }
}

fn check_name(name: &str, kind: &str) {
    assert!(
        name.starts_with("swarmlet_") || name.starts_with("process_"),
        "{name}"
    );
    let is_counter = name.ends_with("_total");
    assert_eq!(is_counter, kind == "counter", "{name} is a {kind}");
    assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
    let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    assert!(name.chars().all(is_of_name), "{name}");
}

fn sample(line: &str) -> (String, Labels, f64) {
    let (head, value) = line.rsplit_once(' ').unwrap();
    let value = value.parse().unwrap();
    let Some((name, labels)) = head.split_once('{') else {
        return (head.to_owned(), Labels::new(), value);
    };
    let mut left = labels.strip_suffix('}').unwrap();
    let mut found = Labels::new();
    while !left.is_empty() {
        let (label, rest) = left.split_once("=\"").unwrap();
        // None of ours needs a backslash.
        let (value, rest) = rest.split_once('"').unwrap();
        assert!(!value.contains('\\') && !value.is_empty(), "{line}");
        let before = found.insert(label.to_owned(), value.to_owned());
        assert_eq!(before, None, "{label} comes twice in {line}");
        left = match rest.strip_prefix(',') {
            Some(more) if !more.is_empty() => more,
            Some(_) => panic!("a comma too many in {line}"),
            None => {
                assert!(rest.is_empty(), "{line}");
                rest
            }
        };
    }
    (name.to_owned(), found, value)
}
