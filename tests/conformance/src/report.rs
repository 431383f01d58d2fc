//! The table of results: for people at the terminal, and for the documentation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::run::{self, Results};
use crate::scenario::Scenario;

/// The document that lists scenarios and languages.
const DOCUMENT: &str = "docs/conformance.md";

/// What happened, for the terminal: failures first, the sums last.
pub(crate) fn text(results: &Results) -> String {
    let mut text = String::new();
    for failure in results.failures() {
        let parts = (
            &failure.scenario,
            &failure.cast,
            &failure.step,
            &failure.story,
        );
        let _ = writeln!(
            text,
            "FAILED {} ({}) {}\n{}\n",
            parts.0, parts.1, parts.2, parts.3
        );
    }
    for (name, why) in &results.absent {
        let _ = writeln!(text, "SKIPPED {name}: {why}");
    }
    for (entry, unable) in &results.drivers {
        if let Some(why) = unable {
            let _ = writeln!(text, "SKIPPED {}: it cannot run here: {why}", entry.name);
        }
    }
    for (cast, (passed, all)) in sums(results) {
        let _ = writeln!(text, "{cast:<24} {passed:>4} of {all:>4} passed");
    }
    let all = results.plays.len();
    let failed = results.failures().count();
    let _ = write!(
        text,
        "{all} plays, {failed} failed, {:.1} s",
        results.seconds
    );
    text
}

/// For each cast how many scenarios passed, and how many were played.
fn sums(results: &Results) -> BTreeMap<String, (usize, usize)> {
    let mut sums = BTreeMap::new();
    for played in &results.plays {
        let mut cast = played.cast.clone();
        cast.dedup();
        cast.truncate(2);
        let sum: &mut (usize, usize) = sums.entry(cast.join(" > ")).or_default();
        sum.0 += usize::from(played.failure.is_none());
        sum.1 += 1;
    }
    sums
}

/// Writes the document, or says whether it is current.
pub(crate) fn keep(results: &Results, may_write: bool) -> Result<bool> {
    let path = run::root().join(DOCUMENT);
    let current = document(results);
    if may_write {
        let has_run = results.drivers.iter().all(|(_, unable)| unable.is_none());
        ensure!(
            has_run,
            "{DOCUMENT} is written where every driver of the tree can run"
        );
        fs::write(path, current).with_context(|| format!("cannot write {DOCUMENT}"))?;
        return Ok(true);
    }
    let is_current = fs::read_to_string(path).unwrap_or_default() == current;
    if !is_current {
        crate::print(&format!(
            "{DOCUMENT} is not current: run this with --write, and commit it"
        ));
    }
    Ok(is_current)
}

/// What was shown, for readers: nothing in it differs from run to run.
fn document(results: &Results) -> String {
    let names: Vec<&str> = results
        .drivers
        .iter()
        .map(|(entry, _)| entry.name.as_str())
        .collect();
    let pairing = results.drivers.iter().filter(|(entry, _)| entry.pairs);
    let pairing: Vec<&str> = pairing.map(|(entry, _)| entry.name.as_str()).collect();
    let mut text = BEGINNING.to_owned();
    let _ = writeln!(
        text,
        "\n{} scenarios, {} steps, {} drivers: {}.",
        results.scenarios.len(),
        results
            .scenarios
            .iter()
            .map(|scenario| scenario.steps.len())
            .sum::<usize>(),
        names.len(),
        names.join(", ")
    );
    let absent: Vec<&str> = results
        .absent
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    if !absent.is_empty() {
        let _ = writeln!(text, "Without a driver yet: {}.", absent.join(", "));
    }
    let mut topic = "";
    for scenario in &results.scenarios {
        if scenario.topic != topic {
            topic = &scenario.topic;
            let _ = write!(text, "\n## {topic}\n\n{}", head(&names));
        }
        let cells = " ok |".repeat(names.len());
        let (name, title) = (&scenario.name, &scenario.title);
        let _ = writeln!(
            text,
            "| `{name}` | {title} | {} |{cells}",
            scenario.steps.len()
        );
    }
    text.push_str(&meetings(&results.scenarios, &pairing));
    text
}

fn head(names: &[&str]) -> String {
    let lines = "---|".repeat(names.len());
    format!(
        "| scenario | what it shows | steps | {} |\n|---|---|---|{lines}\n",
        names.join(" | ")
    )
}

/// Where languages meet.
fn meetings(scenarios: &[Scenario], pairing: &[&str]) -> String {
    let mut text = MEETINGS.to_owned();
    for scenario in scenarios.iter().filter(|scenario| scenario.is_shared()) {
        let _ = writeln!(
            text,
            "- `{}`: {}",
            scenario.name,
            scenario.processes.join(", ")
        );
    }
    let _ = write!(text, "\n| the first, the other |");
    for name in pairing {
        let _ = write!(text, " {name} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(pairing.len()));
    for name in pairing {
        let _ = writeln!(text, "| {name} |{}", " ok |".repeat(pairing.len()));
    }
    text
}

const BEGINNING: &str = "\
<!-- Written by `cargo run -p swarmlet-conformance -- --write`, after every play had passed. -->
# Conformance

What a node does has to be the same in every language. Each scenario below is a file in
`tests/conformance/scenarios` with exact expectations; the drivers named here played it, each with
the package of its language. `tests/conformance/README.md` says how, and how to add one.
";

const MEETINGS: &str = "
## Where languages meet

These are played by two or three processes, over sockets on loopback where they are in one swarm: by
one language alone, and by each pair in both orders.

";
