//! Scenarios: read once, checked whole, and typed from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path as FilePath;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::host::Chore;
use crate::operation::Operation;
use crate::path::Path;
use crate::pattern::Pattern;
use crate::template::{Template, Text};

/// A story that a node of any language has to play the same.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) topic: String,
    pub(crate) processes: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// One step, and what has to come of it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) outcome: Outcome,
}

/// What is done.
#[derive(Debug)]
pub(crate) enum Action {
    Ask {
        process: usize,
        operation: &'static Operation,
        arguments: Vec<(Text, Template)>,
        way: Way,
    },
    Finish(String),
    Exit(usize),
    Kill(usize),
    Chore(Chore),
}

/// How an operation is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Until its answer is here.
    Once,
    /// It is asked again until the answer is as expected.
    Until,
    /// Not at all: a later step finishes what has this name.
    Start(String),
}

/// What has to come of a step.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) pick: Path,
    /// Nothing if any success is fine.
    pub(crate) expect: Option<Pattern>,
    pub(crate) error: Option<Pattern>,
    pub(crate) may_be_refused: bool,
    pub(crate) save: Vec<(String, Path)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    title: String,
    topic: String,
    #[serde(default = "one_process")]
    processes: Vec<String>,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    on: Option<String>,
    op: Option<String>,
    #[serde(default)]
    args: Map<String, Value>,
    #[serde(default)]
    pick: String,
    /// Present even if it is null.
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    error: Option<Map<String, Value>>,
    #[serde(default)]
    or_refused: bool,
    #[serde(default)]
    save: BTreeMap<String, String>,
    #[serde(default)]
    until: bool,
    start: Option<String>,
    finish: Option<String>,
}

/// Whom the host kills.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVictim {
    process: String,
}

impl Scenario {
    /// Reads all scenarios of a folder, in the order of their names.
    pub(crate) fn read_all(folder: &FilePath) -> Result<Vec<Self>> {
        let entries = fs::read_dir(folder).context("cannot read the scenarios")?;
        let paths = entries.map(|entry| Ok(entry?.path()));
        let mut paths = paths.collect::<Result<Vec<_>>>()?;
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Reads one file.
    pub(crate) fn read(path: &FilePath) -> Result<Self> {
        let read = || {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.strip_suffix(".json"));
            let name = name.context("the name does not end in .json")?;
            Self::parse(name, &fs::read_to_string(path)?)
        };
        read().with_context(|| format!("the scenario {}", path.display()))
    }

    fn parse(name: &str, text: &str) -> Result<Self> {
        let raw: RawScenario = serde_json::from_str(text)?;
        let topic = raw.topic.as_str();
        ensure!(
            name.strip_prefix(topic)
                .is_some_and(|rest| rest.starts_with('-')),
            "the name begins with the topic {topic:?} and a hyphen"
        );
        ensure!(!raw.processes.is_empty(), "somebody has to play");
        let mut steps = Vec::with_capacity(raw.steps.len());
        let mut known = Known::default();
        for (index, step) in raw.steps.iter().enumerate() {
            let step = step.parse(&raw.processes);
            let step = step.and_then(|step| known.check(&step).map(|()| step));
            steps.push(step.with_context(|| format!("step {}", index + 1))?);
        }
        ensure!(
            known.started.is_empty(),
            "never finished: {:?}",
            known.started.keys()
        );
        let says_something =
            |step: &Step| step.outcome.expect.is_some() || step.outcome.error.is_some();
        ensure!(
            steps.iter().any(says_something),
            "nothing is expected, so nothing can fail"
        );
        Ok(Self {
            name: name.to_owned(),
            title: raw.title,
            topic: raw.topic,
            processes: raw.processes,
            steps,
        })
    }

    /// Whether languages meet in it.
    pub(crate) fn is_shared(&self) -> bool {
        self.processes.len() > 1
    }
}

impl RawStep {
    fn parse(&self, processes: &[String]) -> Result<Step> {
        let action = self.action(processes)?;
        let error = self.error.as_ref().map(parse_error).transpose()?;
        let expect = self.expect.as_ref().map(Pattern::parse).transpose()?;
        let save = self
            .save
            .iter()
            .map(|(name, path)| Ok((name.clone(), Path::parse(path)?)));
        let outcome = Outcome {
            pick: Path::parse(&self.pick)?,
            may_be_refused: self.or_refused,
            save: save.collect::<Result<_>>()?,
            expect,
            error,
        };
        self.check(&action, &outcome)?;
        Ok(Step { action, outcome })
    }

