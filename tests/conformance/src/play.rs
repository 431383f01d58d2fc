//! Plays one scenario with one cast: asks, compares, and sees to it that the comparison notices.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::driver::{Driver, GRACE, Started, allowed};
use crate::errors::Errors;
use crate::host::Household;
use crate::json::Merges;
use crate::operation::{Operation, TIMEOUT};
use crate::pattern::{Pattern, Setting};
use crate::roster::Entry;
use crate::scenario::{Action, Outcome, Scenario, Step, Way};
use crate::template::{Saved, Template, Text};

/// What all plays share.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The repository.
    pub(crate) root: PathBuf,
    /// Where built programs are.
    pub(crate) programs: PathBuf,
    pub(crate) exemplar: PathBuf,
    /// Where scenarios leave their files; a new folder for each, that is removed, if there is none.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) errors: Errors,
}

/// Where a play went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) scenario: String,
    pub(crate) cast: String,
    /// Which step and what it did; empty if it was none.
    pub(crate) step: String,
    /// What was expected and what came instead.
    pub(crate) story: String,
}

/// Plays one scenario after the other, with drivers that are kept as long as they are needed.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    stage: &'a Stage,
    /// By name and place in the cast.
    drivers: BTreeMap<(String, usize), Driver>,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            drivers: BTreeMap::new(),
        }
    }

    /// Ends the drivers that a troupe does not have, which have to end well. A troupe takes the
    /// places of a cast in turn.
    pub(crate) fn dismiss_all_but(&mut self, troupe: &[&Entry]) -> Vec<Failure> {
        let is_cast = |(name, place): &(String, usize)| {
            !troupe.is_empty() && troupe[place % troupe.len()].name == *name
        };
        let leaving: Vec<_> = self
            .drivers
            .keys()
            .filter(|key| !is_cast(key))
            .cloned()
            .collect();
        let mut failures = Vec::new();
        for key in leaving {
            let ended = self.drivers.remove(&key).map_or(Ok(()), Driver::finish);
            failures.extend(ended.err().map(|error| Failure {
                scenario: "the end of the input".to_owned(),
                cast: key.0,
                step: String::new(),
                story: format!("{error:#}"),
            }));
        }
        failures
    }

    /// Plays a scenario; a driver that failed is not used again.
    pub(crate) fn play(&mut self, scenario: &Scenario, cast: &[&Entry]) -> Result<(), Failure> {
        let mut step = 0;
        let played = self.play_steps(scenario, cast, &mut step);
        played.map_err(|error| {
            let heard: Vec<String> = std::mem::take(&mut self.drivers)
                .into_values()
                .map(Driver::last_words)
                .collect();
            let heard = heard.concat();
            let names: Vec<&str> = cast.iter().map(|entry| entry.name.as_str()).collect();
            let mut story = format!("{error:#}");
            if !heard.is_empty() {
                story = format!("{story}\n  standard error:\n{heard}");
            }
            Failure {
                scenario: scenario.name.clone(),
                cast: names.join(" > "),
                step: scenario.steps.get(step).map_or_else(String::new, |failed| {
                    format!("step {}, {}", step + 1, failed.action.shown(scenario))
                }),
                story,
            }
        })
    }

    fn play_steps(
        &mut self,
        scenario: &Scenario,
        cast: &[&Entry],
        current: &mut usize,
    ) -> Result<()> {
        let temporary = tempfile::tempdir().context("a folder for the scenario")?;
        let folder = self.stage.folder.as_deref().unwrap_or(temporary.path());
        let household = Household::new(&self.stage.exemplar);
        let mut play = Play {
            lane: self,
            cast,
            saved: Saved {
                folder: folder.to_owned(),
                ..Saved::default()
            },
            household,
            started: BTreeMap::new(),
            merges: Merges::default(),
        };
        for (index, step) in scenario.steps.iter().enumerate() {
            *current = index;
            play.step(step)?;
        }
        *current = scenario.steps.len();
        for driver in self.drivers.values_mut() {
            driver.reset().context("to reset")?;
        }
        Ok(())
    }

    /// The driver of that place, started if it does not run.
    fn driver(&mut self, entry: &Entry, place: usize) -> Result<&mut Driver> {
        let key = (entry.name.clone(), place);
        if !self.drivers.contains_key(&key) {
            let words = entry.words(&self.stage.programs);
            match Driver::start(&words, &self.stage.root)? {
                Started::Running(driver) => self.drivers.insert(key.clone(), *driver),
                Started::Unable(why) => bail!("the driver cannot run here: {why}"),
            };
        }
        self.drivers
            .get_mut(&key)
            .context("a driver that was just started")
    }
}

/// A scenario being played.
struct Play<'l, 'a> {
    lane: &'l mut Lane<'a>,
    cast: &'l [&'l Entry],
    saved: Saved,
    household: Household,
    started: BTreeMap<String, Pending>,
    /// What some language of the play cannot tell apart, so that others get it as it has made it.
    merges: Merges,
}

/// A request whose answer is waited for later.
struct Pending {
    place: usize,
    id: u64,
    allowed: Duration,
}

