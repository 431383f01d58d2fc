//! What is taken back leaves no trace: live results, all in all, are those of the events that stay.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::results::run;

/// Queries whose stages can all take back.
const QUERIES: [&str; 12] = [
    "SELECT _ * 2, 'x'",
    "FILTER _ > 0",
    "LET x := _ + 1 FILTER x != 1 SELECT x",
    "AGGREGATE SUM(_)",
    "AGGREGATE PRODUCT(_)",
    "AGGREGATE COUNT(_)",
    "AGGREGATE AVG(_)",
    "AGGREGATE [SUM(_), COUNT(_), SUM(_ > 0), PRODUCT(_ > 0)]",
    "DISTINCT",
    "SELECT _ % 2 DISTINCT AGGREGATE SUM(_)",
    "GROUP BY _ % 2 AGGREGATE [group, SUM(_), COUNT(_)]",
    "GROUP BY _ % 3 SELECT group, PRODUCT(_) AGGREGATE COUNT(_)",
];

/// How often each value is there when all is said; diagnostics say nothing about values.
fn net(outputs: &[String]) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for output in outputs.iter().filter(|output| !output.contains(": ")) {
        let (value, step) = match output.strip_prefix('-') {
            Some(value) => (value, -1),
            None => (output.as_str(), 1),
        };
        let value = value.split(" @").next().unwrap_or_default();
        *counts.entry(value.to_owned()).or_default() += step;
    }
    counts.retain(|_, count| *count != 0);
    counts
}

/// Arrays, so that negative numbers and what is taken back can be told apart.
fn in_array(query: &str) -> String {
    format!("FROM 'a' {query} SELECT [_]")
}

#[derive(Clone, Debug)]
enum Step {
    Publish(i8),
    TakeBack(prop::sample::Index),
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (-3..4_i8).prop_map(Step::Publish),
        2 => any::<prop::sample::Index>().prop_map(Step::TakeBack),
        1 => Just(Step::Flush),
    ]
}

/// The steps as the tables have them, and the events that stay.
fn texts(steps: &[Step]) -> (Vec<String>, Vec<String>) {
    let mut events = 0;
    let mut staying: Vec<(usize, String)> = Vec::new();
    let mut texts = Vec::new();
    for step in steps {
        match step {
            Step::Publish(value) => {
                events += 1;
                let text = format!("a: {value}");
                staying.push((events, text.clone()));
                texts.push(text);
            }
            Step::TakeBack(which) if !staying.is_empty() => {
                let (number, _) = staying.remove(which.index(staying.len()));
                texts.push(format!("-{number}"));
            }
            Step::TakeBack(_) => {}
            Step::Flush => texts.push("flush".to_owned()),
        }
    }
    texts.push("flush".to_owned());
    (texts, staying.into_iter().map(|(_, text)| text).collect())
}

fn references(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

proptest! {
    #[test]
    fn live_results_are_those_of_the_events_that_stay(
        query in prop::sample::select(&QUERIES[..]),
        steps in prop::collection::vec(step(), 0..24),
    ) {
        let query = in_array(query);
        let (steps, staying) = texts(&steps);
        let live = run(&query, &references(&steps));
        let bounded = run(&query, &references(&staying));
        prop_assert_eq!(net(&live), net(&bounded), "{} {:?}", query, steps);
    }
}
