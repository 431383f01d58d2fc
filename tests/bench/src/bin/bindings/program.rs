//! The program of a language: how it is started, and what it answers.
//!
//! It is given `--events N --folder FOLDER`, opens one node there with what the package does by
//! itself, and carries out every [`Work`] with events of a shop floor: three tags and about a
//! hundred bytes of payload, `{"seq", "state", "speed", "ok", "operator", "part"}`. For each it
//! writes one line to standard output, in any order:
//!
//!     {"work": "publish_batches", "events": 200000, "seconds": 0.51, "cpu_seconds": 0.78}
//!
//! What is prepared before is not counted: of events to be published, their values in the language.

use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// The language that all others are measured beside.
pub(crate) const OURS: &str = "rust";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// All events in calls of 4 096, each call when the one before is durable.
    PublishBatches,
    /// Reads them by a subscription, by the batch, and looks into none.
    SubscribeBatches,
    /// Reads them by a subscription one by one, and of each payload whether it is ok.
    SubscribeRows,
    /// A twentieth of the events, each in a call of its own, 64 calls at a time.
    PublishInFlight,
    /// A two hundredth, one call after the other.
    PublishSingly,
}

impl Work {
    /// Every work, in the order of the table.
    pub(crate) const ALL: [Work; 5] = [
        Work::PublishBatches,
        Work::SubscribeBatches,
        Work::SubscribeRows,
        Work::PublishInFlight,
        Work::PublishSingly,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Work::PublishBatches => "publish, batches",
            Work::SubscribeBatches => "subscribe, batches",
            Work::SubscribeRows => "subscribe, one by one",
            Work::PublishInFlight => "publish, 64 in flight",
            Work::PublishSingly => "publish, one at a time",
        }
    }
}

/// A line of a program.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) work: Work,
    pub(crate) events: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

/// What was measured of one work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    pub(crate) work: Work,
    /// Events per second.
    pub(crate) rate: f64,
    /// Of all threads of the process, for each event.
    pub(crate) cpu_micros: f64,
}

/// A language with the command that starts its program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) name: String,
    words: Vec<String>,
}

impl Program {
    /// The program of Rust, which is this one.
    pub(crate) fn ours() -> Result<Self> {
        let this = std::env::current_exe().context("cannot tell where this program is")?;
        let this = this
            .to_str()
            .context("the path of this program is not UTF-8")?;
        Ok(Self {
            name: OURS.to_owned(),
            words: vec![this.to_owned(), "rates".to_owned()],
        })
    }

    /// Starts it, waits until it has ended, and takes what it says.
    pub(crate) fn run(&self, events: u64, folder: &Path) -> Result<Vec<Figure>> {
        let name = &self.name;
        let (program, arguments) = self.words.split_first().context("a command is empty")?;
        let output = Command::new(program)
            .args(arguments)
            .args(["--events", &events.to_string(), "--folder"])
            .arg(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {program} for {name}"))?;
        ensure!(
            output.status.success(),
            "the program of {name} ended with {}",
            output.status
        );
        let said = String::from_utf8(output.stdout)
            .with_context(|| format!("the program of {name} wrote no UTF-8"))?;
        let figures = said.lines().map(parse).collect::<Result<Vec<_>>>();
        let figures = figures.with_context(|| format!("of the program of {name}"))?;
        for work in Work::ALL {
            let count = figures.iter().filter(|figure| figure.work == work).count();
            ensure!(count == 1, "{name} measured {work:?} {count} times");
        }
        Ok(figures)
    }
}

impl FromStr for Program {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((name, command)) = text.split_once('=') else {
            bail!("{text} is not NAME=COMMAND");
        };
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        ensure!(!words.is_empty(), "{name} has no command");
        Ok(Self {
            name: name.to_owned(),
            words,
        })
    }
}

fn parse(line: &str) -> Result<Figure> {
    let said: Line = serde_json::from_str(line).with_context(|| format!("no figure: {line}"))?;
    ensure!(
        said.events > 0 && said.seconds > 0.0,
        "nothing measured: {line}"
    );
    Ok(Figure {
        work: said.work,
        rate: said.events as f64 / said.seconds,
        cpu_micros: said.cpu_seconds * 1e6 / said.events as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_rate_and_cost() {
        let line =
            r#"{"work": "subscribe_rows", "events": 1000, "seconds": 0.5, "cpu_seconds": 0.01}"#;
        let figure = parse(line).unwrap();
        assert_eq!(figure.work, Work::SubscribeRows);
        assert_eq!((figure.rate, figure.cpu_micros), (2_000.0, 10.0));
        assert!(parse(&line.replace("subscribe_rows", "rest")).is_err());
        assert!(parse(&line.replace("0.5", "0.0")).is_err());
    }

    #[test]
    fn a_command_is_split_into_words() {
        let program: Program = "c=target/rates -x".parse().unwrap();
        assert_eq!(program.words, ["target/rates", "-x"]);
        assert!("c=".parse::<Program>().is_err());
        assert!("c".parse::<Program>().is_err());
    }
}