impl Play<'_, '_> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match &step.action {
            Action::Ask {
                process,
                operation,
                arguments,
                way,
            } => {
                let arguments = resolved(arguments, &self.saved)?;
                self.ask(*process, operation, arguments, way, &step.outcome)
            }
            Action::Finish(name) => {
                let pending = self.started.remove(name).context("it was not started")?;
                let driver = self.driver(pending.place)?;
                let answer = driver.wait(pending.id, pending.allowed)?;
                self.judge(&step.outcome, &answer)
            }
            Action::Exit(process) => {
                self.driver(*process)?.send("exit", Map::new())?;
                let status = self.driver(*process)?.wait_exit(GRACE)?;
                let said = self.driver(*process)?.said();
                ensure!(status.success(), "the process ended with {status}: {said}");
                self.forget(*process);
                Ok(())
            }
            Action::Kill(process) => {
                self.forget(*process);
                Ok(())
            }
            Action::Chore(chore) => {
                let value = chore.carry_out(&self.saved, &mut self.household)?;
                self.judge(&step.outcome, &Answer::Ok(value))
            }
        }
    }

    fn ask(
        &mut self,
        process: usize,
        operation: &Operation,
        arguments: Map<String, Value>,
        way: &Way,
        outcome: &Outcome,
    ) -> Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        if let Way::Start(name) = way {
            let allowed = allowed(&arguments);
            let id = self.driver(process)?.send(operation.name, arguments)?;
            let pending = Pending {
                place: process,
                id,
                allowed,
            };
            self.started.insert(name.clone(), pending);
            return Ok(());
        }
        loop {
            let driver = self.driver(process)?;
            let answer = driver.ask(operation.name, arguments.clone())?;
            let judged = self.judge(outcome, &answer);
            if judged.is_ok() || *way == Way::Once || Instant::now() >= deadline {
                return judged;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Compares, and saves what later steps need.
    fn judge(&mut self, outcome: &Outcome, answer: &Answer) -> Result<()> {
        let setting = Setting {
            saved: &self.saved,
            merges: self.merges,
        };
        let value = match answer {
            Answer::Refused(_) if outcome.may_be_refused => return Ok(()),
            Answer::Error(error) => {
                self.lane
                    .stage
                    .errors
                    .check(error)
                    .with_context(|| error.to_string())?;
                let Some(expected) = &outcome.error else {
                    bail!("  expected success\n  got      {}", answer.shown());
                };
                compare(expected, error, setting)?;
                error
            }
            Answer::Ok(value) if outcome.error.is_none() => {
                let picked = outcome.pick.of(value)?;
                if let Some(expected) = &outcome.expect {
                    compare(expected, &picked, setting)?;
                }
                value
            }
            other => {
                let wanted = if outcome.error.is_some() {
                    "an error"
                } else {
                    "success"
                };
                bail!("  expected {wanted}\n  got      {}", other.shown());
            }
        };
        for (name, path) in &outcome.save {
            let part = path.of(value).with_context(|| format!("to save {name}"))?;
            self.saved.values.insert(name.clone(), part);
        }
        Ok(())
    }

    fn driver(&mut self, place: usize) -> Result<&mut Driver> {
        let driver = self.lane.driver(self.cast[place], place)?;
        self.merges = self.merges.and(driver.merges);
        Ok(driver)
    }

    fn forget(&mut self, place: usize) {
        let key = (self.cast[place].name.clone(), place);
        self.lane.drivers.remove(&key);
    }
}

/// Compares, and then changes the expectation piece by piece: each change has to be noticed.
fn compare(expected: &Pattern, got: &Value, setting: Setting<'_>) -> Result<()> {
    expected
        .check(got, setting)
        .map_err(|mismatch| anyhow!("{mismatch}"))?;
    for mutant in expected.mutants() {
        ensure!(
            mutant.check(got, setting).is_err(),
            "this step cannot fail: {got} would pass for {mutant:?} too"
        );
    }
    Ok(())
}

fn resolved(arguments: &[(Text, Template)], saved: &Saved) -> Result<Map<String, Value>> {
    let resolve =
        |(name, value): &(Text, Template)| Ok((name.resolve_text(saved)?, value.resolve(saved)?));
    arguments.iter().map(resolve).collect()
}

impl Action {
    fn shown(&self, scenario: &Scenario) -> String {
        match self {
            Self::Ask {
                process, operation, ..
            } => {
                format!("{} on {}", operation.name, scenario.processes[*process])
            }
            Self::Finish(name) => format!("the answer to {name}"),
            Self::Exit(process) => format!("exit of {}", scenario.processes[*process]),
            Self::Kill(process) => format!("kill of {}", scenario.processes[*process]),
            Self::Chore(chore) => format!("{chore:?}"),
        }
    }
}

/// Between two looks at what changes by itself.
const PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_that_cannot_fail_is_a_failure() {
        let saved = Saved::default();
        let setting = Setting {
            saved: &saved,
            merges: Merges::default(),
        };
        let some = Pattern::parse(&json!({"$some": 1})).unwrap();
        compare(&some, &json!([0, 1]), setting).unwrap();
        let error = compare(&some, &json!([1, 1_000_004]), setting).unwrap_err();
        assert!(error.to_string().contains("cannot fail"), "{error}");
        let error = compare(&some, &json!([0]), setting).unwrap_err();
        assert_eq!(
            error.to_string(),
            "  expected some item that is 1\n  got      [0]"
        );
    }
}