    fn action(&self, processes: &[String]) -> Result<Action> {
        if let Some(name) = &self.finish {
            ensure!(
                self.op.is_none() && self.on.is_none() && self.args.is_empty() && self.is_plain(),
                "a step that finishes another says nothing more than what is expected"
            );
            return Ok(Action::Finish(name.clone()));
        }
        let name = self.op.as_deref().context("the step has no op")?;
        let on = self.on.as_deref().unwrap_or(&processes[0]);
        if on == "host" {
            ensure!(
                self.is_plain(),
                "the host is neither started nor asked again"
            );
            return self.action_of_host(name, processes);
        }
        let process = place(on, processes)?;
        if name == "exit" {
            ensure!(self.args.is_empty(), "exit takes no arguments");
            ensure!(self.is_plain(), "an exit is neither started nor repeated");
            return Ok(Action::Exit(process));
        }
        let operation = Operation::named(name)?;
        let way = match &self.start {
            Some(name) => Way::Start(name.clone()),
            None if self.until => Way::Until,
            None => Way::Once,
        };
        Ok(Action::Ask {
            process,
            operation,
            arguments: operation.arguments(&self.args)?,
            way,
        })
    }

    fn action_of_host(&self, name: &str, processes: &[String]) -> Result<Action> {
        if name != "kill" {
            return Ok(Action::Chore(Chore::parse(name, &self.args)?));
        }
        let victim: RawVictim = serde_json::from_value(Value::Object(self.args.clone()))?;
        Ok(Action::Kill(place(&victim.process, processes)?))
    }

    /// Whether it is done once and waited for.
    fn is_plain(&self) -> bool {
        !self.until && self.start.is_none()
    }

    fn check(&self, action: &Action, outcome: &Outcome) -> Result<()> {
        outcome.check()?;
        ensure!(
            self.start.is_none() || !self.until,
            "what is started is not repeated"
        );
        let is_silent = !outcome.is_judged() && !outcome.may_be_refused && outcome.save.is_empty();
        match action {
            Action::Ask { way, .. } => match way {
                Way::Start(_) => ensure!(is_silent, "what is started has no outcome yet"),
                Way::Until => ensure!(outcome.is_judged(), "until what?"),
                Way::Once => {}
            },
            Action::Exit(_) => ensure!(is_silent, "an exit has no answer"),
            Action::Kill(_) => ensure!(is_silent, "a kill has no answer"),
            Action::Chore(_) => ensure!(
                outcome.error.is_none() && !outcome.may_be_refused,
                "the host fails in no way that can be expected"
            ),
            Action::Finish(_) => {}
        }
        Ok(())
    }
}

impl Outcome {
    /// Whether the answer is compared with anything.
    fn is_judged(&self) -> bool {
        self.expect.is_some() || self.error.is_some()
    }

    /// Refuses what would be passed over when an answer is judged.
    fn check(&self) -> Result<()> {
        ensure!(
            self.expect.is_none() || self.error.is_none(),
            "a step either succeeds or fails"
        );
        ensure!(
            self.expect.is_some() || self.pick == Path::default(),
            "a part is picked of which nothing is expected"
        );
        ensure!(
            !self.may_be_refused || self.save.is_empty(),
            "there is nothing to save of what was refused"
        );
        for pattern in self.expect.iter().chain(&self.error) {
            ensure!(
                !pattern.mutants().is_empty(),
                "what is expected cannot fail"
            );
        }
        Ok(())
    }
}

/// What can be referred to at a step.
#[derive(Default)]
struct Known {
    saved: BTreeSet<String>,
    /// What is to be finished, and by which process.
    started: BTreeMap<String, usize>,
    /// Processes that were asked something and not ended since.
    running: BTreeSet<usize>,
}

