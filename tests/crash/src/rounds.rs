//! The rounds: start, kill, look, and go on in the same folder or in a fresh one.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::ack::Ack;
use crate::chance::Chance;
use crate::check::check;

/// What came out of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    rounds: u32,
    folders: u32,
    acknowledged: usize,
    unacknowledged: usize,
    open_times: Vec<Duration>,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.open_times.clone();
        times.sort_unstable();
        let millis = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        write!(
            out,
            "{} kills over {} folders: {} events acknowledged, lost 0, {} more were there; \
             open after kill: median {:.1} ms, max {:.1} ms",
            self.rounds,
            self.folders,
            self.acknowledged,
            self.unacknowledged,
            millis(times.get(times.len() / 2)),
            millis(times.last()),
        )
    }
}

/// A data folder that is used for some rounds.
struct Site {
    folder: TempDir,
    acknowledged: BTreeSet<Ack>,
    is_buffered: bool,
    rounds_left: u64,
}

/// Does all rounds; the first thing that is not as it must be is an error.
pub(crate) fn run(rounds: u32, seed: u64, root: Option<&Path>) -> Result<Summary> {
    let mut chance = Chance::new(seed);
    let mut summary = Summary::default();
    let mut site = None;
    for round in 0..rounds {
        let at = match site.take() {
            Some(site) => site,
            None => {
                summary.folders += 1;
                new_site(root, &mut chance)?
            }
        };
        let outcome = one_round(at, round, &mut chance, &mut summary);
        site = outcome.with_context(|| format!("round {round} of --seed {seed}"))?;
    }
    summary.rounds = rounds;
    Ok(summary)
}

fn new_site(root: Option<&Path>, chance: &mut Chance) -> Result<Site> {
    let folder = match root {
        Some(root) => TempDir::new_in(root),
        None => TempDir::new(),
    };
    Ok(Site {
        folder: folder.context("no folder for the test")?,
        acknowledged: BTreeSet::new(),
        is_buffered: chance.below(4) == 0,
        rounds_left: chance.below(6),
    })
}

/// One kill. Returns the folder if the next round goes on in it; keeps it if something is wrong.
fn one_round(
    mut site: Site,
    round: u32,
    chance: &mut Chance,
    summary: &mut Summary,
) -> Result<Option<Site>> {
    let path = site.folder.path().join("node");
    let acknowledged = publish_and_kill(&path, round, site.is_buffered, chance)?;
    summary.acknowledged += acknowledged.len();
    site.acknowledged.extend(acknowledged);
    let is_last = site.rounds_left == 0;
    match check(&path, &site.acknowledged, site.is_buffered, is_last) {
        Ok(found) => {
            summary.open_times.push(found.open_time);
            if is_last {
                summary.unacknowledged += found.events - site.acknowledged.len();
                return Ok(None);
            }
            site.rounds_left -= 1;
            Ok(Some(site))
        }
        Err(error) => {
            let kept = site.folder.keep();
            Err(error.context(format!("the folder is kept: {}", kept.display())))
        }
    }
}

fn publish_and_kill(
    path: &Path,
    round: u32,
    is_buffered: bool,
    chance: &mut Chance,
) -> Result<Vec<Ack>> {
    let program = std::env::current_exe().context("where this program is")?;
    let mut command = Command::new(program);
    command.arg("child").arg(path).arg(round.to_string());
    if is_buffered {
        command.arg("--buffered");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().context("no child")?;
    let output = child.stdout.take().context("the child has a pipe")?;
    let reader = std::thread::spawn(move || read_acks(BufReader::new(output)));
    std::thread::sleep(Duration::from_micros(chance.below(1_000_000)));
    kill(&mut child)?;
    let acknowledged = reader.join();
    acknowledged.expect("a panic ends the process")
}

fn kill(child: &mut Child) -> Result<()> {
    if let Some(status) = child.try_wait()? {
        bail!("the child ended by itself: {status}");
    }
    child.kill().context("the child cannot be killed")?;
    child.wait()?;
    Ok(())
}

/// Reads whole lines until the pipe ends.
fn read_acks(mut output: impl BufRead) -> Result<Vec<Ack>> {
    let mut acks = Vec::new();
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        // What is cut off was not reported.
        if let Some(whole) = line.strip_suffix('\n') {
            for part in whole.split_terminator(';') {
                acks.push(Ack::parse(part).with_context(|| format!("odd report: {part}"))?);
            }
        }
        line.clear();
    }
    Ok(acks)
}