impl Known {
    fn check(&mut self, step: &Step) -> Result<()> {
        let mut names = BTreeSet::new();
        match &step.action {
            Action::Ask {
                process,
                arguments,
                way,
                ..
            } => {
                self.running.insert(*process);
                for (key, value) in arguments {
                    key.names(&mut names);
                    value.names(&mut names);
                }
                if let Way::Start(name) = way {
                    let before = self.started.insert(name.clone(), *process);
                    ensure!(before.is_none(), "{name} is started twice");
                }
            }
            Action::Finish(name) => {
                let started = self.started.remove(name);
                ensure!(started.is_some(), "{name} was not started");
            }
            Action::Chore(chore) => chore.names(&mut names),
            Action::Exit(process) | Action::Kill(process) => {
                ensure!(self.running.remove(process), "the process does not run");
                let mut started = self.started.iter();
                if let Some((name, _)) = started.find(|(_, by)| *by == process) {
                    bail!("the process ends before {name} is finished");
                }
            }
        }
        let Outcome { expect, error, .. } = &step.outcome;
        for pattern in expect.iter().chain(error) {
            pattern.names(&mut names);
        }
        if let Some(name) = names.difference(&self.saved).next() {
            bail!("{name} was not saved before");
        }
        for (name, _) in &step.outcome.save {
            ensure!(self.saved.insert(name.clone()), "{name} is saved twice");
        }
        Ok(())
    }
}

/// The place of a process in the list.
pub(crate) fn place(name: &str, processes: &[String]) -> Result<usize> {
    let found = processes.iter().position(|process| process == name);
    found.with_context(|| format!("there is no process {name:?}"))
}

fn parse_error(fields: &Map<String, Value>) -> Result<Pattern> {
    ensure!(fields.contains_key("code"), "an error has at least a code");
    let known = [
        "code",
        "number",
        "advice",
        "operation",
        "message",
        "details",
    ];
    for name in fields.keys() {
        ensure!(known.contains(&name.as_str()), "an error has no {name:?}");
    }
    Pattern::parse(&serde_json::json!({ "$has": fields }))
}

fn one_process() -> Vec<String> {
    vec!["a".to_owned()]
}

fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(steps: &str) -> Result<Scenario> {
        let text = format!(
            r#"{{"title": "T", "topic": "open", "processes": ["a", "b"], "steps": [{steps}]}}"#
        );
        Scenario::parse("open-once", &text)
    }

    fn complaint(steps: &str) -> String {
        format!("{:#}", parse(steps).unwrap_err())
    }

    #[test]
    fn a_scenario_is_typed() {
        let steps = r#"
            {"op": "info", "save": {"id": "id"}},
            {"on": "b", "op": "publish", "args": {"tags": ["${id}"]}, "start": "p"},
            {"finish": "p", "pick": "key", "expect": {"$has": {"offset": 0}}},
            {"op": "close", "expect": null},
            {"op": "publish", "args": {"tags": []}, "error": {"code": "closed"}}"#;
        let scenario = parse(steps).unwrap();
        assert!(scenario.is_shared() && scenario.steps.len() == 5);
        assert!(scenario.steps[3].outcome.expect.is_some());
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_step() {
        for (steps, part) in [
            (r#"{"op": "info", "expects": 1}"#, "unknown field `expects`"),
            (
                r#"{"op": "inform", "expect": 1}"#,
                "step 1: there is no operation",
            ),
            (
                r#"{"op": "info", "args": {"x": 1}, "expect": 1}"#,
                "takes no argument",
            ),
            (
                r#"{"on": "c", "op": "info", "expect": 1}"#,
                "no process \"c\"",
            ),
            (
                r#"{"op": "info", "expect": "${id}"}"#,
                "id was not saved before",
            ),
            (
                r#"{"op": "info", "error": {"kind": "closed"}}"#,
                "at least a code",
            ),
            (
                r#"{"op": "info", "error": {"code": "x", "text": "y"}}"#,
                "has no \"text\"",
            ),
            (r#"{"op": "info"}"#, "nothing can fail"),
            (r#"{"op": "info", "expect": {"$any": true}}"#, "cannot fail"),
            (r#"{"op": "info", "until": true}"#, "until what"),
            (r#"{"op": "info", "start": "x"}"#, "never finished"),
            (r#"{"finish": "x", "expect": 1}"#, "was not started"),
            (
                r#"{"op": "info", "save": {"id": "id"}}, {"op": "info", "save": {"id": "id"}}"#,
                "step 2: id is saved twice",
            ),
            (
                r#"{"op": "info", "expect": 1, "error": {"code": "x"}}"#,
                "either succeeds or fails",
            ),
        ] {
            let complaint = complaint(steps);
            assert!(complaint.contains(part), "{steps}: {complaint}");
        }
    }

    #[test]
    fn what_would_be_passed_over_is_refused() {
        let host = r#""on": "host", "op": "occupy""#;
        let exit = r#""op": "exit""#;
        let kill = r#""on": "host", "op": "kill", "args": {"process": "a"}"#;
        let finish = r#""finish": "x", "expect": 1"#;
        let fails = r#""op": "info", "error": {"code": "closed"}"#;
        let starts = r#""op": "info", "start": "y""#;
        for (step, further, part) in [
            (host, r#""until": true"#, "the host is neither"),
            (host, r#""start": "y""#, "the host is neither"),
            (host, r#""error": {"code": "closed"}"#, "the host fails in"),
            (host, r#""or_refused": true"#, "the host fails in"),
            (kill, r#""until": true"#, "the host is neither"),
            (kill, r#""expect": null"#, "a kill has no answer"),
            (kill, r#""or_refused": true"#, "a kill has no answer"),
            (exit, r#""until": true"#, "an exit is neither"),
            (exit, r#""start": "y""#, "an exit is neither"),
            (exit, r#""expect": null"#, "an exit has no answer"),
            (
                exit,
                r#""error": {"code": "closed"}"#,
                "an exit has no answer",
            ),
            (exit, r#""save": {"id": ""}"#, "an exit has no answer"),
            (exit, r#""or_refused": true"#, "an exit has no answer"),
            (exit, r#""pick": "id""#, "a part is picked"),
            (finish, r#""start": "y""#, "says nothing more"),
            (finish, r#""until": true"#, "says nothing more"),
            (fails, r#""pick": "code""#, "a part is picked"),
            (
                fails,
                r#""or_refused": true, "save": {"id": ""}"#,
                "nothing to save",
            ),
            (starts, r#""pick": "id""#, "a part is picked"),
            (starts, r#""or_refused": true"#, "no outcome yet"),
            (starts, r#""save": {"id": ""}"#, "no outcome yet"),
        ] {
            let started = r#"{"op": "info", "start": "x"}"#;
            let complaint = complaint(&format!("{started}, {{{step}, {further}}}"));
            let is_meant = complaint.starts_with("step 2") && complaint.contains(part);
            assert!(is_meant, "{step}, {further}: {complaint}");
        }
    }

    #[test]
    fn only_what_runs_is_ended() {
        let asks = r#"{"op": "close", "expect": null}"#;
        let kill = |process| {
            let args = format!(r#"{{"process": "{process}"}}"#);
            format!(r#"{{"on": "host", "op": "kill", "args": {args}}}"#)
        };
        let exit = r#"{"op": "exit"}"#;
        parse(&format!("{asks}, {}, {asks}, {exit}", kill("a"))).unwrap();
        for steps in [
            format!("{asks}, {}", kill("b")),
            format!("{asks}, {}, {}", kill("a"), kill("a")),
            format!("{asks}, {}, {exit}", kill("a")),
            format!("{exit}, {asks}"),
        ] {
            let complaint = complaint(&steps);
            assert!(complaint.contains("does not run"), "{steps}: {complaint}");
        }
        assert!(complaint(&kill("c")).contains("no process \"c\""));
    }

    #[test]
    fn what_was_started_is_finished_before_its_process_ends() {
        let start = r#"{"on": "b", "op": "info", "start": "x"}"#;
        let finish = r#"{"finish": "x", "expect": 1}"#;
        let exit = r#"{"on": "b", "op": "exit"}"#;
        let kill = r#"{"on": "host", "op": "kill", "args": {"process": "b"}}"#;
        for end in [exit, kill] {
            parse(&format!("{start}, {finish}, {end}")).unwrap();
            let complaint = complaint(&format!("{start}, {end}, {finish}"));
            let part = "step 2: the process ends before x is finished";
            assert!(complaint.contains(part), "{complaint}");
        }
        let other = r#"{"op": "info"}, {"op": "exit"}"#;
        parse(&format!("{start}, {other}, {finish}")).unwrap();
    }

    #[test]
    fn the_name_begins_with_the_topic() {
        let text = r#"{"title": "T", "topic": "open", "steps": []}"#;
        assert!(Scenario::parse("publish-once", text).is_err());
    }

    #[test]
    fn every_scenario_of_the_tree_is_fine() {
        let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let scenarios = Scenario::read_all(&folder).unwrap();
        assert!(scenarios.len() >= 60, "{} scenarios", scenarios.len());
    }
}
